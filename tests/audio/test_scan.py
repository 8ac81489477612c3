import csv
import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from auscult.audio.manifest import COLUMNS
from auscult.audio.scan import STATISTICS_COLUMNS, scan
from auscult.errors import DataError, OptionError


@pytest.fixture
def data(tmp_path, rng):
    """A folder of two machines, all well with it."""
    for name in ("6_dB_fan/fan/id_00/normal/0", "6_dB_fan/fan/id_00/abnormal/0", "press/ok/0", "press/loose belt/0"):
        write(tmp_path / "data" / f"{name}.wav", 0.1 * rng.standard_normal((16_000, 2)))
    return tmp_path / "data"


def write(path, y, sr=16_000, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y, sr, **options)


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def kinds(found):
    return {problem.kind: problem.n for problem in found.problems}


def test_table_has_a_row_for_each_clip(data, tmp_path):
    found = scan(data, output=tmp_path / "clips.csv")
    assert found.problems == []
    rows = rows_of(tmp_path / "clips.csv")
    assert list(rows[0]) == [*COLUMNS, *STATISTICS_COLUMNS]
    first = rows[0]
    assert first["path"] == "data/6_dB_fan/fan/id_00/abnormal/0.wav", "relative to the table"
    said = {name: first[name] for name in COLUMNS[1:]}
    assert said == {
        "machine_type": "fan",
        "machine_id": "id_00",
        "snr_db": "6",
        "label": "anomalous",
        "fault": "",
        "domain": "",
        "take": "fan/id_00/anomalous/0",
        "split": "",
        "n_channels": "2",
        "sr": "16000",
        "duration_s": "1.0",
        "subtype": "PCM_16",
        "size": "64044",
        "error": "",
    }
    assert float(first["level_db"]) == pytest.approx(-20, abs=0.2)
    assert first["is_silent"] == "0"
    assert {row["fault"] for row in rows} == {"", "loose belt"}


def test_table_is_read_again_and_says_the_same(data, tmp_path):
    first = scan(data, output=tmp_path / "clips.csv")
    again = scan(tmp_path / "clips.csv", output=tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "clips.csv").read_bytes()
    assert again.characteristics == first.characteristics


def test_table_elsewhere_has_whole_paths(data, tmp_path):
    (tmp_path / "tables").mkdir()
    scan(data, output=tmp_path / "tables" / "clips.csv", with_audio=False)
    assert rows_of(tmp_path / "tables" / "clips.csv")[0]["path"].startswith(str(data))


def test_headers_only(data, tmp_path):
    scan(data, output=tmp_path / "clips.csv", with_audio=False)
    assert list(rows_of(tmp_path / "clips.csv")[0]) == list(COLUMNS)


def test_the_originals_table(data, tmp_path):
    scan(data, original_csv=tmp_path / "Meta.csv", with_audio=False)
    lines = (tmp_path / "Meta.csv").read_text().splitlines()
    assert lines[:2] == ["filePath,classLabel", "data/6_dB_fan/fan/id_00/abnormal/0.wav,abnormal"]
    assert {line.split(",")[1] for line in lines[1:]} == {"normal", "abnormal", "ok", "loose belt"}
    assert scan(tmp_path / "Meta.csv", with_audio=False).characteristics["n_clips"] == 4


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_order_does_not_depend_on_the_jobs(data, tmp_path, n_jobs):
    for number in range(100):
        write(data / "m" / "normal" / f"{number:03d}.wav", np.zeros((10, 1)))
    scan(data, output=tmp_path / "clips.csv", n_jobs=n_jobs, with_audio=False)
    paths = [row["path"] for row in rows_of(tmp_path / "clips.csv")]
    assert paths == sorted(paths)
    assert len(paths) == 104


