import dataclasses

import pytest
from made_up_discovery import made_up, renumbered

from auscult.errors import DataError, OptionError
from auscult.faults import Fault
from auscult.faults.names_file import Names, read_names, write_names
from auscult.faults.naming import forget, name_cluster, what_was_done


@pytest.fixture
def found(tmp_path):
    return made_up(tmp_path)


def hashes(found, number, places=slice(0, 4)):
    """Of clips of a cluster; the first four are its exemplars."""
    return tuple([clip.content_hash for clip in found.clips if clip.cluster == number][places])


def by_name(names):
    return {fault.name: fault for fault in names.faults}


def name_of(found, names, number):
    """Name that the cluster has, without asking anyone."""
    fault_id = found.matching(names).fault_of_cluster.get(number)
    return next((fault.name for fault in names.faults if fault.id == fault_id), None)


def test_a_new_name_makes_a_fault_of_the_most_typical_clips(found, tmp_path):
    names = name_cluster(found, Names(), 1, " Loose   belt ", note="heard it squeal")
    (fault,) = names.faults
    expected = ("loose-belt", "Loose belt", "Fault: Loose belt", "heard it squeal", hashes(found, 1))
    assert (fault.id, fault.name, fault.message, fault.note, fault.exemplars) == expected
    assert set(names.clips) == set(fault.exemplars)
    assert names.clips[fault.exemplars[0]] == str(tmp_path / "clips" / "fan_900_00.wav")
    assert name_of(found, names, 1) == "Loose belt"
    write_names(tmp_path / "faults.yaml", names)
    assert read_names(tmp_path / "faults.yaml") == names


def test_what_is_said_is_kept_unless_it_is_said_anew(found):
    names = name_cluster(found, Names(), 0, "imbalance", message=" Component is imbalanced ", note="a note")
    again = by_name(name_cluster(found, names, 0, "imbalance"))["imbalance"]
    assert (again.message, again.note) == ("Component is imbalanced", "a note")
    anew = by_name(name_cluster(found, names, 0, "imbalance", message="Stop it", note="another"))["imbalance"]
    assert (anew.message, anew.note) == ("Stop it", "another")
    blank = by_name(name_cluster(found, Names(), 0, "imbalance", message="  "))["imbalance"]
    assert blank.message == "Fault: imbalance"


def test_a_cluster_that_has_a_name_is_renamed(found):
    names = name_cluster(found, Names(), 0, "imbalence", note="a note")
    names = name_cluster(found, names, 1, "clogging")
    renamed = name_cluster(found, names, 0, "imbalance")
    assert [(fault.id, fault.name, fault.message) for fault in renamed.faults] == [
        ("imbalence", "imbalance", "Fault: imbalance"),
        ("clogging", "clogging", "Fault: clogging"),
    ]
    assert renamed.faults[0].exemplars == names.faults[0].exemplars
    assert by_name(name_cluster(found, renamed, 0, "Imbalance")).keys() == {"Imbalance", "clogging"}


def test_what_was_said_of_the_old_name_is_not_said_of_another(found):
    names = name_cluster(found, Names(), 0, "clogging", message="Filter clogged", note="a note")
    (fault,) = name_cluster(found, names, 0, "Clogging").faults
    assert (fault.name, fault.message, fault.note) == ("Clogging", "Filter clogged", "a note")
    renamed = name_cluster(found, names, 0, "loose mount")
    (fault,) = renamed.faults
    assert (fault.id, fault.message, fault.note) == ("clogging", "Fault: loose mount", "")
    said = what_was_done(names, renamed, 0, "loose mount")
    assert said == (
        "Saved: cluster 0 is called 'loose mount'. 'clogging' was renamed. "
        "Dropped, as said of the old name: its message 'Filter clogged' and its note 'a note'."
    )
    (fault,) = name_cluster(found, names, 0, "loose mount", message="Mount is loose", note="other").faults
    assert (fault.message, fault.note) == ("Mount is loose", "other")


def test_the_name_of_another_fault_takes_the_clusters_clips_there(found):
    names = name_cluster(found, Names(), 0, "imbalance")
    names = name_cluster(found, names, 1, "clogging")
    names = name_cluster(found, names, 1, "IMBALANCE")
    (fault,) = names.faults
    assert (fault.id, fault.name) == ("imbalance", "imbalance")
    assert fault.exemplars == hashes(found, 0) + hashes(found, 1)
    assert set(found.matching(names).names_of_clips) == {"imbalance", None}


def test_clips_go_from_one_fault_to_another(found):
    """Two clusters were one fault; then one of them is heard to be something else."""
    names = Names((Fault("worn", "worn", "Worn", hashes(found, 0) + hashes(found, 1, slice(0, 2))),))
    names = name_cluster(found, names, 1, "dry")
    assert by_name(names)["worn"].exemplars == hashes(found, 0)
    assert by_name(names)["dry"].exemplars == hashes(found, 1)
    assert (name_of(found, names, 0), name_of(found, names, 1)) == ("worn", "dry")


