import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from auscult.errors import DataError, OptionError
from auscult.features import Features, LogMel, OriginalMfcc
from auscult.features.extract import Extracted
from auscult.features.store import DESCRIPTORS, PATCHES, ROWS, Place, Specification
from auscult.features.store_writer import StoreWriter

RECIPE = LogMel(n_mels=8, groups=("mean",))
SPECIFICATION = Specification(RECIPE, "mean", 0, has_patches=True, nameplates={})


def extracted(number, names=("",), n_frames=None):
    """Features that tell whose they are."""
    n = n_frames or 1 + number % 4
    features = {name: Features(np.full((8, n), number, np.float32), np.full(8, number, np.float32)) for name in names}
    return f"clip {number}", f"state {number}", Extracted(f"content {number}", features)


def contents(root):
    """What lies at each content's place, as the arrays on the disk have it."""
    descriptors, frames = np.load(root / DESCRIPTORS), np.load(root / PATCHES)
    connection = sqlite3.connect(root / ROWS)
    rows = connection.execute("SELECT row, content, augmentation, first_frame, n_frames FROM rows ORDER BY row")
    found = {}
    for row, content, augmentation, first, n in rows.fetchall():
        number = int(content.split()[1])
        assert np.all(descriptors[row] == number)
        assert np.all(frames[first : first + n] == number)
        assert n > 0
        found[content, augmentation] = row
    connection.close()
    assert len(descriptors) == len(found)
    return found


def test_rows_lie_one_after_another(tmp_path):
    with StoreWriter.open(tmp_path, SPECIFICATION) as writer:
        assert writer.append([extracted(0, ("", "noise")), extracted(1)]) == 3
        assert writer.append([extracted(2)]) == 1
        assert writer.places("content 1", ["", "noise"]) == {"": Place(2, 2, 2)}
    assert list(contents(tmp_path).values()) == [0, 1, 2, 3]


def test_what_is_there_is_passed_over(tmp_path):
    with StoreWriter.open(tmp_path, SPECIFICATION) as writer:
        writer.append([extracted(0)])
        assert writer.append([extracted(0), extracted(1), extracted(1)]) == 1
        assert writer.append([extracted(0, ("", "roll"))]) == 1
        assert writer.append([]) == 0
    assert set(contents(tmp_path)) == {("content 0", ""), ("content 1", ""), ("content 0", "roll")}


def test_files_are_known_until_they_change(tmp_path):
    with StoreWriter.open(tmp_path, SPECIFICATION) as writer:
        writer.append([extracted(3)])
        writer.remember([("clip 4", "state 4", "content 4")])
    with StoreWriter.open(tmp_path, SPECIFICATION) as writer:
        assert writer.n_rows_before == 1
        assert writer.known_content("clip 3", "state 3") == "content 3"
        assert writer.known_content("clip 3", "another state") == ""
        assert writer.known_content("clip 4", "state 4") == writer.content_at("clip 4") == "content 4"
        writer.forget("clip 4")
        assert writer.known_content("clip 4", "state 4") == writer.content_at("clip 4") == ""


def test_a_batch_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    with StoreWriter.open(tmp_path, SPECIFICATION) as writer:
        writer.append([extracted(0)])
        with monkeypatch.context() as patched:
            patched.setattr(writer._patches, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                writer.append([extracted(1), extracted(2)])
        assert writer.places("content 1", [""]) == {}
        assert writer.known_content("clip 1", "state 1") == ""
        writer.append([extracted(3, n_frames=2)])
    assert set(contents(tmp_path)) == {("content 0", ""), ("content 3", "")}


def write_many(root, first, last):
    with StoreWriter.open(Path(root), SPECIFICATION) as writer:
        for number in range(first, last):
            writer.append([extracted(number), extracted(number + 1)])


def start(function, *arguments):
    """A process of its own that runs a function of this file."""
    code = f"import runpy; runpy.run_path({__file__!r})[{function.__name__!r}](*{arguments!r})"
    return subprocess.Popen([sys.executable, "-c", code])


def test_two_processes_that_write_at_once_lose_and_double_nothing(tmp_path):
    root = tmp_path / "store"
    both = [start(write_many, str(root), first, 60) for first in (0, 20)]
    assert [process.wait() for process in both] == [0, 0]
    assert set(contents(root)) == {(f"content {number}", "") for number in range(61)}


def write_until_killed(root, first):
    with StoreWriter.open(Path(root), SPECIFICATION) as writer:
        number = first
        while True:
            writer.append([extracted(number), extracted(number + 1)])
            number += 2


@pytest.mark.slow
def test_kill_leaves_whole_rows(tmp_path, rng):
    """Killed at random moments, again and again, each run going on where the last one was."""
    root = tmp_path / "store"
    n_before = 0
    for _ in range(4):
        with start(write_until_killed, str(root), n_before) as process:
            while not (root / ROWS).exists() or len(_committed(root)) <= n_before:
                assert process.poll() is None
            with suppress(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0, 0.05))
            process.kill()
        with StoreWriter.open(root, SPECIFICATION) as writer:
            assert writer.n_rows_before > n_before
            n_before = writer.n_rows_before
        assert set(contents(root)) == {(f"content {number}", "") for number in range(n_before)}
    write_many(root, n_before, n_before + 1)
    assert len(contents(root)) == n_before + 2


def _committed(root):
    connection = sqlite3.connect(root / ROWS, timeout=60)
    try:
        return connection.execute("SELECT content FROM rows").fetchall()
    except sqlite3.OperationalError:  # the table is not there yet
        return []
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"recipe": LogMel(n_mels=9, groups=("mean",))}, "features: n_mels is 8 there, now 9"),
        ({"recipe": OriginalMfcc()}, "made with other options"),
        ({"channels": 0}, "channels is 'mean' there, now 0"),
        ({"seed": 1}, "seed is 0 there, now 1"),
        ({"has_patches": False}, "has_patches is True there, now False"),
    ],
)
def test_other_options_are_refused(tmp_path, changed, match):
    from dataclasses import replace

    with StoreWriter.open(tmp_path, SPECIFICATION) as writer:
        writer.append([extracted(0)])
    with pytest.raises(OptionError, match=match), StoreWriter.open(tmp_path, replace(SPECIFICATION, **changed)):
        pass
    assert len(contents(tmp_path)) == 1


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OptionError, match=r"holds other things \(thesis.txt, ...\)"):
        StoreWriter.open(tmp_path, SPECIFICATION).__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="is a file, not a folder"):
        StoreWriter.open(tmp_path / "file", SPECIFICATION).__enter__()


@pytest.mark.parametrize("name", [DESCRIPTORS, PATCHES])
def test_an_array_that_is_gone_is_named_and_not_made_up(tmp_path, name):
    with StoreWriter.open(tmp_path, SPECIFICATION) as writer:
        writer.append([extracted(0)])
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=f"{name}: has lost rows"):
        StoreWriter.open(tmp_path, SPECIFICATION).__enter__()


def test_a_damaged_database_is_named(tmp_path):
    with StoreWriter.open(tmp_path, SPECIFICATION):
        pass
    (tmp_path / ROWS).write_bytes(b"no database, but long enough to be looked at" * 100)
    with pytest.raises(DataError, match="its rows cannot be read or written"):
        StoreWriter.open(tmp_path, SPECIFICATION).__enter__()
