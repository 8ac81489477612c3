import functools
import hashlib
import http.server
import json
import threading

import pytest

from auscult.audio import mimii
from auscult.audio.mimii import (
    Archive,
    check_mirror,
    choose_archives,
    locate_archives,
    read_record,
    read_sums,
)
from auscult.errors import DataError, OptionError
from auscult.patience import Patience

PATIENCE = Patience(n_attempts=2, timeout_s=5, sleep=lambda _: None)
SUM = hashlib.md5(b"x").hexdigest()


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Address of a folder on a server, ``tmp_path/mirror``, which has the archives' names and a byte in each."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "mirror"
    folder.mkdir()
    for archive in choose_archives():
        (folder / archive.name).write_bytes(b"x")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/mirror"
    server.shutdown()
    thread.join()
    server.server_close()


def record(**more):
    """A record as Zenodo describes it, in what matters here."""
    files = [
        {
            "id": "3f0b",
            "key": archive.name,
            "size": 10_000_000_000 + n,
            "checksum": f"md5:{SUM}",
            "links": {"self": f"https://zenodo.org/api/records/3384388/files/{archive.name}/content"},
        }
        for n, archive in enumerate(choose_archives())
    ]
    return json.dumps({"id": 3384388, "metadata": {"title": "MIMII Dataset"}, "files": files} | more).encode()


def test_twelve_archives_by_name():
    assert sorted(archive.name for archive in choose_archives()) == sorted(
        f"{snr}_dB_{machine}.zip" for snr in ("-6", "0", "6") for machine in ("fan", "pump", "slider", "valve")
    )
    assert choose_archives(["fan"], [-6]) == [Archive("fan", -6)]
    assert Archive("fan", -6).folder == "-6_dB_fan"


@pytest.mark.parametrize(
    ("machines", "snrs", "says"),
    [
        (["lathe"], [6], "--machine: expected fan, pump, slider, valve, got 'lathe'"),
        (["fan"], [3], "--snr: expected -6, 0, 6, got 3"),
        (["fan", "fan"], [6], "--machine: expected some of fan, pump, slider, valve, each once"),
        (["fan"], [], "--snr: expected some of"),
    ],
)
def test_archives_that_there_are_not(machines, snrs, says):
    with pytest.raises(OptionError, match=says):
        choose_archives(machines, snrs)


def test_mirror_with_a_record(mirror, tmp_path):
    (tmp_path / "mirror" / "record.json").write_bytes(record())
    archives = locate_archives(choose_archives(), mirror=f"{mirror}/", patience=PATIENCE)
    assert [archive.size for archive in archives] == [10_000_000_000 + n for n in range(12)]
    assert {archive.checksum for archive in archives} == {f"md5:{SUM}"}
    assert archives[0].url == f"{mirror}/-6_dB_fan.zip"  # by name, not by the record's links


def test_mirror_with_checksums_only(mirror, tmp_path):
    lines = [f"{SUM.upper()} *./{archive.name}" for archive in choose_archives()]
    (tmp_path / "mirror" / "MD5SUMS").write_text("\n".join(lines))
    notes = []
    archives = locate_archives(choose_archives(["fan"]), mirror=mirror, patience=PATIENCE, on_note=notes.append)
    assert {(archive.size, archive.checksum) for archive in archives} == {(1, f"md5:{SUM}")}
    assert not notes


def test_mirror_with_neither_says_what_the_check_is(mirror):
    notes = []
    archives = locate_archives(choose_archives(["fan"]), mirror=mirror, patience=PATIENCE, on_note=notes.append)
    assert {(archive.size, archive.checksum) for archive in archives} == {(1, None)}
    assert "neither record.json nor MD5SUMS" in notes[0]
    assert "CRC-32" in notes[0]


