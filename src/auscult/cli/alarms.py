"""``auscult alarms``: how many alarms there were, and whether that is bearable."""

import time
from pathlib import Path

import typer

from auscult.cli.live_bundle import seconds
from auscult.cli.output import out, print_json
from auscult.detect.alarm_budget import describe_time


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
    rows = StoreReader(told.store.path).alarm_changes(limit=1_000_000)
    changes = [AlarmChange.from_dict(row) for row in rows]
    figures = alarm_figures(changes, since=until - seconds(since), until=until, settings=told.alarms)
    if as_json:
        print_json(figures.to_dict())
        return
    lines = [
        f"the last {describe_time(until - figures.since)}: {figures.n_alarms} alarms, {figures.per_day:.3g} a day, "
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
