"""Blocks of a microphone's sound -> whether the microphone is well, in the words of NAMUR NE 107.

What a machine's own faults can do to its sound is not blamed on the microphone, as far as both can be told apart:
docs/sensor-health.md.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.errors import AudioError
from auscult.monitor.decisions.operating_state import State
from auscult.monitor.health.baseline import HealthBaseline
from auscult.monitor.health.lasting import Lasting
from auscult.monitor.health.sample_clock import SampleClock
from auscult.monitor.health.sensor_faults import CAUSES, Comparison, Findings, Word, absolute_findings
from auscult.monitor.health.sound_second import Second, SecondMeter
from auscult.monitor.settings import HealthSettings

LEARN_S = 600.0
"""Sound of a commissioning: ten minutes."""
MIDDLE_OF = 5
"""Seconds of which the middle level of each octave counts, so that neither a bang nor a short pause does."""

BEYOND_SENSE = 1000.0
"""Amplitude, where full scale is 1."""


@dataclass(frozen=True)
class Health:
    """How a microphone is.

    Parameters
    ----------
    word : Word
        Of NAMUR NE 107. ``function check``: nothing was heard yet.
    cause : str
        One of `auscult.monitor.health.sensor_faults.CAUSES`; empty if there is none.
    since : float or None
        Since when that is so, Unix time in seconds; None before anything was heard.
    detail : str
        What was found when it was said first, with a number; while the commissioning goes on, that.
    """

    word: Word
    cause: str
    since: float | None
    detail: str = ""

    @property
    def is_well(self) -> bool:
        """Whether its sound says something of the machine."""
        return self.word in ("ok", "maintenance required")

    @property
    def remedy(self) -> str:
        """What to do; empty if nothing."""
        return CAUSES[self.cause].remedy if self.cause else ""


NOTHING_HEARD = Health("function check", "", None, "nothing was heard yet")


class SensorHealth:
    """Health of one source's microphone, or microphones.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz, at least 1000.
    settings : HealthSettings
    baseline : HealthBaseline, optional
        Of its commissioning. If there is none, or of another rate or number of channels, it is learnt from the first
        `learn_s` seconds in which nothing is wrong with it and the machine runs.
    learn_s : float > 0, s
    is_live : bool
        Whether its sound is heard as it comes; the times of recordings say nothing of its clock.

    Attributes
    ----------
    health : Health or None
        None before anything was heard.
    baseline : HealthBaseline or None
        None until it is learnt. It is to be kept: a restart that learns anew may learn a bad microphone as a good one.
    """

    def __init__(
        self,
        sr: int,
        settings: HealthSettings,
        baseline: HealthBaseline | None = None,
        *,
        learn_s: float = LEARN_S,
        is_live: bool = True,
    ) -> None:
        self.health: Health | None = None
        self.baseline = baseline if baseline is not None and baseline.sr == sr else None
        self._sr, self._settings, self._learn_s, self._is_live = sr, settings, learn_s, is_live
        self._meter = SecondMeter(sr, settings.mains_hz)
        self._clock = SampleClock(sr)
        self._lasting = {cause: Lasting(settings.after_s) for cause in CAUSES}
        self._details = dict.fromkeys(CAUSES, "")
        self._learnt: list[Second] = []
        self._last_seconds: deque[Second] = deque(maxlen=MIDDLE_OF)
        self._last_block = np.empty((0, 0), np.float32)
        self._heard_at = 0.0
        self._n_filled = self._n_repeated = 0
        self._has_gap = False
        self._comparison: Comparison | None = None

    def _begin(self, n_channels: int, at: float) -> None:
        """Begin with the first block."""
        self.health = Health("function check", "", at, "no whole second was heard yet")
        if self.baseline is not None and self.baseline.n_channels != n_channels:
            self.baseline = None
        self._comparison = Comparison(self.baseline, self._settings) if self.baseline is not None else None
        self._y = np.empty((n_channels, self._sr), np.float32)

    def hear(
        self, y: NDArray[np.float32], ended_at: float, *, is_broken: bool = False, state: State | None = None
    ) -> Health:
        """Take a block of sound.

        Parameters
        ----------
        y : ndarray, shape (n_channels, n_samples) or (n_samples,), float32
            What follows the block before; any length. It is kept until the next one comes, and not to be written to.
        ended_at : float
            When its last sample was heard, Unix time in seconds.
        is_broken : bool
            Whether sound was lost before it: by the source, or because blocks were dropped.
        state : State, optional
            Of the machine. A microphone is commissioned while the machine runs, and compared with its commissioning but
            where a topic says that it does not: what its sound says of that, a bad microphone may have said.

        Raises
        ------
        AudioError
            If it has another number of channels.
        """
        block = np.atleast_2d(y)
        if self.health is None:
            self._begin(len(block), ended_at)
        if len(block) != len(self._y):
            problem = f"has {len(block)} channels, and its microphone {len(self._y)}"
            raise AudioError("block", problem, "Take another SensorHealth for another source.")
        self._heard_at = ended_at
        n_samples = block.shape[1]
        self._check_clock(n_samples, ended_at, is_broken=is_broken)
        is_repeated = _is_repeated(block, self._last_block)
        self._last_block = block
        start = 0
        while start < n_samples:
            n = min(n_samples - start, self._sr - self._n_filled)
            self._y[:, self._n_filled : self._n_filled + n] = block[:, start : start + n]
            start, self._n_filled = start + n, self._n_filled + n
            self._n_repeated += n * is_repeated
            if self._n_filled == self._sr:
                self._take_second(ended_at - (n_samples - start) / self._sr, state)
                self._n_filled = self._n_repeated = 0
                self._has_gap = False
        assert self.health is not None
        return self.health

    def commission_anew(self) -> None:
        """Forget what the microphone was like: it is learnt from the next `learn_s` seconds, as if it were new."""
        self.baseline = self._comparison = None
        self._learnt = []
        self._last_seconds.clear()
        self._lasting = {cause: Lasting(self._settings.after_s) for cause in CAUSES}

    def tick(self, at: float) -> Health | None:
        """Let time pass in which perhaps nothing came; not for sources that are silent on purpose, as folders are.

        Parameters
        ----------
        at : float
            Now, Unix time in seconds, of the clock that `ended_at` is of.
        """
        silence_s = at - self._heard_at
        if self.health is not None and silence_s >= self._settings.after_s:
            self._update("stalled source", f"nothing came for {silence_s:.0f} s", silence_s, at)
            self._say(at)
        return self.health

    def _check_clock(self, n_samples: int, ended_at: float, *, is_broken: bool) -> None:
        if is_broken:
            self._has_gap = True
            self._clock.restart()
        elif self._is_live and (looked := self._clock.push(n_samples, ended_at)) is not None:
            share, lasted_s = looked
            words = f"samples come {abs(share):.0%} too {'slowly' if share > 0 else 'fast'}" if share else ""
            self._update("stalled clock", words, lasted_s, ended_at)

    def _take_second(self, at: float, state: State | None) -> None:
        """Look at a whole second, which ended then."""
        findings: Findings = {
            "stalled source": "",
            "repeated blocks": "the same block again and again" if self._n_repeated > self._sr / 2 else "",
            "dropped blocks": "many gaps" if self._has_gap else "",
        }
        if max(self._y.max(), -self._y.min()) < BEYOND_SENSE:  # which NaN is not
            second = self._meter.measure(self._y)
            findings |= absolute_findings(second)
            self._compare(second, findings, state)
        else:
            findings["dead"] = "its samples are no numbers, or far beyond full scale"
        for cause, words in findings.items():
            self._update(cause, words, 1.0, at)
        self._say(at)

    def _compare(self, second: Second, findings: Findings, state: State | None) -> None:
        """Compare the last seconds with the commissioning, or learn from them."""
        if state is not None and state.is_told and state.word != "running":
            self._last_seconds.clear()
        elif not (findings["dead"] or findings["clipped"]):  # of which the rest would only be consequences
            self._last_seconds.append(second)
            if len(self._last_seconds) < MIDDLE_OF:
                return
            middle = middle_of(self._last_seconds)
            if self._comparison is not None:
                for cause, words in self._comparison.findings(middle).items():
                    findings[cause] = findings.get(cause) or words
            elif not any(findings.values()) and (state is None or state.word in ("running", "unknown")):
                self._learn(middle)

    def _learn(self, middle: Second) -> None:
        self._learnt.append(middle)
        if len(self._learnt) >= self._learn_s:
            self.baseline = HealthBaseline.learn(self._sr, self._learnt)
            self._comparison = Comparison(self.baseline, self._settings)
            self._learnt = []

    def _update(self, cause: str, words: str, lasted_s: float, at: float) -> None:
        if self._lasting[cause].update(bool(words), lasted_s=lasted_s, at=at):
            self._details[cause] = words

    def _say(self, at: float) -> None:
        """Say the first of the causes that last; a cause that goes on keeps the words in which it was said first."""
        cause = next((cause for cause, lasting in self._lasting.items() if lasting.is_said), "")
        if cause:
            since, detail = self._lasting[cause].since, self._details[cause]
            said = Health(CAUSES[cause].word, cause, at if since is None else since, detail)
        else:
            since = self.health.since if self.health is not None and self.health.word == "ok" else at
            said = Health("ok", "", since, "" if self.baseline else self._learning())
        self.health = said

    def _learning(self) -> str:
        """What is not found yet, and for how long: told anew each minute."""
        left_min = math.ceil((self._learn_s - len(self._learnt)) / 60)
        minutes = "1 more minute" if left_min == 1 else f"{left_min} more minutes"
        return (
            f"learning what is normal here, {minutes} of the machine running; "
            "hum, a cover, a changed gain and a small offset are not found before"
        )


def middle_of(seconds: Iterable[Second]) -> Second:
    """Last of some seconds, but for its levels and offset, which are the middle ones of all."""
    *others, last = seconds
    half = (len(others) + 1) // 2

    def middle(name: str) -> Any:
        return np.sort([getattr(one, name) for one in (*others, last)], axis=0)[half]

    return replace(
        last,
        bands_db=middle("bands_db"),
        mains_db=middle("mains_db"),
        mains_share=middle("mains_share"),
        dc=middle("dc"),
    )


def _is_repeated(block: NDArray[np.float32], last: NDArray[np.float32]) -> bool:
    """Whether a block is the one before it again; silence is not, which is another fault."""
    return (
        block.shape == last.shape
        and block.size > 0
        and bool(block[0, 0] == last[0, 0])  # nearly always enough to see that it is not
        and bool((block == last).all())
        and bool((block != block[:, :1]).any())
    )
