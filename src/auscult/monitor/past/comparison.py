"""Two ways to judge the same sound, by the alarms that each leads to: gained, lost, earlier, later."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Any

from auscult.detect.alarm_budget import describe_time
from auscult.monitor.past.would_be_alarms import Occurrence


@dataclass(frozen=True)
class Comparison:
    """What another way changes.

    Parameters
    ----------
    before, after : tuple of Occurrence
        Alarms in the one way and in the other.
    pairs : tuple of (Occurrence, Occurrence)
        Those that both have: they overlap in time.
    gained, lost : tuple of Occurrence
        Those that only the other way has, and only the one.
    confirmed : tuple of Occurrence
        Alarms of which people said that they were faults.
    confirmed_lost : tuple of Occurrence
        Those of them that overlap an alarm before, and none after.
    """

    before: tuple[Occurrence, ...]
    after: tuple[Occurrence, ...]
    pairs: tuple[tuple[Occurrence, Occurrence], ...]
    gained: tuple[Occurrence, ...]
    lost: tuple[Occurrence, ...]
    confirmed: tuple[Occurrence, ...]
    confirmed_lost: tuple[Occurrence, ...]

    @property
    def earlier_s(self) -> list[float]:
        """By how much alarms come earlier, in seconds, of those that do."""
        return [one.raised_at - other.raised_at for one, other in self.pairs if other.raised_at < one.raised_at]

    @property
    def later_s(self) -> list[float]:
        """By how much alarms come later, in seconds, of those that do."""
        return [other.raised_at - one.raised_at for one, other in self.pairs if other.raised_at > one.raised_at]

    @property
    def confirmed_unseen(self) -> list[Occurrence]:
        """Confirmed faults that neither way has an alarm for, most often as too little is kept of them."""
        return [fault for fault in self.confirmed if not _is_among(fault, [*self.before, *self.after])]

    def to_dict(self) -> dict[str, Any]:
        """What changes, in numbers and in words, as JSON can hold it."""
        lists = {name: getattr(self, name) for name in ("gained", "lost", "confirmed_lost")}
        return {
            "n_before": len(self.before),
            "n_after": len(self.after),
            "n_confirmed": len(self.confirmed),
            "n_confirmed_unseen": len(self.confirmed_unseen),
            **{name: [occurrence.to_dict() for occurrence in own] for name, own in lists.items()},
            "earlier_s": self.earlier_s,
            "later_s": self.later_s,
            "words": str(self),
        }

    def __str__(self) -> str:
        """What changes, in words."""
        n, of = len(self.before), "of them confirmed faults"
        parts = [f"would have removed {len(self.lost)} of the last {_alarms(n)}, {len(self.confirmed_lost)} {of}"]
        if self.gained:
            parts.append(f"added {len(self.gained)}")
        for word, shifts in (("earlier", self.earlier_s), ("later", self.later_s)):
            if shifts:
                half, most = describe_time(median(shifts)), describe_time(max(shifts))
                by = f"by {half}" if half == most else f"by {half} in the median and {most} at most"
                parts.append(f"raised {len(shifts)} {word}, {by}")
        if unseen := len(self.confirmed_unseen):
            parts.append(
                f"says nothing of {unseen} confirmed fault{'s' if unseen > 1 else ''}: "
                "on what is kept of it, neither way raises an alarm"
            )
        return "; ".join(parts)


def compare(
    before: Sequence[Occurrence], after: Sequence[Occurrence], confirmed: Sequence[Occurrence] = ()
) -> Comparison:
    """Compare the alarms of one machine in two ways.

    Parameters
    ----------
    before, after : sequence of Occurrence
        Each in the order of time.
    confirmed : sequence of Occurrence
        Alarms that were really raised, and of which people said that they were faults.
    """
    pairs: list[tuple[Occurrence, Occurrence]] = []
    free = list(after)
    for one in before:
        other = next((other for other in free if _overlap(one, other)), None)
        if other is not None:
            pairs.append((one, other))
            free.remove(other)
    paired = {id(one) for one, _ in pairs}
    lost_faults = [fault for fault in confirmed if _is_among(fault, before) and not _is_among(fault, after)]
    return Comparison(
        tuple(before),
        tuple(after),
        tuple(pairs),
        tuple(free),
        tuple(one for one in before if id(one) not in paired),
        tuple(confirmed),
        tuple(lost_faults),
    )


def _is_among(one: Occurrence, others: Sequence[Occurrence]) -> bool:
    return any(_overlap(one, other) for other in others)


def _overlap(one: Occurrence, other: Occurrence) -> bool:
    """Whether there was a moment at which both were raised and had not cleared."""
    ends = [inf if occurrence.cleared_at is None else occurrence.cleared_at for occurrence in (one, other)]
    return one.raised_at <= ends[1] and other.raised_at <= ends[0]


def _alarms(n: int) -> str:
    return "1 alarm" if n == 1 else f"{n} alarms"