def test_every_problem_is_found_where_it_was_made(data, rng):
    clip = (data / "press/ok/0.wav").read_bytes()
    normal = data / "press" / "normal"
    y = 0.1 * rng.standard_normal((48_000, 2))
    made = {
        "empty": "empty.wav",
        "truncated": "cut.wav",
        "unreadable": "text.wav",
        "mixed_rates": "fast.wav",
        "clipping": "loud.wav",
        "silence": "silent.wav",
        "dc": "offset.wav",
        "dead_channels": "dead.wav",
        "identical_channels": "twin.wav",
        "exact_duplicates": "copy.wav",
        "near_duplicates": "softer.wav",
        "odd_names": os.fsdecode(b"caf\xe9.wav"),
        "missing": "lost.wav",
    }
    write(normal / "original.wav", y)
    write(normal / "fast.wav", rng.standard_normal((44_100, 2)) * 0.1, 44_100)
    write(normal / "loud.wav", np.clip(rng.standard_normal((16_000, 2)), -0.999, 0.999))
    write(normal / "silent.wav", np.zeros((16_000, 2)))
    write(normal / "offset.wav", 0.1 * rng.standard_normal((16_000, 2)) + 0.2)
    write(normal / "dead.wav", 0.1 * rng.standard_normal((16_000, 2)) * [1, 0])
    write(normal / "twin.wav", 0.1 * rng.standard_normal((16_000, 1)) * [1, 1])
    write(normal / "softer.wav", y / 2)
    write(normal / "named.wav", 0.1 * rng.standard_normal((16_000, 2)))
    (normal / "named.wav").rename(normal / made["odd_names"])
    (normal / "empty.wav").touch()
    (normal / "cut.wav").write_bytes(clip[:-1])
    (normal / "text.wav").write_text("no sound")
    (normal / "copy.wav").write_bytes(clip)
    (normal / "lost.wav").symlink_to(data / "nowhere.wav")
    write(data / "somewhere" / "clip.wav", 0.1 * rng.standard_normal((16_000, 2)))
    write(normal / "same.wav", 0.1 * rng.standard_normal((16_000, 2)))
    write(normal / "SAME.flac", 0.1 * rng.standard_normal((16_000, 2)))
    (data / "loop").symlink_to(data)
    found = {problem.kind: problem for problem in scan(data).problems}
    for kind in made:
        assert found[kind].n == 1, kind
    for kind in set(made) - {"odd_names", "exact_duplicates", "near_duplicates"}:
        assert f"/{made[kind]}" in found[kind].files[0]
    assert "/press/ok/0.wav" in found["exact_duplicates"].files[0]
    assert "/original.wav" in found["near_duplicates"].files[0]
    assert "caf\\udce9.wav" in found["odd_names"].files[0]
    assert "/somewhere/clip.wav" in found["unlabelled"].files[0]
    assert "/same.wav" in found["duplicate_names"].files[0]
    assert "/loop" in found["linked_folders"].files[0]
    assert set(found) == set(made) | {"unlabelled", "duplicate_names", "linked_folders"}
    json.dumps([problem.to_dict() for problem in found.values()]).encode()


def test_remixes_of_one_take_are_no_problem(tmp_path):
    from auscult.synth import write_dataset

    write_dataset(tmp_path, n_ids=1, snr_db=(0, 6), n_normal=2, n_anomalous=1, duration_s=5.0, n_channels=1)
    found = scan(tmp_path, output=tmp_path / "clips.csv")
    assert found.problems == []
    assert {row["fault"] for row in rows_of(tmp_path / "clips.csv") if row["label"] == "anomalous"} > {""} - {""}


def test_bad_rows_are_rows_and_not_the_end(data, tmp_path):
    table = tmp_path / "list.csv"
    table.write_text("path,label\ndata/press/ok/0.wav,nromal\nlost.wav,ok\na,b,c\n,ok\ndata,ok\n")
    found = scan(table, output=tmp_path / "clips.csv")
    assert kinds(found) == {"missing": 1, "bad_lines": 2, "unreadable": 1, "unknown_labels": 1}
    errors = [row["error"] for row in rows_of(tmp_path / "clips.csv")]
    says = ["", "there is no such file", "line 4 has 3 cells", "line 5 names no file", "is a folder"]
    for error, part in zip(errors, says, strict=True):
        assert part in error


