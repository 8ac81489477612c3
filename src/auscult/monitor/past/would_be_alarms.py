"""Alarms that there would have been: the life of a machine's alarm without the people who look after it."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.inputs import acknowledge, has_cause, observe, suppress, unsuppress
from auscult.monitor.decisions.known_sounds import LIKE
from auscult.monitor.detection import Detection
from auscult.monitor.settings import AlarmSettings


@dataclass(frozen=True)
class Occurrence:
    """An alarm that was, or would have been.

    Parameters
    ----------
    machine : str
    raised_at, cleared_at : float, float or None
        Unix time in seconds; None: it has not cleared.
    fault : str or None
        What its cause was called.
    peak_evidence : float
        Most evidence, in nats.
    """

    machine: str
    raised_at: float
    cleared_at: float | None
    fault: str | None = None
    peak_evidence: float = 0.0

    @classmethod
    def of(cls, alarm: Alarm) -> Self:
        """What there is of an alarm that was raised."""
        assert alarm.raised_at is not None
        return cls(alarm.machine, alarm.raised_at, alarm.cleared_at, alarm.fault, alarm.peak_evidence)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; times as numbers."""
        return asdict(self)


class WouldBeAlarms:
    """Alarms that a machine's detections would raise, if each were acknowledged at once and none were latched.

    Parameters
    ----------
    machine : str
        Full name.
    settings : AlarmSettings
        On which everything else of an alarm's life depends.
    """

    def __init__(self, machine: str, settings: AlarmSettings) -> None:
        self._settings = settings.model_copy(update={"is_latched": False})
        self._alarm = Alarm(machine)
        self._cleared: list[Occurrence] = []

    @property
    def occurrences(self) -> list[Occurrence]:
        """Those so far, in the order of time; the last may not have cleared."""
        return [*self._cleared, *([Occurrence.of(self._alarm)] if self._alarm.is_active else [])]

    def take(self, detection: Detection) -> None:
        """Take the next detection.

        What is ignored because of the state or the microphone suppresses the alarm; what is ignored because a person
        said so raises none, and lets one clear.
        """
        alarm, at = self._alarm, detection.at
        is_on = has_cause(alarm.is_on, detection.evidence, alarm_at=detection.alarm_at, settings=self._settings)
        if not (is_on or alarm.is_on or alarm.is_active):
            return  # nothing can happen: so it is almost always, and it has to be quick
        why = reason_of_the_time(detection)
        alarm, _ = suppress(alarm, why, at=at) if why else unsuppress(alarm, at=at)
        if not why and not (is_on and detection.ignored):
            evidence, settings = detection.evidence, self._settings
            alarm, changes = observe(alarm, is_on, at=at, fault=detection.fault, evidence=evidence, settings=settings)
            for change in changes:
                if change.what == "raised":
                    alarm, _ = acknowledge(alarm, "looking back", at=at)
                elif change.what == "cleared":
                    self._cleared.append(Occurrence.of(alarm))
        self._alarm = alarm


def reason_of_the_time(detection: Detection) -> str:
    """Why a window was ignored, but for what people said: its state, or the microphone; empty if it was not."""
    return "" if detection.ignored.startswith(LIKE) else detection.ignored
