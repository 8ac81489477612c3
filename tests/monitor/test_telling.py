import pytest

from auscult.errors import OptionError
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.event import Event
from auscult.monitor.live_view import LiveView, MachineNow
from auscult.monitor.telling import Teller, output_names


def teller(settings, store):
    return Teller(settings, store, LiveView(0.05), on_state=lambda *_: None, act=lambda *_: [])


def test_names_are_those_of_the_store(settings_of):
    assert output_names(settings_of()) == ()
    settings = settings_of(mqtt={"host": "b"}, azure={}, webhooks={"ops": {"url": "http://x"}})
    assert output_names(settings) == ("mqtt", "azure", "webhook:ops")


def test_every_output_is_woken_and_pages_are_told(settings_of, store, caplog):
    caplog.set_level("INFO")
    settings = settings_of(mqtt={"host": "b"}, webhooks={"ops": {"url": "http://x"}})
    live = LiveView(0.05)
    told = Teller(settings, store, live, on_state=lambda *_: None, act=lambda *_: [])
    woken = []
    for output in told._outputs():
        output.wake = lambda: woken.append(1)
    with live.listen() as messages:
        told.tell(Event("1", 5.0, "fan/id_00", "alarm", "raised", {"fault": "imbalance", "who": ""}))
    assert messages.get_nowait()["event"]["what"] == "raised"
    assert len(woken) == 2
    assert "alarm fan/id_00 raised fault='imbalance'" in caplog.text
    assert [status.output for status in told.statuses] == ["mqtt", "webhook:ops"]


def test_what_is_the_case_is_three_topics(settings_of, store):
    told = teller(settings_of(mqtt={"host": "b"}), store)
    now = MachineNow("fan/id_00", "hall", Alarm("fan/id_00"), at=5.0, score=1.23456, state="running", evidence=0.5)
    told.show(now)
    shown = {topic.rpartition("/")[2]: content for topic, content in told._mqtt._shown.items()}
    assert b'"score": 1.235' in shown["score"]
    assert b'"alarm": "none"' in shown["state"]
    assert b'"health": "function check"' in shown["health"]


def test_azure_is_shown_the_same(settings_of, store):
    told = teller(settings_of(azure={}), store)
    told.show(MachineNow("fan/id_00", "hall", Alarm("fan/id_00"), at=5.0, score=1.23456, state="running"))
    due = {said.topic: said.payload for said in told._azure._pace.due(0.0)}
    assert due["score"]["score"] == 1.235
    assert due["state"]["alarm"] == "none"
    assert due["health"]["health"] == "function check"


def test_without_a_broker_nothing_is_shown(settings_of, store):
    teller(settings_of(), store).show(MachineNow("fan/id_00", "hall", Alarm("fan/id_00")))


def test_if_one_output_cannot_begin_none_does(settings_of, store, monkeypatch):
    monkeypatch.delenv("IOTEDGE_MODULEID", raising=False)
    told = teller(settings_of(mqtt={"host": "127.0.0.1", "port": 1}, azure={}), store)
    with pytest.raises(OptionError):
        told.start()
    assert not told._mqtt._thread.is_alive()


def test_what_a_former_monitor_told_of_machines_that_are_gone_is_cleared(settings_of, store):
    mqtt = {"host": "127.0.0.1", "port": 1}
    before = teller(settings_of(mqtt=mqtt, site="north"), store)
    before.start()
    before.stop()
    after = teller(settings_of(mqtt=mqtt, site="south"), store)
    assert "auscult/north/fan-id_00/state" in after._mqtt._stale
    after._mqtt._on_cleared()
    assert teller(settings_of(mqtt=mqtt, site="south"), store)._mqtt._stale == []


def test_the_log_has_times_in_utc_numbers_in_four_digits_and_a_lost_source_as_a_warning(settings_of, store, caplog):
    caplog.set_level("INFO")
    told = teller(settings_of(), store)
    body = {"raised_at": 1795809163.8422308, "peak_evidence": 30.669140353735788, "n": 12345}
    told.tell(Event("1", 5.0, "fan/id_00", "alarm", "raised", body))
    told.tell(Event("2", 5.0, "fan/id_00", "source", "lost", {"source": "hall", "error": "away"}))
    assert "raised_at=2026-11-27T19:52:43.842Z peak_evidence=30.67 n=12345" in caplog.text
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
