import threading
import time

import pytest

from auscult.errors import DataError, OptionError
from auscult.monitor import commands as module
from auscult.monitor.commands import Commands


@pytest.fixture
def running():
    """Commands of a thread that calls them when it is woken."""
    woken, over = threading.Event(), threading.Event()
    commands = Commands(woken.set)

    def run():
        while not over.is_set():
            woken.wait()
            woken.clear()
            commands.run()

    thread = threading.Thread(target=run)
    commands.belong_to(thread)
    thread.start()
    yield commands
    over.set()
    woken.set()
    thread.join()


def test_functions_are_called_in_the_thread_they_belong_to(running):
    assert running.do(threading.current_thread) is not threading.current_thread()
    assert running.do(lambda: running.do(threading.current_thread)) is running.do(threading.current_thread)


def test_errors_are_the_callers(running):
    def fail():
        raise OptionError("shelve", "is not possible", "Do not.")

    with pytest.raises(OptionError, match="is not possible"):
        running.do(fail)
    assert running.do(lambda: 1) == 1


def test_without_a_thread_they_are_called_at_once():
    assert Commands(lambda: None).do(threading.current_thread) is threading.current_thread()


def test_a_thread_that_does_not_come_to_it_is_not_waited_for_ever(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.05)
    commands, over, called = Commands(lambda: None), threading.Event(), []
    thread = threading.Thread(target=over.wait)
    commands.belong_to(thread)
    thread.start()
    try:
        with pytest.raises(DataError, match="did not come to it"):
            commands.do(lambda: called.append(1))
        commands.run()
        assert not called  # what was given up is not done later
    finally:
        over.set()
        thread.join()


def test_many_threads_at_once(running):
    counts = []
    threads = [threading.Thread(target=lambda: running.do(lambda: counts.append(time.monotonic()))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 50


def test_before_its_thread_begins_they_are_called_at_once_and_after_its_end_not():
    commands, called = Commands(lambda: None), []
    thread = threading.Thread(target=commands.end)
    commands.belong_to(thread)
    commands.do(lambda: called.append("before"))
    waits = commands.later(lambda: called.append("waiting"))
    thread.start()
    thread.join()
    assert waits.done()
    with pytest.raises(DataError, match="taking new settings"):
        commands.do(lambda: called.append("after"))
    assert isinstance(commands.later(lambda: called.append("after")).exception(), DataError)
    assert called == ["before", "waiting"]


def test_while_its_thread_ends_nothing_more_is_taken(running):
    running.do(running.end)
    with pytest.raises(DataError, match="taking new settings"):
        running.do(lambda: 1)
