from dataclasses import replace

import numpy as np
import pytest
import torch

from auscult.audio import index_clips
from auscult.detect import AlarmBudget
from auscult.diagnose import Training
from auscult.errors import DataError, OptionError
from auscult.features import LogMel
from auscult.pipeline import fault_learning
from auscult.pipeline.anomalous_clips import AnomalousClips
from auscult.pipeline.described_clips import describe
from auscult.pipeline.fault_labels import fault_labels
from auscult.pipeline.fault_learning import learn_faults
from auscult.pipeline.kept import Kept
from auscult.pipeline.machine import GROUPS, Learning, learn_machine

FAST = Training(network="original", n_epochs=1, device="cpu")
"""One step of learning: for all but how well it names."""


@pytest.fixture(scope="module")
def press_clips(press):
    """Anomalous clips of a press, with two faults that folders say."""
    features = LogMel.for_rate(4000, n_mels=16, groups=GROUPS)
    described, _ = describe(index_clips(press), press, features, "mean", None)
    normal = [clip for clip in described if clip.clip.label == "normal"]
    machine = learn_machine(normal, Learning(features, "mean", 0.05, AlarmBudget.parse("1/week")))
    anomalous = [clip for clip in described if clip.clip.label == "anomalous"]
    there = AnomalousClips(anomalous, {"press": machine}, features, "mean", [])
    return there, fault_labels(there, normal, press, labels="column", seed=0)


def learnt(press_clips, training=FAST, *, kept=None, n_jobs=1, on_progress=None):
    with Kept(kept) as results:
        return learn_faults(*press_clips, training, kept=results, n_jobs=n_jobs, on_progress=on_progress)


def on_machines(press_clips, machine_of):
    """The same clips as if they were of several machines, by their number and fault; None leaves a clip out."""
    there, named = press_clips
    clips, labels = [], []
    for clip, label in zip(named.clips, named.labels.tolist(), strict=True):
        machine = machine_of(int(clip.clip.path.stem), clip.clip.fault)
        if machine is not None:
            clips.append(replace(clip, clip=replace(clip.clip, machine=machine)))
            labels.append(label)
    (one,) = there.machines.values()
    machines = {clip.clip.machine: one for clip in clips}
    return replace(there, machines=machines), replace(named, clips=clips, labels=np.array(labels))


def split_of(found, name):
    return next((row for row in found.diagnosis["splits"] if row["split"] == name), None)


def test_gross_faults_are_named_and_that_is_measured(press_clips):
    found = learnt(press_clips, Training(n_epochs=2, device="cpu"))
    assert found.diagnosis["class_names"] == ["hiss", "hum"]
    assert found.diagnosis["labels"] == "given"
    row = split_of(found, "grouped")
    assert (row["n_clips"], row["n_takes"], row["n_folds"]) == (12, 12, 3), "each is tested, and once"
    assert sum(map(sum, row["confusion"])) == 12
    (hiss, hum_for_hiss, _), (hiss_for_hum, hum, _) = row["confusion"]
    assert (hum_for_hiss, hiss_for_hum) == (0, 0), "what is not sure is unknown"
    assert hiss + hum >= 8
    assert found.diagnosis["not_measured"] == [
        "random by clip: each clip is a take of its own, so that it would be the split by take",
        "leave one machine out: there is one machine only",
    ]
    assert found.network["clips"] == [{"machine": "press", "n_clips": [6, 6]}]
    there, named = press_clips
    scores = [there.machines["press"].model.anomaly_scores(clip.descriptors[None])[0] for clip in named.clips]
    expected = [max(score for score, label in zip(scores, named.labels, strict=True) if label == k) for k in (0, 1)]
    assert found.network["largest_scores"] == pytest.approx(expected, abs=1e-3)
    assert found.network["n_clips"] == 12
    assert found.network["n_epochs"] == len(found.history) == 2
    assert 1 <= found.network["best_epoch"] <= 2


