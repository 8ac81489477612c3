"""Rows of a scan -> shares of channel counts, rates and bit depths, durations, hours and levels: counters only."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from auscult.audio.describe import Description
from auscult.audio.header import bit_depth
from auscult.audio.layouts import Place

LABELS = ("normal", "anomalous", "")


@dataclass
class MachineTally:
    """How many clips of a machine there are by label, and how long they last."""

    n_clips: Counter[str] = field(default_factory=Counter)
    duration_s: float = 0.0


class Characteristics:
    """Counts what goes by; the memory taken grows by some bytes a clip."""

    def __init__(self) -> None:
        self.n_clips = 0
        self.n_bytes = 0
        self.n_channels: Counter[int] = Counter()
        self.sr: Counter[int] = Counter()
        self.subtype: Counter[str] = Counter()
        self.machines: dict[str, MachineTally] = {}
        self._durations_s = array("f")
        self._levels_db = {label: array("f") for label in LABELS}

    def add(self, place: Place, description: Description) -> None:
        """Count one clip."""
        self.n_clips += 1
        self.n_bytes += description.n_bytes or 0
        tally = self.machines.setdefault(place.machine, MachineTally())
        tally.n_clips[place.label] += 1
        if (header := description.header) is not None:
            self.n_channels[header.n_channels] += 1
            self.sr[header.sr] += 1
            self.subtype[header.subtype] += 1
            tally.duration_s += header.duration_s
            self._durations_s.append(header.duration_s)
        if description.statistics is not None:
            self._levels_db[place.label].append(description.statistics.level_db)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can take it; counts are in falling order."""
        return {
            "n_clips": self.n_clips,
            "n_readable": len(self._durations_s),
            "n_bytes": self.n_bytes,
            "total_h": round(sum(tally.duration_s for tally in self.machines.values()) / 3600, 6),
            "duration_s": _spread(self._durations_s, ("min", "median", "max"), (0, 50, 100)),
            "n_channels": _shares(self.n_channels),
            "sr": _shares(self.sr),
            "bit_depth": _shares(self._bit_depths()),
            "subtype": _shares(self.subtype),
            "machines": [
                {
                    "machine": name,
                    "n_normal": tally.n_clips["normal"],
                    "n_anomalous": tally.n_clips["anomalous"],
                    "n_unlabelled": tally.n_clips[""],
                    "total_h": round(tally.duration_s / 3600, 6),
                }
                for name, tally in sorted(self.machines.items())
            ],
            "level_db": {
                label or "unlabelled": _spread(levels_db, ("p5", "median", "p95"), (5, 50, 95))
                for label, levels_db in self._levels_db.items()
                if levels_db
            },
        }

    def _bit_depths(self) -> Counter[str]:
        depths: Counter[str] = Counter()
        for subtype, n_clips in self.subtype.items():
            bits = bit_depth(subtype)
            depths[f"{bits} bit" if bits else "compressed"] += n_clips
        return depths


def _shares(counter: Counter[Any]) -> list[dict[str, Any]]:
    n_all = counter.total()
    ordered = sorted(counter.items(), key=lambda item: (-item[1], str(item[0])))
    return [{"value": value, "n_clips": n_clips, "share": round(n_clips / n_all, 6)} for value, n_clips in ordered]


def _spread(values: "array[float]", names: tuple[str, ...], percentiles: tuple[int, ...]) -> dict[str, float]:
    if not values:
        return {}
    found = np.percentile(np.frombuffer(values, np.float32), percentiles)
    return {name: round(float(value), 3) for name, value in zip(names, found, strict=True)}
