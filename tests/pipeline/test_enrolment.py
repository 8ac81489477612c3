import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

import auscult
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.golden import self_check
from auscult.bundle.model_card import MODEL_CARD
from auscult.errors import BundleError, DataError, OptionError
from auscult.evaluate import NamedClip, diagnosis_figures
from auscult.pipeline.enrolment import enroll, normal_clips_of

SR = 16_000
NEW = "press_3"


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("recordings")


def sound(rng, tilt):
    noise = rng.standard_normal(8001)
    return 0.05 * rng.uniform(0.8, 1.2) * (noise[1:] + tilt * noise[:-1])


def recorded(folder, n, *, seed, tilt=0.5, name="clip"):
    """Recordings of one machine, half a second each."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        soundfile.write(folder / f"{name}_{number}.wav", sound(rng, tilt), SR)
    return folder


@pytest.fixture(scope="module")
def first(folder):
    """Twelve normal recordings in a folder that says so."""
    return recorded(folder / "first" / NEW / "normal", 12, seed=1, name="first").parent


@pytest.fixture(scope="module")
def second(folder):
    """Ten of the machine on another day, on which it sounds otherwise."""
    return recorded(folder / "second" / NEW / "normal", 10, seed=2, tilt=-0.6, name="second").parent


@pytest.fixture(scope="module")
def enrolled(bundle, first):
    new, left_out = enroll(bundle, first, machine_id=NEW)
    assert left_out == []
    return new


@pytest.fixture(scope="module")
def both(enrolled, second):
    return enroll(enrolled, second, machine_id=NEW, known="add")[0]


def judged(bundle, folder, machine_id=NEW):
    """Share of a folder's recordings that are called anomalous."""
    verdicts = [bundle.predict(path, machine_id=machine_id) for path in sorted(folder.rglob("*.wav"))]
    return np.mean([verdict.is_anomalous for verdict in verdicts])


def test_a_new_machine_is_known(bundle, enrolled, first, second):
    assert sorted(enrolled.detector.machines) == ["fan/id_00", "fan/id_02", NEW]
    assert sorted(bundle.detector.machines) == ["fan/id_00", "fan/id_02"], "the old bundle stays as it was"
    assert enrolled.manifest.thresholds[NEW]["n_takes"] == 12
    assert judged(enrolled, first) <= 0.1
    assert judged(enrolled, second) == 1
    clip = next(first.rglob("*.wav"))
    assert enrolled.predict(clip).machine_id == NEW, "its folder says so"


def test_other_machines_stay_the_same_to_the_bit(bundle, enrolled, both, synthetic_data):
    for name in ("fan/id_00", "fan/id_02"):
        for clip in (f"6_dB_fan/{name}/normal/00000018.wav", f"6_dB_fan/{name}/abnormal/00000002.wav"):
            before = bundle.predict(synthetic_data / clip, explain=True)
            for later in (enrolled, both):
                after = later.predict(synthetic_data / clip, explain=True)
                assert after.score.hex() == before.score.hex()
                assert (after.threshold, after.p_value) == (before.threshold, before.p_value)
                assert after.to_dict() == before.to_dict()
        assert enrolled.manifest.thresholds[name] == bundle.manifest.thresholds[name]
        before, after = (one.detector.machines[name].to_arrays() for one in (bundle, both))
        assert before.keys() == after.keys()
        for key, values in before.items():
            np.testing.assert_array_equal(after[key], values)
            assert after[key].dtype == values.dtype


def test_what_is_saved_is_whole(enrolled, both, tmp_path):
    for number, new in enumerate((enrolled, both)):
        path = tmp_path / f"{number}.auscult"
        new.save(path)
        loaded = auscult.load(path)
        self_check(loaded, "m")
        assert loaded.members == new.members
        assert json.loads(json.dumps(loaded.manifest.to_dict(), allow_nan=False))
        for name, machine in loaded.detector.machines.items():
            said = loaded.manifest.thresholds[name]
            assert said["threshold"] == machine.calibration.threshold
            assert said["n_takes"] == machine.calibration.n_takes
            assert said["alarms"]["promised_s"] == machine.rule.promised_s
        assert loaded.manifest.features == new.manifest.features


def test_the_same_recordings_give_the_same_bytes(bundle, enrolled, first, tmp_path):
    again = enroll(bundle, first, machine_id=NEW)[0]
    for name, new in (("one", enrolled), ("two", again)):
        new.save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_known_machine_is_not_touched_unasked(bundle, enrolled, first):
    with pytest.raises(OptionError, match=f"{NEW} is in the bundle already.*--add.*--replace"):
        enroll(enrolled, first, machine_id=NEW)
    with pytest.raises(OptionError, match="fan/id_00 is in the bundle already"):
        enroll(bundle, first, machine_id="fan/id_00", known="refuse")


