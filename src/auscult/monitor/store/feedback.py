"""What people said of alarms, as it is kept: what of it counts now, and as what a bundle can use it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auscult.bundle import Bundle
from auscult.monitor.decisions.known_sounds import KnownSound, KnownSounds
from auscult.monitor.detection import Detection
from auscult.monitor.event import Event
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.rows import Feedback, StoredAlarm

NO_LIMIT = 1_000_000
"""More than a store keeps of a machine."""


class FeedbackStore(Protocol):
    """What is needed of `auscult.monitor.store.event_store.EventStore`, which says more of each."""

    def transaction(self) -> AbstractContextManager[None]:
        """Save all of what follows at its end, or nothing if anything is raised."""

    def alarm(self, alarm_id: str) -> StoredAlarm | None:
        """An alarm, if there is one of this name."""

    def alarms(
        self, *, machine: str | None, is_confirmed: bool | None, within: tuple[float, float], limit: int
    ) -> list[StoredAlarm]:
        """Alarms of a machine of which people said that they were faults, or that they were not."""

    def descriptors(
        self, machine: str, recipe: str, *, within: tuple[float, float], limit: int
    ) -> tuple[list[Detection], NDArray[np.float32]]:
        """Detections in the order of time, and their descriptors, shape (n_windows, n_descriptors)."""

    def feedback(self, *, machine: str | None = None, alarm_id: str | None = None) -> list[Feedback]:
        """What was said in the order of time, taken back or not."""

    def save_feedback(self, feedback: Feedback) -> None:
        """Save what was said, instead of what was saved of the same id."""

    def add_event(self, event: Event) -> None:
        """Save an event, to be told."""


class SaidStore(Protocol):
    """What is needed to know what was said: a store, or a reader of one."""

    def feedback(self, *, machine: str | None = None, alarm_id: str | None = None) -> list[Feedback]:
        """What was said in the order of time, taken back or not."""


def known_sounds(store: SaidStore, bundle: Bundle, machine: str, *, at: float) -> KnownSounds:
    """What people said of a machine's alarms and still counts, as a bundle can use it.

    Parameters
    ----------
    store : SaidStore
    bundle : Bundle
        That judges. What was said of windows of other features than its own does not act.
    machine : str
        Full name.
    at : float
        Unix time in seconds.
    """
    return sounds_of(bundle, machine, in_force(store, machine, at=at))


def in_force(store: SaidStore, machine: str, *, at: float) -> list[Feedback]:
    """What was said of a machine's alarms, was not taken back and has not expired.

    Parameters
    ----------
    store : SaidStore
    machine : str
        Full name.
    at : float
        Unix time in seconds.
    """
    return [
        one
        for one in store.feedback(machine=machine)
        if one.undone_at is None and (one.expires_at is None or one.expires_at > at)
    ]


def sounds_of(bundle: Bundle, machine: str, said: Sequence[Feedback]) -> KnownSounds:
    """What people said of a machine's alarms, as a bundle can use it.

    Parameters
    ----------
    bundle : Bundle
        That judges. What was said of windows of other features than its own does not act.
    machine : str
        Full name.
    said : sequence of Feedback
    """
    assert bundle.detector is not None
    recipe = recipe_id(bundle.manifest.features)
    sounds = [
        KnownSound(one.id, one.what, one.fault, one.who, one.at, one.expires_at, one.descriptors)
        for one in said
        if one.recipe == recipe
    ]
    return KnownSounds(sounds, bundle.detector.machines[machine].model)
