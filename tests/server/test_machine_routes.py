import base64

import pytest

from auscult.monitor.event import iso
from auscult.server.machine_routes import LONGEST_S, read_time

from .monitored import MonitorClient, detail


def test_the_overview_tells_every_machine(asked, alarm_id):
    overview = asked.json("/api/overview")
    assert [machine["machine"] for machine in overview["machines"]] == ["fan/id_00", "fan/id_02"]
    hall, roof = overview["machines"]
    assert (hall["alarm"]["id"], hall["alarm"]["state"]) == (alarm_id, "unacknowledged")
    assert hall["score"] > hall["threshold"]
    assert hall["evidence"] >= hall["alarm_at"]
    assert hall["health"]["word"] == "ok"
    assert (roof["score"], roof["alarm"]["state"]) == (None, "normal")
    assert (overview["n_open"], overview["is_flood"], overview["site"]) == (1, False, "site")


def test_a_machine_says_how_rare_its_false_alarms_are(asked):
    assert "of normal sound support no" in asked.json("/api/machines/fan-id_00")["promise"]


def test_one_machine_by_its_slug(asked):
    known = asked.json("/api/machines/fan-id_00")
    assert known == asked.json("/api/overview")["machines"][0] | {"promise": known["promise"]}


@pytest.mark.parametrize("path", ["", "/detections", "/spectrogram"])
def test_a_machine_that_is_not_listened_to(asked, path):
    assert "no machine that is listened to" in detail(asked.get(f"/api/machines/fan-id_77{path}"), 404)


def test_detections_of_the_last_hour_and_of_a_time(asked, alarmed):
    stored = alarmed.store.detections("fan/id_00")
    answer = asked.json("/api/machines/fan-id_00/detections")
    assert [one["at"] for one in answer["detections"]] == [iso(one.at) for one in stored]
    assert [one["score"] for one in answer["detections"]] == [one.score for one in stored]
    assert answer["until"] == iso(stored[-1].at)
    since, until = iso(stored[1].at - 0.1), iso(stored[2].at + 0.1)
    some = asked.json(f"/api/machines/fan-id_00/detections?since={since}&until={until}")
    assert [one["at"] for one in some["detections"]] == [iso(one.at) for one in stored[1:3]]
    assert asked.json("/api/machines/fan-id_02/detections")["detections"] == []


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("since=yesterday", "'yesterday' is no time"),
        ("until=99999-01-01", "is no time"),
        ("since=0001-01-01T00:00:00%2B14:00", "is no time"),
        ("until=0001-01-01T00:00:00Z", "is no time"),
        ("since=9999-12-31T23:59:59-14:00&until=9999-12-31T23:59:59-14:00", "is no time"),
        ("until=9999-12-31T23:59:59.999999Z", "is no time"),
        ("since=2026-02-02&until=2026-02-01", "is no time of up to 31 days"),
        ("since=2026-01-01&until=2026-12-01", "is no time of up to 31 days"),
    ],
)
def test_times_that_make_no_sense(asked, query, match):
    assert match in detail(asked.get(f"/api/machines/fan-id_00/detections?{query}"), 422)


def test_times_are_utc_unless_they_say_otherwise():
    assert read_time("since", "1970-01-01T00:00:01") == 1.0
    assert read_time("since", "1970-01-01T01:00:01+01:00") == 1.0
    assert LONGEST_S == 31 * 86400


def test_the_spectrogram_of_now(asked, alarmed):
    picture = asked.json("/api/machines/fan-id_00/spectrogram")
    columns = alarmed.live.columns("fan/id_00")
    assert base64.b64decode(picture["levels"]) == columns.levels.tobytes()
    assert asked.json("/api/machines/fan-id_02/spectrogram")["n_columns"] == 0


def test_a_microphone_is_commissioned_anew(asked, alarmed):
    answer = asked.send("/api/machines/fan-id_00/commission", {"why": "new cable", "who": "Ada"})
    assert answer.json()["machine"] == "fan/id_00"
    assert alarmed.store.events()[-1].body == {"who": "Ada", "why": "new cable"}
    detail(asked.send("/api/machines/fan-id_77/commission", {"who": "Ada"}), 404)
    detail(asked.send("/api/machines/fan-id_00/commission", {"who": "Ada"}, token=""), 401)


def test_a_machine_is_taken_out_of_service_and_back(asked, alarmed):
    answer = asked.send("/api/machines/fan-id_00/out-of-service", {"for_s": 7200, "why": "new belt", "who": "Ada"})
    assert answer.json()["alarm"]["state"] == "out of service"
    silence = alarmed.desk.board.of("fan/id_00").maintenance
    assert (silence.until - silence.since, silence.who, silence.why) == (7200, "Ada", "new belt")
    assert (
        asked.send("/api/machines/fan-id_00/in-service", {"who": "Bert"}).json()["alarm"]["state"] == "unacknowledged"
    )
    assert [change["who"] for change in alarmed.store.alarm_changes(machine="fan/id_00")][-2:] == ["Ada", "Bert"]
    assert "is not out of service" in detail(asked.send("/api/machines/fan-id_00/in-service", {"who": "Bert"}), 422)


@pytest.mark.parametrize("content", [{}, {"for_s": 0}, {"for_s": -1}, {"for_s": "x"}, {"for_s": 1, "more": 2}])
def test_maintenance_has_an_end(asked, content):
    detail(asked.send("/api/machines/fan-id_00/out-of-service", {"who": "Ada"} | content), 422)


def test_maintenance_that_is_too_long_is_refused_with_what_to_do_and_breaks_no_page(asked):
    refused = asked.send("/api/machines/fan-id_00/out-of-service", {"who": "Ada", "for_s": 1e12})
    assert "can be out of service for a year at most" in detail(refused, 422)
    assert asked.json("/api/overview")["machines"][0]["alarm"]["state"] == "unacknowledged"


@pytest.mark.parametrize("path", ["out-of-service", "in-service"])
def test_changing_needs_the_token(asked, alarmed, path):
    content = {"for_s": 60} if path == "out-of-service" else {}
    before = alarmed.desk.board
    url = f"/api/machines/fan-id_00/{path}"
    assert "nobody is signed in" in detail(asked.send(url, content, token=""), 401)
    assert "this is not the token" in detail(asked.send(url, content | {"who": "Eve"}, token="wrong"), 401)
    assert "may only be looked at" in detail(MonitorClient(alarmed, None).send(url, content | {"who": "Ada"}), 403)
    assert "who: is blank" in detail(asked.send(url, content), 422)
    other = asked.send(url, content | {"who": "Eve"}, Origin="http://evil.example")
    assert "may change nothing here" in detail(other, 403)
    assert alarmed.desk.board == before
