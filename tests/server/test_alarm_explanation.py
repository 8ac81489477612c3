from dataclasses import replace

import pytest

from auscult.monitor.event import iso
from auscult.monitor.store.rows import StoredAudio
from auscult.server.alarm_explanation import LOOK_BACK_S, explanation


@pytest.fixture
def stored(alarmed, alarm_id):
    return alarmed.store.alarm(alarm_id)


@pytest.fixture
def before(alarmed, stored):
    """Detections before the alarm."""
    return alarmed.store.detections("fan/id_00", within=(stored.raised_at - LOOK_BACK_S, stored.raised_at))


@pytest.fixture
def record(alarmed, monkeypatch, tmp_path):
    """Function that makes a span of time the only one that is recorded."""

    def record(began_at, ended_at):
        one = StoredAudio(tmp_path / "x.flac", "", "fan/id_00", began_at, ended_at - began_at)
        monkeypatch.setattr(alarmed.store, "audio", lambda _alarm_id: [one])

    return record


def test_the_window_that_spoke_loudest_is_explained(alarmed, stored, before, record):
    record(before[0].at - 60, stored.raised_at)
    found = explanation(alarmed, stored)
    loudest = max(before, key=lambda one: one.score)
    assert (found["at"], found["score"], found["problem"]) == (iso(loudest.at), loudest.score, "")
    assert (found["Changes"][0]["words"] != "", found["not_recorded"]) == (True, "")


def test_of_windows_only_those_that_can_be_listened_to(alarmed, stored, before, record):
    quiet = min(before, key=lambda one: one.score)
    window_s = alarmed.bundle.detector.machines["fan/id_00"].rule.interval_s
    record(quiet.at - window_s, quiet.at)
    assert explanation(alarmed, stored)["at"] == iso(quiet.at)


def test_before_there_is_a_recording_it_is_known_what_will_be_recorded(alarmed, stored, before, monkeypatch):
    monkeypatch.setattr(alarmed.store, "audio", lambda _alarm_id: [])
    found = explanation(alarmed, stored)
    assert (found["at"], found["not_recorded"]) == (iso(before[-1].at), "")


def test_a_window_that_no_recording_holds_is_said_to_be_outside(alarmed, stored, before, record):
    loudest = max(before, key=lambda one: one.score)
    record(stored.raised_at + 50, stored.raised_at + 60)
    found = explanation(alarmed, stored)
    assert found["at"] == iso(loudest.at)
    ended_s = round(stored.raised_at + 50 - loudest.at)
    assert f"explained ended {ended_s} s before the recording begins" in found["not_recorded"]


def test_it_says_why_there_is_none(alarmed, stored):
    long_ago = replace(stored, raised_at=stored.raised_at - 1e6)
    assert "not kept any more" in explanation(alarmed, long_ago)["problem"]
    assert "does not know the machine" in explanation(alarmed, replace(stored, machine="fan/id_99"))["problem"]
