from dataclasses import replace

import pytest

from auscult.bundle.bundle import FAULTS
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.golden import self_check
from auscult.bundle.making import new_bundle
from auscult.bundle.model_card import MODEL_CARD
from auscult.errors import BundleError, OptionError
from auscult.evaluate import NamedClip, diagnosis_figures
from auscult.faults.names import UNKNOWN_FAULT, Fault
from auscult.faults.names_file import Names
from auscult.faults.naming import name_cluster
from auscult.pipeline.fault_names import with_names


@pytest.fixture(scope="module")
def names(faulty_fans):
    first = name_cluster(faulty_fans.found, Names(), 0, "Shaking", message="It shakes")
    return name_cluster(faulty_fans.found, first, 1, "Grinding", message="It grinds")


@pytest.fixture(scope="module")
def named(faulty_fans, names):
    bundle, unknown = with_names(faulty_fans.bundle, faulty_fans.found, names)
    assert unknown == []
    return bundle


@pytest.mark.parametrize(("number", "name", "message"), [(0, "Shaking", "It shakes"), (1, "Grinding", "It grinds")])
def test_verdict_of_an_exemplar_says_its_name(faulty_fans, named, number, name, message):
    clip = faulty_fans.found.exemplars(number)[0]
    verdict = named.predict(clip.path, machine_id=clip.machine)
    assert verdict.fault == name
    assert message in verdict.message


def test_probabilities_begin_with_normal_and_end_with_the_unknown_fault(faulty_fans, named):
    clip = faulty_fans.found.exemplars(0)[0]
    probabilities = named.predict(clip.path, machine_id=clip.machine).probabilities
    labels = list(probabilities)
    assert labels == [named.manifest.faults[0].name, "Shaking", "Grinding", UNKNOWN_FAULT.name]
    assert sum(probabilities.values()) == pytest.approx(1)


def test_names_leave_the_score_as_it_was(faulty_fans, named):
    clip = faulty_fans.found.exemplars(1)[0]
    before = faulty_fans.bundle.predict(clip.path, machine_id=clip.machine)
    after = named.predict(clip.path, machine_id=clip.machine)
    assert before.fault is None
    assert (after.score, after.threshold, after.is_anomalous) == (before.score, before.threshold, before.is_anomalous)


def test_name_of_which_no_clip_is_known_is_told(faulty_fans, names):
    lost = Fault("lost", "Lost", "Fault: Lost", exemplars=("0" * 64,))
    bundle, unknown = with_names(faulty_fans.bundle, faulty_fans.found, replace(names, faults=(*names.faults, lost)))
    assert unknown == ["Lost"]
    assert "Lost" not in [fault.name for fault in bundle.manifest.faults]


def test_discovery_with_other_features_is_refused(faulty_fans, names):
    other = replace(faulty_fans.found, features={**faulty_fans.found.features, "n_mels": 32})
    with pytest.raises(OptionError, match="otherwise"):
        with_names(faulty_fans.bundle, other, names)


def test_fault_whose_clips_are_elsewhere_stays_as_the_bundle_knew_it(faulty_fans, named, names):
    found = faulty_fans.found
    kept = [place for place, clip in enumerate(found.clips) if clip.cluster == 1]
    renumbered = {place: number for number, place in enumerate(kept)}
    other = replace(
        found,
        clips=tuple(replace(found.clips[place], cluster=0) for place in kept),
        clusters=(
            replace(found.clusters[1], number=0, exemplars=tuple(renumbered[p] for p in found.clusters[1].exemplars)),
        ),
        arrays={
            **found.arrays,
            "directions": found.directions[kept],
            "aspects": found.arrays["aspects"][kept],
            "whitening": 2 * found.arrays["whitening"][:, ::-1],  # of other machines: the bundle keeps its own
        },
    )
    again, unknown = with_names(named, other, names)
    assert unknown == []
    clip = found.exemplars(0)[0]
    assert again.predict(clip.path) == named.predict(clip.path)
    bare, unknown = with_names(faulty_fans.bundle, other, names)
    assert unknown == ["Shaking"]
    assert bare.predict(clip.path).fault == UNKNOWN_FAULT.name


def test_faults_of_several_discoveries_are_told_apart_in_the_space_of_the_first(faulty_fans, named, names):
    found = faulty_fans.found
    elsewhere = replace(found, arrays={**found.arrays, "whitening": found.arrays["whitening"][:, ::-1]})
    again, _ = with_names(named, elsewhere, names)
    for number in (0, 1):
        clip = found.exemplars(number)[0]
        assert again.predict(clip.path) == named.predict(clip.path)


def test_names_that_are_all_forgotten_leave_a_bundle_as_it_was_trained(faulty_fans, named):
    bundle, _ = with_names(named, faulty_fans.found, Names())
    before = faulty_fans.bundle
    assert bundle.manifest == replace(before.manifest, metrics=bundle.manifest.metrics)
    assert bundle.manifest.metrics == before.manifest.metrics | {"diagnosis_note": "none has a name"}
    assert {name for name, content in bundle.members.items() if content != before.members[name]} == {MODEL_CARD}
    assert "It names no faults: none has a name." in bundle.members[MODEL_CARD].decode()


