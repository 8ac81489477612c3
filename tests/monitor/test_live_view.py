import numpy as np

from auscult.features.recipe import Features
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.decisions.listener import Window
from auscult.monitor.event import Event
from auscult.monitor.live_view import COLUMNS_S, LOWEST_DB, MAX_WAITING, STEP_DB, LiveView, MachineNow

NOW = MachineNow("fan/id_00", "hall", Alarm("fan/id_00"))
FRAME_S = 0.05


def window(patch, at, n_new):
    heard = Features(patch.astype(np.float32), np.zeros(3, np.float32))
    return Window(at=at, heard=heard, n_new_frames=n_new, is_apart=True, level_db=-20.0)


def test_columns_are_the_new_frames_in_order_of_time():
    view = LiveView(FRAME_S)
    assert view.columns("fan/id_00") is None
    levels = LOWEST_DB + 10.0 * np.arange(40)[None] * np.ones((3, 1)) / 4
    view.hear("fan/id_00", window(levels[:, :20], 1.0, 20), NOW)
    view.hear("fan/id_00", window(levels[:, 10:30], 1.5, 10), NOW)
    found = view.columns("fan/id_00")
    assert found.column_s == 2 * FRAME_S
    assert found.ended_at == 1.5
    expected = (levels[0, 1:30:2] - LOWEST_DB) / STEP_DB
    np.testing.assert_allclose(found.levels[:, 0], np.rint(expected))


def test_a_minute_is_kept():
    view = LiveView(FRAME_S)
    for second in range(100):
        view.hear("fan/id_00", window(np.zeros((2, 20)), float(second), 20), NOW)
    assert len(view.columns("fan/id_00").levels) == COLUMNS_S / (2 * FRAME_S)


def test_whoever_listens_is_told_and_nobody_else():
    view = LiveView(FRAME_S)
    view.tell_event(Event("1", 0.0, "", "monitor", "started"))
    with view.listen() as messages:
        view.tell_event(Event("2", 0.0, "", "monitor", "started"))
        view.hear("fan/id_00", window(np.zeros((2, 20)), 0.0, 20), NOW)
        kinds = [messages.get_nowait()["kind"] for _ in range(2)]
    assert kinds == ["event", "window"]
    view.tell_event(Event("3", 0.0, "", "monitor", "started"))
    assert messages.empty()


def test_a_page_that_does_not_keep_up_is_left_out():
    view = LiveView(FRAME_S)
    with view.listen() as slow, view.listen() as quick:
        for number in range(MAX_WAITING + 10):
            view.tell({"number": number})
            quick.get_nowait()
        assert not view.is_listening(slow)
        assert view.is_listening(quick)