def test_every_option_is_the_one_used(press_clips):
    """Each changes what is told of the network, and the network."""
    before = learnt(press_clips)
    assert before.network["name"] == "original"
    assert before.network["device"] == "cpu"
    for name, value in (("n_epochs", 2), ("learning_rate", 0.01), ("batch_size", 4), ("seed", 1)):
        found = learnt(press_clips, replace(FAST, **{name: value}))
        assert found.network["options"] == before.network["options"] | {name: value}
        assert found.onnx_model != before.onnx_model
    small = learnt(press_clips, replace(FAST, network="small"))
    assert small.network["name"] == "small"
    assert small.network["n_parameters"] != before.network["n_parameters"]


def test_the_same_seed_gives_the_same(press_clips):
    one, other = learnt(press_clips), learnt(press_clips)
    assert one.onnx_model == other.onnx_model
    assert (one.network, one.diagnosis, one.history) == (other.network, other.diagnosis, other.history)


@pytest.mark.slow
def test_several_processes_give_the_same(press_clips, tmp_path):
    one, two = learnt(press_clips), learnt(press_clips, n_jobs=2, kept=tmp_path)
    assert one.onnx_model == two.onnx_model
    assert (one.network, one.diagnosis, one.history) == (two.network, two.diagnosis, two.history)


def test_progress_counts_networks(press_clips):
    calls = []
    learnt(press_clips, on_progress=lambda *call: calls.append(call))
    assert [call for call in calls if call[0] == "changes"][-1] == ("changes", 12, 12)
    assert [call[1:] for call in calls if call[0] == "faults"] == [(number, 4) for number in range(1, 5)]


def test_what_was_learnt_is_not_learnt_again(press_clips, tmp_path, monkeypatch):
    before = learnt(press_clips, kept=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(fault_learning, "fit_network", None)
        again = learnt(press_clips, kept=tmp_path)
    assert again.onnx_model == before.onnx_model
    assert (again.network, again.diagnosis, again.history) == (before.network, before.diagnosis, before.history)
    other = learnt(press_clips, replace(FAST, seed=5), kept=tmp_path)
    assert other.onnx_model != before.onnx_model, "of other options nothing is known"
    assert learnt(on_machines(press_clips, lambda n, _: "a" if n else None), kept=tmp_path).network["n_clips"] == 10


def test_machines_are_left_out_one_by_one(press_clips):
    found = learnt(on_machines(press_clips, lambda n, _: "a" if n % 2 else "b"))
    row = split_of(found, "machine")
    assert (row["n_folds"], row["n_clips"]) == (2, 12)
    assert [own["machine"] for own in row["by_machine"]] == ["a", "b"]
    assert [text.partition(":")[0] for text in found.diagnosis["not_measured"]] == ["random by clip"]


def test_remixes_of_a_take_show_how_far_a_split_by_clip_flatters(press_clips):
    there, named = press_clips
    clips = [replace(c, clip=replace(c.clip, take=f"{c.clip.fault}{n // 2}")) for n, c in enumerate(named.clips)]
    found = learnt((there, replace(named, clips=clips)))
    assert [row["split"] for row in found.diagnosis["splits"]] == ["naive", "grouped"]


def test_a_fold_may_lack_a_fault(press_clips):
    """Where machine b is left out, nothing says what its squeal is: there it is not tested, and a's faults are."""
    there, named = on_machines(press_clips, lambda n, _: "a" if n % 2 else "b")
    is_squeal = [clip.clip.machine == "b" and clip.clip.fault == "hum" for clip in named.clips]
    faults = (*named.faults, replace(named.faults[0], id="squeal", name="squeal"))
    found = learnt((there, replace(named, faults=faults, labels=np.where(is_squeal, 2, named.labels))))
    row = split_of(found, "machine")
    assert found.diagnosis["class_names"] == ["hiss", "hum", "squeal"]
    assert [sum(own) for own in row["confusion"]] == [6, 0, 0], "only hiss is known of two machines"


def test_a_split_that_leaves_too_few_takes_is_not_measured(press_clips):
    """Where machine a is left out, one take of each fault remains: none can be held out from a network."""
    found = learnt(on_machines(press_clips, lambda n, _: "b" if n == 0 else "a"))
    row = split_of(found, "machine")
    assert (row["n_folds"], row["n_clips"]) == (1, 2), "of machine b"
    only = learnt(on_machines(press_clips, lambda n, _: "ab"[n] if n < 2 else None))
    assert split_of(only, "machine") is None
    assert "leave one machine out: too few takes remain to learn from" in only.diagnosis["not_measured"]


def test_probabilities_are_believed_as_far_as_other_folds_say(press_clips, monkeypatch):
    """No network is calibrated by the clips that it is then measured on; the bundle's by all that were tested."""
    asked = []

    def calibrated(answers, labels):
        asked.append([one.fold.tested.tolist() for one in answers])
        return 2.5, 0.75

    monkeypatch.setattr(fault_learning, "calibrated", calibrated)
    found = learnt(press_clips)
    whole, *grouped = asked
    assert sorted(place for fold in whole for place in fold) == list(range(12))
    for own, others in zip(whole, grouped, strict=True):
        assert sorted(place for fold in others for place in fold) == sorted(set(range(12)) - set(own))
    assert (found.network["temperature"], found.network["unknown_below"]) == (2.5, 0.75)


def test_of_few_answers_the_networks_own_calibration_is_taken(press_clips):
    few = learnt(on_machines(press_clips, lambda n, _: "a" if n < 4 else None))
    assert 0 < few.network["unknown_below"] <= 1
    assert split_of(few, "grouped")["n_clips"] == 8


def test_losses_that_are_no_numbers_are_said(press_clips, tmp_path):
    with pytest.raises(DataError, match=r"not a number any more, .* learning rate of 1e\+30\. Lower the learning rate"):
        learnt(press_clips, replace(FAST, network="small", learning_rate=1e30), kept=tmp_path)
    assert learnt(press_clips, kept=tmp_path).network, "what is kept is whole"


@pytest.fixture
def claims_a_gpu(monkeypatch):
    """PyTorch says that there is CUDA; computing on it fails."""
    ones = torch.ones

    def fail(*args, **kwargs):
        if kwargs.get("device") == "cuda":
            raise RuntimeError("CUDA error: no kernel image is available")
        return ones(*args, **kwargs)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch, "ones", fail)


