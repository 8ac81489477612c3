"""With zips as hostile as they come, written byte by byte where Python would not write them."""

import hashlib
import io
import random
import resource
import shutil
import stat
import struct
import subprocess
import sys
import zipfile
import zlib

import pytest

from auscult.audio.unpack import (
    Contents,
    Version,
    discard,
    file_checksum,
    part_version,
    read_contents,
    start_part,
    unpack,
)
from auscult.errors import DataError
from auscult.files import part_size

CLIP = "fan/id_00/normal/00000000.wav"


def make_zip(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


@pytest.fixture
def archive(tmp_path):
    content = random.Random(1).randbytes(3_000_000)
    members = [(CLIP, content), ("fan/id_00/abnormal/00000000.wav", b"x" * 5000), ("fan/id_02/", b"")]
    return make_zip(tmp_path / "6_dB_fan.zip", members, compression=zipfile.ZIP_DEFLATED)


def refused(path, tmp_path, match):
    """Unpack into a folder, see it refused for this reason and nothing left anywhere."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match=match) as caught:
        unpack(path, tmp_path / "deep" / "folder")
    assert sorted(tmp_path.rglob("*")) == before
    return caught.value


@pytest.fixture(autouse=True)
def deep(tmp_path):
    (tmp_path / "deep").mkdir()


def test_unpacks_what_is_in_it(archive, tmp_path):
    told = []
    contents = unpack(archive, tmp_path / "folder", on_progress=lambda *done: told.append(done))
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if not member.is_dir():
                assert (tmp_path / "folder" / member.filename).read_bytes() == opened.read(member)
    assert (tmp_path / "folder" / "fan" / "id_02").is_dir()
    assert contents == read_contents(archive)
    assert (contents.n_files, contents.n_bytes) == (2, 3_005_000)
    assert contents.n_bytes_on_disk >= contents.n_bytes + 4096
    assert told[-1] == (3_005_000, 3_005_000)
    assert told == sorted(told)


def test_modes_of_the_archive_are_not_taken_over(tmp_path):
    info = zipfile.ZipInfo(CLIP)
    info.external_attr = (stat.S_IFREG | stat.S_ISUID | 0o777) << 16
    unpack(make_zip(tmp_path / "x.zip", [(info, b"x")]), tmp_path / "folder")
    assert not (tmp_path / "folder" / CLIP).stat().st_mode & (stat.S_ISUID | stat.S_IXUSR)


@pytest.mark.parametrize(
    "name",
    ["../evil", "fan/../../evil", "/etc/evil", "//evil", "fan/./x", "fan//x", "..", "fan/..", "."],
)
def test_names_that_lead_out_are_refused(tmp_path, name):
    path = make_zip(tmp_path / "x.zip", [(CLIP, b"fine"), (name, b"evil")])
    refused(path, tmp_path, "leads out of the folder")


@pytest.mark.parametrize(
    "name", ["..\\evil", "C:\\evil", "c:evil", "a\nb", "a\x1b[31m", "fan/x.wav:stream", "a|b", "a\u202eb", "what?"]
)
def test_names_with_strange_letters_are_refused(tmp_path, name):
    refused(make_zip(tmp_path / "x.zip", [(name, b"evil")]), tmp_path, "letters in its name")


def test_name_with_a_nul_is_refused(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("fine.wavX.sh", b"evil")])
    path.write_bytes(path.read_bytes().replace(b"fine.wavX", b"fine.wav\0"))
    refused(path, tmp_path, "letters in its name")


@pytest.mark.parametrize("name", ["CON", "fan/nul.wav", "com1", "fan/LPT9.txt/x", "aux.", "x/trailing "])
def test_names_of_devices_are_refused(tmp_path, name):
    refused(make_zip(tmp_path / "x.zip", [(name, b"evil")]), tmp_path, "the name of a device")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_and_devices_are_refused(tmp_path, kind):
    info = zipfile.ZipInfo("fan/link")
    info.external_attr = (kind | 0o777) << 16
    path = make_zip(tmp_path / "x.zip", [(info, "/etc/passwd"), ("fan/link/x", b"evil")])
    refused(path, tmp_path, "is a link or a device")


def test_names_that_collide_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = make_zip(tmp_path / "x.zip", [("a/b", b"1"), ("a/b", b"2")])
    refused(path, tmp_path, "comes twice")
    refused(make_zip(tmp_path / "x.zip", [("a/B", b"1"), ("A/b", b"2")]), tmp_path, "comes twice")
    refused(make_zip(tmp_path / "x.zip", [("a", b"1"), ("a/b", b"2")]), tmp_path, "is a file and a folder")
    refused(make_zip(tmp_path / "x.zip", [("a/", b""), ("A", b"2")]), tmp_path, "is a file and a folder")


def lie(path, *, size=None, crc=None):
    """Let both headers of a zip's only member declare another size or checksum."""
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\1\2")
    for offset, at_crc, at_size in ((0, 14, 22), (directory, 16, 24)):
        if crc is not None:
            struct.pack_into("<I", content, offset + at_crc, crc)
        if size is not None:
            struct.pack_into("<I", content, offset + at_size, size)
    path.write_bytes(content)
    return path


def test_bomb_that_declares_less_than_it_holds(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("bomb", bytes(50_000_000))], compression=zipfile.ZIP_DEFLATED)
    refused(lie(path, size=1000), tmp_path, "damaged at 'bomb'")


