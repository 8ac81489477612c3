"""What was different when an alarm was raised: its loudest evidence, compared with the machine's normal sound."""

from typing import Any

from auscult.detect.explanation import explain
from auscult.features import LogMel
from auscult.monitor.event import iso
from auscult.monitor.monitor import Monitor
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.rows import StoredAlarm

LOOK_BACK_S = 120.0
"""Windows before the alarm of which the one with the highest score is explained."""


def explanation(monitor: Monitor, stored: StoredAlarm) -> dict[str, Any]:
    """What was different about the window that spoke loudest for an alarm.

    Parameters
    ----------
    monitor : Monitor
    stored : StoredAlarm

    Returns
    -------
    dict
        ``problem``: why there is none, empty if there is one; ``at``: end of the window; ``score``; and what
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
    loudest = max(range(len(detections)), key=lambda n: detections[n].score)
    found = explain(detector.machines[stored.machine], features, descriptors[loudest])
    known = {"problem": "", "at": iso(detections[loudest].at), "score": detections[loudest].score}
    return known | found.to_dict()
