"""The journal of alarms -> the figures of ANSI/ISA-18.2-2016: how many there are, and whether that is bearable.

What they mean, and which values the standard recommends, is in docs/alarms.md.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from statistics import median
from typing import Any

from auscult.errors import OptionError
from auscult.monitor.alarms.board import FLOOD_S, is_chatter, is_flood
from auscult.monitor.alarms.change import AlarmChange
from auscult.monitor.settings import AlarmSettings

STALE_S = 24 * 3600.0
"""An alarm that is active for longer is stale: it tells nobody anything any more."""


@dataclass(frozen=True)
class AlarmFigures:
    """What alarms there were in a time.

    Parameters
    ----------
    since, until : float
        The time, Unix seconds; what was raised at `until` is in it, what was at `since` is not.
    n_alarms, per_hour, per_day, per_ten_minutes : int, float, float, float
        How often alarms were raised, and on average.
    most_in_ten_minutes : int
        Highest number in any ten minutes of the time, wherever they begin.
    per_machine : dict of str to int
        How often each machine's was, the most frequent first.
    n_floods, flood_share : int, float in [0, 1]
        Floods that there was any of in the time, and their share of it.
    chattering : tuple of str
        Machines whose alarm chattered at some time.
    stale_s : dict of str to float
        Machines whose alarm was active for more than a day without a break, the longest first; how long up to `until`.
    n_acknowledged, n_unacknowledged : int
        Acknowledgements in the time, and alarms that waited for one at its end.
    acknowledged_after_s : float or None
        Median time from an alarm to its acknowledgement; None if there was none.
    """

    since: float
    until: float
    n_alarms: int
    per_hour: float
    per_day: float
    per_ten_minutes: float
    most_in_ten_minutes: int
    per_machine: dict[str, int]
    n_floods: int
    flood_share: float
    chattering: tuple[str, ...]
    stale_s: dict[str, float]
    n_acknowledged: int
    n_unacknowledged: int
    acknowledged_after_s: float | None

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return asdict(self)


def alarm_figures(
    changes: Iterable[AlarmChange], *, since: float, until: float, settings: AlarmSettings
) -> AlarmFigures:
    """Figures of the time from `since` to `until`.

    Parameters
    ----------
    changes : iterable of AlarmChange
        In the order in which they happened, from before `since` on: also of what was still active or waited for an
        acknowledgement then.
    since, until : float
        Unix time in seconds.
    settings : AlarmSettings
        What chatter and floods are.

    Raises
    ------
    OptionError
        If there is no time between them.
    """
    if not until > since:
        raise OptionError("until", "expected a time after since", "Choose a time that has a length.")
    changes = [change for change in changes if change.at <= until]
    raised = sorted((change.at, change.machine) for change in changes if change.what == "raised")
    times = [at for at, _ in raised]
    new = [(at, machine) for at, machine in raised if at > since]
    per_machine = Counter(machine for _, machine in new)
    floods = [(begin, end) for begin, end in flood_spells(times, settings) if end > since]
    flood_s = sum(min(end, until) - max(begin, since) for begin, end in floods)
    waits, n_unacknowledged = _acknowledgements(changes, since)
    n_alarms, length_s = len(new), until - since
    return AlarmFigures(
        since=since,
        until=until,
        n_alarms=n_alarms,
        per_hour=n_alarms * 3600.0 / length_s,
        per_day=n_alarms * 86400.0 / length_s,
        per_ten_minutes=n_alarms * 600.0 / length_s,
        most_in_ten_minutes=max((n for _, n in _counts([at for at, _ in new], FLOOD_S)), default=0),
        per_machine=dict(sorted(per_machine.items(), key=lambda item: (-item[1], item[0]))),
        n_floods=len(floods),
        flood_share=flood_s / length_s,
        chattering=tuple(sorted(_chattering(raised, since, settings))),
        stale_s=_stale(changes, since, until),
        n_acknowledged=len(waits),
        n_unacknowledged=n_unacknowledged,
        acknowledged_after_s=median(waits) if waits else None,
    )


def flood_spells(raised: Sequence[float], settings: AlarmSettings) -> list[tuple[float, float]]:
    """From when to when there was a flood.

    Parameters
    ----------
    raised : sequence of float
        When alarms were raised, Unix seconds, in this order; of all machines.
    settings : AlarmSettings

    Returns
    -------
    list of (float, float)
        As nothing is known of what comes after the last alarm, its flood ends as if there were no more.
    """
    return _spells(raised, FLOOD_S, lambda was, n: is_flood(was, n, settings))


def chatter_spells(raised: Sequence[float], settings: AlarmSettings) -> list[tuple[float, float]]:
    """From when to when a machine's alarm chattered.

    Parameters
    ----------
    raised : sequence of float
        When it was raised, Unix seconds, in this order.
    settings : AlarmSettings

    Returns
    -------
    list of (float, float)
    """
    return _spells(raised, settings.chatter_within_s, lambda was, n: is_chatter(was, n, settings))


def _counts(raised: Sequence[float], within_s: float) -> list[tuple[float, int]]:
    """How many were raised within so many seconds before: whenever that number changes."""
    steps = Counter(raised)
    steps.subtract(at + within_s for at in raised)
    moments = sorted(steps)
    return list(zip(moments, accumulate(steps[at] for at in moments), strict=True))


def _spells(
    raised: Sequence[float], within_s: float, goes_on: Callable[[bool, int], bool]
) -> list[tuple[float, float]]:
    spells = []
    begin = None
    for at, n_raised in _counts(raised, within_s):
        is_on = goes_on(begin is not None, n_raised)
        if is_on and begin is None:
            begin = at
        elif not is_on and begin is not None:
            spells.append((begin, at))
            begin = None
    return spells


def _chattering(raised: Iterable[tuple[float, str]], since: float, settings: AlarmSettings) -> set[str]:
    times = defaultdict(list)
    for at, machine in raised:
        times[machine].append(at)
    return {machine for machine in times if any(end > since for _, end in chatter_spells(times[machine], settings))}


def _acknowledgements(changes: Iterable[AlarmChange], since: float) -> tuple[list[float], int]:
    """How long each acknowledgement after `since` took, from when it was first asked for; and how many are missing."""
    waits = []
    asked: dict[str, float] = {}
    for change in changes:
        if change.what == "raised":
            asked.setdefault(change.alarm_id, change.at)
        elif change.what == "acknowledged" and change.alarm_id in asked:
            wait = change.at - asked.pop(change.alarm_id)
            if change.at > since:
                waits.append(wait)
    return waits, len(asked)


def _stale(changes: Iterable[AlarmChange], since: float, until: float) -> dict[str, float]:
    """Machine -> its longest time with a stale alarm, if that went on after `since`."""
    active: dict[str, AlarmChange] = {}
    spells = []
    for change in changes:
        if change.what == "raised":
            active[change.alarm_id] = change
        elif change.what == "cleared" and change.alarm_id in active:
            spells.append((active.pop(change.alarm_id), change.at))
    spells += [(begin, until) for begin in active.values()]
    stale: dict[str, float] = {}
    for begin, end in spells:
        if end > since and end - begin.at > STALE_S:
            stale[begin.machine] = max(end - begin.at, stale.get(begin.machine, 0.0))
    return dict(sorted(stale.items(), key=lambda item: (-item[1], item[0])))
