import pytest


@pytest.mark.slow
def test_the_whole_product(auscult_cli, tmp_path):
    done = auscult_cli("demo", "shown")
    assert done.returncode == 0, done.stderr
    assert "synthetic" in done.stdout
    assert '/inference -> {"Anomaly": ' in done.stdout
    assert '"MachineId": "fan/id_02"' in done.stdout
    assert (tmp_path / "shown" / "fan.auscult").exists()
    assert (tmp_path / "shown" / "data" / "truth.csv").exists()
