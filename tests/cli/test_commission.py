import json

import pytest


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Normal sound of one synthetic pump, short clips of 8 kHz."""
    from auscult.synth import write_dataset

    root = tmp_path_factory.mktemp("pump")
    options = {"n_channels": 1, "duration_s": 1.0, "sr": 8000, "seed": 1}
    write_dataset(root, machine_types=["pump"], n_ids=1, n_normal=16, n_anomalous=1, **options)
    return root


@pytest.mark.slow
def test_what_will_be_heard(auscult_cli, machine):
    done = auscult_cli("commission", machine, "--alarms", "1/day", "--within", "5", "--n-mels", "24")
    assert done.returncode == 0, done.stderr
    assert "pump/id_00: learnt 11 normal recordings, 11 seconds; tried on others" in done.stdout
    assert "alarms: 11 seconds of normal sound support no promise at all; for 1 per day record" in done.stdout
    assert "by recordings learnt from: 10: " in done.stdout
    assert "Smallest addition that is announced within 5 minutes, by octave" in done.stdout
    for kind in ("tone", "impacts", "modulation", "noise"):
        assert f"\n {kind} " in done.stdout


@pytest.mark.slow
def test_json(auscult_cli, machine):
    answer = json.loads(auscult_cli("commission", machine, "--n-mels", "24", "--json").stdout)
    assert answer["alarms"]["asked_s"] == 604800
    assert answer["within_s"] == 600
    assert {row["kind"] for row in answer["smallest"]} == {"tone", "impacts", "modulation", "noise"}


def test_too_little_sound(auscult_cli, data):
    for clip in sorted((data / "fan" / "id_00" / "normal").iterdir())[9:]:
        clip.unlink()
    done = auscult_cli("commission", data)
    assert done.returncode == 3
    assert "9 normal recordings are too few to try anything, expected at least 10. Record more" in done.stderr


def test_several_machines(auscult_cli, synthetic_data):
    done = auscult_cli("commission", synthetic_data)
    assert done.returncode == 3
    assert "holds normal sound of 2 machines (fan/id_00, fan/id_02" in done.stderr
    assert "--machine-id" in done.stderr
