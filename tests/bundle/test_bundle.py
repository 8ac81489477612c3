import dataclasses
import io
import shutil

import numpy as np
import pytest
import soundfile

import auscult
from auscult.bundle import Bundle
from auscult.bundle.golden import self_check
from auscult.detect import Detector
from auscult.errors import AudioError, BundleError, MachineError, OptionError
from auscult.faults.names_file import Names
from auscult.faults.naming import name_cluster
from auscult.pipeline.enrolment import enroll
from auscult.pipeline.fault_names import with_names


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


@pytest.fixture
def clip(synthetic_data):
    return synthetic_data / "6_dB_fan" / "fan" / "id_00" / "normal" / "00000003.wav"


def test_all_forms_of_a_clip_get_the_same_verdict(bundle, clip):
    y, sr = auscult.read_audio(clip)
    expected = bundle.predict(clip)
    assert expected.machine_id == "fan/id_00"
    said = {"machine_id": "fan/id_00"}
    assert bundle.predict(str(clip)) == expected
    assert bundle.predict(clip.read_bytes(), **said) == expected
    assert bundle.predict(io.BytesIO(clip.read_bytes()), **said) == expected
    assert bundle.predict(y, sr=sr, **said) == expected
    assert bundle.predict(y.astype(np.float64), sr=sr, **said).score == pytest.approx(expected.score)


def test_verdict_is_consistent(bundle, clip):
    verdict = bundle.predict(clip)
    assert list(verdict.probabilities) == ["normal", "anomalous"]
    assert sum(verdict.probabilities.values()) == pytest.approx(1)
    assert verdict.is_anomalous == (verdict.score > verdict.threshold) == (verdict.probabilities["anomalous"] > 0.5)
    assert verdict.message == ("Component sounds anomalous" if verdict.is_anomalous else "Component OK")
    assert 0 < verdict.p_value <= 1


def test_another_sound_is_anomalous(bundle, rng):
    verdict = bundle.predict(rng.uniform(-1, 1, 32_000), sr=16_000, machine_id="id_02")
    assert verdict.is_anomalous
    assert verdict.p_value == pytest.approx(1 / 17)


def test_machine_that_is_not_said(bundle, clip):
    with pytest.raises(MachineError, match="The bundle knows fan/id_00, fan/id_02"):
        bundle.predict(clip.read_bytes())


def test_machine_that_is_not_known(bundle, clip):
    with pytest.raises(MachineError, match="id_44: this machine is not in the bundle"):
        bundle.predict(clip, machine_id="id_44")


def test_machine_of_a_folder_that_is_called_for_a_fault(bundle, clip, tmp_path):
    for folder in ("normal", "imbalance"):
        (tmp_path / "6_dB_fan" / "fan" / "id_00" / folder).mkdir(parents=True)
    faulty = shutil.copy(clip, tmp_path / "6_dB_fan" / "fan" / "id_00" / "imbalance" / "x.wav")
    assert bundle.predict(faulty).machine_id == "fan/id_00"


@pytest.mark.parametrize("machine", ["fan/id_44", "gearbox/id_00"])
def test_machine_of_the_folder_that_is_not_known(bundle, clip, tmp_path, machine):
    """Another type's id_00 is another machine."""
    other = tmp_path / machine / "normal" / "a.wav"
    other.parent.mkdir(parents=True)
    other.write_bytes(clip.read_bytes())
    with pytest.raises(MachineError, match=f"{machine.removeprefix('gearbox/')}: this machine is not in the bundle"):
        bundle.predict(other)


def test_waveform_needs_its_rate_and_a_recording_says_its_own(bundle, clip):
    with pytest.raises(OptionError, match="sr: not given"):
        bundle.predict(np.zeros(16000), machine_id="id_00")
    with pytest.raises(OptionError, match="sr: given with a recording"):
        bundle.predict(clip, sr=16000)