def test_listed_twice(data, tmp_path):
    table = tmp_path / "list.csv"
    table.write_text("path,label\ndata/press/ok/0.wav,ok\n./data/press/ok/0.wav,ok\n")
    assert kinds(scan(table, with_audio=False)) == {"duplicate_names": 1}


def test_url(data):
    fsspec = pytest.importorskip("fsspec")
    fs = fsspec.filesystem("memory")
    fs.pipe("/scan/press/ok/0.wav", (data / "press/ok/0.wav").read_bytes())
    fs.pipe("/scan/list.csv", b"path,label\npress/ok/0.wav,ng\n")
    for url, key in (("memory://scan", "n_normal"), ("memory://scan/list.csv", "n_anomalous")):
        found = scan(url)
        assert found.problems == []
        assert found.characteristics["machines"][0][key] == 1
    assert scan(f"file://{data}").characteristics["n_clips"] == 4
    fs.rm("/scan", recursive=True)


def test_progress_counts_every_clip(data):
    calls = []
    scan(data, on_progress=lambda *call: calls.append(call))
    assert calls == [("scan", number, 4) for number in range(1, 5)]


@pytest.mark.parametrize("option", ["output", "original_csv"])
def test_place_of_a_table_is_checked_before_the_work(data, tmp_path, option):
    (tmp_path / "precious.wav").write_bytes(b"RIFF")
    for place, problem in (
        (tmp_path, "is a folder"),
        (tmp_path / "nowhere" / "clips.csv", "there is no folder"),
        (tmp_path / "precious.wav", "exists and is no table"),
    ):
        with pytest.raises(OptionError, match=problem):
            scan(data, **{option: place})
    assert (tmp_path / "precious.wav").read_bytes() == b"RIFF"
    for _ in range(2):  # the second time one of ours is replaced
        scan(data, with_audio=False, **{option: tmp_path / "table.csv"})


def test_options_that_make_no_sense(data, tmp_path):
    with pytest.raises(OptionError, match="n_jobs"):
        scan(data, n_jobs=0)
    with pytest.raises(OptionError, match="two tables"):
        scan(data, output=tmp_path / "a.csv", original_csv=tmp_path / "a.csv")


def test_full_disk_is_said(data, tmp_path, monkeypatch):
    import auscult.audio.scan as module

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.TableWriter, "write", refuse)
    with pytest.raises(DataError, match=r"clips\.csv: cannot be written: No space left"):
        scan(data, output=tmp_path / "clips.csv")
    assert not list(tmp_path.glob("*clips.csv*"))


def make_tiny_clips(root, n_clips):
    wav = b"RIFF" + struct.pack("<I", 52) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    wav += b"data" + struct.pack("<I", 16) + bytes(16)
    for number in range(n_clips):
        path = root / f"machine_{number // 1000:03d}" / "normal" / f"{number:08d}.wav"
        if number % 1000 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(wav)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_files(tmp_path):
    """100,000 files take at most 30 MB more than 1,000: names seen, and durations, of some bytes each."""
    peaks_mb = []
    for n_clips in (1_000, 100_000):
        root = tmp_path / str(n_clips)
        make_tiny_clips(root, n_clips)
        program = f"""
import resource
from auscult.audio.scan import scan
found = scan({str(root)!r}, output={str(tmp_path / "clips.csv")!r}, with_audio=False)
print(found.characteristics["n_clips"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        n_found, peak_kb = map(int, done.stdout.split())
        assert n_found == n_clips
        peaks_mb.append(peak_kb / 1024)
    assert peaks_mb[1] < peaks_mb[0] + 30, f"{peaks_mb} MB with 1,000 and 100,000 files"