def test_a_gpu_that_does_not_compute_is_not_used_and_that_is_said(press_clips, claims_a_gpu):
    found = learnt(press_clips, replace(FAST, device="auto"))
    assert found.network["device"] == "cpu"
    assert found.network["warning"].startswith(
        "learning on the processor: CUDA does not compute (CUDA error: no kernel"
    )
    assert found.onnx_model == learnt(press_clips).onnx_model
    with pytest.raises(OptionError, match="cuda does not compute"):
        learnt(press_clips, replace(FAST, device="cuda"))


def test_on_a_gpu_one_network_learns_at_a_time(press_clips, monkeypatch):
    asked = []

    def open_workers(*, n_jobs):
        asked.append(n_jobs)
        raise KeyboardInterrupt

    monkeypatch.setattr(fault_learning, "open_workers", open_workers)
    for device in ("cpu", "cuda"):
        monkeypatch.setattr(fault_learning, "choose_device", lambda _, device=device: (torch.device(device), None))
        with pytest.raises(KeyboardInterrupt):
            learnt(press_clips, n_jobs=4)
    assert asked == [4, 1]


def test_a_disk_that_takes_no_examples_is_named(press_clips, tmp_path, monkeypatch):
    def refuse(folder, examples):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fault_learning, "write_examples", refuse)
    with pytest.raises(DataError, match=r"cannot be written: No space left on device\. Free the disk"):
        learnt(press_clips, kept=tmp_path)


def test_what_is_half_done_lies_beside_the_results(press_clips, tmp_path):
    learnt(press_clips, kept=tmp_path / "kept")
    assert not list((tmp_path / "kept" / "scratch").iterdir()), "no examples and no checkpoints are left"
    with Kept(tmp_path / "kept") as kept:
        kept.remove()
    assert not list(tmp_path.iterdir())