def test_bomb_with_the_checksum_of_what_it_declares_writes_no_more_than_that(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("bomb", bytes(50_000_000))], compression=zipfile.ZIP_DEFLATED)
    lie(path, size=1000, crc=zlib.crc32(bytes(1000)))
    unpack(path, tmp_path / "folder")
    assert (tmp_path / "folder" / "bomb").stat().st_size == 1000


def test_member_that_declares_more_than_it_holds(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("short", bytes(1000))], compression=zipfile.ZIP_DEFLATED)
    refused(lie(path, size=2000), tmp_path, "damaged at 'short'")


def test_members_that_share_bytes_are_refused(tmp_path):
    """The better bomb: many members in the directory, all of the same compressed bytes."""
    path = make_zip(tmp_path / "x.zip", [("a", bytes(100_000))], compression=zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    start, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
    entry = content[start:end]
    entries = b"".join(entry[:-1] + name for name in (b"a", b"b", b"c"))
    tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, len(entries), start, 0)
    path.write_bytes(content[:start] + entries + tail)
    refused(path, tmp_path, "shares bytes with another")


def test_more_members_than_any_archive_has(tmp_path, monkeypatch):
    monkeypatch.setattr("auscult.audio.unpack.MAX_MEMBERS", 9)
    path = make_zip(tmp_path / "x.zip", [(f"{n}.wav", b"") for n in range(10)])
    refused(path, tmp_path, "has 10 members, more than 9")


def test_wrong_checksum(archive, tmp_path):
    with zipfile.ZipFile(archive) as opened:
        member = opened.infolist()[0]
    content = bytearray(archive.read_bytes())
    content[member.header_offset + 1_000_000] ^= 1
    archive.write_bytes(content)
    error = refused(archive, tmp_path, f"damaged at '{CLIP}'")
    assert error.remedy == f"Delete {archive} to fetch it anew, or use another mirror."


@pytest.mark.parametrize("n_bytes", [0, 1, 1000, 2_000_000, -1])
def test_truncated_archive(archive, tmp_path, n_bytes):
    archive.write_bytes(archive.read_bytes()[:n_bytes])
    refused(archive, tmp_path, "is no whole zip")


def test_page_that_is_no_zip(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"<html>no</html>" * 100)
    with pytest.raises(DataError, match="is no whole zip"):
        read_contents(path)


