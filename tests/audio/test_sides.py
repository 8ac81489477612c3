import pytest

from auscult.audio.find import Recordings
from auscult.audio.fingerprint import Duplicate
from auscult.audio.leaks import Leak
from auscult.audio.sides import check_splits, describe_leak, split_anew
from auscult.errors import DataError, OptionError


@pytest.fixture
def recordings(tmp_path):
    for machine in ("press", "lathe"):
        for label, n in (("normal", 10), ("abnormal", 3)):
            (tmp_path / machine / label).mkdir(parents=True)
            for number in range(n):
                (tmp_path / machine / label / f"{number}.wav").touch()
    (tmp_path / "loose.wav").touch()
    return Recordings(tmp_path)


def test_what_has_no_label_has_no_split_and_the_rest_has_one(recordings):
    entries = list(split_anew(recordings, (0.6, 0.2, 0.2)))
    assert len(entries) == 27
    assert all((entry.place.split == "") == (entry.place.label == "") for entry in entries)
    normal = [e.place.split for e in entries if e.place.machine == "press" and e.place.label == "normal"]
    assert normal == ["train"] * 6 + ["calibration"] * 2 + ["test"] * 2


def test_a_held_out_machine_is_for_testing_only(recordings):
    splits = {(e.place.machine, e.place.split) for e in split_anew(recordings, (0.8, 0.1, 0.1), ["press"])}
    assert {split for machine, split in splits if machine == "press"} == {"test"}
    assert {split for machine, split in splits if machine == "lathe"} == {"train", "calibration", "test"}
    with pytest.raises(OptionError, match=r"no machine .mill.\. Those with labelled clips are: lathe, press"):
        split_anew(recordings, (0.8, 0.1, 0.1), ["mill"])


def test_without_sides_nothing_can_leak(recordings):
    check_splits(recordings, with_leaks=False)
    check_splits(split_anew(recordings, (1, 0, 0)), with_leaks=True)
    with pytest.raises(DataError, match="no clip says"):
        check_splits(recordings, with_leaks=True)


def test_leaks_in_words():
    by_name = Leak("take", ("a", "b", "c"), ("train", "test"))
    assert describe_leak(by_name) == "train and test: 3 clips of one take"
    by_ear = Leak("duplicate", ("a", "b"), ("train", "test"), (Duplicate("b", "a", "shifted", 1.0, 9.0),))
    assert describe_leak(by_ear) == "train and test: heard in b as well, shifted"
