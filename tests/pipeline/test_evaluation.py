import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from sklearn.metrics import roc_auc_score

import auscult
from auscult.errors import BundleError, DataError, MachineError
from auscult.evaluate.alarms import replay
from auscult.pipeline.evaluation import evaluate

SR = 16_000
MACHINES = ("fan/id_00", "fan/id_02")


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


@pytest.fixture(scope="module")
def on_training_data(trained_bundle, synthetic_data):
    return evaluate(trained_bundle, synthetic_data)


@pytest.fixture(scope="module")
def remixed(synthetic_data, tmp_path_factory):
    """The data set, and the same takes with more noise as another SNR."""
    root = tmp_path_factory.mktemp("remixed")
    shutil.copytree(synthetic_data / "6_dB_fan", root / "6_dB_fan")
    rng = np.random.default_rng(4)
    for path in (root / "6_dB_fan").rglob("*.wav"):
        y, sr = soundfile.read(path)
        other = root / "-6_dB_fan" / path.relative_to(root / "6_dB_fan")
        other.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(other, y + 0.5 * y.std() * rng.standard_normal(y.size), sr)
    return root


@pytest.fixture(scope="module")
def at_two_snrs(bundle, remixed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dcase") / "new"
    return evaluate(bundle, remixed, dcase=folder, leave_one_out=True, transfer=True), folder


def machine_folder(root, name="fan/id_00"):
    return root / "6_dB_fan" / name


def only(synthetic_data, tmp_path, *globs, name="fan/id_00"):
    """A folder with some of a machine's clips."""
    for glob in globs:
        for path in sorted(machine_folder(synthetic_data, name).glob(glob)):
            target = tmp_path / "data" / "fan" / path.relative_to(machine_folder(synthetic_data, name).parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return tmp_path / "data"


def read(path):
    with path.open() as file:
        return list(csv.reader(file))


def test_on_the_training_folder_the_held_out_clips_are_judged(on_training_data, bundle):
    assert on_training_data.n_clips == 2 * (4 + 8)
    assert on_training_data.n_learnt == 2 * 16
    assert on_training_data.left_out == []
    assert on_training_data.is_synthetic


def test_figures_on_the_training_folder_are_those_of_training(on_training_data, bundle):
    assert on_training_data.figures == bundle.manifest.metrics["figures"]
    (row,) = on_training_data.summary["by_snr"]
    aucs = {figures["machine"]: figures["auc"] for figures in on_training_data.figures}
    assert row["auc"] == pytest.approx(np.mean(list(aucs.values())), abs=1e-4)
    assert row["worst_machine"] == min(aucs, key=aucs.get)


def test_false_alarms_are_those_of_the_rule_in_the_order_of_time(on_training_data, bundle, synthetic_data):
    assert [row["machine"] for row in on_training_data.alarms] == list(MACHINES)
    for row in on_training_data.alarms:
        machine = bundle.detector.machines[row["machine"]]
        clips = sorted((machine_folder(synthetic_data, row["machine"]) / "normal").iterdir())[16:]
        descriptors = [bundle.manifest.features.descriptors(*auscult.read_audio(clip)) for clip in clips]
        scores = machine.model.anomaly_scores(np.stack(descriptors))
        assert row == replay(row["machine"], machine, scores, np.zeros(4, np.intp)).to_dict()
        assert row["heard_s"] == 8


def test_json_holds_all_of_it(on_training_data, at_two_snrs):
    for said in (on_training_data.to_dict(), at_two_snrs[0].to_dict()):
        assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert on_training_data.leave_one_out == on_training_data.snr_transfer == []


def test_a_path_is_as_good_as_a_bundle(on_training_data, bundle, synthetic_data):
    assert evaluate(bundle, synthetic_data) == on_training_data


def test_learnt_contents_are_left_out_under_any_name(bundle, synthetic_data, tmp_path):
    data = only(synthetic_data, tmp_path, "normal/0000001*.wav", "abnormal/*.wav")
    for path in sorted((data / "fan/id_00/normal").iterdir()):
        path.rename(path.with_name(f"other_{path.name}"))
    said = evaluate(bundle, data)
    assert (said.n_clips, said.n_learnt) == (4 + 8, 6)
    assert evaluate(bundle, data, same_names=True).n_learnt == 6, "a learnt clip stays one, whatever is said"


def test_learnt_contents_are_left_out_where_they_are_called_anomalous(bundle, synthetic_data, tmp_path):
    data = only(synthetic_data, tmp_path, "normal/0000000*.wav", "abnormal/*.wav")
    (data / "fan/id_00/normal").rename(data / "fan/id_00/anomaly")
    said = evaluate(bundle, data)
    assert (said.n_clips, said.n_learnt) == (8, 10)


def test_other_mixes_of_learnt_takes_are_left_out_unless_names_mean_nothing(bundle, remixed):
    other = remixed / "-6_dB_fan"
    said = evaluate(bundle, other)
    assert (said.n_clips, said.n_learnt) == (24, 32)
    said = evaluate(bundle, other, same_names=True)
    assert (said.n_clips, said.n_learnt) == (56, 0)
    assert {row["n_normal"] for row in said.figures} == {20}


def test_at_two_snrs_each_has_its_figures(at_two_snrs, on_training_data):
    said, _ = at_two_snrs
    assert [(row["machine"], row["snr_db"]) for row in said.figures] == [
        (name, snr_db) for name in MACHINES for snr_db in (-6.0, 6.0)
    ]
    assert (said.n_clips, said.n_learnt) == (48, 64)
    assert [row for row in said.figures if row["snr_db"] == 6] == on_training_data.figures
    assert [row["snr_db"] for row in said.summary["by_snr"]] == [6, -6]
    assert not said.is_synthetic, "nothing near says so"


def test_machines_are_enrolled_anew_from_few_takes(at_two_snrs):
    rows = at_two_snrs[0].leave_one_out
    assert [(row["machine"], row["snr_db"], row["n_takes"]) for row in rows] == [
        (name, snr_db, size) for name in MACHINES for snr_db in (-6.0, 6.0) for size in (0, 10, 14)
    ]
    assert all(0 <= row["auc"] <= 1 for row in rows)


def test_machines_are_learnt_at_one_snr_for_the_other(at_two_snrs):
    rows = at_two_snrs[0].snr_transfer
    assert [(row["learnt_db"], row["tested_db"]) for row in rows] == [(-6, -6), (-6, 6), (6, -6), (6, 6)]
    assert all(0 <= row["auc"] <= 1 for row in rows)


def test_clips_of_unknown_machines_help_no_known_one(bundle, at_two_snrs, remixed, tmp_path):
    """Where machines are learnt anew, the bundle's names do not matter."""
    renamed = shutil.copytree(remixed / "6_dB_fan/fan/id_02", tmp_path / "data/6_dB_fan/fan/id_04").parents[2]
    shutil.copytree(remixed / "6_dB_fan/fan/id_00", renamed / "6_dB_fan/fan/id_00")
    said = evaluate(bundle, renamed, leave_one_out=True)
    assert {row["machine"] for row in said.figures} == {"fan/id_00"}
    assert {row["machine"] for row in said.leave_one_out} == {"fan/id_00", "fan/id_04"}
    expected = [row for row in at_two_snrs[0].leave_one_out if row["snr_db"] == 6]
    assert [row["auc"] for row in said.leave_one_out] == [row["auc"] for row in expected]


def test_dcase_files_of_each_snr_give_the_same_figures(at_two_snrs):
    said, folder = at_two_snrs
    assert sorted(path.name for path in folder.iterdir()) == ["-6_dB", "6_dB"]
    for row in said.figures:
        snr_folder, ending = folder / f"{row['snr_db']:g}_dB", row["machine"].replace("/", "_")
        scores = read(snr_folder / f"anomaly_score_{ending}.csv")
        decisions = read(snr_folder / f"decision_result_{ending}.csv")
        names = [name for name, _ in scores]
        part = row["machine"].partition("/")[2]
        assert names == sorted(
            [f"normal_{part}_{number:08d}.wav" for number in range(16, 20)]
            + [f"anomaly_{part}_{number:08d}.wav" for number in range(8)]
        )
        assert [name for name, _ in decisions] == names
        truth = np.array([name.startswith("anomaly") for name in names])
        values = [float(score) for _, score in scores]
        assert round(roc_auc_score(truth, values), 4) == row["auc"]
        assert round(roc_auc_score(truth, values, max_fpr=0.1), 4) == row["pauc"]
        alarms = np.array([decision == "1" for _, decision in decisions])
        assert round(alarms[truth].mean(), 4) == row["detection_rate"]
        assert round(alarms[~truth].mean(), 4) == row["false_alarm_rate"]


def test_dcase_files_of_one_snr_lie_in_the_folder_itself(bundle, synthetic_data, tmp_path):
    evaluate(bundle, machine_folder(synthetic_data), dcase=tmp_path / "dcase")
    assert sorted(path.name for path in (tmp_path / "dcase").iterdir()) == [
        "anomaly_score_fan_id_00.csv",
        "decision_result_fan_id_00.csv",
    ]


def test_dcase_files_where_some_snrs_are_not_known(bundle, synthetic_data, remixed, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(machine_folder(remixed), data / "6_dB_fan/fan/id_00")
    shutil.copytree(machine_folder(remixed, "fan/id_02"), data / "plain/fan/id_02")
    said = evaluate(bundle, data, dcase=tmp_path / "dcase")
    assert {row["snr_db"] for row in said.figures} == {6.0, None}
    written = [name for path in (tmp_path / "dcase").rglob("anomaly_score_*.csv") for name, _ in read(path)]
    assert len(written) == len(set(written)) == 24


def test_names_that_are_dcases_are_kept(bundle, synthetic_data, tmp_path):
    folder = tmp_path / "dev" / "fan" / "test"
    folder.mkdir(parents=True)
    for label, word in (("normal", "normal"), ("abnormal", "anomaly")):
        for path in sorted((machine_folder(synthetic_data) / label).iterdir())[-5:]:
            shutil.copy(path, folder / f"{word}_id_00_{path.name}")
    said = evaluate(bundle, tmp_path / "dev", dcase=tmp_path / "dcase")
    assert (said.n_clips, said.n_learnt) == (9, 1)
    names = [name for name, _ in read(tmp_path / "dcase" / "anomaly_score_fan_id_00.csv")]
    assert names == sorted(path.name for path in folder.iterdir() if path.name != "normal_id_00_00000015.wav")


def test_unknown_machines_are_named_and_not_guessed(bundle, synthetic_data, on_training_data, tmp_path):
    data = only(synthetic_data, tmp_path, "*/*.wav")
    shutil.copytree(data / "fan" / "id_00", data / "pump" / "id_02")
    shutil.copy(machine_folder(synthetic_data) / "normal" / "00000001.wav", data / "pump" / "id_02" / "x.wav")
    for number, path in enumerate((data / "pump").rglob("*.wav")):
        y, sr = soundfile.read(path)
        soundfile.write(path, np.roll(y, 100 + number), sr)
    said = evaluate(bundle, data)
    assert {row["machine"] for row in said.figures} == {"fan/id_00"}
    (line,) = said.left_out
    assert line.startswith("pump/id_02: 28 clips, this machine is not in the bundle. The bundle knows fan/id_00")
    assert said.n_clips == 12
    drop = ("snr_db",)
    expected = {key: value for key, value in on_training_data.figures[0].items() if key not in drop}
    assert {key: value for key, value in said.figures[0].items() if key not in drop} == expected


def test_folders_that_call_a_machine_otherwise(bundle, synthetic_data, on_training_data, tmp_path):
    data = only(synthetic_data, tmp_path, "*/*.wav")
    (data / "fan" / "id_00").rename(data / "fan" / "press")
    with pytest.raises(DataError, match="press: 28 clips, this machine is not in the bundle"):
        evaluate(bundle, data)
    for name in ("fan/id_00", "id_00"):
        said = evaluate(bundle, data, machine_id=name)
        assert (said.n_clips, said.n_learnt) == (12, 16), "learnt contents are known under any machine's name"
        assert [row["machine"] for row in said.figures] == ["fan/id_00"]
        assert said.figures[0]["auc"] == on_training_data.figures[0]["auc"]


def test_a_machine_that_the_bundle_does_not_know(bundle, synthetic_data):
    with pytest.raises(MachineError, match="id_44: this machine is not in the bundle"):
        evaluate(bundle, synthetic_data, machine_id="id_44")


def test_what_cannot_be_used_is_named(bundle, synthetic_data, tmp_path):
    data = only(synthetic_data, tmp_path, "normal/0000001*.wav", "abnormal/*.wav")
    (data / "fan/id_00/abnormal/00000000.wav").write_text("no sound")
    shutil.copy(data / "fan/id_00/abnormal/00000001.wav", data / "fan/id_00/abnormal/copy.wav")
    said = evaluate(bundle, data)
    assert (said.n_clips, said.n_learnt) == (4 + 7, 6)
    assert "fan/id_00/abnormal/00000000.wav: is not audio" in said.left_out[0]
    assert "is the same recording as" in said.left_out[1]


def test_nothing_is_left_to_measure_on(bundle, synthetic_data, tmp_path):
    data = only(synthetic_data, tmp_path, "normal/0000000*.wav")
    with pytest.raises(DataError, match=r"none of its 10 labelled .* \(the bundle has learnt from all of them\)"):
        evaluate(bundle, data)
    for path in data.rglob("*.wav"):
        path.write_text("no sound")
    with pytest.raises(DataError, match=r"none of its 10 labelled recordings can be measured on \(.*is not audio"):
        evaluate(bundle, data)


def test_no_recordings(bundle, tmp_path):
    with pytest.raises(DataError, match="holds no recordings"):
        evaluate(bundle, tmp_path)


def test_only_normal_or_only_anomalous_clips(bundle, synthetic_data, tmp_path):
    said = evaluate(bundle, only(synthetic_data, tmp_path / "a", "normal/0000001*.wav"), leave_one_out=True)
    assert said.summary == {}
    assert said.leave_one_out == []
    assert "auc" not in said.figures[0]
    assert len(said.alarms) == 1
    said = evaluate(bundle, only(synthetic_data, tmp_path / "b", "abnormal/*.wav"), transfer=True)
    assert said.alarms == said.snr_transfer == []
    assert (said.n_clips, said.n_learnt) == (8, 0)


def test_table_of_recordings(bundle, synthetic_data, on_training_data, tmp_path):
    lines = [f"{path},{path.parent.name}" for path in machine_folder(synthetic_data).rglob("*.wav")] + ["a.wav,great"]
    table = tmp_path / "clips.csv"
    table.write_text("\n".join(["path,label", *lines]))
    said = evaluate(bundle, table)
    assert said.figures == on_training_data.figures[:1]
    assert "a.wav: its label 'great' is not known" in said.left_out[0]
    assert said.is_synthetic


def test_an_enrolled_machine_is_not_measured_on_what_it_was_enrolled_with(bundle, synthetic_data):
    """Now all normal clips have been learnt, those that training held out as well."""
    new, _ = auscult.enroll(bundle, machine_folder(synthetic_data), machine_id="fan/id_00", known="add")
    said = evaluate(new, machine_folder(synthetic_data))
    assert (said.n_clips, said.n_learnt) == (8, 20)


def test_progress_counts_every_clip(bundle, synthetic_data):
    calls = []
    evaluate(bundle, machine_folder(synthetic_data), on_progress=lambda *call: calls.append(call))
    assert calls[-1] == ("features", 28, 28)


def test_bundle_with_a_classifier_has_nothing_to_measure(bundle, synthetic_data):
    with pytest.raises(BundleError, match=r"has a classifier.*Train one on normal sound"):
        evaluate(replace(bundle, detector=None), synthetic_data)


def test_the_originals_model_has_nothing_to_measure(original_bundle, synthetic_data):
    with pytest.raises(BundleError, match="has a classifier"):
        evaluate(original_bundle, synthetic_data)


CALL = """
try:
    auscult.evaluate("gone.auscult", ".")
except auscult.AuscultError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    "before",
    [
        "import auscult",
        "import auscult, auscult.evaluate.detection",
        "import auscult.evaluate.alarms, auscult",
        "import auscult; from auscult import evaluate",
    ],
)
@pytest.mark.slow
def test_evaluate_is_a_function_and_a_package(before):
    """Whichever is imported first, and again after it has been called."""
    code = f"{before}\n{CALL}{CALL}import auscult.evaluate.dcase\n{CALL}from auscult.evaluate import JudgedClip"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("BundleError gone.auscult") for line in lines)
