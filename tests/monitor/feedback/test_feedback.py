from dataclasses import replace

import numpy as np
import pytest

from auscult.errors import OptionError
from auscult.monitor.alarms.desk import AlarmDesk
from auscult.monitor.alarms.inputs import acknowledge
from auscult.monitor.decisions.decider import Decider
from auscult.monitor.feedback import feedback as said
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.feedback import known_sounds

SETTINGS = AlarmSettings(off_delay_s=0)
DAY_S = 86400.0
ORDER = ["normal"] * 6 + ["strange"] * 10 + ["normal"] * 16
"""Of windows of 2 s: an alarm, on the first of two days; on the second the same disturbance over other sound."""


class Site:
    """A store in which a machine was heard on some days, and what is asked of it."""

    def __init__(self, store, bundle, machine, windows):
        self.store, self.bundle, self.machine, self.windows = store, bundle, machine, windows
        self.recipe = recipe_id(bundle.manifest.features)
        self.desk = AlarmDesk(store, SETTINGS)
        self.decider = Decider(bundle, machine)

    def hear(self, start, first=0, kinds=ORDER):
        """Listen to windows of 2 s, and give the id of the alarm that was raised last."""
        with self.store.transaction():
            for number, kind in enumerate(kinds):
                heard = self.windows[kind][(number + first) % 20]
                at = start + 2.0 * number
                detection = self.decider.decide(heard, at, level_db=-20.0, state="running")
                self.store.add_detection(detection, heard.descriptors, recipe=self.recipe)
                self.desk.observe(detection)
        board = self.desk.board.of(self.machine)
        if board.is_open and board.acknowledged_at is None:
            self.desk.take(self.machine, lambda alarm: acknowledge(alarm, "Eve", at=at), at=at)
        return board.id

    def prepare(self, alarm_id, what="false alarm", **more):
        told = {"who": "Anna", "why": "the grinder", "at": self.now} | more
        return said.prepare(self.store, self.bundle, alarm_id, what, **told)

    def effect(self, feedback, **more):
        return said.effect(self.store, self.bundle, feedback, SETTINGS, at=self.now, **more)

    def known(self, at=None):
        return known_sounds(self.store, self.bundle, self.machine, at=self.now if at is None else at)


@pytest.fixture(scope="session")
def windows(live_bundle, sounds):
    features = live_bundle.manifest.features
    return {
        kind: [features.features(sounds[kind][n * 32000 : (n + 1) * 32000]) for n in range(20)]
        for kind in ("normal", "strange")
    }


@pytest.fixture
def site(store, live_bundle, live_machine, windows, clock):
    site = Site(store, live_bundle, live_machine, windows)
    site.first = site.hear(clock.at)
    site.second = site.hear(clock.at + DAY_S, first=7)
    site.now = clock.at + DAY_S + 100
    return site


def test_what_is_said_has_the_anomalous_windows_of_the_alarm(site, clock):
    feedback = site.prepare(site.first)
    detections, X = site.store.descriptors(site.machine, site.recipe, within=(clock.at, clock.at + 100))
    cleared_at = site.store.alarm(site.first).cleared_at
    is_marked = [one.is_anomalous and one.at <= cleared_at for one in detections]
    assert detections[np.argmax(is_marked)].at < site.store.alarm(site.first).raised_at  # evidence had to gather
    np.testing.assert_array_equal(feedback.descriptors, X[is_marked])
    assert 5 <= len(feedback.descriptors) <= 16
    assert (feedback.machine, feedback.alarm_id, feedback.recipe) == (site.machine, site.first, site.recipe)
    assert (feedback.who, feedback.why, feedback.what, feedback.fault) == ("Anna", "the grinder", "false alarm", None)
    assert feedback.expires_at == site.now + 90 * DAY_S
    assert site.prepare(site.first, keep_days=None).expires_at is None
    assert site.store.feedback() == []