@pytest.mark.parametrize(
    ("y", "options", "match"),
    [
        (np.zeros(0), {}, "expected"),
        (np.zeros((2, 2, 2)), {}, "expected"),
        (np.array([0, np.nan]), {}, "NaN"),
        (np.full(16000, 1e30), {}, "full scale"),
        (np.zeros(100), {}, "shorter than one frame"),
        (np.zeros(16000, np.int16), {}, "holds int16.*Divide 16-bit samples by 32768"),
        (np.zeros(16000), {"sr": 0}, "0 Hz"),
        (np.zeros(16000), {"sr": -16000}, "-16000 Hz"),
        (np.zeros(16000), {"max_duration_s": 0.5}, "lasts 1.0 s"),
        (np.zeros(16000), {"max_samples": 5}, "unpacks to 16000 samples"),
    ],
)
def test_waveform_goes_through_the_gate_too(bundle, y, options, match):
    with pytest.raises(AudioError, match=match):
        bundle.predict(y, **({"sr": 16000, "machine_id": "id_00"} | options))


@pytest.mark.parametrize("sr", [16000.0, "16000", True])
def test_rate_that_is_no_whole_number(bundle, sr):
    with pytest.raises(OptionError, match="expected a whole number of Hz"):
        bundle.predict(np.zeros(16000), sr=sr, machine_id="id_00")


def test_several_channels_are_averaged(bundle, clip):
    y, sr = auscult.read_audio(clip)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, y.shape).astype(np.float32)
    expected = bundle.predict(clip).score
    assert bundle.predict(np.stack([y + noise, y - noise]), sr=sr, machine_id="id_00").score == pytest.approx(
        expected, rel=1e-3
    )


def test_short_clip_is_named(bundle, tmp_path, clip):
    path = tmp_path / "short.wav"
    data = bytearray(clip.read_bytes()[:144])
    data[40:44] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(AudioError, match=r"short\.wav: lasts 3\.1 ms"):
        bundle.predict(path, machine_id="id_00")


def test_saving_and_loading_keeps_everything(bundle, tmp_path, trained_bundle):
    bundle.save(tmp_path / "again.auscult")
    assert (tmp_path / "again.auscult").read_bytes() == trained_bundle.read_bytes()


def test_bundle_without_a_model(bundle):
    with pytest.raises(BundleError, match="has neither"):
        Bundle.from_members(bundle.manifest, {}, "m.auscult")


@pytest.mark.parametrize("key", ["id", "name"])
def test_two_classes_of_one_name(bundle, key):
    first, second = bundle.manifest.faults
    faults = (first, dataclasses.replace(second, **{key: getattr(first, key)}))
    with pytest.raises(BundleError, match="names two classes alike"):
        Bundle.from_members(dataclasses.replace(bundle.manifest, faults=faults), bundle.members, "m.auscult")


def test_thresholds_in_the_manifest_are_those_that_judge(bundle):
    thresholds = {name: entry | {"threshold": 99.0} for name, entry in bundle.manifest.thresholds.items()}
    with pytest.raises(BundleError, match="thresholds in its manifest are not those"):
        Bundle.from_members(dataclasses.replace(bundle.manifest, thresholds=thresholds), bundle.members, "m.auscult")


def test_other_features_than_were_learnt_from(bundle):
    features = dataclasses.replace(bundle.manifest.features, n_mels=20)
    with pytest.raises(BundleError, match=r"\(220,\) and \(16, 220\) do not belong together"):
        Bundle.from_members(dataclasses.replace(bundle.manifest, features=features), bundle.members, "m.auscult")


def test_bundle_with_one_class(bundle):
    manifest = dataclasses.replace(bundle.manifest, faults=bundle.manifest.faults[:1])
    with pytest.raises(BundleError, match="names 1 classes"):
        Bundle.from_members(manifest, bundle.members, "m.auscult")


