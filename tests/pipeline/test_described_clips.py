import hashlib
import shutil
import threading

import numpy as np
import pytest
import soundfile

from auscult.audio import Clip, index_clips, read_audio
from auscult.errors import AudioError, DataError
from auscult.features import LogMel
from auscult.pipeline import described_clips
from auscult.pipeline.described_clips import (
    DescribedClip,
    by_machine,
    describe,
    hold_out,
    in_threads,
    in_time_order,
    normal_clips,
)
from auscult.pipeline.kept import Kept

SR = 4000
FEATURES = LogMel.for_rate(SR, n_mels=8, groups=("level", "mean"))


@pytest.fixture
def root(tmp_path, rng):
    """Six normal and two anomalous clips of a machine."""
    for label, n in (("normal", 6), ("abnormal", 2)):
        for number in range(n):
            path = tmp_path / "press" / label / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.1 * rng.standard_normal(2000 + 100 * number), SR)
    return tmp_path


def described_in(root, channels="mean"):
    return describe(index_clips(root), root, FEATURES, channels, None)


def bare(take, *, snr_db=None, label="normal", split="", machine="m", content=""):
    """A described clip without a recording."""
    clip = Clip(None, machine, label, take, snr_db, split=split)
    return DescribedClip(clip, np.zeros(2, np.float32), 0.0, 2.0, content or f"{take} {snr_db}")


def takes_of(described):
    return [clip.clip.take for clip in described]


def test_clips_come_with_what_is_computed_from_them(root):
    described, left_out = described_in(root)
    assert left_out == []
    assert [clip.clip for clip in described] == index_clips(root)
    for clip in described:
        y, sr = read_audio(clip.clip.path)
        np.testing.assert_array_equal(clip.descriptors, FEATURES.descriptors(y, sr))
        assert clip.level_db == pytest.approx(10 * np.log10(np.mean(y**2)), abs=1e-4)
        assert clip.duration_s == y.size / SR
        assert clip.content_hash == hashlib.sha256(clip.clip.path.read_bytes()).hexdigest()


def test_channels_are_those_asked_for(root, rng):
    path = root / "press/normal/0.wav"
    soundfile.write(path, rng.standard_normal((2000, 2)) * [0.1, 0.001], SR)
    (clip, *_), left_out = describe(index_clips(root), root, FEATURES, 1, None)
    y, sr = read_audio(path, channels=1)
    np.testing.assert_array_equal(clip.descriptors, FEATURES.descriptors(y, sr))
    assert clip.level_db == pytest.approx(-60, abs=1)
    assert len(left_out) == 7
    assert "has 1 channel, asked for index 1" in left_out[0]


def test_a_recording_that_a_table_lists_twice_is_said_with_both_lines(root):
    table = root / "clips.csv"
    rows = ["press/normal/1.wav,normal,", "press/normal/2.wav,normal,", "press/normal/1.wav,anomalous,rust"]
    table.write_text("\n".join(["path,label,fault", *rows]))
    described, left_out = described_in(table)
    assert [clip.clip.label for clip in described] == ["normal", "normal"]
    assert left_out == [
        "press/normal/1.wav: is listed twice in clips.csv (lines 2, 4), as normal and as anomalous, rust: "
        "the first is believed. Take the other out."
    ]


def test_copies_are_named(root):
    shutil.copy(root / "press/normal/2.wav", root / "press/normal/9.wav")
    shutil.copy(root / "press/normal/3.wav", root / "press/abnormal/9.wav")
    described, left_out = described_in(root)
    assert len(described) == 8
    same, other = left_out
    assert "press/normal/9.wav: is the same recording as" in same
    assert "press/normal/2.wav. Keep one of them." in same
    assert "labelled" not in same
    assert "press/abnormal/9.wav: is the same recording as" in other
    assert "press/normal/3.wav, which is labelled normal. Keep one of them." in other


@pytest.mark.parametrize("value", [0.0, 0.25])
def test_silence_is_named(root, value):
    soundfile.write(root / "press/normal/1.wav", np.full(2000, value), SR)
    described, (line,) = described_in(root)
    assert len(described) == 7
    assert line == "press/normal/1.wav: holds only silence, as of a dead microphone. Record it again."


