import csv
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auscult import files
from auscult.errors import DataError, OptionError
from auscult.synth import write_dataset

SMALL = {"n_ids": 2, "n_normal": 3, "n_anomalous": 2, "n_channels": 2, "duration_s": 0.5, "sr": 8000}


def digests(root):
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
    }


def test_layout_and_truth_are_mimiis(tmp_path):
    options = SMALL | {"machine_types": ("fan", "valve"), "n_channels": 8}
    rows = write_dataset(tmp_path, snr_db=(6, -6), **options)
    folders = ["-6_dB_fan", "-6_dB_valve", "6_dB_fan", "6_dB_valve", "truth.csv"]
    assert sorted(p.name for p in tmp_path.iterdir()) == folders
    assert (tmp_path / "6_dB_fan/fan/id_02/abnormal/00000001.wav").is_file()
    wav = tmp_path / "-6_dB_fan/fan/id_00/normal/00000000.wav"
    info = soundfile.info(wav)
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (8000, 8, 4000, "PCM_16")
    assert wav.read_bytes()[20:22] == b"\xfe\xff"  # WAVE_FORMAT_EXTENSIBLE, as MIMII's files are
    with (tmp_path / "truth.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["path"] for row in table] == [row.path for row in rows]
    assert sorted(row.path for row in rows) == sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.wav"))
    columns = (
        "path machine_type machine_id snr_db label state fault severity take scene true_snr_db "
        "kind mains_hz rotation_hz n_blades period_s level_db seed"
    )
    assert list(table[0]) == columns.split()
    assert len({row["take"] for row in table}) == len(table) / 2  # each take at two SNRs
    assert len({row["rotation_hz"] for row in table if row["machine_type"] == "fan"}) == 2  # one individual per id
    assert all(float(row["true_snr_db"]) for row in table)


def test_same_seed_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_dataset(tmp_path / name, seed=seed, **SMALL)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


@pytest.mark.slow
def test_the_bytes_do_not_depend_on_the_number_of_jobs(tmp_path):
    for n_jobs in (1, 3):
        write_dataset(tmp_path / str(n_jobs), machine_types=("fan", "slider"), n_jobs=n_jobs, **SMALL)
    assert digests(tmp_path / "1") == digests(tmp_path / "3")


def test_a_clip_does_not_depend_on_how_many_others_there_are(tmp_path):
    write_dataset(tmp_path / "few", **SMALL)
    write_dataset(tmp_path / "many", **SMALL | {"n_ids": 3, "n_normal": 5, "snr_db": (0, 6)})
    few, many = digests(tmp_path / "few"), digests(tmp_path / "many")
    assert all(many[name] == digest for name, digest in few.items() if name.endswith(".wav"))


@pytest.mark.slow
def test_no_two_clips_are_alike_and_none_is_cut(tmp_path):
    rows = write_dataset(
        tmp_path, snr_db=(-6, 0, 6), severity=1.0, machine_types=("fan", "pump", "slider", "valve"), **SMALL
    )
    clips = [soundfile.read(tmp_path / row.path, dtype="int16")[0] for row in rows]
    assert len({y.tobytes() for y in clips}) == len(rows)
    peaks = [np.max(np.abs(y.astype(int))) for y in clips]
    assert min(peaks) > 0.01 * 2**15
    assert max(peaks) < 0.9 * 2**15


def test_the_snr_is_that_asked_for_on_average_and_the_true_one_beside_it(tmp_path):
    options = {"n_ids": 1, "n_anomalous": 0, "n_channels": 1, "duration_s": 0.5, "sr": 8000}
    rows = write_dataset(tmp_path, snr_db=(-6, 6), n_normal=60, **options)
    for snr_db in (-6, 6):
        true_db = np.array([row.true_snr_db for row in rows if row.snr_db == snr_db])
        assert 10 * np.log10(np.mean(10 ** (true_db / 10))) == pytest.approx(snr_db, abs=1)
        assert 0.5 < np.std(true_db) < 4  # a louder clip stands out more


def test_a_severity_and_a_range_are_the_ones_used(tmp_path):
    rows = write_dataset(tmp_path / "one", severity=0.25, **SMALL)
    assert {row.severity for row in rows} == {0.0, 0.25}
    rows = write_dataset(tmp_path / "range", severity=(0.7, 0.8), **SMALL)
    assert all(0.7 <= row.severity <= 0.8 for row in rows if row.fault)


def test_faults_asked_for_are_the_ones_used(tmp_path):
    rows = write_dataset(tmp_path, faults=["imbalance+clogging"], **SMALL)
    assert {row.fault for row in rows} == {"", "imbalance+clogging"}


def test_severity_0_sounds_normal(tmp_path):
    rows = write_dataset(
        tmp_path, n_ids=1, n_normal=60, n_anomalous=60, n_channels=1, duration_s=0.5, sr=8000, severity=0
    )
    spectra = []
    for row in rows:
        y, _ = soundfile.read(tmp_path / row.path)
        bands = np.array_split(np.abs(np.fft.rfft(y)) ** 2, 20)
        spectra.append([10 * np.log10(band.mean()) for band in bands])
    normal, anomalous = np.split(np.array(spectra), 2)
    gap = np.abs(normal.mean(axis=0) - anomalous.mean(axis=0)) / np.sqrt(
        (normal.var(axis=0) + anomalous.var(axis=0)) / 60
    )
    assert np.max(gap) < 3.5  # standard errors, 20 bands


def test_progress_counts_every_clip(tmp_path):
    steps = []
    write_dataset(tmp_path, on_progress=lambda n_done, n_total: steps.append((n_done, n_total)), **SMALL)
    assert steps == [(n, 10) for n in range(1, 11)]


@pytest.mark.parametrize("n_before", [0, 1, 7])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.slow
def test_an_interrupted_run_is_run_again_to_the_same_bytes(tmp_path, n_before, n_jobs):
    write_dataset(tmp_path / "whole", **SMALL)

    def interrupt(n_done, _):
        if n_done > n_before:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "broken", on_progress=interrupt, n_jobs=n_jobs, **SMALL)
    assert not (tmp_path / "broken/truth.csv").exists()
    done = (tmp_path / "broken/truth.unfinished.jsonl").read_text().splitlines()
    assert len(done) == n_before + 1
    kept = {
        path: path.stat().st_mtime_ns
        for line in done
        for clip in json.loads(line)
        for path in [tmp_path / "broken" / clip]
    }
    write_dataset(tmp_path / "broken", **SMALL)
    assert digests(tmp_path / "broken") == digests(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in kept.items())


