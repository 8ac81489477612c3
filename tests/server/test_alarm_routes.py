import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.change import AlarmChange
from auscult.monitor.event import iso
from auscult.server.alarm_routes import PAGE

from .monitored import SR, T0, MonitorClient, detail, give


def save(store, number, at, machine="fan/id_02", **values):
    """Save an alarm that is over."""
    alarm_id = f"01A{number:04d}"
    values = {
        "raised_at": at,
        "last_raised_at": at,
        "n_raised": 1,
        "cleared_at": at + 60,
        "acknowledged_at": at + 9,
    } | values
    alarm = Alarm(machine, id=alarm_id, **values)
    change = AlarmChange(at, machine, alarm_id, "raised", "unacknowledged")
    store.save_alarm(machine, alarm_id, alarm.to_dict(), [change.to_dict()])
    return alarm_id


def test_open_alarms_and_all(asked, alarmed, alarm_id):
    past = save(alarmed.store, 1, T0 - 500)
    waiting = save(alarmed.store, 2, T0 - 400, acknowledged_at=None)
    ids = [alarm["id"] for alarm in asked.json("/api/alarms")["alarms"]]
    assert ids == [alarm_id, waiting]
    ids = [alarm["id"] for alarm in asked.json("/api/alarms?state=all")["alarms"]]
    assert ids == [alarm_id, waiting, past]
    ids = [alarm["id"] for alarm in asked.json("/api/alarms?state=all&machine=fan-id_02")["alarms"]]
    assert ids == [waiting, past]
    assert [one["id"] for one in asked.json("/api/alarms?machine=fan-id_00")["alarms"]] == [alarm_id]


