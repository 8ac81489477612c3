import json

import anyio
import pytest

from auscult.monitor.event import Event
from auscult.server import event_stream as module
from auscult.server.event_stream import event_stream, message

from .monitored import SR, give


def read(stream, n, meanwhile=lambda: None):
    """The first messages of a stream, each as its lines, with something done once it has begun."""

    async def read():
        found = []
        async for text in stream:
            found += [dict(line.split(": ", 1) for line in one.split("\n")) for one in text.split("\n\n") if one]
            if any(one.get("event") == "ready" for one in found):
                await anyio.to_thread.run_sync(once)
            if len(found) >= n:
                break
        await stream.aclose()
        return found

    pending = [meanwhile]

    def once():
        while pending:
            pending.pop()()

    return anyio.run(read)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 0.001)


def test_a_stream_begins_with_the_last_event(alarmed):
    last = alarmed.store.latest_events(1)[0]
    assert read(event_stream(lambda: alarmed), 2) == [
        {"retry": "2000"},
        {"id": last.id, "event": "ready", "data": "{}"},
    ]


def test_news_and_columns_of_the_machine_that_is_looked_at(alarmed, sounds):
    stream = event_stream(lambda: alarmed, columns_of="fan/id_00")
    found = read(stream, 4, lambda: give(alarmed, sounds["normal"][: 4 * SR]))
    windows = [json.loads(one["data"]) for one in found if one.get("event") == "window"]
    assert windows[0]["machine"] == "fan/id_00"
    assert len(windows[0]["columns"][0]) == alarmed.bundle.manifest.features.n_mels
    assert "id" not in next(one for one in found if one.get("event") == "window")
    without = read(event_stream(lambda: alarmed), 4, lambda: give(alarmed, sounds["normal"][: 4 * SR]))
    assert all("columns" not in json.loads(one["data"]) for one in without if one.get("event") == "window")


def test_a_reader_that_comes_back_misses_nothing(alarmed):
    before = alarmed.store.latest_events(1)[0].id
    for _ in range(3):
        alarmed.note("tried", {})
    missed = [event.id for event in alarmed.store.events(after=before)]
    assert len(missed) == 3
    found = read(event_stream(lambda: alarmed, last_id=before), 6, lambda: alarmed.note("news", {}))
    events = [one for one in found if one.get("event") == "event"]
    assert [one["id"] for one in events[:3]] == missed
    assert json.loads(events[3]["data"])["what"] == "news"
    assert len({one["id"] for one in events}) == 4


def test_an_event_is_not_sent_twice(alarmed):
    """It may be kept and told just while a reader comes back."""
    before = alarmed.store.latest_events(1)[0].id
    alarmed.note("tried", {})
    (event,) = alarmed.store.events(after=before)
    stream = event_stream(lambda: alarmed, last_id=before)

    def again():
        alarmed.live.tell_event(event)
        alarmed.live.tell_event(Event("Z", 0.0, "", "monitor", "last"))

    ids = [one["id"] for one in read(stream, 4, again) if one.get("event") == "event"]
    assert ids == [event.id, "Z"]


def test_it_ends_when_the_monitor_is_replaced_or_the_server_stops(alarmed, make_monitor):
    current = [alarmed]
    assert (
        len(
            read(
                event_stream(lambda: current[0]),
                99,
                lambda: current.append(current.pop(0)) or current.insert(0, make_monitor()),
            )
        )
        == 2
    )
    stopping = []
    stream = event_stream(lambda: alarmed, is_stopping=lambda: bool(stopping))
    assert len(read(stream, 99, lambda: stopping.append(True))) == 2
    assert not alarmed.live._waiting


def test_a_stream_that_has_nothing_to_say_stays_alive(alarmed, monkeypatch):
    monkeypatch.setattr(module, "ALIVE_S", 0.0)
    assert read(event_stream(lambda: alarmed), 3)[2] == {"": "alive"}


def test_messages_hold_one_line():
    assert message("event", {"why": "a\nb"}, "1") == 'id: 1\nevent: event\ndata: {"why": "a\\nb"}\n\n'
