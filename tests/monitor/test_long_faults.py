"""What lasts longer than a moment, with a started process: a broker that is away for an hour, a clock that jumps."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from .outputs.conftest import broker, broker_of, listen, wait_until  # noqa: F401 - fixtures
from .plant import SR, alarming_bundle, fan, plant  # noqa: F401 - fixtures

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
N_MINUTES = 60
SPOOL_MB = 10.0
"""Disk that an hour may take: all detections with their descriptors, events, a recording of each alarm."""


@pytest.fixture
def hour(tmp_path, fan):  # noqa: F811
    """An hour of a fan whose bearing is worn in one half of each minute, in recordings of a minute."""
    (tmp_path / "hour").mkdir()
    halves = [np.resize(fan[kind], 30 * SR) for kind in ("normal", "worn")]
    soundfile.write(tmp_path / "minute.wav", np.concatenate(halves), SR, subtype="PCM_16")
    for number in range(N_MINUTES):
        (tmp_path / "hour" / f"{number:02d}.wav").hardlink_to(tmp_path / "minute.wav")
    return tmp_path / "hour"


def identifiers(listener):
    """Of all events that came, in their order, twice if they came twice."""
    return [json.loads(content)["id"] for topic, content, _ in list(listener.messages) if topic.endswith("/event")]


def kept(plant):  # noqa: F811
    return [event_id for (event_id,) in plant.ask("SELECT id FROM events ORDER BY seq")]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_or_doubled_when_the_broker_is_away_for_an_hour(plant, broker, listen, hour):  # noqa: F811
    """An hour by the sound, which is played as fast as it can be heard; a score every second, an alarm every minute."""
    broker.stop()
    plant.sender.stop()
    machine = plant.settings["sources"]["hall"]["machine"]
    plant.settings["sources"] = {"hall": {"machine": machine, "kind": "replay", "path": str(hour), "speed": 1e6}}
    plant.settings["alarms"] = {"off_delay_s": 0, "clear_below": 0.5}
    plant.start()
    wait_until((plant.folder / "events" / "monitor.sqlite").exists, 60)
    wait_until(lambda: plant.ask("SELECT count(*) FROM events WHERE what = 'finished'") == [(1,)], 400)
    ((n_decided, since, until),) = plant.ask("SELECT count(*), min(at), max(at) FROM detections")
    assert n_decided > 1700  # it went on listening
    assert until - since == pytest.approx(3600, abs=30)
    n_alarms = plant.ask("SELECT count(*) FROM events WHERE what = 'raised'")[0][0]
    assert n_alarms >= N_MINUTES
    assert plant.ask("SELECT count(*) FROM deliveries") == plant.ask("SELECT count(*) FROM events")
    files = [path.stat().st_size for path in (plant.folder / "events").rglob("*") if path.is_file()]
    assert sum(files) < SPOOL_MB * 1e6 + n_alarms * 64 * SR  # no recording is longer than 16 s of 4 bytes
    broker.start()
    listener = listen(broker.port)
    wait_until(lambda: plant.ask("SELECT count(*) FROM deliveries") == [(0,)], 120)  # it is tried once a minute by now
    wait_until(lambda: len(identifiers(listener)) >= len(kept(plant)))
    assert identifiers(listener) == kept(plant)
    states = [content for topic, content, _ in listener.messages if topic == f"{plant.topic}/score"]
    assert len(states) == 1  # what was the case meanwhile is nobody's business any more


@pytest.mark.skipif(FAKETIME is None, reason="there is no libfaketime: apt install faketime")
@pytest.mark.slow
def test_a_process_whose_clock_jumps_goes_on(plant, broker, listen):  # noqa: F811
    """An hour ahead, and back again, with the broker away meanwhile: alarms, events and back-off are as ever."""
    jump = plant.folder / "clock"
    jump.write_text("+0")
    listener = listen(broker.port)
    plant.start(
        LD_PRELOAD=str(FAKETIME),
        FAKETIME_TIMESTAMP_FILE=str(jump),
        FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )

    def ahead_s():
        (found,) = plant.ask("SELECT max(at) FROM (SELECT at FROM detections ORDER BY id DESC LIMIT 1)")[0]
        return (found or 0.0) - time.time()

    def whats():
        return [what for (what,) in plant.ask("SELECT what FROM events WHERE kind = 'alarm' ORDER BY seq")]

    wait_until(lambda: len(listener.of(f"{plant.topic}/score")) > 2, 60)
    plant.sender.kind = "worn"
    wait_until(lambda: whats() == ["raised"], 60)
    jump.write_text("+3600")
    wait_until(lambda: ahead_s() == pytest.approx(3600, abs=30), 60)
    broker.stop()
    jump.write_text("+0")
    wait_until(lambda: ahead_s() == pytest.approx(0, abs=30), 60)
    broker.start()
    listener = listen(broker.port)
    wait_until(lambda: listener.of("auscult/north/status")[-1:] == ["online"], 20)  # not an hour
    assert whats() == ["raised"]
    assert plant.ask("SELECT what FROM events WHERE kind = 'health'") == [("ok",)]
    assert plant.ask("SELECT count(*) FROM events WHERE what = 'lost'") == [(0,)]
    wait_until(lambda: plant.ask("SELECT count(*) FROM deliveries") == [(0,)])
