"""Names that are given to a bundle whose network goes on: its faults get them, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

import auscult
from auscult.bundle.bundle import FAULTS
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.golden import self_check
from auscult.bundle.making import new_bundle
from auscult.bundle.model_card import MODEL_CARD
from auscult.evaluate import NamedClip, diagnosis_figures
from auscult.faults.discovery import FoundCluster
from auscult.faults.names import Fault
from auscult.faults.names_file import Names
from auscult.faults.naming import forget, name_cluster
from auscult.pipeline.fault_names import with_names


def with_figures(bundle):
    """The bundle, and figures of its network: one clip in three was named wrongly."""
    faults = [fault.name for fault in bundle.manifest.faults[1:-1]]
    clips = [
        NamedClip(k, 0, "fan/id_00", 6.0, f"take {k}", faults[k % 2], (0.9, 0.1) if k % 3 else (0.2, 0.8), False, fault)
        for k, fault in enumerate(3 * faults)
    ]
    metrics = bundle.manifest.metrics | {"diagnosis": diagnosis_figures(faults, {"grouped": clips})}
    assert metrics["diagnosis"]["worst"]
    return new_bundle(replace(bundle.manifest, metrics=metrics), bundle.members)


@pytest.fixture(scope="module")
def measured(network_bundle):
    """Its network knows two faults by their names, and of no clip."""
    return with_figures(network_bundle)


@pytest.fixture(scope="module")
def bundle(cluster_bundle):
    """Its network knows fault 1 and fault 2, each by 12 of the 16 clips of a cluster."""
    return with_figures(cluster_bundle)


@pytest.fixture(scope="module")
def found(faulty_fans):
    return faulty_fans.found


@pytest.fixture(scope="module")
def places(found):
    """Of the clips of each of the two clusters; of the first twelve the bundle knows the fault."""
    return [np.flatnonzero(found.labels == number) for number in (0, 1)]


@pytest.fixture(scope="module")
def one_name(found):
    return name_cluster(found, Names(), 0, "Shaking", message="It shakes", note="heard in May")


@pytest.fixture(scope="module")
def two_names(found, one_name):
    return name_cluster(found, one_name, 1, "Grinding", message="It grinds")


def regrouped(found, *clusters):
    """The discovery with other clusters, of clips at these places."""
    labels = np.full(len(found.clips), -1)
    for number, places in enumerate(clusters):
        labels[places] = number
    return replace(
        found,
        clips=tuple(replace(clip, cluster=int(label)) for clip, label in zip(found.clips, labels, strict=True)),
        clusters=tuple(
            FoundCluster(number, len(places), len(places), tuple(map(int, places[:12])))
            for number, places in enumerate(clusters)
        ),
    )


def of_others(found):
    """The same, of other recordings: no clip is known."""
    clips = [replace(clip, content_hash=f"{place:064x}") for place, clip in enumerate(found.clips)]
    return replace(found, clips=tuple(clips))


def named(found, *called):
    """Names of a discovery's clusters, in their order."""
    names = Names()
    for number, name in enumerate(called):
        names = names if name is None else name_cluster(found, names, number, name)
    return names


def faults_of(bundle):
    return [fault.name for fault in bundle.manifest.faults[1:-1]]


def test_a_fault_that_is_named_goes_by_that_name(found, bundle, one_name):
    after, unsaid = with_names(bundle, found, one_name)
    assert unsaid == {}
    assert (after.members[CLASSIFIER], FAULTS in after.members) == (bundle.members[CLASSIFIER], False)
    assert after.manifest.faults[1] == one_name.faults[0]
    assert after.manifest.faults[2:] == bundle.manifest.faults[2:], "what nobody named is called as it was"
    assert after.manifest.network == bundle.manifest.network
    calls = {"fault 1": "Shaking", "Fault 1, which has no name yet": "It shakes"}
    for clip in found.clips[::3]:
        was, verdict = bundle.predict(clip.path), after.predict(clip.path)
        assert list(verdict.probabilities) == ["normal", "Shaking", "fault 2", "unknown fault"]
        assert list(verdict.probabilities.values()) == list(was.probabilities.values())
        assert verdict.fault == calls.get(was.fault, was.fault)
        assert verdict.message == calls.get(was.message, was.message)
    assert after.predict(found.exemplars(0)[0].path).fault == "Shaking"


def test_a_named_bundle_is_whole_in_its_file(found, bundle, two_names, tmp_path):
    after, _ = with_names(bundle, found, two_names)
    after.save(tmp_path / "m.auscult")
    read = auscult.load(tmp_path / "m.auscult")
    assert read.manifest == after.manifest
    assert faults_of(read) == ["Shaking", "Grinding"]
    self_check(read, "m")
    clip = found.exemplars(1)[0]
    assert read.predict(clip.path) == after.predict(clip.path)


