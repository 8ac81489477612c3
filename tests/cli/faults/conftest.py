import dataclasses

import pytest


@pytest.fixture
def faulty(faulty_fans):
    """Two synthetic fans with two gross faults."""
    return faulty_fans.root


@pytest.fixture
def found(faulty_fans, tmp_path):
    """Folder of a discovery of two clusters, whose names are in ``faults.yaml`` beside it."""
    folder = tmp_path / "found"
    dataclasses.replace(faulty_fans.found, names_file=str(tmp_path / "faults.yaml")).save(folder)
    return folder


@pytest.fixture
def few_clips(faulty, tmp_path):
    """Make a data set of so many normal and anomalous recordings of some machines."""

    def make(n_anomalous, *, machines=("id_00",), n_normal=8):
        root = tmp_path / "few"
        for machine in machines:
            for label, n in (("normal", n_normal), ("abnormal", n_anomalous)):
                folder = root / "fan" / machine / label
                folder.mkdir(parents=True)
                for path in sorted((faulty / "6_dB_fan" / "fan" / machine / label).iterdir())[:n]:
                    (folder / path.name).write_bytes(path.read_bytes())
        return root

    return make
