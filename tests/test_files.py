import pytest

from auscult.errors import DataError
from auscult.files import disk_errors, whole_file, write_whole


def test_a_file_appears_whole_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["clip.wav"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_goes_wrong_leaves_nothing_behind(tmp_path, error):
    path = tmp_path / "clip.wav"
    with pytest.raises(type(error)), whole_file(path) as file:
        file.write(b"half")
        raise error
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_an_error_of_the_disk(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "nowhere" / "clip.wav"):
        pass


def test_a_file_is_written_with_its_folder(tmp_path):
    write_whole(tmp_path / "a" / "b" / "clip.wav", b"sound")
    assert (tmp_path / "a" / "b" / "clip.wav").read_bytes() == b"sound"


def test_what_the_disk_refuses_is_named(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(DataError, match=r"a.clip\.wav: cannot be written: (Not a directory|File exists)"):
        write_whole(tmp_path / "a" / "clip.wav", b"sound")
    with pytest.raises(DataError, match="clips: cannot be written: No space left"), disk_errors("clips"):
        raise OSError(28, "No space left on device")
