import csv
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

import auscult
from auscult.errors import DataError, OptionError
from auscult.features import FeatureStore, LogMel, Nameplate
from auscult.pipeline.features import _Build, build_store

FAST = {"n_mels": 16, "groups": ("mean",), "n_jobs": 1}


@pytest.fixture
def clips(tmp_path, rng):
    """Twelve short clips of two machines, and a table that splits them."""
    rows = []
    for machine in ("id_00", "id_02"):
        for number in range(6):
            path = tmp_path / "data" / "fan" / machine / ("normal" if number < 4 else "abnormal") / f"{number:08d}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, 0.1 * rng.standard_normal(4000), 16000)
            rows.append((path, "fan", machine, path.parent.name, "train" if number < 2 else "test"))
    with (tmp_path / "clips.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "machine_type", "machine_id", "label", "split"), *rows])
    return tmp_path / "data"


def table(root):
    return list(FeatureStore(root).table())


def files(root):
    return {name: (root / name).read_bytes() for name in ("descriptors.npy", "patches.npy", "table.csv")}


def test_every_clip_has_its_features(clips, tmp_path):
    built = build_store(clips, tmp_path / "store", **FAST)
    assert (built.n_clips, built.n_lines, built.n_added, built.n_left_out) == (12, 12, 12, 0)
    store = FeatureStore(tmp_path / "store")
    for line, vector in zip(store.table(), store.descriptors(), strict=True):
        y, sr = auscult.read_audio(line["filePath"])
        np.testing.assert_array_equal(store.recipe.descriptors(y, sr), vector)
        assert line["label"] == ("normal" if "/normal/" in line["filePath"] else "anomalous")
    assert {line["machine"] for line in store.table()} == {"fan/id_00", "fan/id_02"}


def test_a_second_run_computes_nothing(clips, tmp_path, monkeypatch):
    build_store(clips, tmp_path / "store", **FAST)
    before = files(tmp_path / "store")
    monkeypatch.setattr("auscult.features.extract.Extraction.__call__", lambda *_: pytest.fail("computed"))
    monkeypatch.setattr("auscult.pipeline.features.content_of", lambda *_: pytest.fail("read"))
    built = build_store(clips, tmp_path / "store", **FAST)
    assert (built.n_lines, built.n_added) == (12, 0)
    assert files(tmp_path / "store") == before


def test_moved_clips_are_recognised_and_changed_ones_computed_again(clips, tmp_path, rng):
    build_store(clips, tmp_path / "store", **FAST)
    moved = clips.rename(tmp_path / "moved")
    changed = moved / "fan/id_00/normal/00000001.wav"
    soundfile.write(changed, 0.1 * rng.standard_normal(4000), 16000)
    (moved / "fan/id_00/normal/00000002.wav").unlink()
    built = build_store(moved, tmp_path / "store", **FAST)
    assert (built.n_clips, built.n_lines, built.n_added) == (11, 11, 1)
    lines = {line["filePath"]: line for line in table(tmp_path / "store")}
    assert int(lines[str(changed)]["row"]) == 12
    assert len(lines) == 11


def test_copies_of_one_recording_share_a_row(clips, tmp_path):
    first = clips / "fan/id_00/normal/00000000.wav"
    shutil.copy(first, clips / "fan/id_02/normal/copy.wav")
    built = build_store(clips, tmp_path / "store", **FAST)
    assert (built.n_lines, built.n_added) == (13, 12)
    same = [
        line["row"]
        for line in table(tmp_path / "store")
        if line["filePath"] in {str(first)} or "copy" in line["filePath"]
    ]
    assert len(same) == 2
    assert len(set(same)) == 1


def test_copies_are_made_of_what_may_be_learnt_from(clips, tmp_path):
    names = ["noise", "roll", "stretch", "gain", "background", "original-noise", "original-roll", "original-stretch"]
    built = build_store(tmp_path / "clips.csv", tmp_path / "store", augmentations=names, **FAST)
    lines = table(tmp_path / "store")
    assert built.n_lines == len(lines) == 12 + 8 * 4
    for line in lines:
        assert line["valData"] == str(line["split"] == "test")
        assert line["augmented"] == str(bool(line["augmentation"]))
        assert not (line["augmented"] == "True" and line["valData"] == "True")
    assert [line["augmentation"] for line in lines[:9]] == ["", *names]
    assert {line["take"] for line in lines if line["augmented"] == "True"} <= {line["take"] for line in lines}


def test_more_copies_may_be_asked_for_later(clips, tmp_path):
    build_store(clips, tmp_path / "store", augmentations=["noise"], **FAST)
    built = build_store(clips, tmp_path / "store", augmentations=["noise", "roll"], **FAST)
    assert (built.n_lines, built.n_added) == (36, 12)
    assert build_store(clips, tmp_path / "store", **FAST).n_lines == 12


def test_the_rate_and_channels_follow_the_recordings(tmp_path, rng):
    for number in range(3):
        soundfile.write(tmp_path / f"{number}.wav", 0.1 * rng.standard_normal((48000, 2)), 48000)
    build_store(tmp_path, tmp_path / "one", n_jobs=1)
    assert FeatureStore(tmp_path / "one").recipe == LogMel.for_rate(48000)
    build_store(tmp_path, tmp_path / "two", n_jobs=1, channels="all")
    recipe = FeatureStore(tmp_path / "two").recipe
    assert recipe.n_channels == 2
    assert "channels" in recipe.groups
    soundfile.write(tmp_path / "slow.wav", np.zeros(16000), 16000)
    built = build_store(tmp_path, tmp_path / "one", n_jobs=1)
    assert built.n_left_out == 1
    assert "slow.wav: recorded at 16000 Hz, where 48000 Hz are needed" in built.left_out[0]


def test_nameplates_reach_the_orders(tmp_path, rng):
    (tmp_path / "data" / "mill" / "normal").mkdir(parents=True)
    soundfile.write(tmp_path / "data/mill/normal/0.wav", 0.1 * rng.standard_normal(32000), 16000)
    options = {"groups": ("orders",), "n_jobs": 1}
    for name, plates in (("free", None), ("plate", {"mill": Nameplate(rotation_hz=16.0)})):
        build_store(tmp_path / "data", tmp_path / name, nameplates=plates, **options)
    found = {name: FeatureStore(tmp_path / name).descriptors()[0][0] for name in ("free", "plate")}
    assert abs(found["plate"] / 16.0 - 1) < 0.06
    assert found["free"] != found["plate"]
    with pytest.raises(OptionError, match=r"made with other options .nameplates: mill is"):
        build_store(tmp_path / "data", tmp_path / "plate", **options)


def test_bad_clips_are_left_out_and_silence_is_not(clips, tmp_path):
    normal = clips / "fan/id_00/normal"
    (normal / "text.wav").write_text("no sound")
    soundfile.write(normal / "short.wav", np.zeros(100), 16000)
    soundfile.write(normal / "nan.wav", np.full(4000, np.nan), 16000, subtype="FLOAT")
    for name, y in (("silent", np.zeros(4000)), ("dc", np.full(4000, 0.5)), ("clipped", np.ones(4000))):
        soundfile.write(normal / f"{name}.wav", y, 16000)
    built = build_store(clips, tmp_path / "store", n_jobs=1)
    assert (built.n_lines, built.n_left_out) == (15, 3)
    reasons = " ".join(built.left_out)
    for words in ("text.wav: is not audio", "short.wav: lasts 6.2 ms, shorter than one frame", "nan.wav: 4000 of 4000"):
        assert words in reasons
    assert np.isfinite(FeatureStore(tmp_path / "store").descriptors()).all()
    assert build_store(clips, tmp_path / "store", n_jobs=1).n_left_out == 3


def test_a_file_that_changes_after_it_was_read_counts_as_it_was_read(clips, tmp_path, monkeypatch, rng):
    changing = clips / "fan/id_00/normal/00000001.wav"
    write_table = _Build.write_table

    def change_and_write_table(build, path):
        soundfile.write(changing, 0.1 * rng.standard_normal(4001), 16000)
        write_table(build, path)

    content = hashlib.sha256(changing.read_bytes()).hexdigest()
    with monkeypatch.context() as patched:
        patched.setattr(_Build, "write_table", change_and_write_table)
        built = build_store(clips, tmp_path / "store", **FAST)
    assert (built.n_lines, built.n_left_out) == (12, 0)
    assert content in {line["content"] for line in table(tmp_path / "store")}
    built = build_store(clips, tmp_path / "store", **FAST)
    assert (built.n_lines, built.n_added) == (12, 1)
    assert content not in {line["content"] for line in table(tmp_path / "store")}


def test_a_file_that_can_no_longer_be_read_leaves_the_table(clips, tmp_path):
    build_store(clips, tmp_path / "store", **FAST)
    (clips / "fan/id_00/normal/00000001.wav").write_text("no sound")
    built = build_store(clips, tmp_path / "store", **FAST)
    assert (built.n_lines, built.n_left_out) == (11, 1)


def test_nothing_to_read(tmp_path):
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(DataError, match=r"none of its recordings can be read. See what is wrong with: auscult scan"):
        build_store(tmp_path, tmp_path / "store")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"augmentations": ["reverb"]}, "unknown 'reverb', expected some of noise, roll"),
        ({"augmentations": ["noise", "noise"]}, "named twice"),
        ({"seed": -1}, "expected 0 or more"),
        ({"recipe": "wavelet"}, "expected log-mel or original-mfcc"),
        ({"groups": ("colour",)}, "unknown descriptors 'colour'"),
        ({"channels": "left"}, "expected 'mean'"),
        ({"n_jobs": 0}, "expected 1 or more"),
    ],
)
def test_impossible_options(clips, tmp_path, options, match):
    with pytest.raises(OptionError, match=match):
        build_store(clips, tmp_path / "store", **FAST | options)


