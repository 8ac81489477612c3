import pytest

from auscult.errors import DataError
from auscult.files import disk_errors, only_one, part_size, size_text, whole_file, write_whole


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
    with pytest.raises(DataError, match="A file stands where a folder is expected"), disk_errors("clips"):
        raise NotADirectoryError(20, "Not a directory")


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (10_400_000_000, "10.4 GB"),
        (4e12, "4000.0 GB"),
    ],
)
def test_sizes_as_people_read_them(n_bytes, text):
    assert size_text(n_bytes) == text


def test_a_part_has_come_as_far_as_it_has(tmp_path):
    assert part_size(tmp_path / "x.part") == 0
    (tmp_path / "x.part").write_bytes(b"new")
    assert part_size(tmp_path / "x.part") == 3


def test_only_one_is_at_work_in_a_folder(tmp_path):
    def work():
        return only_one(tmp_path / "lock", "another is at work", "Wait.")

    with work():
        with pytest.raises(DataError, match=r"another is at work \(process \d+\)\. Wait"), work():
            pass
        assert (tmp_path / "lock").exists()
    assert not list(tmp_path.iterdir())
