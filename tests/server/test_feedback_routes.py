import threading

import pytest

from auscult.server import feedback_routes

from .monitored import SR, TOKEN, MonitorClient, detail, give

FALSE = {"what": "false alarm", "who": "Ada"}


def effect_of(client, alarm_id, query, token=TOKEN):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.get(f"/api/alarms/{alarm_id}/feedback-effect?{query}", headers=headers)


def test_the_effect_is_shown_and_nothing_kept(asked, alarmed, alarm_id):
    effect = effect_of(asked, alarm_id, "what=false alarm").json()
    assert effect["words"].startswith("would have removed 1 of the last 1 alarm")
    assert effect["n_windows"] > 0
    assert effect["lost"][0]["raised_at"].endswith("Z")
    assert alarmed.store.feedback() == []


def test_the_effect_is_shown_to_who_is_signed_in_where_there_is_a_token(asked, alarmed, alarm_id):
    assert "nobody is signed in" in detail(effect_of(asked, alarm_id, "what=false alarm", token=""), 401)
    assert effect_of(MonitorClient(alarmed, None), alarm_id, "what=false alarm", token="").status_code == 200


def test_one_effect_is_worked_out_at_a_time(asked, alarm_id, monkeypatch):
    began, may_end, answers = threading.Event(), threading.Event(), []
    try_out = feedback_routes.feedback_desk.try_out

    def slowly(*args, **options):
        began.set()
        assert may_end.wait(20)
        return try_out(*args, **options)

    monkeypatch.setattr(feedback_routes.feedback_desk, "try_out", slowly)
    first = threading.Thread(target=lambda: answers.append(effect_of(asked, alarm_id, "what=false alarm")))
    first.start()
    assert began.wait(20)
    busy = effect_of(asked, alarm_id, "what=false alarm")
    may_end.set()
    first.join()
    assert "Try again soon" in detail(busy, 503)
    assert busy.headers["Retry-After"] == "5"
    assert answers[0].status_code == 200
    assert effect_of(asked, alarm_id, "what=false alarm").status_code == 200


def test_a_false_alarm_is_ignored_from_then_on_until_that_is_taken_back(asked, alarmed, alarm_id, sounds):
    known = asked.send(f"/api/alarms/{alarm_id}/feedback", FALSE | {"why": "the grinder", "keep_days": 30}).json()
    assert known["alarm"]["is_confirmed"] is False
    (said,) = known["feedback"]
    assert (said["who"], said["what"], said["why"], said["undone_at"]) == ("Ada", "false alarm", "the grinder", None)
    give(alarmed, sounds["strange"][: 6 * SR])
    assert "like the false alarm of" in asked.json("/api/machines/fan-id_00/detections")["detections"][-1]["ignored"]
    known = asked.send(f"/api/feedback/{said['id']}/undo", {"who": "Bert"}).json()
    assert known["alarm"]["is_confirmed"] is None
    assert known["feedback"][0]["undone_by"] == "Bert"
    assert "was taken back by Bert" in detail(asked.send(f"/api/feedback/{said['id']}/undo", {"who": "Bert"}), 422)


def test_a_fault_becomes_known_by_its_name(asked, alarm_id):
    known = asked.send(
        f"/api/alarms/{alarm_id}/feedback", {"what": "fault", "fault": "loose belt", "who": "Ada"}
    ).json()
    assert known["alarm"]["is_confirmed"] is True
    fault = asked.json("/api/faults")["faults"][-1]
    assert (fault["name"], fault["exemplars"][0]["alarm_id"]) == ("loose belt", alarm_id)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({}, "what: Field required"),
        ({"what": "noise"}, "what:"),
        ({"what": "fault"}, "has no name"),
        ({"what": "false alarm", "fault": "belt"}, "is no fault"),
        ({"what": "false alarm", "keep_days": 0}, "keep_days"),
    ],
)
def test_what_makes_no_sense(asked, alarmed, alarm_id, content, match):
    assert match in detail(asked.send(f"/api/alarms/{alarm_id}/feedback", content | {"who": "Ada"}), 422)
    assert alarmed.store.feedback() == []


def test_what_is_not_there(asked):
    assert "no such alarm" in detail(effect_of(asked, "01NONE", "what=fault&fault=x"), 404)
    assert "no such alarm" in detail(asked.send("/api/alarms/01NONE/feedback", FALSE), 404)
    assert "nothing that was said" in detail(asked.send("/api/feedback/01NONE/undo", {"who": "Ada"}), 422)
    assert effect_of(asked, "01NONE", "what=noise").status_code == 422


@pytest.mark.parametrize("keep_days", ["-1", "0", "1e9", "nan", "inf", "x"])
def test_the_effect_for_a_time_that_makes_no_sense(asked, alarm_id, keep_days):
    answer = effect_of(asked, alarm_id, f"what=fault&fault=x&keep_days={keep_days}")
    assert detail(answer, 422).startswith("keep_days: Input should be")


def test_saying_needs_the_token(asked, alarmed, alarm_id):
    for path, content in ((f"/api/alarms/{alarm_id}/feedback", FALSE), ("/api/feedback/F/undo", {"who": "Eve"})):
        assert "nobody is signed in" in detail(asked.send(path, content, token=""), 401)
        assert "this is not the token" in detail(asked.send(path, content, token="wrong"), 401)
        assert "may only be looked at" in detail(MonitorClient(alarmed, None).send(path, content), 403)
        assert "may change nothing here" in detail(asked.send(path, content, Origin="http://evil.example"), 403)
    assert alarmed.store.feedback() == []
