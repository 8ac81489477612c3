import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.faults import Fault
from auscult.faults.matching import match_names

X, Y, Z = np.eye(3)


def fault(name, n, first=0):
    """A fault with the exemplars a0, a1, ... of the name a."""
    return Fault(name, name, name.title(), tuple(f"{name}{number}" for number in range(first, first + n)))


def matching(faults, *clips):
    """Clips as (hashes, label, direction)."""
    hashes = [content for contents, _, _ in clips for content in contents.split()]
    labels = [label for contents, label, _ in clips for _ in contents.split()]
    signatures = [direction for contents, _, direction in clips for _ in contents.split()]
    return match_names(faults, hashes, np.array(labels, int), np.array(signatures).reshape(len(hashes), -1))


def test_a_fault_whose_exemplars_stay_together_is_kept():
    found = matching([fault("a", 5)], ("a0 a1 a2 a3 a4 n m", 2, X), ("o p", 0, Y))
    (match,) = found.matches
    assert (match.status, match.cluster, match.share, match.n_found, match.n_exemplars) == ("kept", 2, 1.0, 5, 5)
    assert match.message == "kept: 5 of 5 exemplars in cluster 2"
    assert match.has_name
    assert found.names_of_clips == ("a",) * 7 + (None, None)
    assert found.fault_of_cluster == {2: "a"}
    assert found.new_clusters == (0,)


def test_two_thirds_are_enough_to_be_kept():
    found = matching([fault("a", 6)], ("a0 a1 a2 a3 n", 1, X), ("a4 m", 4, Y), ("a5 o", -1, Y))
    (match,) = found.matches
    assert (match.status, match.share) == ("kept", 4 / 6)
    assert match.message == "kept: 4 of 6 exemplars in cluster 1, 1 in cluster 4, 1 in no cluster"
    assert found.names_of_clips == ("a", "a", "a", "a", "a", "a", None, "a", None)


def test_exemplars_that_are_gone_are_told_and_do_not_count():
    found = matching([fault("a", 5)], ("a1 a3 n", 0, X))
    (match,) = found.matches
    assert (match.status, match.share, match.n_found) == ("kept", 1.0, 2)
    assert match.message == "kept: 2 of 2 exemplars in cluster 0; 3 more are not among the clips"


def test_of_a_split_fault_the_largest_part_has_the_name():
    found = matching([fault("a", 5)], ("a0 a1 a2 n", 0, X), ("a3 a4 m", 3, Y))
    (match,) = found.matches
    assert (match.status, match.cluster, match.share) == ("split", 0, 0.6)
    assert match.message == "split: 3 of 5 exemplars in cluster 0 (which has the name now), 2 in cluster 3"
    assert found.names_of_clips == ("a", "a", "a", "a", "a", "a", None)
    assert found.new_clusters == (3,)


def test_of_two_halves_the_one_has_the_name_that_leaves_the_other_fault_its_cluster():
    for first, second in ((0, 1), (1, 0)):
        found = matching([fault("a", 4), fault("b", 3)], ("a0 a1 b0 b1 b2 n", first, X), ("a2 a3 m", second, Y))
        assert [match.cluster for match in found.matches] == [second, first]
        assert found.fault_of_cluster == {second: "a"}
        assert found.names_of_clips[-1] == "a"


def test_clips_of_a_merged_cluster_go_to_the_exemplars_they_are_most_like():
    faults = [fault("a", 3), fault("b", 2)]
    found = matching(faults, ("a0 a1 a2 n", 1, 3 * X), ("b0 b1 m", 1, Y), ("o", 1, X + 0.9 * Y), ("p", 1, 0 * Z))
    assert [(match.status, match.cluster) for match in found.matches] == [("merged", 1), ("merged", 1)]
    advice = "its clips go to the exemplars they are most like"
    assert found.matches[0].message == f"merged: 3 of 3 exemplars in cluster 1 (with 'b'): {advice}"
    assert found.matches[1].message == f"merged: 2 of 2 exemplars in cluster 1 (with 'a'): {advice}"
    assert found.names_of_clips == ("a", "a", "a", "a", "b", "b", "b", "a", None)
    assert found.fault_of_cluster == {}
    assert found.new_clusters == ()