def test_bundle_with_a_classifier_has_names_of_its_own(faulty_fans, names):
    with pytest.raises(BundleError, match=r"has a classifier of its own.*auscult train"):
        with_names(replace(faulty_fans.bundle, detector=None), faulty_fans.found, names)


@pytest.fixture(scope="module")
def measured(network_bundle):
    """The bundle with a network, and figures of it: one clip in three was named wrongly."""
    faults = [fault.name for fault in network_bundle.manifest.faults[1:-1]]
    clips = [
        NamedClip(k, 0, "fan/id_00", 6.0, f"take {k}", faults[k % 2], (0.9, 0.1) if k % 3 else (0.2, 0.8), False, fault)
        for k, fault in enumerate(3 * faults)
    ]
    metrics = network_bundle.manifest.metrics | {"diagnosis": diagnosis_figures(faults, {"grouped": clips})}
    assert metrics["diagnosis"]["worst"]
    return new_bundle(replace(network_bundle.manifest, metrics=metrics), network_bundle.members)


RENAMED = Names(
    (
        Fault("bearing-wear", "Lagerschaden", "Das Lager ist verschlissen", note="since May"),
        Fault("imbalance", "Unwucht", "Der Lüfter eiert"),
    )
)


@pytest.fixture(scope="module")
def renamed(faulty_fans, measured):
    bundle, unknown = with_names(measured, faulty_fans.found, RENAMED)
    assert unknown == []
    return bundle


def test_a_network_stays_when_all_its_faults_get_other_names(measured, renamed):
    assert renamed.members[CLASSIFIER] == measured.members[CLASSIFIER]
    assert FAULTS not in renamed.members
    assert renamed.manifest.network == measured.manifest.network
    ids = [fault.id for fault in measured.manifest.faults]
    assert [fault.id for fault in renamed.manifest.faults] == ids, "the network's classes stay in their order"
    assert renamed.manifest.faults[2] == RENAMED.faults[0]
    self_check(renamed, "m")


def test_a_network_stays_when_one_of_its_faults_gets_another_name(measured, faulty_fans):
    bundle, _ = with_names(measured, faulty_fans.found, Names(RENAMED.faults[:1]))
    assert bundle.members[CLASSIFIER] == measured.members[CLASSIFIER]
    assert [fault.name for fault in bundle.manifest.faults[1:-1]] == ["imbalance", "Lagerschaden"]


def test_a_network_says_the_other_names(faulty_fans, measured, renamed):
    names = {"imbalance": "Unwucht", "bearing-wear": "Lagerschaden", "unknown fault": "unknown fault", None: None}
    messages = {fault.name: fault.message for fault in renamed.manifest.faults}
    for clip in faulty_fans.found.clips:
        before, after = measured.predict(clip.path), renamed.predict(clip.path)
        assert after.fault == names[before.fault]
        assert list(after.probabilities) == ["normal", "Unwucht", "Lagerschaden", "unknown fault"]
        assert list(after.probabilities.values()) == list(before.probabilities.values())
        assert after.message == (messages[after.fault] if after.is_anomalous else "Component OK")


def test_figures_of_a_network_tell_the_other_names(measured, renamed):
    before, after = (bundle.manifest.metrics["diagnosis"] for bundle in (measured, renamed))
    assert after["class_names"] == ["Unwucht", "Lagerschaden"]
    assert after["splits"] == before["splits"]
    assert {row[key] for row in after["worst"] for key in ("fault", "named")} == {"Unwucht", "Lagerschaden"}
    assert before["class_names"] == ["imbalance", "bearing-wear"], "the old bundle stays as it was"
    card = renamed.members[MODEL_CARD].decode()
    assert "Der Lüfter eiert" in card
    assert "imbalance" not in card


@pytest.mark.parametrize("n_named", [1, 2])
def test_other_names_are_told_by_prototypes_instead_of_the_network(faulty_fans, measured, names, n_named):
    some = Names(names.faults[:n_named])
    bundle, unknown = with_names(measured, faulty_fans.found, some)
    assert unknown == []
    assert bundle.network is None
    assert bundle.namer is not None
    assert CLASSIFIER not in bundle.members
    assert bundle.manifest.network == {}
    assert bundle.manifest.metrics["diagnosis"] is None
    assert "It was not measured." in bundle.members[MODEL_CARD].decode()
    clip = faulty_fans.found.exemplars(0)[0]
    plain, _ = with_names(faulty_fans.bundle, faulty_fans.found, some)
    assert bundle.predict(clip.path) == plain.predict(clip.path)
    assert bundle.predict(clip.path).fault == "Shaking"


def test_a_name_beside_those_of_the_network_is_told_by_prototypes(faulty_fans, measured, names):
    more = Names((*RENAMED.faults, *names.faults[:1]))
    bundle, unknown = with_names(measured, faulty_fans.found, more)
    assert bundle.network is None
    assert unknown == ["Lagerschaden", "Unwucht"], "of which no clip is named"


def test_a_network_goes_when_all_names_are_forgotten(faulty_fans, measured):
    bundle, _ = with_names(measured, faulty_fans.found, Names())
    assert (bundle.network, bundle.namer) == (None, None)
    clip = faulty_fans.found.exemplars(0)[0]
    assert bundle.predict(clip.path) == faulty_fans.bundle.predict(clip.path)