@pytest.mark.parametrize("where", ["two processes", "a cluster"])
def test_other_processes_give_the_same_bytes(clips, tmp_path, where):
    options = {"n_mels": 16, "augmentations": ["noise", "stretch", "background"]}
    build_store(clips, tmp_path / "one", n_jobs=1, **options)
    workers = {"n_jobs": 2} if where == "two processes" else {"cluster": "local:2"}
    build_store(clips, tmp_path / "other", **workers, **options)
    assert files(tmp_path / "other") == files(tmp_path / "one")


KILLER = """
import os, signal, sys
from pathlib import Path
from auscult.features.extract import Extraction

class Killed(Extraction):
    def __call__(self, task):
        died = Path({folder!r}) / "died"
        if task.location.endswith("id_00/normal/00000003.wav") and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(task)
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [{"n_jobs": 2}, {"cluster": "local:2"}], ids=["processes", "cluster"])
def test_a_worker_killed_in_the_middle_changes_nothing(clips, tmp_path, monkeypatch, workers):
    (tmp_path / "killer.py").write_text(KILLER.format(folder=str(tmp_path)))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    options = {"n_mels": 16, "augmentations": ["noise"]}
    build_store(clips, tmp_path / "one", n_jobs=1, **options)
    import killer

    monkeypatch.setattr("auscult.pipeline.features.Extraction", killer.Killed)
    built = build_store(clips, tmp_path / "other", **workers, **options)
    assert (tmp_path / "died").exists()
    assert (built.n_added, built.n_left_out) == (24, 0)
    assert files(tmp_path / "other") == files(tmp_path / "one")


def start(*arguments, **options):
    command = [sys.executable, "-m", "auscult", "features", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_run_that_is_stopped_goes_on_where_it_was(tmp_path, rng, how):
    for number in range(300):
        soundfile.write(tmp_path / f"{number:03d}.wav", 0.1 * rng.standard_normal(16000), 16000)
    build_store(tmp_path, tmp_path / "one", n_jobs=1)
    with start(tmp_path, "-o", tmp_path / "other", "--jobs", "1") as process:
        patches = tmp_path / "other" / "patches.npy"
        while not (patches.exists() and patches.stat().st_size > 500_000):
            assert process.poll() is None
        process.send_signal(how)
    assert process.returncode != 0
    assert not (tmp_path / "other" / "table.csv").exists()
    built = build_store(tmp_path, tmp_path / "other", n_jobs=1)
    assert 0 < built.n_added < 300
    assert files(tmp_path / "other") == files(tmp_path / "one")


@pytest.mark.slow
def test_two_runs_at_once_on_clips_that_overlap(clips, tmp_path):
    half = tmp_path / "half"
    shutil.copytree(clips / "fan" / "id_00", half / "fan" / "id_00")
    one, other = (start(folder, "-o", tmp_path / "store") for folder in (clips, half))
    said, said_too = one.communicate(), other.communicate()
    assert one.returncode == other.returncode == 0, (said, said_too)
    built = build_store(clips, tmp_path / "store", n_jobs=1)
    assert (built.n_added, built.n_lines) == (0, 12)
    store = FeatureStore(tmp_path / "store")
    assert len(np.load(tmp_path / "store" / "descriptors.npy")) == 12
    for line, vector in zip(store.table(), store.descriptors(), strict=True):
        np.testing.assert_array_equal(store.recipe.descriptors(*auscult.read_audio(line["filePath"])), vector)


def test_a_full_disk_is_named_and_what_was_finished_stays(tmp_path, rng):
    for number in range(64):
        soundfile.write(tmp_path / f"{number:03d}.wav", 0.1 * rng.standard_normal(16000), 16000)

    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    store = tmp_path / "store"
    with start(tmp_path, "-o", store, "--jobs", "1", preexec_fn=small_files) as process:
        said = process.stderr.read()
    assert process.returncode == 3
    assert f"{store / 'patches.npy'}: cannot be written: File too large. Free the disk" in said
    built = build_store(tmp_path, store, n_jobs=1)
    assert 0 < built.n_added < 64
    assert built.n_lines == 64


def test_recordings_at_a_url(clips, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(clips), "/feature-clips", recursive=True)
    try:
        built = build_store("memory://feature-clips", tmp_path / "url", **FAST)
        again = build_store("memory://feature-clips", tmp_path / "url", **FAST)
    finally:
        memory.rm("/feature-clips", recursive=True)
    assert (built.n_added, again.n_added, again.n_lines) == (12, 0, 12)
    build_store(clips, tmp_path / "local", **FAST)
    for name in ("descriptors.npy", "patches.npy"):
        assert (tmp_path / "url" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


MEASURE = """
import re, sys
from auscult.pipeline.features import build_store
build_store(sys.argv[1], sys.argv[2], n_mels=16, groups=("mean",), n_jobs=1)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])  # its own peak, not its parent's
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_clips(tmp_path, rng):
    peaks = {}
    for n in (100, 3000):
        folder = tmp_path / str(n)
        folder.mkdir()
        y = (3000 * rng.standard_normal((n, 1600))).astype(np.int16)
        for number in range(n):
            soundfile.write(folder / f"{number:05d}.wav", y[number], 16000)
        command = [sys.executable, "-c", MEASURE, folder, tmp_path / f"store {n}"]
        peaks[n] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert peaks[3000] - peaks[100] < 6_000  # kB; the features of 2,900 clips are 4 MB of frames, their files 10


@pytest.mark.parametrize("workers", [{"n_jobs": 2}, {"cluster": "local:1", "n_jobs": None}])
@pytest.mark.slow
def test_environment_for_workers_is_untouched(clips, tmp_path, workers):
    before = dict(os.environ)
    build_store(clips, tmp_path / "store", **FAST | workers)
    assert dict(os.environ) == before
