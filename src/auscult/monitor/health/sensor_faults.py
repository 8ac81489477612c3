"""What can be wrong with a microphone: how it is found in its sound, what it is in NAMUR NE 107, what to do.

docs/sensor-health.md says it in a table, and what cannot be told apart.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.features.filters import octave_edges_hz
from auscult.monitor.health.baseline import HealthBaseline
from auscult.monitor.health.sound_second import Second
from auscult.monitor.settings import HealthSettings

Word = Literal["ok", "maintenance required", "out of specification", "function check", "failure"]
"""Of NAMUR NE 107, "Self-monitoring and diagnosis of field devices", 2017."""

CLIPPED_SHARE = 1e-3
"""Share of a second's samples that is cut off: 16 at 16 kHz, which `auscult scan` counts in ten seconds."""
OFFSET_SHARE = 0.2
"""Change of the offset, over the amplitude (rms) of the sound, from which on it stands out in the lowest band."""
LEAST_OFFSET, MOST_OFFSET = 0.001, 0.1
"""Of full scale: less is no matter; more takes away room for the sound, even if it was so at commissioning."""
DEAD_DB = -40.0
"""Change of every octave since commissioning: far below a machine that stands still in most halls."""
MAINS_SHARE, MAINS_DB = 0.1, 10.0
"""Share of the power at low frequencies, and rise since commissioning, from which on the mains dominate."""
LOW_HZ, HIGH_HZ = 700.0, 1900.0
"""Octaves that lie below are low, those that lie above are high: a cloth lets the low ones pass."""
EVEN_DB = 3.0
"""Octaves differ by so much without a cause, or by as much as they did at commissioning (the baseline's spread)."""
COVERED_DB = -8.0
"""Change of the high octaves from which on something is before the microphone."""
HEARD_DB = -90.0
"""Octaves that were below at commissioning are the recorder's own noise, which no gain before it moves."""


@dataclass(frozen=True)
class Cause:
    """What can be wrong with a microphone.

    Parameters
    ----------
    word : Word
    remedy : str
    """

    word: Word
    remedy: str


UNUSABLE = "unusable sound"
"""Cause that is not found in the sound: the bundle, or the settings, cannot be used with such sound."""

CAUSES: dict[str, Cause] = {
    UNUSABLE: Cause("out of specification", "Do what the reason says: source, settings and bundle have to fit."),
    "stalled source": Cause("failure", "Look whether device and network are up, and whether something else uses it."),
    "repeated blocks": Cause("failure", "Open the source again; if it comes back, look at its driver."),
    "dead": Cause("failure", "Look at microphone, cable, phantom power, and whether it is muted."),
    "stalled clock": Cause("out of specification", "Say the device's true sampling rate, or look why sound is lost."),
    "dropped blocks": Cause("out of specification", "Look at network, USB hub and load of the computer."),
    "clipped": Cause("out of specification", "Turn the gain down, and commission it anew on the machine's page."),
    "hum": Cause("out of specification", "Look at plug, shield and earth of the cable, and at what lies beside it."),
    "covered": Cause("out of specification", "Look whether something lies before or in the microphone."),
    "gain change": Cause(
        "out of specification",
        "Set the gain back, or commission it anew on the machine's page and enrol anew.",
    ),
    "DC offset": Cause("out of specification", "Look at the recorder's input, or put a high-pass before it."),
}
"""In the order in which they are said, if there are several at a time: the first one explains those after it."""

Findings = dict[str, str]
"""Of each cause what was found, in words with a number; empty if it was not."""


def absolute_findings(second: Second) -> Findings:
    """What a second tells without anything to compare it with.

    Parameters
    ----------
    second : Second
    """
    clipped = second.clipped_share
    return {
        "dead": _words(second.is_silent, clipped, "digital silence"),
        "clipped": _words(clipped >= CLIPPED_SHARE, 100 * clipped, "{:.1f} % of the samples are cut off"),
        "DC offset": _words(np.abs(second.dc) >= MOST_OFFSET, second.dc, "{:+.2f} of full scale"),
    }


class Comparison:
    """Compares a microphone's sound with its commissioning.

    Parameters
    ----------
    baseline : HealthBaseline
    settings : HealthSettings
    """

    def __init__(self, baseline: HealthBaseline, settings: HealthSettings) -> None:
        self._baseline = baseline
        self._gain_change_db = settings.gain_change_db
        edges_hz = np.array(octave_edges_hz(baseline.sr / 2))
        self._low, self._high = np.flatnonzero(edges_hz[1:] <= LOW_HZ), np.flatnonzero(edges_hz[:-1] >= HIGH_HZ)
        self._even_db = np.maximum(EVEN_DB, baseline.spreads_db)
        self._covered_db = np.minimum(COVERED_DB, -2 * baseline.spreads_db)
        self._is_unheard = baseline.levels_db < HEARD_DB
        self._weights = ~self._is_unheard / np.maximum((~self._is_unheard).sum(axis=1, keepdims=True), 1)
        amplitudes = np.sqrt((10 ** (baseline.levels_db / 10)).sum(axis=1))
        self._offsets = np.clip(OFFSET_SHARE * amplitudes, LEAST_OFFSET, MOST_OFFSET)

    def findings(self, middle: Second) -> Findings:
        """What is wrong with a microphone.

        Parameters
        ----------
        middle : Second
            Of each level and of the offset, the middle one of the last seconds.
        """
        changes_db = middle.bands_db - self._baseline.levels_db
        rises_db = middle.mains_db - self._baseline.mains_db
        offsets = middle.dc - self._baseline.dc
        is_dead = (changes_db <= DEAD_DB).all(axis=1)
        is_hum = (middle.mains_share >= MAINS_SHARE) & (rises_db >= MAINS_DB)
        is_offset = np.abs(offsets) >= self._offsets
        return {
            "dead": _words(is_dead, changes_db.max(axis=1), "every octave {:+.0f} dB or less since commissioning"),
            "hum": _words(is_hum, rises_db, "odd harmonics of the mains {:+.0f} dB since commissioning"),
            "covered": self._covered(changes_db),
            "gain change": self._gain_change(changes_db),
            "DC offset": _words(is_offset, offsets, "{:+.3f} of full scale since commissioning"),
        }

    def _covered(self, changes_db: NDArray[np.float64]) -> str:
        if not (self._low.size and self._high.size):
            return ""
        does_stay = (changes_db >= -self._even_db)[:, self._low].all(axis=1)
        has_fallen = (changes_db <= self._covered_db)[:, self._high].all(axis=1)
        template = "high octaves {:+.0f} dB or less since commissioning, low ones as then"
        return _words(does_stay & has_fallen, changes_db[:, self._high].max(axis=1), template)

    def _gain_change(self, changes_db: NDArray[np.float64]) -> str:
        moved_db = (changes_db * self._weights).sum(axis=1)
        is_even = (np.abs(changes_db - moved_db[:, None]) <= self._even_db) | self._is_unheard
        is_moved = np.abs(moved_db) >= self._gain_change_db
        return _words(is_even.all(axis=1) & is_moved, moved_db, "all octaves alike {:+.0f} dB since commissioning")


def _words(is_found: NDArray[np.bool_] | np.bool_, values: NDArray[np.float64], template: str) -> str:
    """Words with the value of the first channel that has it, and its number where there are several."""
    if not is_found.any():
        return ""
    channel = int(np.argmax(is_found))
    words = template.format(values[channel])
    return words if is_found.size == 1 else f"channel {channel}: {words}"
