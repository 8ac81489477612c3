import pytest

from auscult.files import whole_file


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
