"""``auscult replay``, ``deploy``, ``rollback``: another bundle for a monitor: tried, put in place, taken back."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from auscult.cli.output import out, print_json
from auscult.errors import OptionError

if TYPE_CHECKING:
    from auscult.monitor.settings import MonitorSettings

SETTINGS = typer.Argument(..., metavar="auscult.yaml", help="The monitor's settings.")
UNITS_S = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def replay(
    settings: Path = SETTINGS,
    bundle: Path = typer.Option(..., "--bundle", help="The bundle to look back with."),
    since: str = typer.Option("30d", help="How far to look back: 12h, 30d, 4w."),
    as_json: bool = typer.Option(False, "--json", help="Print everything as one JSON object."),
) -> None:
    """Say which alarms another bundle would have raised: gained, lost, earlier, later. Nothing is changed.

    It reads what the monitor keeps, which may run meanwhile.
    """
    from auscult.bundle import load
    from auscult.monitor.desired import in_force
    from auscult.monitor.past.comparison import compare
    from auscult.monitor.past.looking_back import look_back
    from auscult.monitor.past.stored_past import confirmed_faults, pasts_of
    from auscult.monitor.settings_file import read_settings
    from auscult.monitor.store.feedback import known_sounds
    from auscult.monitor.store.queries import StoreReader

    told, until = in_force(read_settings(settings)), time.time()
    start = until - seconds(since)
    live, other, found = load(told.bundle), load(bundle), {}
    store = StoreReader(told.store.path)
    for source in told.sources.values():
        machine, span = source.machine, {"since": start, "until": until}
        before, after = (
            look_back(
                pasts_of(store, live, machine, **span),
                one,
                machine,
                told.alarms,
                known_sounds(store, one, machine, at=until),
            )
            for one in (live, other)
        )
        found[machine] = compare(before, after, confirmed_faults(store, machine, **span))
    if as_json:
        print_json({machine: comparison.to_dict() for machine, comparison in found.items()})
        return
    out.print(f"the last {since}, {bundle.name} instead of {told.bundle.name}:", markup=False)
    for machine, comparison in found.items():
        out.print(f"{machine}: {comparison}", markup=False)


def deploy(
    bundle: Path = typer.Argument(..., help="The bundle that is to be live."),
    settings: Path = SETTINGS,
) -> None:
    """Check a bundle and put it in the place of a monitor's; a monitor that runs takes it within seconds.

    The one that was live stays beside it, for: auscult rollback.
    """
    from auscult.monitor.live_bundle import deploy as deploy_bundle
    from auscult.monitor.live_bundle import previous_path
    from auscult.monitor.settings_file import read_settings

    told = read_settings(settings)
    _, is_other = deploy_bundle(bundle, told.bundle, _machines(told))
    said = f"live now; the one before is {previous_path(told.bundle)}" if is_other else "is live already"
    out.print(f"{told.bundle}: {said}", markup=False)


def rollback(settings: Path = SETTINGS) -> None:
    """Put the bundle back that was live before; once more, and the other one is live again."""
    from auscult.monitor.live_bundle import rollback as roll_back
    from auscult.monitor.settings_file import read_settings

    told = read_settings(settings)
    roll_back(told.bundle, _machines(told))
    out.print(f"{told.bundle}: the one before is live again", markup=False)


def _machines(told: "MonitorSettings") -> list[str]:
    return [source.machine for source in told.sources.values()]


def seconds(text: str) -> float:
    """Length of a time in seconds: ``12h``, ``30d``, ``4w``.

    Raises
    ------
    OptionError
        If it is none.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS_S or not number.replace(".", "", 1).isdigit() or float(number) <= 0:
        raise OptionError("--since", f"expected a time as 12h, 30d or 4w, got {text!r}", "30d is thirty days.")
    return float(number) * UNITS_S[unit]