def test_names_are_taken_back_and_given_anew(found, bundle, one_name, two_names):
    """Whatever a bundle was taught before, the names of now are said."""
    once, _ = with_names(bundle, found, one_name)
    twice, _ = with_names(once, found, two_names)
    assert with_names(twice, found, forget(two_names, "Grinding"))[0].members == once.members
    assert with_names(twice, found, Names())[0].manifest.faults == bundle.manifest.faults
    crossed, unsaid = with_names(twice, found, named(found, "Grinding", "Shaking"))
    assert (faults_of(crossed), unsaid) == (["Grinding", "Shaking"], {})
    moved, unsaid = with_names(twice, found, named(found, None, "Shaking"))
    assert (faults_of(moved), unsaid) == (["fault 1", "Shaking"], {})


def test_a_name_stays_where_none_of_its_clips_are_known(found, bundle, two_names):
    once, _ = with_names(bundle, found, two_names)
    for elsewhere in (of_others(found), regrouped(of_others(found), np.arange(16))):
        assert with_names(once, elsewhere, two_names)[0].manifest.faults == once.manifest.faults
    more = name_cluster(of_others(found), two_names, 0, "Shaking")  # the same fault, heard again
    assert faults_of(with_names(once, of_others(found), more)[0]) == ["Shaking", "Grinding"]


def test_a_weak_match_is_not_used(found, bundle, places):
    hashes = (found.clips[places[0][0]].content_hash, "0" * 64, "1" * 64)
    weak = Names((Fault("odd", "Odd", "It is odd", hashes),))
    after, unsaid = with_names(bundle, found, weak)
    assert after.members == with_names(bundle, found, Names())[0].members
    assert list(unsaid) == ["Odd"]
    assert unsaid["Odd"].startswith("its recordings are no clear group of those that were found (weak: 1 of 1 exemplar")


def test_half_of_a_fault_does_not_give_it_a_name(found, bundle, places, one_name):
    """Of the twelve clips that the bundle knows, seven are in the cluster; then the same of the name's."""
    most = np.concatenate([places[0][:7], places[0][12:]])
    after, unsaid = with_names(bundle, regrouped(found, most), named(regrouped(found, most), "Shaking"))
    assert unsaid == {"Shaking": "the network learnt its recordings otherwise, as 'fault 1'"}
    assert faults_of(after) == ["fault 1", "fault 2"]
    exemplars = one_name.faults[0].exemplars
    dropped = [place for place, clip in enumerate(found.clips) if clip.content_hash in exemplars[:5]]
    other = regrouped(found, np.setdiff1d(places[0], dropped), places[1])
    after, unsaid = with_names(bundle, other, one_name)
    assert "split: 7 of 12 exemplars" in unsaid["Shaking"]
    assert faults_of(after) == ["fault 1", "fault 2"]


def test_a_fault_that_the_network_did_not_learn_costs_it_nothing(found, bundle, places):
    other = regrouped(found, places[0][:12], places[1], places[0][12:])
    after, unsaid = with_names(bundle, other, named(other, "Shaking", None, "New"))
    assert unsaid == {"New": "the network has not learnt it as a fault of its own"}
    assert faults_of(after) == ["Shaking", "fault 2"]
    assert after.members[CLASSIFIER] == bundle.members[CLASSIFIER]


def test_a_name_that_was_taken_back_and_given_to_a_new_fault(found, bundle, places, one_name):
    """The network goes back to what it called the old one."""
    once, _ = with_names(bundle, found, one_name)
    other = regrouped(found, places[0][:12], places[1], places[0][12:])
    after, unsaid = with_names(once, other, named(other, None, None, "Shaking"))
    assert unsaid == {"Shaking": "the network has not learnt it as a fault of its own"}
    assert faults_of(after) == ["fault 1", "fault 2"]


def test_a_part_of_a_fault_that_was_learnt_by_its_identifier_has_its_name(found, bundle, places):
    halves = regrouped(found, places[0][::2], places[1], places[0][1::2])
    (half,) = named(halves, "Rattling").faults
    after, unsaid = with_names(bundle, halves, Names((replace(half, id="fault-1"),)))
    assert (faults_of(after), unsaid) == (["Rattling", "fault 2"], {})


def test_two_names_for_one_fault_are_not_said(found, bundle, places):
    halves = regrouped(found, places[0][::2], places[1], places[0][1::2])
    after, unsaid = with_names(bundle, halves, named(halves, "One", "Grinding", "Other"))
    assert unsaid == dict.fromkeys(("One", "Other"), "the network learnt its recordings otherwise, as 'fault 1'")
    assert faults_of(after) == ["fault 1", "Grinding"]


def test_two_names_for_one_fault_of_which_one_is_its_identifier(found, bundle, one_name):
    given = Fault("fault-1", "Rattling", "It rattles")
    after, unsaid = with_names(bundle, found, replace(one_name, faults=(*one_name.faults, given)))
    assert unsaid == dict.fromkeys(("Shaking", "Rattling"), "'Shaking' and 'Rattling' are one fault to the network")
    assert faults_of(after) == ["fault 1", "fault 2"]