@pytest.mark.parametrize("content", [b"", b"PK", b"no arrays at all"])
def test_damaged_detector(bundle, content):
    with pytest.raises(BundleError, match=r"detector\.npz"):
        Bundle.from_members(bundle.manifest, bundle.members | {"detector.npz": content}, "m.auscult")


def test_pickled_arrays_are_refused(bundle):
    buffer = io.BytesIO()
    np.savez(buffer, machines=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BundleError, match=r"detector\.npz"):
        Bundle.from_members(bundle.manifest, bundle.members | {"detector.npz": buffer.getvalue()}, "m.auscult")


@pytest.fixture(scope="module")
def named(faulty_fans):
    """The bundle of two fans with the names of one of their two clusters."""
    names = name_cluster(faulty_fans.found, Names(), 0, "rattle", message="It rattles")
    bundle, unsaid = with_names(faulty_fans.bundle, faulty_fans.found, names)
    assert unsaid == {}
    return bundle


def clips_of(found, number):
    return [clip.path for clip in found.clips if clip.cluster == number]


def test_named_fault_is_said_and_what_is_like_none_is_unknown(faulty_fans, named):
    for number, name, message in ((0, "rattle", "It rattles"), (1, "unknown fault", "Unknown fault")):
        verdicts = [named.predict(path) for path in clips_of(faulty_fans.found, number)]
        assert all((verdict.fault is not None) == verdict.is_anomalous for verdict in verdicts)
        right = [verdict for verdict in verdicts if verdict.fault == name]
        assert len(right) >= 0.8 * sum(verdict.is_anomalous for verdict in verdicts) > 10
        assert right[0].message == message
        assert right[0].to_dict()["Details"]["Fault"] == name


def test_probabilities_of_a_named_bundle(faulty_fans, named):
    normal = sorted(faulty_fans.root.glob("*/fan/id_00/normal/*.wav"))[0]
    for path in (normal, clips_of(faulty_fans.found, 0)[0], clips_of(faulty_fans.found, 1)[0]):
        verdict = named.predict(path)
        assert list(verdict.probabilities) == ["normal", "rattle", "unknown fault"]
        assert verdict.to_dict()["Details"]["Labels"] == ["normal", "rattle", "unknown fault"]
        assert sum(verdict.probabilities.values()) == pytest.approx(1)
        assert (verdict.probabilities["normal"] < 0.5) == verdict.is_anomalous
        if verdict.is_anomalous:
            assert max(verdict.probabilities, key=verdict.probabilities.__getitem__) == verdict.fault
    verdict = named.predict(normal)
    assert (verdict.fault, verdict.message) == (None, "Component OK")
    assert "Fault" not in verdict.to_dict()["Details"]


def test_names_change_nothing_about_what_is_anomalous(faulty_fans, named):
    for path in sorted(faulty_fans.root.glob("*/fan/id_00/*/0000000[0-4].wav")):
        before, after = faulty_fans.bundle.predict(path), named.predict(path)
        unnamed = {"fault": None, "message": "", "probabilities": {}}
        assert dataclasses.replace(before, **unnamed) == dataclasses.replace(after, **unnamed)
        assert before.score.hex() == after.score.hex()
        assert before.probabilities["normal"] == after.probabilities["normal"]
        assert before.fault is None


def test_named_bundle_is_saved_whole(faulty_fans, named, tmp_path):
    named.save(tmp_path / "named.auscult")
    loaded = auscult.load(tmp_path / "named.auscult")
    self_check(loaded, "m")
    path = clips_of(faulty_fans.found, 0)[0]
    assert loaded.predict(path) == named.predict(path)
    named.save(tmp_path / "again.auscult")
    assert (tmp_path / "again.auscult").read_bytes() == (tmp_path / "named.auscult").read_bytes()


