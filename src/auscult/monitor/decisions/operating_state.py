"""Whether a machine runs: said by its sound, or by a topic; and whether it is to be judged.

Only three things are left unjudged: a machine that stands still, one that has just started, and one of which a topic
says that it does not run as it was learnt. A sound that merely differs is judged, since that of a fault differs, too.
"""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect import MachineDetector
from auscult.features import LogMel
from auscult.monitor.settings import StateSettings

StateWord = Literal["off", "start-up", "running", "unknown"]

FAR_DB = 5.0
"""Distance from the nearest level that was ever learnt in a band, from which on it is far."""
FAR_SHARE = 0.25
"""Share of the bands that have to be far."""
BACK_DB = 1.5
"""So much nearer, and it is not far any more: no state flaps."""
LOUDER_DB = 2.0
"""A machine that stands still is louder in no band; so much is chance."""
EVEN_DB = 2.5
"""Where four fifths of the bands fell alike, within this, the gain fell: backgrounds have spectra of their own."""
STANDS_STILL = frozenset(("off", "stopped", "stop", "0", "false", "no"))
"""What a topic says of a machine that stands still; what is neither this nor running is a state of its own."""

DETAILS: dict[StateWord, str] = {
    "off": "far quieter than anything learnt, and louder in no band",
    "running": "",
    "unknown": "unlike anything learnt: another state or a fault, which sound alone cannot tell, so it is judged",
}


@dataclass(frozen=True)
class LearntSound:
    """Levels of the normal sound that a machine was learnt from, whatever states that had.

    Parameters
    ----------
    lowest_db, middle_db, highest_db : ndarray, shape (n_bands,)
        Least, median and greatest mean level of a clip in each mel band.
    level, bands : slice
        Where descriptors have the level, which may be nowhere, and the bands' means relative to it.
    window_s : float > 0, s
        Length of a clip.
    """

    lowest_db: NDArray[np.float64]
    middle_db: NDArray[np.float64]
    highest_db: NDArray[np.float64]
    level: slice
    bands: slice
    window_s: float

    @classmethod
    def of(cls, detector: MachineDetector, features: LogMel) -> Self:
        """What a machine of a bundle was learnt from.

        Parameters
        ----------
        detector : MachineDetector
        features : LogMel
            Of the bundle. Without means of bands among its descriptors, every window runs.
        """
        groups = features.descriptor_groups
        level, bands = groups.get("level", slice(0, 0)), groups.get("mean", slice(0, 0))
        learnt_db = _bands_db(detector.model.bank_.astype(np.float64), level, bands)
        lowest_db, middle_db, highest_db = np.percentile(learnt_db, [0, 50, 100], axis=0)
        return cls(lowest_db, middle_db, highest_db, level, bands, detector.rule.interval_s)

    def place(self, descriptors: NDArray[np.floating]) -> "Place | None":
        """Where a window lies beside all this; None if it says nothing of that.

        Parameters
        ----------
        descriptors : ndarray, shape (n_descriptors,)
        """
        bands_db = _bands_db(np.asarray(descriptors, np.float64)[None], self.level, self.bands)[0]
        if not bands_db.size or not np.isfinite(bands_db).all():
            return None
        n_far = max(1, round(FAR_SHARE * bands_db.size))
        below_db, above_db = self.lowest_db - bands_db, bands_db - self.highest_db
        low, high = np.percentile(bands_db - self.middle_db, [10, 90])
        return Place(
            below_db=float(np.sort(below_db)[-n_far]),
            far_db=float(np.sort(np.maximum(below_db, above_db))[-n_far]),
            loudest_db=float(above_db.max()),
            uneven_db=float(high - low),
        )


@dataclass(frozen=True)
class Place:
    """Where a window lies beside what was learnt, in dB.

    Parameters
    ----------
    below_db : float
        A quarter of the bands are at least so far below the least that was learnt.
    far_db : float
        A quarter of the bands are at least so far below the least or above the most that was learnt.
    loudest_db : float
        How far the band is above the most that was learnt that is farthest above it.
    uneven_db : float
        Span of the middle four fifths of the bands' changes from the median.
    """

    below_db: float
    far_db: float
    loudest_db: float
    uneven_db: float