def test_a_further_session_is_learnt_beside_the_first(both, first, second):
    assert both.manifest.thresholds[NEW]["n_takes"] == 22
    assert judged(both, first) <= 0.2
    assert judged(both, second) <= 0.2
    machine = both.detector.machines[NEW]
    assert {take.rpartition("/")[2].partition("_")[0] for take in machine.takes} == {"first", "second"}


def test_exemplars_of_earlier_sessions_are_kept_after_saving(enrolled, second, tmp_path):
    enrolled.save(tmp_path / "m.auscult")
    loaded = auscult.load(tmp_path / "m.auscult")
    later = enroll(loaded, second, machine_id=NEW, known="add")[0].detector.machines[NEW]
    before = enrolled.detector.machines[NEW]
    for number, place in enumerate(before.exemplars.places):
        np.testing.assert_array_equal(later.exemplars.patches[number], before.exemplars.patches[number])
        assert later.takes[later.exemplars.places[number]] == before.takes[place]
    assert any("second" in later.takes[place] for place in later.exemplars.places)


def test_replacing_forgets(enrolled, first, second):
    new, _ = enroll(enrolled, second, machine_id=NEW, known="replace")
    assert new.manifest.thresholds[NEW]["n_takes"] == 10
    assert judged(new, second) <= 0.1
    assert judged(new, first) == 1
    machine = new.detector.machines[NEW]
    assert all("second" in take for take in machine.takes)
    assert not machine.has_learnt_take(f"{NEW}/normal/first_0")
    assert sorted(new.detector.machines) == sorted(enrolled.detector.machines)


def test_add_of_a_machine_that_is_not_known_is_a_slip(bundle, first):
    with pytest.raises(OptionError, match=f"{NEW} is not in the bundle, which knows fan/id_00, fan/id_02"):
        enroll(bundle, first, machine_id=NEW, known="add")


def test_budget_of_a_known_machine_is_kept(bundle, first, second):
    enrolled, _ = enroll(bundle, first, machine_id=NEW, alarms="2/day")
    again, _ = enroll(enrolled, second, machine_id=NEW, known="add")
    assert again.detector.machines[NEW].rule.asked_s == 43200
    assert enroll(bundle, first, machine_id=NEW)[0].detector.machines[NEW].rule.asked_s == 604800


def test_progress_of_enrolment(bundle, first):
    calls = []
    enroll(bundle, first, machine_id=NEW, on_progress=lambda *call: calls.append(call))
    assert calls[-1] == ("features", 12, 12)


def test_nothing_is_learnt_twice(enrolled, both, first, second, tmp_path):
    with pytest.raises(DataError, match=f"all its recordings have been learnt already as {NEW}"):
        enroll(enrolled, first, machine_id=NEW, known="add")
    with pytest.raises(DataError, match="have been learnt already"):
        enroll(both, first, machine_id=NEW, known="add")
    mixed = shutil.copytree(second, tmp_path / NEW)
    for path in (first / "normal").iterdir():
        shutil.copy(path, mixed / "normal" / f"again_{path.name}")
    new, left_out = enroll(enrolled, mixed, machine_id=NEW, known="add")
    assert left_out == []
    assert new.manifest.thresholds[NEW]["n_takes"] == 22, "the first twelve are known by their contents"
    assert new.detector.machines[NEW].model.bank_.shape[0] == 22


def test_figures_of_a_machine_that_is_learnt_anew_are_not_kept(bundle, second):
    """They were measured with another detector than the one in the bundle now."""
    new, _ = enroll(bundle, second, machine_id="fan/id_02", known="replace")
    rows = {row["machine"]: row for row in new.manifest.metrics["figures"]}
    assert rows["fan/id_00"] == bundle.manifest.metrics["figures"][0]
    assert "fan/id_02" not in rows


def test_a_network_names_faults_of_a_new_machine_too(network_bundle, faulty_fans, synthetic_data):
    root = synthetic_data / "6_dB_fan" / "fan" / "id_02"
    new, _ = enroll(network_bundle, root, machine_id="press")
    assert new.members[CLASSIFIER] == network_bundle.members[CLASSIFIER]
    assert new.manifest.network == network_bundle.manifest.network
    self_check(new, "m")
    for clip in faulty_fans.found.clips[:4]:
        assert new.predict(clip.path) == network_bundle.predict(clip.path)
    labels = [fault.name for fault in network_bundle.manifest.faults]
    verdicts = [new.predict(path, machine_id="press") for path in sorted((root / "abnormal").iterdir())]
    assert any(verdict.is_anomalous for verdict in verdicts)
    for verdict in verdicts:
        assert list(verdict.probabilities) == labels
        assert verdict.fault in (labels[1:] if verdict.is_anomalous else [None])


