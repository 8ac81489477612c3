"""One decision in time: what the last seconds of a machine's sound were worth."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Detection:
    """What one window of sound said.

    Parameters
    ----------
    machine : str
        Full name in the bundle.
    at : float
        End of the window, Unix time in seconds.
    score, threshold : float
        Anomaly score, larger is worse, and above which single windows are anomalous.
    p_value : float in (0, 1]
        Share of normal windows that score as high.
    evidence, alarm_at : float >= 0
        Evidence of a change after this decision, in nats, and at how much an alarm begins.
    is_anomalous : bool
        Whether this window alone is.
    is_alarm : bool
        Whether the evidence is enough.
    fault : str or None
        Which named fault it is like, "unknown fault" included; None if it is not anomalous, or nothing has a name.
    state : str
        Operating state: off, start-up, running, unknown.
    level_db : float
        Mean level of the window in dB re full scale.
    ignored : str
        Why it did not count as evidence; empty if it did.
    """

    machine: str
    at: float
    score: float
    threshold: float
    p_value: float
    evidence: float
    alarm_at: float
    is_anomalous: bool
    is_alarm: bool
    fault: str | None
    state: str
    level_db: float
    ignored: str = ""
