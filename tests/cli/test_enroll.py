import json
import shutil

import auscult
from auscult.bundle.golden import self_check


def test_another_machine_enters_and_is_judged(auscult_cli, trained_bundle, data, tmp_path):
    bundle = shutil.copy(trained_bundle, tmp_path / "m.auscult")
    done = auscult_cli("enroll", bundle, data / "fan" / "id_00", "--machine-id", "fan/id_08")
    assert done.returncode == 0, done.stderr
    assert "enrolled fan/id_08, knows 3 machines" in done.stdout
    assert "alarms: 40 seconds of normal sound support no promise at all; for 1 per week" in done.stdout
    assert "20 recordings are few" in done.stdout
    self_check(auscult.load(bundle), "m")
    clip = next((data / "fan" / "id_00" / "normal").iterdir())
    verdict = auscult_cli("predict", bundle, clip, "--machine-id", "id_08", "--json")
    assert json.loads(verdict.stdout)["Details"]["MachineId"] == "fan/id_08"


def test_budget_and_output_are_the_ones_given(auscult_cli, trained_bundle, data, tmp_path):
    before = trained_bundle.read_bytes()
    options = ("-o", tmp_path / "new.auscult", "--alarms", "2/day", "--false-alarm-rate", "0.1", "--json")
    done = auscult_cli("enroll", trained_bundle, data, "--machine-id", "press", *options)
    answer = json.loads(done.stdout)
    assert answer["false_alarm_rate"] == 0.1
    assert answer["alarms"]["asked_s"] == 43200
    assert trained_bundle.read_bytes() == before
    assert list(auscult.load(tmp_path / "new.auscult").detector.machines) == ["fan/id_00", "fan/id_02", "press"]


def test_known_machine_is_not_overwritten(auscult_cli, trained_bundle, data, tmp_path):
    bundle = shutil.copy(trained_bundle, tmp_path / "m.auscult")
    before = bundle.read_bytes()
    done = auscult_cli("enroll", bundle, data, "--machine-id", "fan/id_00")
    assert done.returncode == 2
    assert "--machine-id: fan/id_00 is in the bundle already. Add these recordings as a further session" in done.stderr
    assert bundle.read_bytes() == before
    both = auscult_cli("enroll", bundle, data, "--machine-id", "fan/id_00", "--add", "--replace")
    assert both.returncode == 2
    replaced = auscult_cli("enroll", bundle, data, "--machine-id", "fan/id_00", "--replace")
    assert replaced.returncode == 0, replaced.stderr


def test_budget_that_cannot_be_understood(auscult_cli, trained_bundle, data):
    done = auscult_cli("enroll", trained_bundle, data, "--machine-id", "x", "--alarms", "seldom")
    assert done.returncode == 2
    assert "--alarms: expected a number of false alarms in a time, got 'seldom'. For example 1/week" in done.stderr


def test_one_recording_is_too_few(auscult_cli, trained_bundle, data, tmp_path):
    for clip in sorted((data / "fan" / "id_00" / "normal").iterdir())[1:]:
        clip.unlink()
    bundle = shutil.copy(trained_bundle, tmp_path / "m.auscult")
    before = bundle.read_bytes()
    done = auscult_cli("enroll", bundle, data / "fan" / "id_00", "--machine-id", "x")
    assert done.returncode == 3
    assert "1 normal recording is too few to learn from, expected at least 5. Record more normal sound." in done.stderr
    assert bundle.read_bytes() == before
