"""Sound of many sources, waiting for the one thread that judges it: bounded in seconds, and served in turn."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from auscult.errors import AudioError


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples of a source, and when they were heard.

    Parameters
    ----------
    source : str
        Its name in the settings.
    y : ndarray, shape (n_channels, n_samples), float32
    sr : int, Hz
    ended_at : float
        When its last sample was heard, Unix time in seconds.
    is_broken : bool
        Whether sound was lost just before it: by the source, by opening it again, or by a monitor that was too slow.
    n_opened : int
        How often the source had been opened when it came, this time included.
    is_new : bool
        Whether it does not follow the block before it though nothing was lost, as another recording.
    on_heard : callable, optional
        Called when it was heard, by whoever heard it.
    refusal : AudioError, optional
        Why there are no samples: a recording that cannot be used.
    """

    source: str
    y: NDArray[np.float32]
    sr: int
    ended_at: float
    is_broken: bool
    n_opened: int
    is_new: bool = False
    on_heard: Callable[[], None] | None = None
    refusal: AudioError | None = None

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return float(self.y.shape[1] / self.sr)

    @property
    def is_after_gap(self) -> bool:
        """Whether it does not follow the block before it: no window spans that."""
        return self.is_broken or self.is_new


class Blocks:
    """What waits: each source's blocks in their order, and of all sources one block after the other.

    Parameters
    ----------
    backlog_s : float > 0, s
        Sound of a source that may wait.
    """

    def __init__(self, backlog_s: float) -> None:
        self._backlog_s = backlog_s
        lock = threading.Lock()
        self._arrived, self._room = threading.Condition(lock), threading.Condition(lock)
        self._waiting: OrderedDict[str, deque[Block]] = OrderedDict()  # only sources that have some; the next one first
        self._waiting_s: dict[str, float] = {}
        self._is_woken = False

    def put(self, block: Block) -> list[Block]:
        """Add a block; where its source's backlog is full, the older half of it is dropped and returned.

        Half of it at once, since no window spans a gap: dropped one by one, none would ever be whole.
        """
        dropped = []
        with self._arrived:
            waiting = self._waiting.setdefault(block.source, deque())
            waiting_s = self._waiting_s.get(block.source, 0.0) + block.duration_s
            if waiting_s > self._backlog_s:
                while waiting and waiting_s > self._backlog_s / 2:
                    dropped.append(waiting.popleft())
                    waiting_s -= dropped[-1].duration_s
            waiting.append(block)
            if dropped:
                waiting[0] = replace(waiting[0], is_broken=True)
            self._waiting_s[block.source] = waiting_s
            self._arrived.notify()
        return dropped

    def wait_for_room(self, block: Block, is_given_up: Callable[[], bool]) -> None:
        """Wait until `put` drops nothing, or until it is given up; whoever gives up calls `wake`.

        Only the thread that puts a source's blocks may wait for it.
        """
        with self._room:
            self._room.wait_for(lambda: is_given_up() or self._has_room(block))

    def take(self, timeout_s: float | None = None) -> Block | None:
        """Next block: the oldest of the source that was served longest ago.

        Parameters
        ----------
        timeout_s : float, optional
            Longest wait; None: as long as it takes.

        Returns
        -------
        Block or None
            None if none came in time, or if `wake` was called: since the last time that None was returned.
        """
        with self._arrived:
            self._arrived.wait_for(lambda: self._is_woken or self._waiting, timeout_s)
            if self._is_woken or not self._waiting:
                self._is_woken = False
                return None
            source, waiting = self._waiting.popitem(last=False)
            block = waiting.popleft()
            if waiting:
                self._waiting[source] = waiting  # behind the others
            self._waiting_s[source] = self._waiting_s[source] - block.duration_s if waiting else 0.0
            self._room.notify_all()
            return block

    def wake(self) -> None:
        """Let `take` return None at once, or the next time: there is something else to do."""
        with self._arrived:
            self._is_woken = True
            self._arrived.notify_all()
            self._room.notify_all()

    def waiting_s(self, source: str) -> float:
        """Sound of a source that waits, in seconds."""
        with self._arrived:
            return self._waiting_s.get(source, 0.0)

    def _has_room(self, block: Block) -> bool:
        waiting_s = self._waiting_s.get(block.source, 0.0)
        return waiting_s == 0.0 or waiting_s + block.duration_s <= self._backlog_s
