import pytest
from dask_cluster import running_cluster

from auscult.workers import open_workers


@pytest.fixture(scope="session")
def cluster_address(tmp_path_factory):
    pytest.importorskip("distributed")
    with running_cluster(tmp_path_factory.mktemp("cluster"), n_workers=2) as address:
        yield address


@pytest.fixture(params=["processes", "cluster"])
def workers(request):
    is_cluster = request.param == "cluster"
    options = {"cluster": request.getfixturevalue("cluster_address")} if is_cluster else {"n_jobs": 2}
    with open_workers(**options) as opened:
        yield opened