def test_a_deleted_clip_comes_back(tmp_path):
    rows = write_dataset(tmp_path, **SMALL)
    before = digests(tmp_path)
    (tmp_path / rows[4].path).unlink()
    assert write_dataset(tmp_path, **SMALL) == rows
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"n_normal": 4}, {"snr_db": (0,)}, {"sr": 16000}, {"duration_s": 1.0}, {"n_channels": 1}]
)
@pytest.mark.parametrize("is_finished", [True, False])
def test_a_root_of_other_parameters_is_refused_and_left_alone(tmp_path, change, is_finished):
    write_dataset(tmp_path, **SMALL)
    if not is_finished:
        (tmp_path / "truth.csv").rename(tmp_path / "truth.unfinished.csv")
    before = digests(tmp_path)
    with pytest.raises(DataError, match="other"):
        write_dataset(tmp_path, **{**SMALL, **change})
    assert digests(tmp_path) == before


@pytest.mark.parametrize("stray", ["6_dB_fan/fan/id_00/normal/00000000.wav", "mine.WAV"])
def test_recordings_already_there_are_refused_and_left_alone(tmp_path, stray):
    (tmp_path / stray).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stray).write_bytes(b"a real recording")
    with pytest.raises(DataError, match="mixed up"):
        write_dataset(tmp_path, **SMALL)
    assert (tmp_path / stray).read_bytes() == b"a real recording"
    assert len(digests(tmp_path)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("n_ids", n) for n in (0, -1, 51, 1.5, float("nan"))],
        *[("n_normal", n) for n in (0, 2.5)],
        *[("n_anomalous", n) for n in (-1, 0.5)],
        *[("n_channels", n) for n in (0, 17, 1.5)],
        *[("n_jobs", n) for n in (0, -1)],
        ("faults", ["rust"]),
        ("machine_types", []),
        *[("duration_s", x) for x in (0, -1, 0.49, float("nan"), float("inf"))],
        *[("severity", x) for x in (-0.01, 1.01, float("nan"))],
        *[("sr", x) for x in (7999, 16000.5, float("inf"))],
        *[("snr_db", x) for x in ((), (6, 6), (0, -0.0), (6, 6.0), (float("nan"),), (float("inf"),), (61,))],
        *[("seed", x) for x in (-1, 0.5)],
    ],
)
def test_arguments_out_of_range_are_refused_before_anything_is_written(tmp_path, name, value):
    with pytest.raises(OptionError, match=name):
        write_dataset(tmp_path / "new", **{**SMALL, name: value})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("blocker", [".", "6_dB_fan", "6_dB_fan/fan/id_02"])