def test_archive_that_the_mirror_has_not(mirror, tmp_path):
    (tmp_path / "mirror" / "6_dB_fan.zip").unlink()
    with pytest.raises(DataError, match=r"6_dB_fan\.zip: the server answers 404"):
        locate_archives(choose_archives(["fan"]), mirror=mirror, patience=PATIENCE)
    (tmp_path / "mirror" / "MD5SUMS").write_text(f"{SUM}  0_dB_fan.zip\n")
    with pytest.raises(DataError, match=r"MD5SUMS: names no -6_dB_fan\.zip"):
        locate_archives(choose_archives(["fan"]), mirror=mirror, patience=PATIENCE)


def test_zenodo_where_no_mirror_is_given(mirror, tmp_path, monkeypatch):
    """Zenodo's addresses, on a server that stands in for it."""
    monkeypatch.setattr(mimii, "ZENODO", mirror)
    with pytest.raises(DataError, match=r"there is no such record\. Give another address with --mirror"):
        locate_archives([Archive("fan", 6)], patience=PATIENCE)
    (tmp_path / "mirror" / "api" / "records").mkdir(parents=True)
    (tmp_path / "mirror" / "api" / "records" / "3384388").write_bytes(record())
    [archive] = locate_archives([Archive("fan", 6)], patience=PATIENCE)
    assert archive.url == f"{mirror}/records/3384388/files/6_dB_fan.zip?download=1"
    assert archive.checksum == f"md5:{SUM}"


def test_server_that_is_not_there():
    with pytest.raises(DataError, match=r"attempts in a row"):
        locate_archives(choose_archives(), mirror="http://127.0.0.1:1/x", patience=PATIENCE)


def test_list_that_is_no_list(mirror, tmp_path, monkeypatch):
    (tmp_path / "mirror" / "record.json").write_bytes(record())
    monkeypatch.setattr(mimii, "MAX_DOCUMENT", 100)
    with pytest.raises(DataError, match="too large to be a list of files"):
        locate_archives(choose_archives(), mirror=mirror, patience=PATIENCE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"\xff",
        b"[]",
        b"3",
        b"{}",
        b'{"files": 3}',
        b'{"files": [3]}',
        b'{"files": [{"key": "a", "size": 3}]}',
        b'{"files": [{"key": "a", "size": "3", "checksum": "md5:00000000000000000000000000000000"}]}',
        b'{"files": [{"key": "a", "size": -1, "checksum": "md5:00000000000000000000000000000000"}]}',
        b'{"files": [{"key": "a", "size": true, "checksum": "md5:00000000000000000000000000000000"}]}',
        b'{"files": [{"key": "a", "size": 1, "checksum": "none"}]}',
        b'{"files": [{"key": "a", "size": 1, "checksum": null}]}',
        b'{"files": [{"key": ["a"], "size": 1, "checksum": "x"}]}',
        b"[" * 100_000,
    ],
)
def test_damaged_records(content):
    with pytest.raises(DataError, match="https://x: is not a record"):
        read_record(content, "https://x")


def test_sums_as_md5sum_prints_them():
    content = f"# made by hand\n\n{SUM}  a.zip\r\n{SUM} *b c.zip\n"
    assert read_sums(content.encode(), "x") == {"a.zip": (None, f"md5:{SUM}"), "b c.zip": (None, f"md5:{SUM}")}


@pytest.mark.parametrize("content", [b"<html>", SUM.encode(), f"{SUM}0  a.zip".encode(), b"\xff\xfe"])
def test_damaged_sums(content):
    with pytest.raises(DataError, match="is not what md5sum prints"):
        read_sums(content, "x")


def test_good_mirrors():
    assert check_mirror("https://example.org/a/b//") == "https://example.org/a/b"
    assert check_mirror("http://[::1]:8000") == "http://[::1]:8000"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mirror",
        "/srv/mirror",
        "file:///srv/mirror",
        "ftp://example.org/mimii",
        "http://",
        "http://user:secret@example.org/",
        "http://example.org/x?y=1",
        "http://example.org/x#y",
        "http://example.org/x y",
        "http://example.org:port/",
        "http://[::1/",
        "http://ex\nample.org",
        "http://müll.example",
    ],
)
def test_bad_mirrors(url):
    with pytest.raises(OptionError, match="--mirror: expected the address of a folder"):
        check_mirror(url)
