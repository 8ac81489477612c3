"""What people say of alarms: kept with who, when and why, shown what it would change first, expiring, taken back.

What is said acts through `auscult.monitor.decisions.known_sounds`. Nothing here is learnt into a bundle, so all of it
can be taken back, and a new bundle starts from it anew.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from auscult.bundle import Bundle
from auscult.errors import OptionError
from auscult.monitor.alarms.silence import check_person
from auscult.monitor.event import Event, iso, new_id
from auscult.monitor.past.comparison import Comparison, compare
from auscult.monitor.past.looking_back import Replay
from auscult.monitor.past.stored_past import DAY_S, confirmed_faults, pasts_of
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.feedback import NO_LIMIT, FeedbackStore, in_force, sounds_of
from auscult.monitor.store.rows import Feedback, StoredAlarm

KEEP_DAYS = 90.0
"""Time after which what was said counts no more, if it is not said again."""
LOOK_BACK_DAYS = 30.0
MOST_WINDOWS = 32
"""Windows of an alarm that are kept to compare others with, evenly in time: each costs time with every decision."""
LEAD_S = 6 * 3600.0
"""Longest time in which the evidence may have gathered before an alarm was raised."""


def prepare(
    store: FeedbackStore,
    bundle: Bundle,
    alarm_id: str,
    what: Literal["false alarm", "fault"],
    *,
    fault: str | None = None,
    who: str,
    why: str = "",
    at: float,
    keep_days: float | None = KEEP_DAYS,
) -> Feedback:
    """What a person wants to say, with the windows of the alarm, before anything is kept or changed.

    If these are not kept any more, or are of other features than the bundle's, it has none: then it says what the alarm
    was, and later ones are not compared with it.

    Parameters
    ----------
    store : FeedbackStore
    bundle : Bundle
        The live one.
    alarm_id : str
    what : {"false alarm", "fault"}
    fault : str, optional
        Name of the fault, if it was one.
    who, why : str
        The person, and the reason.
    at : float
        Unix time in seconds.
    keep_days : float > 0 or None
        How long it counts; None: for ever.

    Raises
    ------
    OptionError
        If there is no such alarm, a fault has no name or a false alarm has one, or nobody says it.
    """
    who = check_person(who)
    stored, fault = store.alarm(alarm_id), (fault or "").strip() or None
    if stored is None or stored.raised_at is None:
        raise OptionError(alarm_id, "is no alarm that is kept", "Choose one of the list of alarms.")
    if what not in ("false alarm", "fault"):
        raise OptionError("what", f"expected false alarm or fault, got {what!r}", "Say which of them it was.")
    if (what == "fault") != (fault is not None):
        if what == "fault":
            raise OptionError("fault", "has no name", "Say what the fault is called.")
        raise OptionError("fault", "is given for a false alarm, which is no fault", "Leave out the name.")
    if keep_days is not None and not keep_days > 0:
        raise OptionError("keep_days", f"expected more than 0 days, got {keep_days}", "Choose a longer time.")
    recipe = recipe_id(bundle.manifest.features)
    descriptors = _marked_windows(store, stored, recipe, at)
    return Feedback(
        id=new_id(at),
        alarm_id=alarm_id,
        machine=stored.machine,
        at=at,
        who=who,
        what=what,
        fault=fault,
        why=why.strip(),
        expires_at=None if keep_days is None else at + keep_days * DAY_S,
        undone_at=None,
        undone_by="",
        recipe=recipe if len(descriptors) else "",
        descriptors=descriptors,
    )


def effect(
    store: FeedbackStore,
    bundle: Bundle,
    feedback: Feedback,
    settings: AlarmSettings,
    *,
    at: float,
    days: float = LOOK_BACK_DAYS,
) -> Comparison:
    """What it would have changed in the last days, had it been known all the time: a dry run.

    Parameters
    ----------
    store : FeedbackStore
    bundle : Bundle
        The live one.
    feedback : Feedback
        Of `prepare`; or one that is kept, to see what taking it back would undo.
    settings : AlarmSettings
    at : float
        Unix time in seconds.
    days : float > 0
        How far to look back.

    Raises
    ------
    DataError
        If the bundle does not know the machine.
    """
    machine, since = feedback.machine, at - days * DAY_S
    said = [one for one in in_force(store, machine, at=at) if one.alarm_id != feedback.alarm_id]
    without, with_it = (
        Replay(bundle, machine, settings, sounds_of(bundle, machine, some)) for some in (said, [*said, feedback])
    )
    for past in pasts_of(store, bundle, machine, since=since, until=at):
        without.take(past)
        with_it.take(past)
    faults = confirmed_faults(store, machine, since=since, until=at)
    return compare(without.occurrences, with_it.occurrences, faults)


def give(store: FeedbackStore, feedback: Feedback, *, expected: Comparison | None = None) -> list[Event]:
    """Keep what a person says, and tell it. What was said of the same alarm before is taken back.

    It acts when the monitor takes the `known_sounds` anew.

    Parameters
    ----------
    store : FeedbackStore
    feedback : Feedback
        Of `prepare`.
    expected : Comparison, optional
        What the person was shown as its `effect`.

    Raises
    ------
    DataError
        If the store cannot keep it.
    """
    former = [one for one in store.feedback(alarm_id=feedback.alarm_id) if one.undone_at is None]
    shown = {"effect": str(expected)} if expected is not None else {}
    with store.transaction():
        events = [_taken_back(store, one, feedback.who, "something else is said of it", feedback.at) for one in former]
        store.save_feedback(feedback)
        events.append(_event(store, feedback, "given", feedback.at, who=feedback.who, why=feedback.why, **shown))
    return events


def undo(store: FeedbackStore, feedback_id: str, who: str, why: str = "", *, at: float) -> Event:
    """Take back what was said: from now on, and wherever one looks back, it is as if it had not been said.

    Raises
    ------
    OptionError
        If nothing of that id was said, it has been taken back already, or nobody does.
    DataError
        If the store cannot keep it.
    """
    who = check_person(who)
    feedback = next((one for one in store.feedback() if one.id == feedback_id), None)
    if feedback is None:
        raise OptionError(feedback_id, "is nothing that was said of an alarm", "Choose one of the list.")
    if feedback.undone_at is not None:
        problem = f"was taken back by {feedback.undone_by} on {iso(feedback.undone_at)}"
        raise OptionError(feedback_id, problem, "Nothing needs to be done.")
    with store.transaction():
        return _taken_back(store, feedback, who, why.strip(), at)


def tell_expired(store: FeedbackStore, *, since: float, until: float) -> list[Event]:
    """Tell what has expired: after one time, and up to another.

    Parameters
    ----------
    store : FeedbackStore
    since, until : float
        Unix time in seconds.

    Raises
    ------
    DataError
        If the store cannot keep it.
    """
    return [
        _event(store, one, "expired", until, who="", why="its time is over")
        for one in store.feedback()
        if one.undone_at is None and one.expires_at is not None and since < one.expires_at <= until
    ]


def _marked_windows(store: FeedbackStore, stored: StoredAlarm, recipe: str, at: float) -> NDArray[np.float32]:
    """Descriptors of the windows that made an alarm: anomalous ones, from where its evidence began to its end."""
    assert stored.raised_at is not None
    end = at if stored.cleared_at is None else stored.cleared_at
    detections, X = store.descriptors(stored.machine, recipe, within=(stored.raised_at - LEAD_S, end), limit=NO_LIMIT)
    quiet = [detection.at for detection in detections if detection.at < stored.raised_at and detection.evidence <= 0]
    began = quiet[-1] if quiet else -np.inf
    marked = [
        number
        for number, detection in enumerate(detections)
        if detection.at > began and detection.is_anomalous and not detection.ignored
    ]
    if not marked:
        return np.empty((0, 0), np.float32)
    evenly = np.linspace(0, len(marked) - 1, min(len(marked), MOST_WINDOWS)).round().astype(int)
    windows: NDArray[np.float32] = X[np.array(marked)[evenly]]
    return windows


def _taken_back(store: FeedbackStore, feedback: Feedback, who: str, why: str, at: float) -> Event:
    store.save_feedback(replace(feedback, undone_at=at, undone_by=who))
    return _event(store, feedback, "taken back", at, who=who, why=why)


def _event(store: FeedbackStore, feedback: Feedback, what: str, at: float, *, who: str, why: str, **more: Any) -> Event:
    """Keep and give what is told of it."""
    body = {
        "feedback_id": feedback.id,
        "alarm_id": feedback.alarm_id,
        "said": feedback.what,
        "fault": feedback.fault,
        "who": who,
        "why": why,
        "expires_at": None if feedback.expires_at is None else iso(feedback.expires_at),
        "n_windows": len(feedback.descriptors),
    }
    event = Event(new_id(at), at, feedback.machine, "feedback", what, body | more)
    store.add_event(event)
    return event