@dataclass(frozen=True)
class State:
    """In which state a machine is.

    Parameters
    ----------
    word : StateWord
    since : float
        Since when, Unix time in seconds.
    is_judged : bool
        Whether its sound counts as evidence of a fault.
    is_told : bool
        Whether a topic said so, and not its sound.
    detail : str
        Why, in words.
    """

    word: StateWord
    since: float
    is_judged: bool = True
    is_told: bool = False
    detail: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether the machine does not run as it was learnt: it stands still, or a topic says another state."""
        return self.word == "off" or (self.word == "unknown" and self.is_told)


class OperatingState:
    """State of one machine, window by window.

    Parameters
    ----------
    learnt : LearntSound
    settings : StateSettings

    Attributes
    ----------
    state : State or None
        None before anything was heard or told.
    """

    def __init__(self, learnt: LearntSound, settings: StateSettings) -> None:
        self._learnt, self._settings = learnt, settings
        self._heard: StateWord = "running"
        self._told = ""
        self._ready_at = -np.inf
        self.state: State | None = None

    def update(self, descriptors: NDArray[np.floating], at: float) -> State:
        """Take a window.

        Parameters
        ----------
        descriptors : ndarray, shape (n_descriptors,)
            Of the bundle's features; NaN says nothing of the state.
        at : float
            Its end, Unix time in seconds.
        """
        if (place := self._learnt.place(descriptors)) is not None:
            self._heard = _heard(place, self._heard)
        return self._say(at)

    def told(self, payload: str, at: float) -> State:
        """Take what a topic says, which counts more than the sound, until it says something else.

        Parameters
        ----------
        payload : str
            One of the settings' words for running, of `STANDS_STILL`, or any other state, which was not learnt. Empty:
            the topic says nothing any more, as when a retained message is deleted.
        at : float
            Now, Unix time in seconds.
        """
        self._told = payload.strip()
        return self._say(at)

    def _say(self, at: float) -> State:
        word, detail = self._told_state() if self._told else (self._heard, DETAILS[self._heard])
        is_running = word == "running" or (word == "unknown" and not self._told)
        # windows that begin before the start-up is over hold some of it
        ready_at = at + self._settings.start_up_s + self._learnt.window_s
        has_started = is_running and self.state is not None and self.state.is_stopped
        self._ready_at = ready_at if has_started else min(self._ready_at, ready_at)  # the clock may be put back
        if is_running and at < self._ready_at:
            word, is_running, detail = "start-up", False, "it has just started, or a window still holds its start"
        is_same = self.state is not None and (self.state.word, self.state.is_told) == (word, bool(self._told))
        since = self.state.since if self.state is not None and is_same else at
        is_judged = is_running or not self._settings.is_gated
        self.state = State(word, since, is_judged=is_judged, is_told=bool(self._told), detail=detail)
        return self.state

    def _told_state(self) -> tuple[StateWord, str]:
        said = f"the topic says {self._told!r}"
        told = self._told.casefold()
        if told in (word.casefold() for word in self._settings.running):
            return "running", said + (", though it sounds as if it stood still" if self._heard == "off" else "")
        return ("off", said) if told in STANDS_STILL else ("unknown", f"{said}, a state that was not learnt")


def _heard(place: Place, before: StateWord) -> StateWord:
    """State by sound alone; where it was far before, it has to come nearer than that not to be far any more."""
    far_db = FAR_DB - BACK_DB * (before == "off")
    if place.below_db >= far_db and place.loudest_db <= LOUDER_DB and (before == "off" or place.uneven_db >= EVEN_DB):
        return "off"
    return "unknown" if place.far_db >= FAR_DB - BACK_DB * (before == "unknown") else "running"


def _bands_db(descriptors: NDArray[np.float64], level: slice, bands: slice) -> NDArray[np.float64]:
    """Mean level of each band, shape (n_clips, n_bands): relative to the level, if there is one."""
    levels_db: NDArray[np.float64] = descriptors[:, bands] + descriptors[:, level].sum(axis=1, keepdims=True)
    return levels_db
