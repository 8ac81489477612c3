import os
import threading
from pathlib import Path

import pytest

from auscult.errors import DataError
from auscult.registry import Reference
from auscult.registry.artifact import digest_of
from auscult.registry.cache import Cache, cache_folder

TAG = Reference.parse("a.b/fan:1")


def test_folder_is_the_users(monkeypatch):
    monkeypatch.setenv("AUSCULT_CACHE", "/own")
    assert cache_folder() == Path("/own")
    monkeypatch.delenv("AUSCULT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/shared")
    assert cache_folder() == Path("/shared/auscult")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, by the XDG specification
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path("/home/me/.cache/auscult")


def test_holds_what_its_name_says(cache):
    digest = digest_of(b"some")
    assert not cache.holds(digest)
    cache.write(digest, b"some")
    assert cache.holds(digest)
    cache.path(digest).write_bytes(b"other")
    assert not cache.holds(digest)


def test_remembers_what_a_tag_meant(cache):
    assert cache.last_meaning(TAG) is None
    cache.remember(TAG, digest_of(b"one"))
    cache.remember(TAG, digest_of(b"two"))
    assert cache.last_meaning(TAG).digest == digest_of(b"two")
    assert cache.last_meaning(TAG).asked.endswith(" UTC")
    assert cache.last_meaning(Reference.parse("a.b/fan:2")) is None


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"[]", b'{"digest": "../..", "asked": ""}', b'{"digest": 1, "asked": ""}']
)
def test_damaged_note_is_none(cache, damage):
    cache.remember(TAG, digest_of(b"one"))
    (note,) = (cache.folder / "tags").iterdir()
    note.write_bytes(damage)
    assert cache.last_meaning(TAG) is None


def test_one_fetches_at_a_time(cache):
    order = []

    def fetch():
        with Cache(cache.folder.parent).fetching():
            order.append("other")

    with cache.fetching():
        other = threading.Thread(target=fetch)
        other.start()
        other.join(0.2)
        order.append("first")
    other.join(10)
    assert order == ["first", "other"]


def test_others_may_not_read_it(cache):
    with cache.fetching():
        assert cache.folder.stat().st_mode & 0o077 == 0


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"), Cache(tmp_path / "file").fetching():
        pass


def test_reading_makes_nothing(cache):
    cache.holds(digest_of(b"some"))
    cache.last_meaning(TAG)
    assert not os.path.lexists(cache.folder)
