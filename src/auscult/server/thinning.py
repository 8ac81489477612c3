"""Many detections -> as many as a picture has room for, without losing what stands out."""

import math

from auscult.monitor.detection import Detection

MOST = 1000
"""Points that a page gets."""


def thin(detections: list[Detection], most: int = MOST) -> list[Detection]:
    """At most so many, among them whatever is highest in its stretch of time.

    Time is cut into equal stretches; of each, the detection with the highest score and the one with the most evidence
    stay. Of detections that are few enough all stay.

    Parameters
    ----------
    detections : list of Detection
        In the order of time.
    most : int >= 2
        As many at most.

    Returns
    -------
    list of Detection
        In the order of time.
    """
    if len(detections) <= most:
        return detections
    n_stretches = most // 2
    since, until = detections[0].at, detections[-1].at
    length_s = max(until - since, 1e-9) / n_stretches
    kept: dict[int, tuple[int, int]] = {}
    for place, one in enumerate(detections):
        stretch = min(n_stretches - 1, int((one.at - since) / length_s))
        loudest, fullest = kept.get(stretch, (place, place))
        if _or_lowest(one.score) > _or_lowest(detections[loudest].score):
            loudest = place
        if _or_lowest(one.evidence) > _or_lowest(detections[fullest].evidence):
            fullest = place
        kept[stretch] = (loudest, fullest)
    return [detections[place] for place in sorted({place for pair in kept.values() for place in pair})]


def _or_lowest(value: float) -> float:
    return -math.inf if math.isnan(value) else value