def test_of_a_long_alarm_some_windows_are_kept_of_all_its_time(site, clock):
    site.hear(clock.at + 2 * DAY_S, kinds=["strange"] * 100)
    alarm_id = site.desk.board.of(site.machine).id
    site.now = clock.at + 2 * DAY_S + 1000
    marked = site.prepare(alarm_id).descriptors
    _, X = site.store.descriptors(site.machine, site.recipe, within=(clock.at + 2 * DAY_S, site.now))
    assert len(marked) == said.MOST_WINDOWS
    places = [int(np.argmax((window == X).all(axis=1))) for window in marked]
    assert X[-20:].tolist().count(marked[-1].tolist()) >= 1
    assert len(set(places)) > 15


def test_the_effect_is_shown_before_anything_changes(site):
    feedback = site.prepare(site.first)
    found = site.effect(feedback)
    assert (len(found.before), len(found.lost), len(found.after)) == (2, 2, 0)  # the same again a day later
    assert str(found) == "would have removed 2 of the last 2 alarms, 0 of them confirmed faults"
    assert len(site.effect(feedback, days=0.5).before) == 1
    assert site.store.feedback() == []
    assert site.store.events(kind="feedback") == []


def test_a_fault_that_was_confirmed_is_not_removed_with_a_false_alarm_that_is_like_it(site):
    said.give(site.store, site.prepare(site.second, "fault", fault="loose belt"))
    found = site.effect(site.prepare(site.first))
    assert str(found) == "would have removed 1 of the last 2 alarms, 0 of them confirmed faults"
    assert found.lost[0].raised_at < found.after[0].raised_at


def test_a_confirmed_fault_that_would_be_removed_is_counted(site):
    said.give(site.store, site.prepare(site.second, "fault", fault="loose belt", keep_days=1e-4))
    site.now += 60  # it has expired: nothing is named after it any more, but a fault it was
    found = site.effect(site.prepare(site.first))
    assert str(found) == "would have removed 2 of the last 2 alarms, 1 of them confirmed faults"


def test_a_fault_that_is_named_removes_no_alarm(site):
    found = site.effect(site.prepare(site.first, "fault", fault="loose belt"))
    assert (len(found.lost), len(found.gained), found.later_s) == (0, 0, [])


def test_what_is_given_acts_is_told_and_counts_for_the_alarm(site):
    feedback = site.prepare(site.first)
    found = site.effect(feedback)
    (event,) = said.give(site.store, feedback, expected=found)
    assert site.store.events(kind="feedback") == [event]
    assert (event.machine, event.what, event.at) == (site.machine, "given", site.now)
    assert event.body["who"] == "Anna"
    assert event.body["why"] == "the grinder"
    assert event.body["effect"] == str(found)
    assert (event.body["alarm_id"], event.body["feedback_id"]) == (site.first, feedback.id)
    assert event.body["n_windows"] == len(feedback.descriptors)
    assert site.store.alarm(site.first).is_confirmed is False
    assert (
        site.known().why_normal(site.windows["strange"][19].descriptors, site.now).startswith("like the false alarm of")
    )


def test_taken_back_it_is_as_if_it_had_not_been_said(site):
    feedback = site.prepare(site.first)
    said.give(site.store, feedback)
    event = said.undo(site.store, feedback.id, " Bert ", "it was the belt", at=site.now + 5)
    assert (event.what, event.body["who"], event.body["why"]) == ("taken back", "Bert", "it was the belt")
    assert site.known().sounds == ()
    assert site.store.alarm(site.first).is_confirmed is None
    (kept,) = site.store.feedback()
    assert (kept.undone_by, kept.undone_at, kept.who) == ("Bert", site.now + 5, "Anna")  # who said it is not forgotten
    with pytest.raises(OptionError, match="was taken back by Bert on 2027"):
        said.undo(site.store, feedback.id, "Anna", at=site.now)
    with pytest.raises(OptionError, match="is nothing that was said of an alarm"):
        said.undo(site.store, "nothing", "Anna", at=site.now)
    with pytest.raises(OptionError, match="who: is blank"):
        said.undo(site.store, feedback.id, " ", at=site.now)