def test_enrolling_another_machine_keeps_the_names(faulty_fans, named, synthetic_data):
    new, _ = enroll(named, synthetic_data / "6_dB_fan" / "fan" / "id_00", machine_id="press")
    assert new.members["faults.npz"] == named.members["faults.npz"]
    path = clips_of(faulty_fans.found, 0)[0]
    assert new.predict(path) == named.predict(path)
    other = next((synthetic_data / "6_dB_fan" / "fan" / "id_00" / "abnormal").iterdir())
    assert list(new.predict(other, machine_id="press").probabilities) == ["normal", "rattle", "unknown fault"]


def npz(arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [b"", b"PK", b"no arrays at all", npz({}), npz({"whitening": np.eye(3)})])
def test_damaged_names(named, content):
    with pytest.raises(BundleError, match=r"faults\.npz"):
        Bundle.from_members(named.manifest, named.members | {"faults.npz": content}, "m.auscult")


@pytest.mark.parametrize("name", ["whitening", "prototypes/directions", "prototypes/limits", "prototypes/fault_ids"])
def test_one_of_the_arrays_of_names_is_missing_or_is_another(named, name):
    arrays = named.namer.to_arrays()
    without = {key: value for key, value in arrays.items() if key != name}
    for damaged in (without, arrays | {name: np.full((2, 2), np.nan)}, arrays | {name: np.zeros(0)}):
        with pytest.raises(BundleError, match=r"faults\.npz"):
            Bundle.from_members(named.manifest, named.members | {"faults.npz": npz(damaged)}, "m.auscult")


def test_names_that_the_manifest_does_not_know(named):
    faults = (named.manifest.faults[0], dataclasses.replace(named.manifest.faults[1], id="other"))
    with pytest.raises(BundleError, match="knows faults that the manifest does not name"):
        Bundle.from_members(dataclasses.replace(named.manifest, faults=faults), named.members, "m.auscult")


def test_a_recording_that_is_doubtful_is_warned_of(bundle, clip, tmp_path):
    said, (y, sr) = {"machine_id": "id_00"}, soundfile.read(clip)
    assert bundle.predict(clip).warning is None
    assert bundle.predict(np.zeros(32_000), sr=sr, **said).warning == "the recording is silent: a verdict on nothing"
    assert "peaks are cut" in bundle.predict(np.clip(50 * y / np.abs(y).max(), -1, 1), sr=sr, **said).warning
    dead = np.column_stack([y, np.zeros(y.size), 0.9 * y])
    soundfile.write(tmp_path / "dead.wav", dead, sr)
    assert bundle.predict(tmp_path / "dead.wav", **said).warning == "1 of 3 channels is dead"
    assert bundle.predict(dead.T, sr=sr, **said).warning == "1 of 3 channels is dead"
    short = bundle.predict(dead.T[:, : sr // 2], sr=sr, **said)
    assert short.warning.startswith("the clip lasts 0.5 s")
    assert short.warning.endswith("; 1 of 3 channels is dead")


def test_folders_of_another_machine_are_warned_of_where_one_is_known(bundle, clip):
    machine, other = bundle.detector.machines
    thresholds = {machine: bundle.manifest.thresholds[machine]}
    manifest = dataclasses.replace(bundle.manifest, thresholds=thresholds)
    alone = dataclasses.replace(
        bundle, manifest=manifest, detector=Detector({machine: bundle.detector.machines[machine]})
    )
    elsewhere = clip.parents[2] / "id_02" / "normal" / clip.name
    assert alone.predict(clip).warning is None
    assert alone.predict(elsewhere).warning == f"the folders say {other}, compared with {machine}"
    assert alone.predict(elsewhere, machine_id=machine).warning is None
    assert alone.predict(elsewhere.read_bytes()).warning is None
    with pytest.raises(MachineError, match="not in the bundle") as caught:
        alone.predict(clip, machine_id="saw")
    assert "form field" not in caught.value.remedy
    assert "give the machine id of one of them" in caught.value.remedy
