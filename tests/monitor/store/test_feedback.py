from dataclasses import replace

import numpy as np
import pytest

from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.feedback import in_force, known_sounds, sounds_of

NOW = 1_800_000_000.0


class Said:
    """A store in which there is nothing but what people said."""

    def __init__(self, *feedback):
        self._feedback = feedback

    def feedback(self, *, machine=None, alarm_id=None):
        return [one for one in self._feedback if machine in (None, one.machine) and alarm_id in (None, one.alarm_id)]


@pytest.fixture
def one(said, live_bundle, live_machine):
    """A false alarm, its windows unlike anything normal."""
    bank = live_bundle.detector.machines[live_machine].model.bank_
    recipe = recipe_id(live_bundle.manifest.features)
    marked = (bank[:3] + np.float32(30)).astype(np.float32)
    return said.feedback("A0", "false alarm", machine=live_machine, recipe=recipe, descriptors=marked, expires_at=NOW)


def test_what_was_taken_back_or_has_expired_or_is_of_another_machine_does_not_count(one):
    others = [
        replace(one, alarm_id="A1", undone_at=NOW - 1, undone_by="Bert"),
        replace(one, alarm_id="A2", expires_at=None),
        replace(one, alarm_id="A3", machine="pump/id_04"),
    ]
    store = Said(one, *others)
    assert [it.alarm_id for it in in_force(store, one.machine, at=NOW - 0.1)] == ["A0", "A2"]
    assert [it.alarm_id for it in in_force(store, one.machine, at=NOW)] == ["A2"]


def test_as_a_bundle_uses_it(one, live_bundle):
    known = known_sounds(Said(one), live_bundle, one.machine, at=NOW - 60)
    (sound,) = known.sounds
    assert (sound.id, sound.what, sound.fault, sound.who) == (one.id, "false alarm", None, "Ada")
    assert (sound.at, sound.expires_at) == (one.at, NOW)
    assert known.why_normal(one.descriptors[0], NOW - 60).startswith("like the false alarm of 2027-01-15")
    assert known.why_normal(one.descriptors[0], NOW) == ""
    assert known_sounds(Said(one), live_bundle, one.machine, at=NOW).sounds == ()


def test_windows_of_other_features_are_left_out(one, live_bundle):
    others = [replace(one, recipe="0123456789abcdef"), replace(one, recipe="", descriptors=np.empty((0, 0)))]
    assert sounds_of(live_bundle, one.machine, others).sounds == ()
    assert len(sounds_of(live_bundle, one.machine, [one, *others]).sounds) == 1


def test_the_real_store_keeps_what_is_needed(one, store, live_bundle):
    store.save_feedback(one)
    known = known_sounds(store, live_bundle, one.machine, at=NOW - 60)
    assert known.why_normal(one.descriptors[1], NOW - 60)
