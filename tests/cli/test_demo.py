import pytest

import auscult


def test_other_peoples_folders_are_left_alone(auscult_cli, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "recording.wav").touch()
    done = auscult_cli("demo", "mine")
    assert done.returncode == 3
    assert "holds other things (recording.wav, ...)" in done.stderr
    assert len(list((tmp_path / "mine").iterdir())) == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_product(auscult_cli, tmp_path):
    done = auscult_cli("demo", "shown")
    assert done.returncode == 0, done.stderr
    assert "synthetic" in done.stdout
    assert "It names the faults " in done.stdout
    assert "(as the data say)" in done.stdout
    assert "Macro F1 on new recordings of these machines: " in done.stdout
    assert "Report: shown/report.html" in done.stdout
    assert '/inference -> {"Anomaly": ' in done.stdout
    assert '"MachineId": "fan/id_02"' in done.stdout
    assert sorted(path.name for path in (tmp_path / "shown").iterdir()) == ["data", "fan.auscult", "report.html"]
    assert (tmp_path / "shown" / "data" / "truth.csv").exists()
    assert auscult.load(tmp_path / "shown" / "fan.auscult").manifest.network
