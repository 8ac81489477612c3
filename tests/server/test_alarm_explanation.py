from dataclasses import replace

from auscult.monitor.event import iso
from auscult.server.alarm_explanation import LOOK_BACK_S, explanation


def test_the_window_that_spoke_loudest_is_explained(alarmed, alarm_id):
    stored = alarmed.store.alarm(alarm_id)
    found = explanation(alarmed, stored)
    before = alarmed.store.detections("fan/id_00", within=(stored.raised_at - LOOK_BACK_S, stored.raised_at))
    loudest = max(before, key=lambda one: one.score)
    assert (found["at"], found["score"], found["problem"]) == (iso(loudest.at), loudest.score, "")
    assert found["Changes"][0]["words"]


def test_it_says_why_there_is_none(alarmed, alarm_id):
    stored = alarmed.store.alarm(alarm_id)
    long_ago = replace(stored, raised_at=stored.raised_at - 1e6)
    assert "not kept any more" in explanation(alarmed, long_ago)["problem"]
    assert "does not know the machine" in explanation(alarmed, replace(stored, machine="fan/id_99"))["problem"]