def test_a_third_of_another_fault_may_be_in_a_cluster_and_more_may_not():
    other = fault("b", 6)
    kept = matching([fault("a", 3), other], ("a0 a1 a2 b0 b1 n", 0, X), ("b2 b3 b4 b5 m", 1, Y))
    assert [match.status for match in kept.matches] == ["kept", "kept"]
    assert kept.names_of_clips[3:6] == ("b", "b", "a")
    assert "4 of 6 exemplars in cluster 1, 2 in cluster 0" in kept.matches[1].message
    mixed = matching(
        [fault("a", 3), other], ("a0 a1 a2 n", 0, X), ("b0 b1 b5 p", 0, Z), ("b2 b3 b4 m", 1, Y), ("q", 1, Z)
    )
    assert [(match.status, match.cluster) for match in mixed.matches] == [("merged", 0), ("split", 1)]
    assert mixed.names_of_clips == ("a", "a", "a", "a", "b", "b", "b", "b", "b", "b", "b", "b", "b")


def test_a_name_that_is_not_used_again_names_no_clips_of_a_merged_cluster():
    scattered = fault("b", 5)
    found = matching(
        [fault("a", 3), scattered], ("a0 a1 a2 n", 0, X), ("b0 b1 p", 0, Y), ("b2 b3 q", 1, Y), ("b4 r", 2, Z)
    )
    assert [match.status for match in found.matches] == ["merged", "weak"]
    assert found.names_of_clips == ("a", "a", "a", "a", "b", "b", None, "b", "b", None, "b", None)


def test_a_cluster_that_is_unlike_its_exemplars_does_not_get_their_name():
    found = matching([fault("a", 3)], ("a0 a1 a2", 1, X), ("n m", 1, 0.4 * X + Y), ("o", 0, X))
    (match,) = found.matches
    assert (match.status, match.cluster, match.has_name) == ("moved", 1, False)
    expected = "moved: 3 of 3 exemplars in cluster 1 (whose other clips are unlike them: cosine 0.37)"
    assert match.message == f"{expected}: the name is not used again until it is confirmed"
    assert found.names_of_clips == ("a", "a", "a", None, None, None)
    assert found.fault_of_cluster == {}
    assert found.new_clusters == (0,)


def test_likeness_is_of_directions_and_clips_that_are_named_already_do_not_count():
    like = matching([fault("a", 3)], ("a0 a1 a2", 1, 1e-3 * X), ("n", 1, 50 * (X + Y)), ("m", 1, 9 * (X - Y)))
    assert like.matches[0].status == "kept"
    others = matching([fault("a", 3), fault("b", 3)], ("a0 a1 a2", 1, X), ("b0", 1, -X), ("b1 b2", 0, -X))
    assert [match.status for match in others.matches] == ["kept", "kept"]


def test_half_of_a_fault_in_an_unlike_cluster_is_not_named_either():
    assert matching([fault("a", 4)], ("a0 a1", 1, X), ("n m", 1, Y), ("a2", 2, Y)).matches[0].status == "moved"


def test_a_fault_that_is_scattered_is_weak():
    found = matching([fault("a", 5)], ("a0 a1 n", 4, X), ("a2 m", 1, X), ("a3 o", 2, X), ("a4", -1, X))
    (match,) = found.matches
    assert (match.status, match.cluster, match.share) == ("weak", 4, 0.4)
    assert match.message == (
        "weak: 2 of 5 exemplars in cluster 4, 1 in cluster 1, 1 in cluster 2, 1 in no cluster: "
        "the name is not used again until it is confirmed"
    )
    assert found.names_of_clips == ("a", "a", None, "a", None, "a", None, "a")
    assert found.new_clusters == (1, 2, 4)


def test_one_found_of_many_is_weak_and_keeps_nobody_else_from_its_cluster():
    found = matching([fault("a", 3), fault("b", 2)], ("a1 b0 b1 n", 0, X))
    assert [match.status for match in found.matches] == ["weak", "kept"]
    assert "1 of 1 exemplar in cluster 0; 2 more are not among the clips" in found.matches[0].message
    assert found.names_of_clips == ("a", "b", "b", "b")


def test_one_exemplar_is_enough_where_there_never_were_many():
    assert matching([fault("a", 1)], ("a0 n", 0, X)).matches[0].status == "kept"
    assert matching([fault("a", 2)], ("a0 n", 0, X)).matches[0].status == "kept"


