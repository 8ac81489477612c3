import numpy as np

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.past.stored_past import DAY_S, confirmed_faults, pasts_of
from auscult.monitor.store.descriptors import recipe_id

T0 = 1_800_000_000.0


def test_the_past_comes_day_by_day_every_window_once(store, said, live_bundle, live_machine):
    times = [T0 + share * DAY_S for share in (-0.1, 0, 0.2, 1.0, 1.1, 3.0, 3.1, 5.0)]
    recipe = recipe_id(live_bundle.manifest.features)
    for number, at in enumerate(times):
        X = np.full(3, number, np.float32)
        store.add_detection(said.detection(at, live_machine), X, recipe=recipe)
        store.add_detection(said.detection(at + 1, live_machine), X, recipe="of another bundle")
        store.add_detection(said.detection(at, "pump/id_04"), X, recipe=recipe)
    pasts = list(pasts_of(store, live_bundle, live_machine, since=T0, until=T0 + 3.1 * DAY_S))
    assert [[one.at for one in past.detections] for past in pasts] == [times[1:4], [times[4]], [times[5]], [times[6]]]
    assert np.concatenate([past.descriptors[:, 0] for past in pasts]).tolist() == [1, 2, 3, 4, 5, 6]
    for past in pasts:
        assert (past.machine, past.recipe) == (live_machine, recipe)
        assert past.window_s == live_bundle.detector.machines[live_machine].rule.interval_s


def test_recordings_that_were_played_again_are_looked_back_at_round_by_round(store, said, live_bundle, live_machine):
    """Their times come twice: evidence is of one round, and normal windows of another belong not between its own."""
    recipe, times = recipe_id(live_bundle.manifest.features), [T0, T0 + 10, T0 + 20, T0 + 5, T0 + 15]
    for number, at in enumerate(times):
        store.add_detection(said.detection(at, live_machine), np.full(3, number, np.float32), recipe=recipe)
    (past,) = pasts_of(store, live_bundle, live_machine, since=T0, until=T0 + 3600)
    assert [one.at for one in past.detections] == times
    assert past.descriptors[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_nothing_is_kept(store, live_bundle, live_machine):
    assert list(pasts_of(store, live_bundle, live_machine, since=T0, until=T0 + 30 * DAY_S)) == []


def test_confirmed_faults_are_what_people_said_in_the_order_of_time(store, said):
    for number, what in enumerate(["fault", "false alarm", "fault", None, "fault"]):
        at = T0 + 100 * number
        alarm = Alarm("fan/id_00", id=f"A{number}", raised_at=at, cleared_at=at + 10, fault="belt")
        store.save_alarm("fan/id_00", alarm.id, alarm.to_dict(), [])
        if what is not None:
            store.save_feedback(said.feedback(alarm.id, what))
    found = confirmed_faults(store, "fan/id_00", since=T0, until=T0 + 399)
    assert [(one.raised_at, one.cleared_at, one.fault) for one in found] == [
        (T0, T0 + 10, "belt"),
        (T0 + 200, T0 + 210, "belt"),
    ]
