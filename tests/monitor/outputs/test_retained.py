from auscult.errors import DataError
from auscult.monitor.outputs.retained import RetainedTopics

MQTT = {"host": "b"}


def test_what_is_not_in_the_settings_any_more_is_stale_until_it_is_cleared(settings_of, store):
    before = RetainedTopics(settings_of(mqtt=MQTT, site="north"), store)
    assert before.stale == []
    before.remember()
    RetainedTopics(settings_of(), store).remember()  # without a broker nothing can be cleared
    for _ in range(2):  # the first was stopped before it was connected
        after = RetainedTopics(settings_of(mqtt=MQTT, site="south"), store)
        after.remember()
        assert {"auscult/north/status", "auscult/north/fan-id_00/score"} <= set(after.stale)
        assert "homeassistant/sensor/auscult_north_fan-id_00/health/config" in after.stale
        assert not [topic for topic in after.stale if "south" in topic]
    after.forget_stale()
    assert RetainedTopics(settings_of(mqtt=MQTT, site="south"), store).stale == []


def test_a_store_that_refuses_stops_nothing(settings_of, store, monkeypatch, caplog):
    def refuse(*_):
        raise DataError("events", "is full", "Free the disk.")

    monkeypatch.setattr(store, "set_state", refuse)
    RetainedTopics(settings_of(mqtt=MQTT), store).remember()
    assert "is full" in caplog.text
