import shutil
import subprocess

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families

import auscult
from auscult.server import create_app

from .asgi_client import AsgiClient


def samples(text):
    """Values by name and labels; what is no Prometheus text raises."""
    families = text_string_to_metric_families(text)
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def check(text):
    """Have Prometheus' own tool look at names and types, where it is installed."""
    promtool = shutil.which("promtool")
    if promtool:
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def client(trained_bundle):
    return AsgiClient(create_app(auscult.load(trained_bundle)))


def test_verdicts_are_counted(client, clip):
    async def start():
        async with client._app.router.lifespan_context(client._app):
            pass

    anyio.run(start)  # until it has started, it is not ready
    assert client.post("/inference", files={"file": clip}, data={"machine_id": "fan/id_00"}).status_code == 200
    assert client.post("/inference", files={"file": b"noise"}).status_code == 422
    found = samples(client.get("/metrics").text)
    judged = found["auscult_verdicts_total", "normal"] + found["auscult_verdicts_total", "anomalous"]
    assert (judged, found["auscult_verdicts_total", "refused"]) == (1, 1)
    assert found["auscult_request_inference_seconds_count",] == 1
    assert found["auscult_request_inference_seconds_sum",] > 0


def test_the_process_and_the_model_are_told(client):
    text = client.get("/metrics").text
    names = {name for name, *_ in samples(text)}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "auscult_model_info"} <= names
    assert f'version="{auscult.__version__}"' in text
    check(text)


def test_both_formats(client):
    assert client.get("/metrics").headers["content-type"].startswith("text/plain")
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_applications_count_for_themselves(trained_bundle):
    bundle = auscult.load(trained_bundle)
    for _ in range(2):
        found = samples(AsgiClient(create_app(bundle)).get("/metrics").text)
        assert found["auscult_verdicts_total", "refused"] == 0