def test_figures_of_naming_are_those_of_machines_that_are_known_as_then(network_bundle, synthetic_data):
    """Those of a machine that is learnt anew were measured with what it was compared with before."""
    names = [fault.name for fault in network_bundle.manifest.faults[1:-1]]
    clips = [
        NamedClip(k, 0, machine, 6.0, f"{machine} {k}", fault, (0.6, 0.4), False, fault)
        for machine in ("fan/id_00", "fan/id_02")
        for k, fault in enumerate(3 * names)
    ]
    metrics = network_bundle.manifest.metrics | {"diagnosis": diagnosis_figures(names, {"grouped": clips})}
    measured = replace(network_bundle, manifest=replace(network_bundle.manifest, metrics=metrics))
    root = synthetic_data / "6_dB_fan" / "fan" / "id_02"
    for machine_id, known, kept in (("fan/id_02", "replace", ["fan/id_00"]), ("press", "refuse", None)):
        new, _ = enroll(measured, root, machine_id=machine_id, known=known)
        (figures,) = new.manifest.metrics["diagnosis"]["splits"]
        assert [row["machine"] for row in figures["by_machine"]] == (kept or ["fan/id_00", "fan/id_02"])
        assert figures["macro_f1"] == metrics["diagnosis"]["splits"][0]["macro_f1"]
        card = new.members[MODEL_CARD].decode()
        assert f"Naming faults was not measured on these machines: {machine_id}." in card


def test_what_was_learnt_from_is_on_record(bundle, enrolled, both):
    assert enrolled.manifest.training_data["n_clips"] == 32 + 12
    assert both.manifest.training_data["n_clips"] == 32 + 22
    assert enrolled.manifest.training_data["is_synthetic"]
    said = [one.manifest.training_data["fingerprint"] for one in (bundle, enrolled, both)]
    assert len(set(said)) == 3, "other recordings, another fingerprint"


def test_synthetic_recordings_make_a_bundle_synthetic(bundle, synthetic_data):
    """It must be said of every figure."""
    real = replace(
        bundle, manifest=replace(bundle.manifest, training_data=bundle.manifest.training_data | {"is_synthetic": False})
    )
    root = synthetic_data / "6_dB_fan" / "fan" / "id_02"
    new, _ = enroll(real, root, machine_id="other")
    assert new.manifest.training_data["is_synthetic"]


def test_folder_that_says_no_label_is_all_normal(bundle, first, enrolled, tmp_path):
    plain = tmp_path / "Halle 1"
    shutil.copytree(first / "normal", plain / "monday")
    (plain / "notes.txt").write_text("load 80 %")
    new, left_out = enroll(bundle, plain, machine_id=NEW)
    assert left_out == []
    machine = new.detector.machines[NEW]
    assert machine.calibration.n_takes == 12
    assert all(take.startswith(f"{NEW}/normal/monday/first_") for take in machine.takes)
    clip = next(first.rglob("*.wav"))
    assert new.predict(clip, machine_id=NEW).score == enrolled.predict(clip, machine_id=NEW).score


def test_takes_are_named_alike_with_and_without_labels(first, tmp_path):
    """Else another mix of a take that was learnt would not be known by its name."""
    shutil.copytree(first / "normal", tmp_path / "plain")
    labelled, plain = normal_clips_of(first, NEW), normal_clips_of(tmp_path / "plain", NEW)
    assert len(plain) == 12
    assert [clip.take for clip in plain] == [clip.take for clip in labelled]


def test_anomalous_recordings_beside_the_normal_ones_change_nothing(bundle, first, enrolled, tmp_path):
    data = shutil.copytree(first, tmp_path / NEW)
    recorded(data / "abnormal", 5, seed=9)
    new, _ = enroll(bundle, data, machine_id=NEW)
    assert new.members["detector.npz"] == enrolled.members["detector.npz"]


@pytest.mark.parametrize("machine_id", ["fan/id_02", "id_02"])
def test_folder_of_several_machines(bundle, synthetic_data, machine_id):
    new, _ = enroll(bundle, synthetic_data, machine_id=machine_id, known="replace")
    machine = new.detector.machines[machine_id]
    assert machine.calibration.n_takes == 20
    assert all(take.startswith("fan/id_02/normal/") for take in machine.takes)


def test_folder_of_several_machines_of_which_none_is_meant(bundle, synthetic_data):
    with pytest.raises(DataError, match=r"holds normal sound of 2 machines \(fan/id_00, fan/id_02.*Name the folder"):
        enroll(bundle, synthetic_data, machine_id=NEW)


