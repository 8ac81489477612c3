"""What workers can do, whichever they are."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

N_AHEAD = 3
"""Tasks for each worker that are begun before the first of them is handed over: enough that none waits, and few enough
that memory does not grow with their number."""

MAX_DEATHS = 3
"""A task on which so many workers have died is given up."""

_END: Any = object()


@dataclass(frozen=True)
class LostTask:
    """Takes the place of a result that is not to be had.

    Parameters
    ----------
    reason : str
    """

    reason: str


LOST = LostTask("a worker process died on it again and again, perhaps for want of memory")


class Workers(Protocol):
    """Processes that work on tasks.

    Attributes
    ----------
    n : int
        Tasks that they work on at a time.
    """

    n: int

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Result | LostTask]]:
        """Results in the order of the tasks, as they come.

        Parameters
        ----------
        function : callable
            Defined in a module, or a `functools.partial` of such; it may run more than once on a task whose worker
            died, so it should change nothing but return.
        tasks : iterable
            Drawn as workers become free, so that it may be endless, or another `map`.

        Yields
        ------
        task, result
            `LostTask` instead of the result if workers died on it again and again.

        Raises
        ------
        Exception
            Whatever the function raises.
        """


def in_order(
    tasks: Iterable[Task],
    begin: Callable[[Task], Any],
    finish: Callable[[Task, Any], Result],
    cancel: Callable[[Any], object],
    *,
    n_ahead: int,
) -> Iterator[tuple[Task, Result]]:
    """Begin tasks ahead of those that are finished, hand them over in order, cancel at the end what is left over."""
    remaining = iter(tasks)
    running: deque[tuple[Task, Any]] = deque()
    try:
        while True:
            while len(running) < n_ahead and (task := next(remaining, _END)) is not _END:
                running.append((task, begin(task)))
            if not running:
                return
            task, future = running.popleft()
            yield task, finish(task, future)
    finally:
        for _, future in running:
            cancel(future)