def test_what_taking_it_back_would_change_can_be_seen_too(site):
    feedback = site.prepare(site.first)
    said.give(site.store, feedback)
    assert len(site.effect(feedback).lost) == 2


def test_something_else_said_of_the_same_alarm_takes_its_place(site):
    said.give(site.store, site.prepare(site.first))
    events = said.give(site.store, site.prepare(site.first, "fault", fault="loose belt", who="Bert"))
    assert [(event.what, event.body["who"]) for event in events] == [("taken back", "Bert"), ("given", "Bert")]
    (sound,) = site.known().sounds
    assert (sound.what, sound.fault, sound.who) == ("fault", "loose belt", "Bert")
    assert site.store.alarm(site.first).is_confirmed is True


def test_it_expires_and_that_is_told_once(site):
    feedback = site.prepare(site.first, keep_days=2)
    said.give(site.store, feedback)
    end = site.now + 2 * DAY_S
    assert said.tell_expired(site.store, since=site.now, until=end - 1) == []
    assert len(site.known(end - 1).sounds) == 1
    (event,) = said.tell_expired(site.store, since=end - 1, until=end + 10)
    assert (event.what, event.body["why"], event.body["feedback_id"]) == ("expired", "its time is over", feedback.id)
    assert said.tell_expired(site.store, since=end + 10, until=end + 20) == []
    assert site.known(end).sounds == ()
    said.undo(site.store, feedback.id, "Anna", at=site.now)
    assert said.tell_expired(site.store, since=end - 1, until=end + 10) == []


def test_of_windows_that_are_not_kept_only_the_word_is_kept(site, store):
    store.save_alarm(site.machine, "OLD", {"raised_at": 5.0, "cleared_at": 9.0, "acknowledged_at": None}, [])
    feedback = site.prepare("OLD")
    assert feedback.descriptors.shape == (0, 0)
    assert feedback.recipe == ""
    said.give(store, feedback)
    assert store.alarm("OLD").is_confirmed is False
    assert site.known().sounds == ()
    assert site.effect(feedback).lost == ()


def test_what_cannot_be_said(site):
    with pytest.raises(OptionError, match="nothing: is no alarm that is kept"):
        site.prepare("nothing")
    with pytest.raises(OptionError, match="who: is blank"):
        site.prepare(site.first, who=" ")
    with pytest.raises(OptionError, match=r"fault: has no name\. Say what the fault is called"):
        site.prepare(site.first, "fault", fault=" ")
    with pytest.raises(OptionError, match=r"fault: is given for a false alarm, which is no fault\. Leave out"):
        site.prepare(site.first, fault="belt")
    with pytest.raises(OptionError, match="expected false alarm or fault, got 'noise'"):
        site.prepare(site.first, "noise")
    with pytest.raises(OptionError, match="keep_days: expected more than 0 days"):
        site.prepare(site.first, keep_days=0)


def test_all_of_it_is_kept_or_nothing(site, monkeypatch):
    said.give(site.store, site.prepare(site.first))
    monkeypatch.setattr(site.store, "save_feedback", failing_at(site.store.save_feedback, 2))
    with pytest.raises(RuntimeError):
        said.give(site.store, site.prepare(site.first, "fault", fault="belt"))
    (kept,) = site.store.feedback()
    assert kept.undone_at is None
    assert len(site.store.events(kind="feedback")) == 1


def failing_at(function, number):
    calls = []

    def call(*args):
        calls.append(args)
        if len(calls) == number:
            raise RuntimeError
        function(*args)

    return call


def test_a_bundle_of_other_features_is_not_told_what_it_cannot_use(site):
    said.give(site.store, site.prepare(site.first))
    features = replace(site.bundle.manifest.features, fmin=10.0)
    other = replace(site.bundle, manifest=replace(site.bundle.manifest, features=features))
    assert known_sounds(site.store, other, site.machine, at=site.now).sounds == ()
