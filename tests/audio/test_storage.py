import os
import subprocess
import sys
import zipfile

import pytest

from auscult.audio.storage import LINKED, LOCKED, is_url, joined, kind_of, open_recording, parent_of, state_of, walk
from auscult.errors import AudioError, DataError


@pytest.fixture
def memory():
    """Folders in fsspec's memory, gone afterwards."""
    fsspec = pytest.importorskip("fsspec")
    fs = fsspec.filesystem("memory")
    fs.pipe("/clips/m/normal/a.wav", b"sound")
    fs.pipe("/clips/notes.txt", b"text")
    yield "memory://clips"
    fs.rm("/clips", recursive=True)


def files(location, on_trouble=lambda *_: None):
    return [folder.at(name) for folder in walk(location, on_trouble) for name in folder.file_names]


def test_folders_are_walked_in_the_order_of_their_names(tmp_path):
    for name in ("b/2.wav", "b/1.wav", "a/3.wav", ".hidden/4.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert files(str(tmp_path)) == [f"{tmp_path}/{name}" for name in ("a/3.wav", "b/1.wav", "b/2.wav")]


def test_links_to_folders_are_said_and_not_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    troubles = []
    assert files(str(tmp_path), lambda *trouble: troubles.append(trouble)) == []
    assert troubles == [(LINKED, f"{tmp_path}/a/loop")]


def test_folder_without_permission_is_said(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    troubles = []
    files(str(tmp_path), lambda *trouble: troubles.append(trouble))
    assert troubles == [(LOCKED, f"{tmp_path}/locked")]


def test_url_is_walked_and_read(memory):
    assert kind_of(memory) == "folder"
    assert kind_of("memory://nowhere") == ""
    (clip, notes) = sorted(files(memory))
    assert clip.endswith("clips/m/normal/a.wav")
    assert kind_of(notes) == "file"
    with open_recording(clip) as (file, n_bytes):
        assert (file.read(), n_bytes) == (b"sound", 5)


def test_archive_is_walked_and_read(tmp_path):
    pytest.importorskip("fsspec")
    with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
        archive.writestr("m/normal/a.wav", b"sound")
        archive.writestr("b.wav", b"more")
    for url in (f"zip://::{tmp_path}/clips.zip", f"zip://::file://{tmp_path}/clips.zip"):
        found = files(url)
        assert len(found) == 2
        contents = []
        for location in found:
            with open_recording(location) as (file, _):
                contents.append(file.read())
        assert contents == [b"more", b"sound"]


@pytest.mark.parametrize("url", ["nosuch://x", "zip://::/nowhere/x.zip"])
def test_url_that_leads_nowhere(url):
    pytest.importorskip("fsspec")
    with pytest.raises(DataError, match=url):
        kind_of(url)


def test_url_without_its_package(monkeypatch):
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(DataError, match="s3fs"):
        kind_of("s3://bucket/clips")


def test_fsspec_is_imported_for_urls_only(tmp_path):
    code = f"""
import sys
sys.modules["fsspec"] = None
from auscult.audio.storage import kind_of
print(kind_of({str(tmp_path)!r}))
kind_of("memory://clips")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "folder\n"
    assert "pip install 'auscult[cluster]'" in done.stderr


@pytest.mark.parametrize(
    ("location", "parent"),
    [
        ("/d/a.csv", "/d"),
        ("memory://d/a.csv", "memory://d"),
        ("zip://d/a.csv::/x/y.zip", "zip://d::/x/y.zip"),
    ],
)
def test_parents_and_children(location, parent):
    assert parent_of(location) == parent
    assert joined(parent, "a.csv") == location
    assert is_url(location) == ("://" in location)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission(tmp_path):
    path = tmp_path / "locked.wav"
    path.touch(mode=0)
    with pytest.raises(AudioError, match="may not be read"), open_recording(str(path)):
        pass


def test_what_is_no_file(tmp_path):
    (tmp_path / "loop.wav").symlink_to(tmp_path / "loop.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    for name, problem in (
        ("", "is a folder"),
        ("nothing.wav", "there is no such file"),
        ("loop.wav", "cannot be read"),
        ("pipe.wav", "is not a regular file"),
        ("nul\0.wav", "cannot be read"),
    ):
        with pytest.raises(AudioError, match=problem), open_recording(f"{tmp_path}/{name}"):
            pass


def test_the_state_of_a_file_changes_with_it(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"1234")
    before = state_of(str(path))
    assert before == state_of(str(path)) != ""
    path.write_bytes(b"12345")
    assert state_of(str(path)) != before
    assert state_of(str(tmp_path / "missing.wav")) == ""


def test_the_state_of_a_url_changes_with_it(memory):
    fsspec = pytest.importorskip("fsspec")
    location = f"{memory}/m/normal/a.wav"
    before = state_of(location)
    assert before == state_of(location) != ""
    fsspec.filesystem("memory").pipe("/clips/m/normal/a.wav", b"other sound")
    assert state_of(location) != before
    assert state_of(f"{memory}/missing.wav") == ""


def test_the_state_of_a_file_in_an_archive_changes_with_it(tmp_path):
    states = []
    for sound in (b"sound", b"noise"):
        with zipfile.ZipFile(tmp_path / "clips.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("a.wav"), sound)  # dated alike
        states.append(state_of(f"zip://a.wav::{tmp_path / 'clips.zip'}"))
    assert states[0] != states[1]
    assert all(states)
