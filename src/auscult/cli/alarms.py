"""``auscult alarms``: how many alarms there were, and whether that is bearable."""

import time
from math import nextafter
from pathlib import Path

import typer

from auscult.cli.live_bundle import seconds
from auscult.cli.output import out, print_json
from auscult.detect.alarm_budget import describe_time

DAY_S = 86400.0


def alarms(
    settings: Path = typer.Argument(..., metavar="auscult.yaml", help="The monitor's settings."),
    since: str = typer.Option("30d", help="How far to look back: 12h, 30d, 4w."),
    as_json: bool = typer.Option(False, "--json", help="Print everything as one JSON object."),
) -> None:
    """Report on a monitor's alarms with ISA-18.2's figures: how many, floods, chatter, stale ones, acknowledgements.

    It reads what the monitor keeps, which may run meanwhile.
    """
    from auscult.monitor.alarms.change import AlarmChange
    from auscult.monitor.alarms.figures import alarm_figures
    from auscult.monitor.settings_file import read_settings
    from auscult.monitor.store.queries import StoreReader

    told, until = read_settings(settings), time.time()
    store = StoreReader(told.store.path)
    changes = [AlarmChange.from_dict(row) for row in store.alarm_changes(limit=1_000_000)]
    begun = [event.at for event in store.events(limit=1)]  # nothing is known of the time before
    begun += [change.at for change in changes[:1]]
    # what happened at the very beginning of the time counts, too
    begin = max(until - seconds(since), nextafter(min(begun, default=0.0), 0.0))
    figures = alarm_figures(changes, since=begin, until=until, settings=told.alarms)
    if as_json:
        print_json(figures.to_dict())
        return
    heard_s, asked_s = until - begin, seconds(since)
    known = f", of which {describe_time(heard_s)} are known" if heard_s < asked_s else ""
    rate = f", {figures.per_day:.3g} a day" if heard_s >= DAY_S else ""  # of less, a day may be another
    lines = [
        f"the last {since}{known}: {figures.n_alarms} alarm{'' if figures.n_alarms == 1 else 's'}{rate}, "
        f"at most {figures.most_in_ten_minutes} in ten minutes",
        f"floods: {figures.n_floods}, {figures.flood_share:.0%} of the time; chattering: "
        f"{', '.join(figures.chattering) or 'none'}",
        *(f"  {machine}: {n}" for machine, n in figures.per_machine.items()),
        *(f"stale: {machine}, active for {describe_time(stale_s)}" for machine, stale_s in figures.stale_s.items()),
        f"acknowledged: {figures.n_acknowledged}{_after(figures.acknowledged_after_s)}; "
        f"waiting for it: {figures.n_unacknowledged}",
    ]
    for line in lines:
        out.print(line, markup=False)


def _after(median_s: float | None) -> str:
    return "" if median_s is None else f", mostly within {describe_time(median_s)}"
