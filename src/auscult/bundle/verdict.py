"""What Auscult says of one clip."""

from dataclasses import dataclass
from typing import Any

from auscult.detect.explanation import Explanation


@dataclass(frozen=True)
class Verdict:
    """What Auscult says of one clip."""

    is_anomalous: bool
    message: str
    """One sentence for a person: ``Component OK``, ``Component is imbalanced``, ..."""
    probabilities: dict[str, float]
    """Class name -> value in [0, 1], normality first, together 1. From a classifier they are its probabilities; where
    only normal sound was learnt they grade how clear the verdict is, 0.5 at the threshold."""
    score: float | None = None
    """Anomaly score, larger is worse: standard deviations above the mean of normal clips; None where nothing was
    learnt from normal clips."""
    threshold: float | None = None
    """Score above which the machine's clips are called anomalous."""
    p_value: float | None = None
    """Share of normal clips that score as high: 0.01 is one clip in a hundred."""
    machine_id: str | None = None
    """Machine that the clip was compared with."""
    fault: str | None = None
    """Name of the fault that an anomalous clip is like, ``unknown fault`` if it is like none; None where the bundle
    knows none by name, or the clip is normal."""
    warning: str | None = None
    """What makes the verdict doubtful, where something does."""
    explanation: Explanation | None = None
    """What is different about the clip, where it was asked for."""

    def to_dict(self) -> dict[str, Any]:
        """The original service's answer, with what is known besides; as JSON can hold it."""
        details: dict[str, Any] = {
            "Message": self.message,
            "Probabilities": [round(value, 6) for value in self.probabilities.values()],
            "Labels": list(self.probabilities),
        }
        if self.score is not None:
            details |= {"Score": self.score, "Threshold": self.threshold, "PValue": self.p_value}
        if self.machine_id is not None:
            details["MachineId"] = self.machine_id
        if self.fault is not None:
            details["Fault"] = self.fault
        if self.warning is not None:
            details["Warning"] = self.warning
        if self.explanation is not None:
            details["Explanation"] = self.explanation.to_dict()
        return {"Anomaly": self.is_anomalous, "Details": details}
