"""Which recordings may be mixed into others: a few of each type of machine, whatever their number."""

import hashlib
from collections.abc import Iterable

import numpy as np

from auscult.audio.find import Entry

N_KEPT = 64
"""Recordings of each type of machine and side of the split."""
N_TRIED = 3
"""Of them, those that are proposed for a recording: the first that can be read is mixed in."""


class Backgrounds:
    """Normal recordings to mix into others.

    Parameters
    ----------
    entries : iterable of Entry
        All recordings; a fair sample of the normal ones is kept.
    seed : int
    """

    def __init__(self, entries: Iterable[Entry], seed: int) -> None:
        self._seed = seed
        self._kept: dict[tuple[str, str], list[Entry]] = {}
        rng = np.random.default_rng(seed)
        n_seen: dict[tuple[str, str], int] = {}
        for entry in entries:
            if entry.place.label != "normal" or entry.error:
                continue
            key = _kind(entry)
            n_seen[key] = n_seen.get(key, 0) + 1
            sample = self._kept.setdefault(key, [])
            if len(sample) < N_KEPT:
                sample.append(entry)
            elif (place := int(rng.integers(n_seen[key]))) < N_KEPT:  # J. Vitter, "Random sampling with a reservoir"
                sample[place] = entry

    def of(self, entry: Entry) -> tuple[str, ...]:
        """Locations of recordings to mix into one: of its type and side of the split, and of other takes."""
        near = self._kept.get(_kind(entry), [])
        others = [other.location for other in near if other.place.take != entry.place.take]
        digest = hashlib.sha256(f"{self._seed}/{entry.place.take}".encode(errors="replace")).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        return tuple(others[place] for place in rng.permutation(len(others))[:N_TRIED])


def _kind(entry: Entry) -> tuple[str, str]:
    return entry.place.machine_type, entry.place.split
