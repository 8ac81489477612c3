from dataclasses import replace

import pytest

from auscult.bundle.model_card import MODEL_CARD
from auscult.errors import BundleError, OptionError
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
    bundle, unsaid = with_names(faulty_fans.bundle, faulty_fans.found, names)
    assert unsaid == {}
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
    bundle, unsaid = with_names(faulty_fans.bundle, faulty_fans.found, replace(names, faults=(*names.faults, lost)))
    assert unsaid == {"Lost": "none of its recordings is known here"}
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
    again, unsaid = with_names(named, other, names)
    assert unsaid == {}
    clip = found.exemplars(0)[0]
    assert again.predict(clip.path) == named.predict(clip.path)
    bare, unsaid = with_names(faulty_fans.bundle, other, names)
    assert list(unsaid) == ["Shaking"]
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