def test_a_file_where_a_folder_should_be_is_named(tmp_path, blocker):
    root = tmp_path / "root"
    (root / blocker).parent.mkdir(parents=True, exist_ok=True)
    (root / blocker).write_text("in the way")
    with pytest.raises(DataError, match=str(root)):
        write_dataset(root, **SMALL)
    assert (root / blocker).read_text() == "in the way"


def test_a_full_disk_is_named_and_leaves_no_half_clip(tmp_path, monkeypatch):
    named, n_written = files.tempfile.NamedTemporaryFile, 0

    def fill_up(**options):
        nonlocal n_written
        file = named(**options)
        n_written += 1
        if n_written > 4:  # the table, and three clips
            write = file.write

            def half(content):
                write(content[: len(content) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")

            file.write = half
        return file

    with monkeypatch.context() as patch:
        patch.setattr(files.tempfile, "NamedTemporaryFile", fill_up)
        with pytest.raises(DataError, match=r"abnormal.00000000\.wav: cannot be written: No space left") as caught:
            write_dataset(tmp_path / "full", **SMALL)
    assert isinstance(caught.value.__cause__, OSError)
    clips = [p for p in (tmp_path / "full").rglob("*") if p.is_file() and not p.name.startswith("truth.")]
    assert [soundfile.info(p).frames for p in clips] == [4000] * 3
    write_dataset(tmp_path / "full", **SMALL)  # after space was made
    write_dataset(tmp_path / "whole", **SMALL)
    assert digests(tmp_path / "full") == digests(tmp_path / "whole")


def test_a_line_that_was_cut_off_is_done_again(tmp_path):
    write_dataset(tmp_path / "whole", **SMALL)

    def interrupt(n_done, _):
        if n_done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "cut", on_progress=interrupt, **SMALL)
    done = tmp_path / "cut/truth.unfinished.jsonl"
    done.write_bytes(done.read_bytes()[:-9])
    write_dataset(tmp_path / "cut", **SMALL)
    assert digests(tmp_path / "cut") == digests(tmp_path / "whole")


def wait_until_gone(argument, timeout_s=20.0):
    """Until no process with this argument, or started by one, is left."""
    deadline = time.monotonic() + timeout_s
    while left := [p for p in Path("/proc").glob("[0-9]*") if is_of(p, argument)]:
        assert time.monotonic() < deadline, f"{left} go on without their parent"
        time.sleep(0.02)


def is_of(process, argument):
    """Whether a process knows the argument; workers have it from their parent, in the environment."""
    try:
        return argument in (process / "environ").read_bytes().decode(errors="replace")
    except OSError:  # it has just ended, or is another user's
        return False


SCRIPT = """
import sys
from auscult.synth import write_dataset
if __name__ == "__main__":
    write_dataset(sys.argv[1], n_jobs=2, on_progress=lambda n, _: print(n, flush=True), **{options})
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_with_several_jobs_is_run_again_to_the_same_bytes(tmp_path, how):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("{options}", repr(SMALL | {"n_normal": 40})))
    root = tmp_path / "killed"
    with subprocess.Popen(
        [sys.executable, str(script), str(root)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True, env=os.environ | {"ROOT": str(root)},
    ) as run:  # fmt: skip
        assert run.stdout is not None
        run.stdout.readline()  # some takes are done
        os.killpg(run.pid, how) if how == signal.SIGINT else run.kill()
    assert not (root / "truth.csv").exists()
    wait_until_gone(str(root))
    for path in root.rglob("*.wav"):
        assert soundfile.info(path).frames == 4000
    subprocess.run([sys.executable, str(script), str(root)], check=True, stdout=subprocess.DEVNULL)
    write_dataset(tmp_path / "whole", **SMALL | {"n_normal": 40})
    visible = {name: digest for name, digest in digests(root).items() if not Path(name).name.startswith(".")}
    assert visible == digests(tmp_path / "whole")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(tmp_path):
    root = tmp_path / "root"
    root.mkdir(mode=0o555)
    with pytest.raises(DataError, match=r"root.truth\.unfinished\.csv: cannot be written: Permission denied"):
        write_dataset(root, **SMALL)
