"""What was heard, judged again in another way: which alarms there would have been, and what that changes.

Another way is another bundle, or the same with more or less of what people said. Of each window its descriptors are
kept, so its score is computed anew; its operating state, and whether the microphone was to blame, are taken as they
were recorded. A network needs more of the sound than is kept: what a fault is called stays as it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.bundle import Bundle
from auscult.detect.alarm_rule import p_values
from auscult.errors import DataError
from auscult.monitor.decisions.known_sounds import KnownSound, KnownSounds
from auscult.monitor.detection import Detection
from auscult.monitor.past.would_be_alarms import Occurrence, WouldBeAlarms, reason_of_the_time
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.store.descriptors import recipe_id

OTHER_LENGTH = 0.05
"""Relative difference from which on windows are of another length than those that a bundle judges."""
WINDOWS_AT_A_TIME = 512
"""Windows whose scores are computed at once: more takes memory, and no less time."""
REMEDY = "Let it listen beside the live one for some weeks, as shadow in the monitor's settings, and compare then."


@dataclass(frozen=True)
class Past:
    """What was heard of one machine, or a part of that.

    Parameters
    ----------
    machine : str
        Full name.
    detections : sequence of Detection, length n_windows
        As they came.
    descriptors : ndarray, shape (n_windows, n_descriptors), float32
        Of their windows.
    recipe : str
        `auscult.monitor.store.descriptors.recipe_id` of these.
    window_s : float > 0
        Length of a window in seconds.
    """

    machine: str
    detections: Sequence[Detection]
    descriptors: NDArray[np.float32]
    recipe: str
    window_s: float


class Replay:
    """Judges what was heard of a machine as another `auscult.monitor.decisions.decider.Decider` would have.

    Parameters
    ----------
    bundle : Bundle
        With a model of normal sound. Where windows were judged by this very one, scores are taken as recorded.
    machine : str
        Full name.
    settings : AlarmSettings
    known : KnownSounds, optional
        What people said, as if they had said it before.

    Raises
    ------
    DataError
        If the bundle does not know the machine.
    """

    def __init__(self, bundle: Bundle, machine: str, settings: AlarmSettings, known: KnownSounds | None = None) -> None:
        if bundle.detector is None or machine not in bundle.detector.machines:
            listed = ", ".join(bundle.detector.machines) if bundle.detector else "none"
            remedy = f"It knows {listed}: enrol this one: auscult enroll BUNDLE DIR."
            raise DataError(machine, "this machine is not in the bundle", remedy)
        self._recipe = recipe_id(bundle.manifest.features)
        self._detector = bundle.detector.machines[machine]
        self._decision = self._detector.rule.decision()
        self._alarms = WouldBeAlarms(machine, settings)
        self._known = known or KnownSounds()

    @property
    def occurrences(self) -> list[Occurrence]:
        """Alarms that there would have been so far, in the order of time."""
        return self._alarms.occurrences

    def take(self, past: Past) -> list[Detection]:
        """Judge what was heard next, and give the detections that would have been made of it.

        Raises
        ------
        DataError
            If the bundle judges other features, or windows of another length.
        """
        self._check(past)
        scores = self._scores(past)
        p = p_values(scores, self._detector.calibration.scores)
        sounds = self._known.recognise(past.descriptors, np.array([detection.at for detection in past.detections]))
        decided = [
            self._decide(detection, score, p_value, sound)
            for detection, score, p_value, sound in zip(
                past.detections, scores.tolist(), p.tolist(), sounds, strict=True
            )
        ]
        for detection in decided:
            self._alarms.take(detection)
        return decided

    def _decide(self, detection: Detection, score: float, p_value: float, sound: KnownSound | None) -> Detection:
        decision, threshold = self._decision, self._detector.calibration.threshold
        ignored = reason_of_the_time(detection) or (sound.why_normal if sound is not None else "")
        if not ignored:
            decision.update(p_value)
        is_anomalous = score > threshold
        fault = (sound.fault if sound is not None else None) or detection.fault
        return Detection(  # `replace` takes three times as long, and there are very many
            machine=detection.machine,
            at=detection.at,
            score=score,
            threshold=threshold,
            p_value=p_value,
            evidence=decision.evidence,
            alarm_at=self._detector.rule.threshold,
            is_anomalous=is_anomalous,
            is_alarm=decision.is_alarm,
            fault=fault if is_anomalous else None,
            state=detection.state,
            level_db=detection.level_db,
            ignored=ignored,
        )

    def _scores(self, past: Past) -> NDArray[np.float64]:
        """Anomaly score of each window, shape (n_windows,): as recorded where this very detector gave it."""
        own = (self._detector.calibration.threshold, self._detector.rule.threshold)
        scores = np.array([detection.score for detection in past.detections], np.float64)
        is_own = np.array([(one.threshold, one.alarm_at) == own for one in past.detections], bool)
        others = np.flatnonzero(~(is_own & np.isfinite(scores)))
        for start in range(0, others.size, WINDOWS_AT_A_TIME):
            some = others[start : start + WINDOWS_AT_A_TIME]
            scores[some] = self._detector.model.anomaly_scores(past.descriptors[some])
        return scores

    def _check(self, past: Past) -> None:
        if past.recipe != self._recipe:
            problem = "what was kept of its sound are other features than the bundle judges"
            raise DataError(past.machine, problem, REMEDY)
        kept_s, window_s = past.window_s, self._detector.rule.interval_s
        if abs(window_s / kept_s - 1) > OTHER_LENGTH:
            problem = f"what was kept of its sound are windows of {kept_s:.3g} s, the bundle judges {window_s:.3g} s"
            raise DataError(past.machine, problem, REMEDY)


def look_back(
    pasts: Iterable[Past], bundle: Bundle, machine: str, settings: AlarmSettings, known: KnownSounds | None = None
) -> list[Occurrence]:
    """Alarms that there would have been.

    Parameters
    ----------
    pasts : iterable of Past
        Of the machine, one after the other.
    bundle, machine, settings, known
        As in `Replay`.

    Returns
    -------
    list of Occurrence
        In the order of time, each as if it had been acknowledged at once: where nobody does, fewer are raised.

    Raises
    ------
    DataError
        If the bundle does not know the machine, or judges other features, or windows of another length.
    """
    replay = Replay(bundle, machine, settings, known)
    for past in pasts:
        replay.take(past)
    return replay.occurrences