def test_pages_have_every_alarm_once(asked, alarmed, alarm_id):
    """Among them many that were raised at the very same time."""
    saved = {save(alarmed.store, n, T0 - 10 * (n // 9), machine="fan/id_02") for n in range(2 * PAGE + 20)}
    found, before = [], ""
    while before is not None:
        page = asked.json(f"/api/alarms?state=all{f'&before={before}' if before else ''}")
        assert len(page["alarms"]) <= PAGE
        found += [alarm["id"] for alarm in page["alarms"]]
        before = page["next"]
    assert len(found) == len(set(found))
    assert set(found) == saved | {alarm_id}


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("?state=some", 422, "state: Input should be 'open' or 'all'"),
        ("?machine=fan-id_77", 404, "no machine that is listened to"),
        ("?state=all&before=nothing", 404, "there is no such alarm"),
        ("/01NONE/audio?n=abc", 422, "n: Input should be a valid integer"),
        ("/01NONE/feedback-effect?what=joke", 422, "what: Input should be 'false alarm' or 'fault'"),
    ],
)
def test_questions_that_make_no_sense(asked, path, status, said):
    assert said in detail(asked.get(f"/api/alarms{path}"), status)


def test_everything_about_an_alarm(asked, alarmed, alarm_id):
    known = asked.json(f"/api/alarms/{alarm_id}")
    assert known["alarm"]["life"] == "unacknowledged"
    assert [change["what"] for change in known["changes"]] == ["raised"]
    assert known["changes"][0]["at"] == known["alarm"]["raised_at"]
    (audio,) = known["audio"]
    assert audio["duration_s"] == pytest.approx(4, abs=0.6)
    assert audio["moments_s"] == [pytest.approx(2, abs=0.6)]
    times = [one["at"] for one in known["detections"]]
    assert times == [iso(one.at) for one in alarmed.store.detections("fan/id_00")]
    assert known["feedback"] == []


def test_its_sound_is_what_was_heard_in_whole_and_in_parts(asked, alarmed, alarm_id):
    (kept,) = alarmed.store.audio(alarm_id)
    content = kept.path.read_bytes()
    whole = asked.get(f"/api/alarms/{alarm_id}/audio")
    assert (whole.content, whole.headers["content-type"]) == (content, "audio/flac")
    part = asked.get(f"/api/alarms/{alarm_id}/audio", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    loud, _ = soundfile.read(io.BytesIO(asked.get(f"/api/alarms/{alarm_id}/audio?level=full").content))
    assert np.abs(loud).max() == pytest.approx(0.9, abs=0.001)


def test_its_picture_says_when_it_was_raised(asked, alarm_id):
    picture = asked.json(f"/api/alarms/{alarm_id}/spectrogram")
    assert picture["moments_s"] == asked.json(f"/api/alarms/{alarm_id}")["audio"][0]["moments_s"]
    assert picture["duration_s"] == pytest.approx(4, abs=0.6)


def test_what_is_not_there(asked, alarmed, alarm_id):
    for path in ("", "/audio", "/spectrogram", "/explanation"):
        assert "there is no such alarm" in detail(asked.get(f"/api/alarms/01NONE{path}"), 404)
    assert "has 1 recording(s)" in detail(asked.get(f"/api/alarms/{alarm_id}/audio?n=1"), 404)
    assert "has 1 recording(s)" in detail(asked.get(f"/api/alarms/{alarm_id}/spectrogram?n=-1"), 404)
    alarmed.store.audio(alarm_id)[0].path.unlink()
    assert "has no recording" in detail(asked.get(f"/api/alarms/{alarm_id}/audio"), 404)
    assert asked.json(f"/api/alarms/{alarm_id}")["audio"] == []


def test_what_was_different_is_explained(asked, alarm_id):
    """A tone of 3 kHz was added."""
    found = asked.json(f"/api/alarms/{alarm_id}/explanation")
    level = next(change for change in found["Changes"] if change["what"] == "level")
    assert level["low_hz"] < 3000 < level["high_hz"]
    assert level["change"] > 10


def test_a_person_acknowledges(asked, alarmed, alarm_id):
    known = asked.send(f"/api/alarms/{alarm_id}/acknowledge", {"who": "Ada", "why": "on my way"}).json()
    assert known["alarm"]["state"] == "acknowledged"
    assert (known["changes"][-1]["who"], known["changes"][-1]["why"]) == ("Ada", "on my way")
    assert alarmed.store.alarm(alarm_id).acknowledged_at is not None
    again = asked.send(f"/api/alarms/{alarm_id}/acknowledge", {"who": "Bert"})
    assert "Ada has acknowledged already" in detail(again, 422)


def test_an_alarm_is_shelved_for_some_time_and_no_longer(asked, alarmed, alarm_id):
    path = f"/api/alarms/{alarm_id}"
    known = asked.send(f"{path}/shelve", {"for_s": 600, "who": "Ada"}).json()
    assert known["alarm"]["state"] == "shelved"
    shelf = alarmed.desk.board.of("fan/id_00").shelf
    assert shelf.until - shelf.since == 600
    assert asked.send(f"{path}/unshelve", {"who": "Ada"}).json()["alarm"]["state"] == "unacknowledged"
    assert "can be shelved for" in detail(asked.send(f"{path}/shelve", {"for_s": 1e6, "who": "Ada"}), 422)
    assert "for_s" in detail(asked.send(f"{path}/shelve", {"who": "Ada"}), 422)
    assert "has no shelved alarm" in detail(asked.send(f"{path}/unshelve", {"who": "Ada"}), 422)


def test_a_latched_alarm_is_reset(make_monitor, sounds):
    monitor = make_monitor(alarms={"is_latched": True, "off_delay_s": 0})
    give(monitor, sounds["strange"][: 16 * SR])
    client, alarm_id = MonitorClient(monitor), monitor.desk.board.of("fan/id_00").id
    path = f"/api/alarms/{alarm_id}"
    assert "still has the cause" in detail(client.send(f"{path}/reset", {"who": "Ada"}), 422)
    while monitor.desk.board.of("fan/id_00").is_active:
        give(monitor, sounds["normal"][: 10 * SR])
    client.send(f"{path}/acknowledge", {"who": "Ada"})
    assert client.send(f"{path}/reset", {"who": "Ada"}).json()["alarm"]["state"] == "normal"


def test_an_alarm_that_is_not_the_present_one_stays_as_it_is(asked, alarmed):
    past = save(alarmed.store, 1, T0 - 500, machine="fan/id_00")
    gone = save(alarmed.store, 2, T0 - 500, machine="fan/id_99")
    refusal = detail(asked.send(f"/api/alarms/{past}/acknowledge", {"who": "Ada"}), 422)
    assert "has another alarm by now" in refusal
    assert "is not listened to any more" in detail(
        asked.send(f"/api/alarms/{gone}/shelve", {"for_s": 9, "who": "A"}), 409
    )
    assert "there is no such alarm" in detail(asked.send("/api/alarms/01NONE/reset", {"who": "Ada"}), 404)


def test_an_alarm_of_a_machine_that_is_not_listened_to_any_more_is_acknowledged(asked, alarmed):
    alarmed.desk.observe(replace(alarmed.store.last_detection("fan/id_00"), machine="fan/id_99", evidence=99.0))
    gone = alarmed.desk.board.of("fan/id_99").id
    alarmed.desk.give_up_others(alarmed.watches, at=alarmed.clock.at)
    assert asked.json("/api/overview")["n_open"] == 2
    known = asked.send(f"/api/alarms/{gone}/acknowledge", {"who": "Ada"}).json()
    assert (known["alarm"]["life"], known["alarm"]["acknowledged_by"]) == ("normal", "Ada")
    assert asked.json("/api/overview")["n_open"] == 1


@pytest.mark.parametrize("what", ["acknowledge", "reset", "shelve", "unshelve"])
def test_changing_needs_the_token(asked, alarmed, alarm_id, what):
    content = {"for_s": 60} if what == "shelve" else {}
    before = replace(alarmed.desk.board)
    url = f"/api/alarms/{alarm_id}/{what}"
    assert "nobody is signed in" in detail(asked.send(url, content, token=""), 401)
    assert "this is not the token" in detail(asked.send(url, content | {"who": "Eve"}, token="wrong"), 401)
    assert "may only be looked at" in detail(MonitorClient(alarmed, None).send(url, content | {"who": "Ada"}), 403)
    assert "may change nothing here" in detail(
        asked.send(url, content | {"who": "E"}, Origin="http://evil.example"), 403
    )
    form = asked.post(url, data=content, headers={"Authorization": "Bearer correct horse"})
    assert form.status_code == 415
    assert alarmed.desk.board == before