def test_faults_without_a_trace_are_lost():
    found = matching(
        [fault("a", 4), fault("b", 3), fault("d", 1), Fault("c", "c", "C")], ("n m", 0, X), ("b0 b1", -1, X)
    )
    assert [(match.status, match.cluster, match.share) for match in found.matches] == [("lost", None, 0.0)] * 4
    assert [match.message for match in found.matches] == [
        "lost: none of its 4 exemplars is among the clips",
        "lost: 2 of 2 exemplars in no cluster; 1 more is not among the clips",
        "lost: its one exemplar is not among the clips",
        "lost: it was given to no clip",
    ]
    assert found.names_of_clips == (None, None, "b", "b")
    assert found.new_clusters == (0,)


def test_more_faults_than_clusters():
    faults = [fault("a", 2), fault("b", 2), fault("c", 2), fault("d", 2)]
    found = matching(faults, ("a0 a1 n", 0, X), ("b0 b1 c0 c1", 1, Y), ("m", 1, Y))
    assert [match.status for match in found.matches] == ["kept", "merged", "merged", "lost"]
    assert found.names_of_clips[-1] == "b"  # of equals the first


def test_without_faults_all_clusters_are_new():
    found = matching([], ("n m", 3, X), ("o", 1, Y), ("p", -1, Y))
    assert (found.matches, found.names_of_clips, found.new_clusters) == ((), (None,) * 4, (1, 3))


@pytest.mark.parametrize("shape", [(0,), (0, 5)])
def test_without_clips_all_faults_are_lost(shape):
    found = match_names([fault("a", 2)], [], np.empty(0, int), np.empty(shape))
    assert [match.status for match in found.matches] == ["lost"]
    assert (found.names_of_clips, found.fault_of_cluster, found.new_clusters) == ((), {}, ())


def test_copies_of_exemplars_count_once_and_have_the_name():
    found = matching([fault("a", 3)], ("a0 a0 a0 a0 a1 n", 0, X), ("a2 a0 m", 1, X))
    (match,) = found.matches
    assert (match.status, match.n_found) == ("kept", 3)
    assert found.names_of_clips == ("a", "a", "a", "a", "a", "a", "a", "a", None)


@pytest.mark.parametrize(
    ("faults", "labels", "signatures"),
    [
        ([fault("a", 2), Fault("b", "b", "B", ("a1",))], np.zeros(2, int), np.ones((2, 3))),
        ([fault("a", 2), fault("a", 2, first=5)], np.zeros(2, int), np.ones((2, 3))),
        ([], np.zeros(3, int), np.ones((2, 3))),
        ([], np.zeros((2, 1), int), np.ones((2, 3))),
        ([], np.zeros(2, int), np.ones((3, 3))),
        ([], np.zeros(2, int), np.array([[1, np.nan], [1, 1]])),
    ],
)
def test_arguments_that_do_not_belong_together(faults, labels, signatures):
    with pytest.raises(ValueError, match=r"two faults|do not belong together|NaN"):
        match_names(faults, ["a0", "a1"], labels, signatures)


N_CLUSTERS = 4
clips = st.lists(
    st.tuples(
        st.sampled_from([f"{name}{number}" for name in "abcn" for number in range(4)]),
        st.integers(-1, N_CLUSTERS - 1),
        st.tuples(*[st.integers(-2, 2)] * 3),
    ),
    max_size=20,
)
FAULTS = [fault("a", 4), fault("b", 3), fault("c", 2)]


def of_drawn(clips, labels):
    signatures = np.array([signature for _, _, signature in clips], float).reshape(len(clips), 3)
    return match_names(FAULTS, [content for content, _, _ in clips], np.array(labels, int), signatures)


@settings(max_examples=300, deadline=None)
@given(clips, st.permutations(range(N_CLUSTERS)), st.integers(0, 100))
def test_other_numbers_of_the_clusters_change_nothing_but_the_numbers(clips, permutation, shift):
    labels = [label for _, label, _ in clips]
    renamed = {-1: -1, None: None} | {label: shift + 3 * number for label, number in enumerate(permutation)}
    before, after = of_drawn(clips, labels), of_drawn(clips, [renamed[label] for label in labels])
    assert after.names_of_clips == before.names_of_clips
    assert after.fault_of_cluster == {renamed[label]: name for label, name in before.fault_of_cluster.items()}
    assert after.new_clusters == tuple(sorted(renamed[label] for label in before.new_clusters))
    for old, new in zip(before.matches, after.matches, strict=True):
        assert new.cluster == renamed[old.cluster]
        assert (new.status, new.share, new.n_found) == (old.status, old.share, old.n_found)
        told = re.sub(r"cluster (\d+)", lambda found: f"cluster {renamed[int(found[1])]}", old.message)
        assert new.message == told


