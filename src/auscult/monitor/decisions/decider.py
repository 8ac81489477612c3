"""Windows of one machine -> detections: score, p-value, evidence, and which fault, live and when replayed."""

from auscult.bundle import Bundle
from auscult.detect import MachineDetector
from auscult.detect.evidence import SequentialDecision
from auscult.features.recipe import Features
from auscult.monitor.decisions.known_sounds import KnownSounds
from auscult.monitor.detection import Detection


class Decider:
    """Decides on one machine's windows, one after the other.

    Parameters
    ----------
    bundle : Bundle
        With a model of normal sound.
    machine : str
        Its full name.
    known : KnownSounds, optional
        What people said of earlier alarms.

    Attributes
    ----------
    known : KnownSounds
    """

    def __init__(self, bundle: Bundle, machine: str, known: KnownSounds | None = None) -> None:
        assert bundle.detector is not None
        self._bundle = bundle
        self.machine = machine
        self._detector: MachineDetector = bundle.detector.machines[machine]
        self._decision: SequentialDecision = self._detector.rule.decision()
        self.known = known or KnownSounds()

    def go_on_from(self, last: Detection | None) -> None:
        """Have the evidence that there was after a detection of the same bundle: before a restart."""
        if last is not None and last.alarm_at == self._detector.rule.threshold:
            self._decision.evidence, self._decision.is_alarm = last.evidence, last.is_alarm

    def forget_evidence(self) -> None:
        """Begin anew, after a person said that what was heard until now was nothing."""
        self._decision.evidence, self._decision.is_alarm = 0.0, False

    def score(self, heard: Features) -> float:
        """Anomaly score of a window that is not decided on."""
        return float(self._detector.model.anomaly_scores(heard.descriptors[None])[0])

    @property
    def evidence(self) -> float:
        """Evidence of a change, in nats."""
        return self._decision.evidence

    def decide(self, heard: Features, at: float, *, level_db: float, state: str, ignored: str = "") -> Detection:
        """Take the next window.

        Parameters
        ----------
        heard : Features
            Of a window that shares no sound with the last one that was decided on.
        at : float
            Its end, Unix time in seconds.
        level_db : float
            Its level.
        state : str
            Operating state.
        ignored : str
            Why it is not to count: the evidence stays as it is.
        """
        verdict = self._bundle.judge(heard, self.machine)
        assert verdict.score is not None
        assert verdict.threshold is not None
        assert verdict.p_value is not None
        ignored = ignored or self.known.why_normal(heard.descriptors, at)
        if not ignored:
            self._decision.update(verdict.p_value)
        return Detection(
            machine=self.machine,
            at=at,
            score=verdict.score,
            threshold=verdict.threshold,
            p_value=verdict.p_value,
            evidence=self._decision.evidence,
            alarm_at=self._detector.rule.threshold,
            is_anomalous=verdict.is_anomalous,
            is_alarm=self._decision.is_alarm,
            fault=self.known.fault(heard.descriptors, at) or verdict.fault if verdict.is_anomalous else None,
            state=state,
            level_db=level_db,
            ignored=ignored,
        )
