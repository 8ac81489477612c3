import json
import zipfile

import pytest

from auscult.bundle.archive import MANIFEST, MANIFEST_SUM, read_archive, sha256, write_archive
from auscult.errors import BundleError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "m.auscult"
    write_archive(path, {"schema_version": 1}, {"b.bin": b"bbb", "a.bin": b"\0" * 1000})
    return path


def rewrite(path, change):
    """Write the zip anew with its members changed."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in content.items():
            archive.writestr(name, member)


def test_what_was_written_is_read(path):
    manifest, members = read_archive(path)
    assert manifest["schema_version"] == 1
    assert members == {"a.bin": b"\0" * 1000, "b.bin": b"bbb"}


def test_equal_content_is_an_equal_file(path, tmp_path):
    again = tmp_path / "again.auscult"
    write_archive(again, {"schema_version": 1}, {"a.bin": b"\0" * 1000, "b.bin": b"bbb"})
    assert again.read_bytes() == path.read_bytes()


def test_every_changed_byte_is_noticed_or_harmless(path):
    whole = path.read_bytes()
    expected = read_archive(path)
    n_noticed = 0
    for position in range(0, len(whole), 7):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0xFF]) + whole[position + 1 :])
        try:
            assert read_archive(path) == expected, "a change that is not noticed changes nothing"
        except BundleError:
            n_noticed += 1
    assert n_noticed > len(whole) / 7 / 2


def test_every_truncation_is_noticed(path):
    whole = path.read_bytes()
    for n_bytes in range(0, len(whole) - 1, 11):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(BundleError):
            read_archive(path)


def signed(manifest):
    return {MANIFEST: manifest, MANIFEST_SUM: sha256(manifest).encode()}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda content: content.update({"a.bin": b"other"}), r"a\.bin is not what was written"),
        (lambda content: content.pop("a.bin"), r"missing or too many: a\.bin"),
        (lambda content: content.update({"evil.bin": b""}), r"missing or too many: evil\.bin"),
        (lambda content: content.pop(MANIFEST), r"without manifest\.json"),
        (lambda content: content.update({MANIFEST: content[MANIFEST] + b" "}), r"manifest\.json is not what was"),
        (lambda content: content.pop(MANIFEST_SUM), r"manifest\.json is not what was"),
        (lambda content: content.update(signed(b"{")), "cannot be understood"),
        (lambda content: content.update(signed(b"[]")), "cannot be understood"),
        (lambda content: content.update(signed(json.dumps({"members": 3}).encode())), "cannot be understood"),
    ],
)
def test_tampering(path, change, match):
    rewrite(path, change)
    with pytest.raises(BundleError, match=match):
        read_archive(path)


def test_a_compressed_member_is_refused_unread(path, monkeypatch):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MANIFEST, b" " * 100_000, zipfile.ZIP_DEFLATED)
        archive.writestr(MANIFEST_SUM, b"")
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    with pytest.raises(BundleError, match=r"has a compressed member, 'manifest\.json'"):
        read_archive(path)


def test_members_over_one_another_are_refused_unread(path, monkeypatch):
    with zipfile.ZipFile(path, "a") as archive:
        (twin,) = (info for info in archive.infolist() if info.filename == "a.bin")
        archive.filelist += [twin] * 5
        archive._didModify = True
    monkeypatch.setattr(zipfile.ZipFile, "read", None)
    with pytest.raises(BundleError, match="unpacks to more than it is"):
        read_archive(path)


@pytest.mark.slow
def test_zip_bomb_is_not_unpacked(path):
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("bomb", "w", force_zip64=True) as bomb,
    ):
        for _ in range(600):
            bomb.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(BundleError, match="unpacks to more than 512 MiB"):
        read_archive(path)


def test_missing_folder_and_foreign_files(tmp_path):
    with pytest.raises(BundleError, match="there is no such file"):
        read_archive(tmp_path / "no.auscult")
    with pytest.raises(BundleError, match="is a folder"):
        read_archive(tmp_path)
    (tmp_path / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(BundleError, match=r"is not a bundle .* auscult bundle import-keras"):
        read_archive(tmp_path / "model.h5")


def test_nothing_is_left_where_it_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(BundleError, match="cannot be written"):
        write_archive(tmp_path / "nowhere" / "m.auscult", {}, {})
    path = tmp_path / "m.auscult"
    path.write_bytes(b"the old one")

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(BundleError, match="No space left on device"):
        write_archive(path, {}, {"a": b"a"})
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]