@settings(max_examples=200, deadline=None)
@given(clips)
def test_whatever_the_clusters_names_are_consistent(clips):
    labels = [label for _, label, _ in clips]
    found = of_drawn(clips, labels)
    fault_of = {content: one.id for one in FAULTS for content in one.exemplars}
    used = {match.fault_id for match in found.matches if match.has_name or match.status == "merged"}
    for (content, label, _), name in zip(clips, found.names_of_clips, strict=True):
        if content in fault_of:
            assert name == fault_of[content]
        elif label in found.fault_of_cluster:
            assert name == found.fault_of_cluster[label]
        else:
            assert name is None or (name in used and label >= 0 and label not in found.new_clusters)
    assert sorted(found.fault_of_cluster.values()) == sorted(one.fault_id for one in found.matches if one.has_name)


def test_files_that_are_renamed_come_in_another_order_and_are_named_as_before(rng):
    """Even where two parts of a fault are equally large."""
    contents = ["a0", "a1", "a2", "a3", "n0", "n1", "n2", "n3"]
    labels, signatures = np.array([0, 0, 1, 1, 0, 1, 0, 1]), np.tile(X, (8, 1))
    before = match_names([fault("a", 4)], contents, labels, signatures)
    for _ in range(5):
        order = rng.permutation(8)
        after = match_names([fault("a", 4)], [contents[place] for place in order], labels[order], signatures)
        assert after.matches == before.matches
        assert after.names_of_clips == tuple(before.names_of_clips[place] for place in order)


def test_a_fault_that_is_torn_leaves_its_name_with_one_part():
    """Though the other part holds exemplars of nobody else: the name was given to one cluster."""
    parts = (" ".join(f"a{n}" for n in range(7)), " ".join(f"a{n}" for n in range(7, 12)))
    others = (" ".join(f"n{n}" for n in range(13)), " ".join(f"m{n}" for n in range(15)))
    found = matching([fault("a", 12)], (f"{parts[0]} {others[0]}", 0, X), (f"{parts[1]} {others[1]}", 1, X + 0.1 * Y))
    assert found.matches[0].status == "split"
    assert "7 of 12 exemplars in cluster 0 (which has the name now), 5 in cluster 1" in found.matches[0].message
    assert found.fault_of_cluster == {0: "a"}
    assert found.new_clusters == (1,)
    assert found.names_of_clips[-15:] == (None,) * 15


def test_a_small_cluster_has_few_takes_of_many_clips():
    hashes = [f"{take}{clip}" for take in "abcdpqrs" for clip in "123"]
    leak = Fault("leak", "leak", "It leaks", ("a1", "b1", "c1", "d1", "p1", "q1", "r1", "s1"))
    labels, takes = np.repeat([0, 1], 12), [one[0] for one in hashes]
    found = match_names([leak], hashes, labels, np.tile(X, (24, 1)), takes)
    assert found.fault_of_cluster == {0: "leak", 1: "leak"}
    assert len(match_names([leak], hashes, labels, np.tile(X, (24, 1))).fault_of_cluster) == 1


def test_two_clusters_that_were_given_one_name_both_have_it(rng):
    """Over-splitting is put right by a person who hears that two clusters are one fault."""
    one, other = np.eye(6)[0], np.eye(6)[[0, 1]].mean(axis=0)
    signatures = np.concatenate([np.tile(one, (10, 1)), np.tile(other, (10, 1))]) + 0.01 * rng.standard_normal((20, 6))
    hashes = [f"{number:064x}" for number in range(20)]
    fault = Fault("leak", "leak", "It leaks", tuple(hashes[:8] + hashes[10:18]))
    matching = match_names([fault], hashes, np.repeat([0, 1], 10), signatures)
    assert matching.fault_of_cluster == {0: "leak", 1: "leak"}
    assert matching.matches[0].status == "kept"
    assert set(matching.names_of_clips) == {"leak"}
    thirds = Fault("leak", "leak", "It leaks", tuple(hashes[:5] + hashes[7:12] + hashes[14:18]))
    matching = match_names([thirds], hashes, np.repeat([0, 1, 2], [7, 7, 6]), signatures)
    assert set(matching.fault_of_cluster) == {0, 1, 2}
    assert matching.new_clusters == ()
