import numpy as np
import pytest

from auscult.faults import Fault
from auscult.faults.found_exemplars import FoundExemplars, faults_of_clips, whole_clusters

LEAK, KNOCK = Fault("leak", "leak", "Leak", ("a", "b", "x")), Fault("knock", "knock", "Knock", ("c", "c"))


def test_shares_are_of_the_exemplars_that_are_found():
    found = FoundExemplars.of([LEAK, KNOCK], ["a", "n", "c", "b", "m"], np.array([7, 7, 4, -1, 4]))
    assert found.clusters == [7, 4]
    assert found.shares.tolist() == [[0.5, 0], [0, 1]]
    assert found.n_exemplars == [3, 1]
    assert [own.tolist() for own in found.places] == [[0, 3], [2]]
    assert found.cluster_of_clip.tolist() == [0, 0, 1, -1, 1]
    assert found.fault_of_clip.tolist() == [0, -1, 1, 0, -1]
    assert found.exemplars_in(0, 0).tolist() == [0]
    assert found.others_in(1).tolist() == [4]


def test_one_found_of_three_is_not_enough_but_of_one_or_two_it_is():
    faults = [Fault("a", "a", "a", ("1", "2", "3")), Fault("b", "b", "b", ("4", "5")), Fault("c", "c", "c", ("6",))]
    assert FoundExemplars.of(faults, ["1", "4", "6"], np.zeros(3, int)).is_enough.tolist() == [False, True, True]
    assert FoundExemplars.of(faults, ["1", "2"], np.zeros(2, int)).is_enough.tolist() == [True, True, True]


def test_copies_count_once_and_where_they_are_in_a_cluster():
    found = FoundExemplars.of([KNOCK], ["c", "c", "c", "n"], np.array([-1, 3, 3, 3]))
    assert found.shares.tolist() == [[1.0]]
    assert [own.tolist() for own in found.places] == [[1]]
    assert found.others_in(0).tolist() == [3]


def test_clips_are_known_by_their_contents():
    assert faults_of_clips([LEAK, KNOCK], ["n", "c", "a", "c", "x"]).tolist() == [-1, 1, 0, 1, 0]
    assert faults_of_clips([], ["n", "c"]).tolist() == [-1, -1]


def test_a_cluster_was_named_as_a_whole_where_as_many_are_found_as_a_name_is_given_to():
    counts, n_takes = np.array([[8.0, 7, 4, 3, 2, 8], [0, 0, 0, 0, 0, 5]]), np.array([60, 60, 5, 5, 2, 60])
    whole = whole_clusters(counts, n_takes)
    assert whole[0].tolist() == [True, False, True, False, False, False]  # few of few are enough; not of two kinds
    assert not whole[1].any()


@pytest.mark.parametrize("faults", [[LEAK, LEAK], [LEAK, Fault("knock", "knock", "Knock", ("b",))]])
def test_faults_that_share_an_id_or_an_exemplar(faults):
    with pytest.raises(ValueError, match="two faults"):
        FoundExemplars.of(faults, ["a"], np.zeros(1, int))