def test_part_of_a_name_that_two_machines_have(tmp_path):
    for name in ("fan", "pump"):
        recorded(tmp_path / name / "id_00" / "normal", 1, seed=1)
    with pytest.raises(DataError, match="holds normal sound of 2 machines"):
        normal_clips_of(tmp_path, "id_00")
    (clip,) = normal_clips_of(tmp_path, "pump/id_00")
    assert clip.machine == "pump/id_00"
    with pytest.raises(DataError, match="holds normal sound of 2 machines"):
        normal_clips_of(tmp_path, None)


def test_only_anomalous_recordings(bundle, tmp_path):
    recorded(tmp_path / NEW / "abnormal", 6, seed=1)
    with pytest.raises(DataError, match=r"holds anomalous recordings only\. Enrol a machine with its normal sound"):
        enroll(bundle, tmp_path, machine_id=NEW)


def test_too_few_recordings(bundle, tmp_path):
    recorded(tmp_path / "plain", 4, seed=1)
    with pytest.raises(DataError, match=r"plain: 4 normal recordings are too few to learn from, expected at least 5"):
        enroll(bundle, tmp_path / "plain", machine_id=NEW)


@pytest.mark.parametrize("is_labelled", [True, False])
def test_reasons_are_said_when_nothing_can_be_learnt(bundle, tmp_path, is_labelled):
    folder = tmp_path / NEW / "normal" if is_labelled else tmp_path / NEW
    folder.mkdir(parents=True)
    for number in range(6):
        (folder / f"{number}.wav").write_text("no sound")
    with pytest.raises(DataError, match=r"no normal recordings to learn from \(left out: .*0\.wav: is not audio"):
        enroll(bundle, tmp_path / NEW, machine_id=NEW)


def test_what_cannot_be_used_is_named(bundle, first, tmp_path):
    data = shutil.copytree(first, tmp_path / NEW)
    (data / "normal" / "a.wav").write_text("no sound")
    soundfile.write(data / "normal" / "b.wav", np.zeros(8000), SR)
    soundfile.write(data / "normal" / "c.wav", np.linspace(-1, 1, 8000), 8000)
    new, left_out = enroll(bundle, data, machine_id=NEW)
    assert [line.partition(": ")[0] for line in left_out] == [f"normal/{name}.wav" for name in "abc"]
    assert new.manifest.thresholds[NEW]["n_takes"] == 12


@pytest.mark.parametrize("with_labels", [True, False])
def test_table_of_recordings(bundle, first, enrolled, tmp_path, with_labels):
    table = tmp_path / "clips.csv"
    paths = sorted((first / "normal").iterdir())
    plain = shutil.copytree(first / "normal", tmp_path / "elsewhere" / "recordings")
    lines = [f"{path},normal" for path in paths] if with_labels else [str(plain / path.name) for path in paths]
    table.write_text("\n".join(["path,label" if with_labels else "path", *lines]))
    new, left_out = enroll(bundle, table, machine_id=NEW)
    assert left_out == []
    clip = paths[0]
    assert new.predict(clip, machine_id=NEW).score == enrolled.predict(clip, machine_id=NEW).score


@pytest.mark.parametrize("root", ["gone", "empty"])
def test_no_recordings(bundle, tmp_path, root):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"there is no such file or folder|holds no recordings"):
        enroll(bundle, tmp_path / root, machine_id=NEW)


@pytest.mark.parametrize(
    "options",
    [
        {"machine_id": ""},
        {"machine_id": "  "},
        {"alarms": "never"},
        {"false_alarm_rate": 0},
        {"false_alarm_rate": 1},
    ],
)
def test_impossible_options(bundle, first, options):
    with pytest.raises(OptionError):
        enroll(bundle, first, **({"machine_id": NEW} | options))


def test_options_are_the_ones_used(bundle, first):
    new, _ = enroll(bundle, first, machine_id="press/line 3", alarms="2/day", false_alarm_rate=0.3)
    said = new.manifest.thresholds["press/line 3"]
    assert said["alarms"]["asked_s"] == 43200
    assert said["false_alarm_rate"] == 0.3


def test_bundle_with_a_classifier_learns_no_machines(bundle, first):
    with pytest.raises(BundleError, match=r"has a classifier.*auscult train"):
        enroll(replace(bundle, detector=None), first, machine_id=NEW)


def test_the_originals_model_learns_no_machines(original_bundle, first):
    with pytest.raises(BundleError, match="has a classifier"):
        enroll(auscult.load(original_bundle), first, machine_id=NEW)
