"""What was different when an alarm was raised: its loudest evidence, compared with the machine's normal sound."""

from typing import Any

from auscult.detect.explanation import explain
from auscult.features import LogMel
from auscult.monitor.detection import Detection
from auscult.monitor.event import iso
from auscult.monitor.monitor import Monitor
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.rows import StoredAlarm

LOOK_BACK_S = 120.0
"""Windows before the alarm of which the highest score is explained, those that can be listened to first."""


def explanation(monitor: Monitor, stored: StoredAlarm) -> dict[str, Any]:
    """What was different about the window that spoke loudest for an alarm, of those that its recordings hold if any.

    Parameters
    ----------
    monitor : Monitor
    stored : StoredAlarm

    Returns
    -------
    dict
        ``problem``: why there is none, empty if there is one; ``at``: end of the window; ``score``;
        ``not_recorded``: where the window is if no recording holds it, else empty; and what
        `auscult.detect.explanation.Explanation.to_dict` gives.
    """
    features, detector = monitor.bundle.manifest.features, monitor.bundle.detector
    assert isinstance(features, LogMel)
    assert detector is not None
    if stored.machine not in detector.machines:
        return {"problem": "The bundle does not know the machine any more."}
    raised_at = stored.raised_at or 0.0
    within = (raised_at - LOOK_BACK_S, raised_at)
    detections, descriptors = monitor.store.descriptors(stored.machine, recipe_id(features), within=within)
    if not detections:
        return {"problem": "What was heard is not kept any more, or another bundle heard it."}
    machine, recorded = detector.machines[stored.machine], _recorded(monitor, stored)
    window_s = machine.rule.interval_s
    can_be_heard = [n for n, one in enumerate(detections) if _is_within(one, window_s, recorded)]
    loudest = max(can_be_heard or range(len(detections)), key=lambda n: detections[n].score)
    at = detections[loudest].at
    known = {"problem": "", "at": iso(at), "score": detections[loudest].score, "not_recorded": ""}
    if recorded and not can_be_heard:
        known["not_recorded"] = _place(at, recorded[0][0])
    return known | explain(machine, features, descriptors[loudest]).to_dict()


def _recorded(monitor: Monitor, stored: StoredAlarm) -> list[tuple[float, float]]:
    """When each recording of an alarm begins and ends; before there is one, when it will."""
    recordings = monitor.store.audio(stored.alarm_id)
    if recordings:
        return [(one.at, one.at + one.duration_s) for one in recordings]
    store, raised_at = monitor.settings.store, stored.raised_at or 0.0
    return [(raised_at - store.before_s, raised_at + store.after_s)] if store.before_s or store.after_s else []


def _is_within(detection: Detection, window_s: float, recorded: list[tuple[float, float]]) -> bool:
    """Whether recordings hold at least half of a window, so that it can be listened to."""
    return any(began_at <= detection.at - window_s / 2 <= ended_at for began_at, ended_at in recorded)


def _place(at: float, began_at: float) -> str:
    """Where a window is that cannot be listened to."""
    where = f"ended {began_at - at:.0f} s before the recording begins" if at <= began_at else "is recorded in part only"
    return f"The window that is explained {where}. A longer store.before_s in the settings keeps more."