def test_two_names_in_one_cluster_are_not_said(found, bundle, places):
    hashes = [found.clips[place].content_hash for place in places[0]]
    both = Names((Fault("a", "A", "a", tuple(hashes[:6])), Fault("b", "B", "b", tuple(hashes[6:12]))))
    after, unsaid = with_names(bundle, found, both)
    assert {name: "(merged: " in why for name, why in unsaid.items()} == {"A": True, "B": True}
    assert faults_of(after) == ["fault 1", "fault 2"]


@pytest.mark.parametrize("is_taught_before", [False, True])
def test_one_name_for_two_faults_is_not_said(found, bundle, one_name, is_taught_before):
    if is_taught_before:
        bundle, _ = with_names(bundle, found, one_name)
    after, unsaid = with_names(bundle, found, name_cluster(found, one_name, 1, "Shaking"))
    assert unsaid == {"Shaking": "the network learnt its recordings otherwise, as 'fault 1' and 'fault 2'"}
    assert faults_of(after) == ["fault 1", "fault 2"]


def test_a_name_of_all_that_was_learnt_and_of_more_is_said(found, bundle, places):
    other = regrouped(found, places[0][:12], places[1], places[0][12:])
    after, unsaid = with_names(bundle, other, named(other, "Shaking", None, "Shaking"))
    assert (faults_of(after), unsaid) == (["Shaking", "fault 2"], {})


def test_a_cluster_of_two_faults_gives_its_name_to_neither(found, bundle, places):
    whole = regrouped(found, np.concatenate(places)[::-1])
    after, unsaid = with_names(bundle, whole, named(whole, "Noise"))
    assert unsaid == {"Noise": "the network learnt its recordings otherwise, as 'fault 1' and 'fault 2'"}
    assert faults_of(after) == ["fault 1", "fault 2"]


def test_a_name_that_another_fault_keeps_is_not_said(found, bundle):
    after, unsaid = with_names(bundle, found, named(found, "fault 2"))
    assert unsaid == {"fault 2": "the network learnt another fault by that name"}
    assert faults_of(after) == ["fault 1", "fault 2"]
    after, unsaid = with_names(bundle, found, named(found, "fault 2", "fault 1"))
    assert (faults_of(after), unsaid) == (["fault 2", "fault 1"], {})


def test_copies_that_were_learnt_as_two_faults_speak_for_neither(found, bundle, one_name):
    copy = bundle.manifest.faults[1].exemplars[0]
    normal, first, second, unknown = bundle.manifest.faults
    second = replace(second, exemplars=(*second.exemplars, copy))
    other = new_bundle(replace(bundle.manifest, faults=(normal, first, second, unknown)), bundle.members)
    after, unsaid = with_names(other, found, one_name)
    assert (faults_of(after), unsaid) == (["Shaking", "fault 2"], {})


def test_figures_of_a_network_tell_the_other_names(found, bundle, two_names):
    after, _ = with_names(bundle, found, two_names)
    before, now = (one.manifest.metrics["diagnosis"] for one in (bundle, after))
    assert now["class_names"] == ["Shaking", "Grinding"]
    assert now["splits"] == before["splits"]
    assert {row[key] for row in now["worst"] for key in ("fault", "named")} == {"Shaking", "Grinding"}
    assert before["class_names"] == ["fault 1", "fault 2"], "the old bundle stays as it was"
    card = after.members[MODEL_CARD].decode()
    assert "It shakes" in card
    assert "fault 1" not in card


RENAMED = Names(
    (
        Fault("bearing-wear", "Lagerschaden", "Das Lager ist verschlissen", note="since May"),
        Fault("imbalance", "Unwucht", "Der Lüfter eiert"),
    )
)


def test_faults_that_were_learnt_by_name_are_known_by_their_identifiers(found, measured):
    after, unsaid = with_names(measured, found, RENAMED)
    assert unsaid == {}
    ids = [fault.id for fault in measured.manifest.faults]
    assert [fault.id for fault in after.manifest.faults] == ids, "the network's classes stay in their order"
    assert after.manifest.faults[2] == RENAMED.faults[0]
    clip = found.exemplars(0)[0].path
    assert list(after.predict(clip).probabilities) == ["normal", "Unwucht", "Lagerschaden", "unknown fault"]
    assert list(after.predict(clip).probabilities.values()) == list(measured.predict(clip).probabilities.values())
    self_check(after, "m")


def test_one_of_the_faults_that_were_learnt_by_name_gets_another(found, measured):
    after, _ = with_names(measured, found, Names(RENAMED.faults[:1]))
    assert faults_of(after) == ["imbalance", "Lagerschaden"]


def test_a_name_beside_those_of_the_network_leaves_it_as_it_is(found, measured, one_name):
    after, unsaid = with_names(measured, found, Names((*RENAMED.faults, *one_name.faults)))
    assert (faults_of(after), list(unsaid)) == (["Unwucht", "Lagerschaden"], ["Shaking"])
    assert after.members[CLASSIFIER] == measured.members[CLASSIFIER]
