import pytest

import auscult


@pytest.mark.slow
def test_synthetic_fans_go_the_whole_way(run_example, tmp_path):
    done = run_example("own_data.py", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "for 1 per week record" in done.stdout, "commissioned"
    assert "all of them synthetic" in done.stdout
    assert done.stdout.count("of 6 normal and 24 anomalous") == 2
    assert "naming faults: macro F1" in done.stdout
    assert "Component is" in done.stdout or "Component sounds" in done.stdout or "Fault: " in done.stdout
    bundle = auscult.load(tmp_path / "out" / "machines.auscult")
    assert set(bundle.detector.machines) == {"fan/id_00", "fan/id_02", "new_fan"}
    assert {"imbalance", "clogging"} <= {fault.name for fault in bundle.manifest.faults}
    assert "<html" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.slow
def test_own_recordings_go_the_whole_way(run_example, synthetic_data, tmp_path):
    """A folder in which nothing says which faults there are, and a machine to be enrolled."""
    new = synthetic_data / "6_dB_fan" / "fan" / "id_02"
    done = run_example("own_data.py", synthetic_data, "--new", new, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert set(auscult.load(tmp_path / "out" / "machines.auscult").detector.machines) == {
        "fan/id_00",
        "fan/id_02",
        "id_02",
    }
