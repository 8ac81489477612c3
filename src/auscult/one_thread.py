"""Learning on one thread: repeatable to the bit, and quick beside other work."""

from contextlib import AbstractContextManager

from auscult.extras import require


def one_thread() -> AbstractContextManager[object]:
    """While it lasts, BLAS and OpenMP compute on one thread.

    Sums of several are rounded as chance has it, and on a busy machine threads wait for each other more than they work:
    k-means of forty points took ten times as long.

    Raises
    ------
    MissingExtraError
        Without what the extra ``train`` installs.
    """
    require("sklearn.cluster", extra="train")  # first: only libraries that are loaded are limited
    limits: AbstractContextManager[object] = require("threadpoolctl", extra="train").threadpool_limits(limits=1)
    return limits
