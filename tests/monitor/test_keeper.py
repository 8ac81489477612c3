import time

from auscult.errors import DataError
from auscult.monitor.keeper import Keeper


def test_an_event_is_kept_before_it_is_told(store):
    seen = []
    keeper = Keeper(store, lambda event: seen.append((event.what, [kept.what for kept in store.events()])))
    keeper.event("monitor", "started", "", 5.0)
    assert seen == [("started", ["started"])]


def test_what_the_store_refuses_is_said_once_and_stops_nothing(store, monkeypatch, caplog):
    def refuse(_):
        raise DataError("events", "is full", "Free the disk.")

    told = []
    keeper = Keeper(store, told.append)
    monkeypatch.setattr(store, "add_event", refuse)
    for _ in range(3):
        keeper.event("monitor", "started", "", 5.0)
    assert len(told) == 3
    assert caplog.text.count("is full") == 1


def test_events_wait_for_the_end_of_what_keeps_them(store):
    told = []
    keeper = Keeper(store, told.append)

    def write():
        keeper.will_tell("later")
        assert told == []

    keeper.keep(write)
    assert told == ["later"]


def test_it_tidies_until_nothing_is_left_to_do_but_not_for_long(store, monkeypatch):
    answers = iter([True, True, False])
    monkeypatch.setattr(store, "tidy", lambda: next(answers))
    Keeper(store, lambda _: None).tidy()
    assert list(answers) == []
    monkeypatch.setattr(store, "tidy", lambda: True)
    before = time.monotonic()
    Keeper(store, lambda _: None).tidy()
    assert time.monotonic() - before < 1
