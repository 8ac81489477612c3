"""Two things timed in turn, and their ratio: the machine's moods then fall on both."""

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object], n: int) -> float:
    """Median duration of `n` calls, in seconds."""
    durations = []
    for _ in range(n):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)


def side_by_side(
    title: str,
    theirs: Callable[[], object],
    ours: Callable[[], object],
    *,
    rounds: int = 7,
    n: tuple[int, int] = (5, 25),
) -> None:
    """Print both medians and the median ratio of rounds in which both were measured; warmed up first."""
    theirs(), ours()
    pairs = [(seconds(theirs, n[0]), seconds(ours, n[1])) for _ in range(rounds)]
    ratios = [their_s / our_s for their_s, our_s in pairs]
    their_ms, our_ms = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
    print(
        f"{title:<46} {their_ms:9.2f} ms {our_ms:9.2f} ms   {statistics.median(ratios):6.1f} x"
        f"  ({min(ratios):.1f}-{max(ratios):.1f})"
    )