def test_a_name_decides_a_cluster_whose_typical_clips_are_others_now(found):
    """All that was called otherwise in it goes with it, or it would stay between two names for ever."""
    names = name_cluster(found, Names(), 0, "imbalance")
    names = name_cluster(found, names, 1, "clogging")
    anew = renumbered(found, 0, 1, 2, first_exemplar=3)
    names = name_cluster(anew, names, 1, "imbalance")
    assert by_name(names).keys() == {"imbalance"}
    names = name_cluster(anew, name_cluster(found, Names(), 1, "clogging"), 1, "dry bearing")
    assert [(fault.id, fault.name) for fault in names.faults] == [("clogging", "dry bearing")]
    assert set(names.faults[0].exemplars) == set(hashes(found, 1, slice(None)))
    merged = Names(
        (Fault("a", "a", "A", hashes(found, 2, slice(0, 2))), Fault("b", "b", "B", hashes(found, 2, slice(4, 5))))
    )
    assert name_of(found, merged, 2) is None
    assert name_of(found, name_cluster(found, merged, 2, "b"), 2) == "b"


def test_faults_that_are_not_spoken_of_stay_as_they_are(found):
    written = Fault("to-be-heard", "to be heard", "-", (), "the customer's word for it")
    gone = Fault("gone", "gone", "Gone", hashes(found, 1))
    other = Fault("other", "other", "Other", ("ab" * 32,))
    last = Fault("last", "last", "Last", hashes(found, 0))
    names = Names((written, gone, other, last), {"ab" * 32: "elsewhere.wav"})
    after = name_cluster(found, names, 1, "other")
    assert [fault.id for fault in after.faults] == ["to-be-heard", "other", "last"]
    assert (after.faults[0], after.faults[2]) == (written, last)
    assert after.clips["ab" * 32] == "elsewhere.wav"


@pytest.mark.parametrize("numbers", [(1, 2, 0), (2, 1, 0)])
def test_a_name_survives_clusters_with_other_numbers(found, numbers):
    names = Names()
    for number, name in enumerate(("imbalance", "clogging", "voltage change")):
        names = name_cluster(found, names, number, name)
    anew = renumbered(found, *numbers, first_exemplar=2)
    assert [name_of(anew, names, number) for number in numbers] == ["imbalance", "clogging", "voltage change"]
    assert [match.status for match in anew.matching(names).matches] == ["kept"] * 3


@pytest.mark.parametrize("name", ["", "  ", "Normal", "unknown fault", "x" * 101, "bell\a"])
def test_names_that_no_fault_may_have(found, name):
    with pytest.raises(OptionError, match="name"):
        name_cluster(found, Names(), 0, name)


@pytest.mark.parametrize("number", [-1, 3])
def test_a_cluster_that_there_is_not(found, number):
    with pytest.raises(DataError, match=rf"cluster {number}: is not among those found, there are 0 to 2\. Give"):
        name_cluster(found, Names(), number, "imbalance")


def test_a_cluster_without_a_clip(found):
    empty = dataclasses.replace(found, clusters=(dataclasses.replace(found.clusters[0], exemplars=()),))
    with pytest.raises(DataError, match=r"cluster 0: holds no clip .* Name another"):
        name_cluster(empty, Names(), 0, "imbalance")


def test_forgetting():
    names = Names((Fault("imbalance", "dry bearing", "Dry", ("ab" * 32,)), Fault("imbalance-2", "imbalance", "Shakes")))
    assert [fault.id for fault in forget(names, "imbalance").faults] == ["imbalance"], "names come before identifiers"
    assert [fault.id for fault in forget(names, "imbalance-2").faults] == ["imbalance"]
    assert [fault.id for fault in forget(names, "dry bearing").faults] == ["imbalance-2"]
    with pytest.raises(OptionError, match=r"no fault is called 'dry'; known: dry bearing, imbalance"):
        forget(names, "dry")
    with pytest.raises(OptionError, match="known: none"):
        forget(Names(), "dry")


def test_what_was_done_in_words(found):
    none = Names()
    named = name_cluster(found, none, 0, "imbalance")
    assert what_was_done(none, named, 0, " imbalance") == "Saved: cluster 0 is called 'imbalance'."
    renamed = name_cluster(found, named, 0, "dry bearing")
    words = "Saved: cluster 0 is called 'dry bearing'. 'imbalance' was renamed."
    assert what_was_done(named, renamed, 0, "dry bearing") == words
    two = name_cluster(found, renamed, 1, "clogging")
    one = name_cluster(found, two, 1, "dry bearing")
    words = "Saved: cluster 1 is called 'dry bearing'. 'clogging' is no more: its clips have this name now."
    assert what_was_done(two, one, 1, "dry bearing") == words
