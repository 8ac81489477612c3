"""What is kept of a machine's past, to look back at."""

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auscult.bundle import Bundle
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.detection import Detection
from auscult.monitor.past.looking_back import Past
from auscult.monitor.past.would_be_alarms import Occurrence
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.feedback import NO_LIMIT
from auscult.monitor.store.rows import StoredAlarm

DAY_S = 86400.0


class PastStore(Protocol):
    """What is needed of `auscult.monitor.store.queries.StoreReader`, which says more of each."""

    def alarms(
        self, *, machine: str | None, is_confirmed: bool | None, within: tuple[float, float], limit: int
    ) -> list[StoredAlarm]:
        """Alarms of a machine of which people said that they were faults, or that they were not."""

    def descriptors(
        self, machine: str, recipe: str, *, within: tuple[float, float], limit: int
    ) -> tuple[list[Detection], NDArray[np.float32]]:
        """Detections as they came, and their descriptors, shape (n_windows, n_descriptors)."""


def pasts_of(store: PastStore, bundle: Bundle, machine: str, *, since: float, until: float) -> Iterator[Past]:
    """What is kept of a machine's sound as the live bundle heard it, a day at a time: more would take much memory.

    Parameters
    ----------
    store : PastStore
    bundle : Bundle
        The live one.
    machine : str
        Full name.
    since, until : float
        Unix time in seconds.
    """
    assert bundle.detector is not None
    recipe, window_s = recipe_id(bundle.manifest.features), bundle.detector.machines[machine].rule.interval_s
    while since <= until:
        end = min(since + DAY_S, until)
        detections, descriptors = store.descriptors(machine, recipe, within=(since, end), limit=NO_LIMIT)
        if detections:
            yield Past(machine, detections, descriptors, recipe, window_s)
        since = math.nextafter(end, math.inf)


def confirmed_faults(store: PastStore, machine: str, *, since: float, until: float) -> list[Occurrence]:
    """Alarms of which people said that they were faults.

    Parameters
    ----------
    store : PastStore
    machine : str
        Full name.
    since, until : float
        Unix time in seconds, between which they were raised.
    """
    alarms = store.alarms(machine=machine, is_confirmed=True, within=(since, until), limit=NO_LIMIT)
    return [Occurrence.of(Alarm.from_dict(stored.alarm)) for stored in reversed(alarms)]