def test_random_damage_is_refused_or_harmless(tmp_path):
    """Flip bytes all over a small zip: the very contents come out, or a DataError is raised and nothing is left."""
    path = tmp_path / "x.zip"
    members = [("fan/a.wav", b"abc" * 50), ("fan/b.wav", bytes(100))]
    good = make_zip(path, members, compression=zipfile.ZIP_DEFLATED).read_bytes()
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 1 << position % 8
        path.write_bytes(bad)
        try:
            unpack(path, tmp_path / "deep" / "folder")
        except DataError:
            assert list((tmp_path / "deep").iterdir()) == []
            continue
        found = {f.read_bytes() for f in (tmp_path / "deep" / "folder").rglob("*") if f.is_file()}
        assert found <= {content for _, content in members}
        shutil.rmtree(tmp_path / "deep" / "folder")


def test_encrypted_and_foreign_methods(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("a.wav", b"x")])
    good = path.read_bytes()
    directory = good.index(b"PK\1\2")
    bad = bytearray(good)
    bad[6] |= 1
    bad[directory + 8] |= 1
    path.write_bytes(bad)
    refused(path, tmp_path, "is encrypted")
    bad = bytearray(good)
    bad[8] = bad[directory + 10] = 9  # Deflate64, as Windows packs what is large
    path.write_bytes(bad)
    assert "unzip or 7z" in refused(path, tmp_path, r"a method that only other programs know \(9\)").remedy


def test_interrupt_leaves_nothing(archive, tmp_path):
    def interrupt(n_done, _):
        if n_done > 1_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(archive, tmp_path / "folder", on_progress=interrupt)
    assert not (tmp_path / "folder").exists()


def test_folder_that_is_there_is_not_touched(archive, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.wav").touch()
    with pytest.raises(DataError, match="File exists"):
        unpack(archive, tmp_path / "folder")
    assert (tmp_path / "folder" / "mine.wav").exists()


def test_disk_that_is_full(archive, tmp_path):
    """The kernel itself refuses every byte of a file beyond 1 MB, as a full disk does."""
    code = f"""
from auscult.audio.unpack import unpack
from auscult.errors import DataError
from auscult.files import part_size
try:
    unpack({str(archive)!r}, "folder")
except DataError as error:
    print(error)
"""
    limit = 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert f"folder/{CLIP}: the disk refuses it: File too large" in done.stdout, done.stderr
    assert not (tmp_path / "folder").exists()


def test_empty_archive(tmp_path):
    assert unpack(make_zip(tmp_path / "x.zip", []), tmp_path / "folder") == Contents(0, 0, 0)


def test_archive_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_contents(tmp_path / "x.zip")


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
def test_checksums(tmp_path, algorithm):
    content = bytes(range(256)) * 9000
    path = tmp_path / "x"
    path.write_bytes(content)
    told = []
    found = file_checksum(path, f"{algorithm}:0", lambda *done: told.append(done))
    assert found == f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    assert told[-1] == (len(content), len(content))


def test_part_and_its_note(tmp_path):
    part, version = tmp_path / "x.part", Version("http://x/", 7, '"one"', None)
    part.write_bytes(b"old")
    start_part(part, version)
    assert (part_size(part), part_version(part)) == (0, version)
    part.write_bytes(b"new")
    assert part_size(part) == 3
    discard(part)
    assert not part.exists()
    assert part_version(part) is None
    discard(part)


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        (Version("http://x/", 7, '"one"', None), False),
        (Version("http://x/", 7, '"two"', None), True),
        (Version("http://x/", 8, '"one"', None), True),
        (Version("http://x/", 7, None, "Wed"), False),
    ],
)
def test_versions(other, contradicts):
    assert Version("http://x/", 7, '"one"', None).contradicts(other) == contradicts


def test_zip64(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive, archive.open("fan/a.wav", "w", force_zip64=True) as file:
        file.write(b"x" * 10)
    assert unpack(tmp_path / "x.zip", tmp_path / "folder").n_bytes == 10


def test_archive_with_something_before_it(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(CLIP, b"x")
    (tmp_path / "x.zip").write_bytes(b"#!/bin/sh\n" + stream.getvalue())
    assert unpack(tmp_path / "x.zip", tmp_path / "folder").n_files == 1