def test_what_cannot_be_used_is_named_with_a_remedy(root):
    (root / "press/normal/0.wav").write_text("no sound")
    soundfile.write(root / "press/normal/1.wav", np.linspace(-1, 1, 2000), SR // 2)
    soundfile.write(root / "press/normal/2.wav", np.linspace(-1, 1, 10), SR)
    (root / "press/normal/3.wav").unlink()
    (root / "press/normal/3.wav").symlink_to(root / "gone.wav")
    described, left_out = described_in(root)
    assert takes_of(described) == ["press/normal/4", "press/normal/5", "press/anomalous/0", "press/anomalous/1"]
    assert [line.partition(": ")[0] for line in left_out] == [f"press/normal/{number}.wav" for number in range(4)]
    problems = ["is not audio", "recorded at 2000 Hz", "shorter than one frame", ""]
    for line, problem in zip(left_out, problems, strict=True):
        assert problem in line
        assert line.partition(". ")[2], "what to do"


def test_clips_outside_the_root_keep_their_whole_path(root, tmp_path):
    (root / "press/normal/0.wav").write_text("no sound")
    _, (line,) = describe(index_clips(root), tmp_path / "tables", FEATURES, "mean", None)
    assert line.startswith(f"{root}/press/normal/0.wav: is not audio")


def test_nothing_to_describe(root):
    assert describe([], root, FEATURES, "mean", None) == ([], [])


def test_progress_counts_every_clip(root):
    (root / "press/normal/0.wav").write_text("no sound")
    calls = []
    describe(index_clips(root), root, FEATURES, "mean", lambda *call: calls.append(call))
    assert calls == [("features", number, 8) for number in range(1, 9)]


def test_outcomes_are_in_the_order_of_the_tasks():
    first_may_end = threading.Event()

    def slow_first(task):
        if task == 0:
            first_may_end.wait(5)
        else:
            first_may_end.set()
        return task * 10

    assert in_threads(slow_first, range(2), "stage", None) == [0, 10]


def test_an_error_ends_the_work():
    done = []

    def fails(task):
        if task == 0:
            raise RuntimeError("broken")
        done.append(task)

    with pytest.raises(RuntimeError, match="broken"):
        in_threads(fails, range(10_000), "stage", None)
    assert len(done) < 10_000


def test_an_unexpected_error_is_no_reason_to_leave_a_clip_out(root, monkeypatch):
    def broken(*_):
        raise DataError("features", "is broken", "Repair it.")

    monkeypatch.setattr(LogMel, "descriptors", broken)
    with pytest.raises(DataError, match="is broken"):
        described_in(root)
    assert not issubclass(DataError, AudioError)


def test_last_takes_are_held_out_and_share_none_with_the_learnt():
    described = [bare(f"m/normal/{number}", snr_db=snr_db) for snr_db in (6.0, -6.0) for number in range(10)]
    described += [bare(f"m/abnormal/{number}", label="anomalous", snr_db=6.0) for number in range(3)]
    learnt, held_out = hold_out(described, 0.2)
    assert {clip.clip.label for clip in learnt} == {"normal"}
    assert sorted(set(takes_of(learnt))) == [f"m/normal/{number}" for number in range(8)]
    normal = [clip for clip in held_out if clip.clip.label == "normal"]
    assert len(normal) == 4
    assert len(learnt) + len(held_out) == len(described)
    assert not set(takes_of(learnt)) & set(takes_of(held_out))


def test_takes_are_held_out_of_each_machine():
    described = [bare(f"{name}/normal/{n}", machine=name) for name, size in (("a", 10), ("b", 20)) for n in range(size)]
    _, held_out = hold_out(described, 0.2)
    assert {name: len(clips) for name, clips in by_machine(held_out).items()} == {"a": 2, "b": 4}


def test_nothing_is_held_out_of_a_share_of_none():
    described = [bare(f"m/normal/{number}") for number in range(5)]
    assert hold_out(described, 0.0) == (described, [])
    assert hold_out([], 0.2) == ([], [])


def test_clips_said_to_be_for_testing_are_held_out_instead_at_every_snr():
    """What is said of one remix of a take holds for the others."""
    described = [
        bare(f"m/normal/{number}", snr_db=snr_db, split="test" if number < 3 and snr_db == 6 else "")
        for snr_db in (6.0, -6.0)
        for number in range(10)
    ]
    learnt, held_out = hold_out(described, 0.2)
    assert sorted(set(takes_of(held_out))) == ["m/normal/0", "m/normal/1", "m/normal/2"]
    assert len(held_out) == 6
    assert not set(takes_of(learnt)) & set(takes_of(held_out))


@pytest.mark.parametrize("split", ["test", "train", ""])
def test_one_split_for_all_says_nothing(split):
    described = [bare(f"m/normal/{number}", split=split) for number in range(10)]
    _, held_out = hold_out(described, 0.2)
    assert takes_of(held_out) == ["m/normal/8", "m/normal/9"]


def test_said_of_one_machine_it_holds_for_that_one():
    described = [bare(f"{name}/normal/{n}", machine=name) for name in "ab" for n in range(10)]
    described[0] = bare("a/normal/0", machine="a", split="test")
    _, held_out = hold_out(described, 0.2)
    assert takes_of(held_out) == ["a/normal/0", "b/normal/8", "b/normal/9"]


def test_clips_follow_each_other_in_the_order_of_their_numbers():
    described = [bare(f"m/normal/clip_{number}") for number in (10, 9, 2, 1)]
    ordered, sessions = in_time_order(described)
    assert takes_of(ordered) == [f"m/normal/clip_{number}" for number in (1, 2, 9, 10)]
    assert sessions.tolist() == [0, 0, 0, 0]


def test_remixes_are_heard_one_series_after_the_other():
    described = [bare(f"m/normal/{number}", snr_db=snr_db) for number in (2, 0, 1) for snr_db in (6.0, -6.0, 0.0)]
    ordered, sessions = in_time_order(described)
    assert [(clip.clip.snr_db, clip.clip.take[-1]) for clip in ordered] == [
        (snr_db, number) for snr_db in (-6.0, 0.0, 6.0) for number in "012"
    ]
    assert sessions.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_folders_are_sessions_at_each_snr():
    places = [("day_10", 0), ("day_2", 1), ("day_2", 0), ("day_10", 1)]
    described = [bare(f"m/normal/{day}/{n}", snr_db=snr_db) for snr_db in (6.0, -6.0) for day, n in places]
    ordered, sessions = in_time_order(described)
    in_a_series = ["m/normal/day_2/0", "m/normal/day_2/1", "m/normal/day_10/0", "m/normal/day_10/1"]
    assert takes_of(ordered) == in_a_series * 2
    assert sessions.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert sessions.dtype == np.intp


def test_a_detector_learns_from_clips_in_the_order_of_time():
    described = [bare(f"m/normal/{day}/{number}") for day in ("b", "a") for number in (1, 0)]
    for number, clip in enumerate(described):
        clip.descriptors[:] = number
    clips = normal_clips(described)
    assert clips.X.dtype == np.float64
    assert clips.X[:, 0].tolist() == [3, 2, 1, 0]
    assert list(clips.takes) == ["m/normal/a/0", "m/normal/a/1", "m/normal/b/0", "m/normal/b/1"]
    assert clips.sessions.tolist() == [0, 0, 1, 1]
    assert list(clips.contents) == [f"{take} None" for take in clips.takes]
    assert clips.interval_s == 2.0


def test_no_clips_to_learn_from():
    with pytest.raises(DataError, match=r"no normal recordings to learn from. Record normal sound of it."):
        normal_clips([])


def test_what_is_kept_is_taken_by_content_and_recipe(root, tmp_path, monkeypatch):
    """However the files are called, and not where they changed or are heard otherwise."""
    clips, folder = index_clips(root), tmp_path / "kept"
    with Kept(folder) as kept:
        before, _ = describe(clips, root, FEATURES, "mean", None, kept)
    n_computed, check = [], described_clips.check_sound
    monkeypatch.setattr(described_clips, "check_sound", lambda y: (n_computed.append(1), check(y)))
    (root / "press/normal/0.wav").rename(root / "press/normal/9.wav")
    (root / "press/normal/1.wav").write_bytes((root / "press/normal/1.wav").read_bytes()[:-200])
    with Kept(folder) as kept:
        after, left_out = describe(index_clips(root), root, FEATURES, "mean", None, kept)
        assert n_computed == []
        assert len(left_out) == 1, "what is cut off is left out, and not taken for what it was"
        known = {clip.content_hash: clip for clip in before}
        for clip in after:
            same = known[clip.content_hash]
            np.testing.assert_array_equal(clip.descriptors, same.descriptors, strict=True)
            assert (clip.level_db, clip.duration_s) == (same.level_db, same.duration_s)
        describe(clips[2:], root, FEATURES, 0, None, kept)
        describe(clips[2:], root, LogMel.for_rate(SR, n_mels=9, groups=("level", "mean")), "mean", None, kept)
    assert len(n_computed) == 2 * 6


def test_clips_that_cannot_be_used_are_not_kept_as_such(root, tmp_path):
    soundfile.write(root / "press/normal/1.wav", np.full(2000, 0.1), SR)
    for _ in range(2):
        with Kept(tmp_path / "kept") as kept:
            described, left_out = describe(index_clips(root), root, FEATURES, "mean", None, kept)
        assert (len(described), len(left_out)) == (7, 1)
