"""``auscult commission``: normal sound of a machine -> what a monitor of it will hear."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from auscult.cli.options import named_as_typed
from auscult.cli.output import err, out, print_json, progress_bar
from auscult.detect.alarm_budget import describe_time

if TYPE_CHECKING:
    from auscult.pipeline.commissioning import Commissioning

OPTIONS = {"machine_id": "--machine-id", "alarms": "--alarms", "within_s": "--within", "n_mels": "--n-mels"}
SECONDS_A_MINUTE = 60


def commission(
    root: Path = typer.Argument(..., metavar="DIR|CSV", help="Normal recordings of one machine, or a table of them."),
    machine_id: str | None = typer.Option(None, help="Which machine's, if the folders name several."),
    alarms: str = typer.Option("1/week", help="False alarms that are tolerated: 1/week, 2/day, 1/30d."),
    within: float = typer.Option(10.0, min=0.01, help="Minutes in which a fault is to be announced."),
    n_mels: int = typer.Option(64, min=1, help="Number of mel bands."),
    as_json: bool = typer.Option(False, "--json", help="Print everything as one JSON object."),
) -> None:
    """Before any fault exists: is there enough normal sound, which channel is best, how small a fault will be heard.

    Tones, impacts, modulation and noise are added to held-out recordings, octave by octave, at graded levels.
    """
    from auscult.pipeline.commissioning import commission as commission_machine

    with progress_bar() as on_progress, named_as_typed(OPTIONS):
        result = commission_machine(
            root,
            machine_id=machine_id,
            alarms=alarms,
            within_s=SECONDS_A_MINUTE * within,
            n_mels=n_mels,
            on_progress=on_progress,
        )
    for line in result.left_out:
        err.print(f"left out: {line}", markup=False)
    if as_json:
        print_json(result.to_dict())
        return
    heard = describe_time(result.heard_s)
    out.print(f"{result.machine}: learnt {result.n_takes} normal recordings, {heard}; tried on others", markup=False)
    out.print(f"alarms: {result.promise}", markup=False)
    if not result.is_calm:
        err.print(
            "the last recordings raise an alarm as they are: they differ from those before, and the figures below say "
            "nothing. Listen to them, or record more of everything that is normal.",
            markup=False,
        )
    for line in [*_enough_lines(result), *_channel_lines(result.channels)]:
        out.print(line, markup=False)
    out.print(_smallest_table(result))
    out.print("dB re what the machine itself has in that octave; modulation: swing in dB; -: not found", style="dim")


def _enough_lines(result: "Commissioning") -> list[str]:
    """Whether more normal sound would help."""
    curve = ", ".join(f"{row['n_takes']}: {row['mean_level_db']:+.1f} dB" for row in result.learning_curve)
    lines = [f"smallest addition found, mean of all kinds and octaves, by recordings learnt from: {curve}"]
    if result.n_enough is None:
        lines.append("more normal sound would still make smaller faults heard")
    else:
        enough = f"{result.n_enough} recordings are enough to hear faults (more help by less than 1 dB)"
        lines.append(f"{enough}, if not for what is promised of alarms")
    return lines


def _channel_lines(channels: list[dict[str, Any]]) -> list[str]:
    """Which channel shows the smallest additions."""
    if len(channels) == 1:
        return []
    known = [row for row in channels if row["mean_level_db"] is not None]
    listed = ", ".join(f"{row['channel']} {row['mean_level_db']:+.1f} dB" for row in known)
    best = channels[0]["channel"]
    option = "" if best == "mean" else f" (train with --channels {best})"
    return [f"best channel: {best}{option}; smallest addition found by channel, dB re the loudest: {listed}"]


def _smallest_table(result: "Commissioning") -> Table:
    """Smallest addition that is announced in time, a row for each kind, a column for each octave."""
    bands = sorted({(row["low_hz"], row["high_hz"]) for row in result.smallest})
    found = {(row["kind"], row["low_hz"]): row["level_db"] for row in result.smallest}
    within = describe_time(result.within_s)
    table = Table(
        title=f"Smallest addition that is announced within {within}, by octave", title_justify="left", box=None
    )
    table.add_column("", no_wrap=True)
    for low_hz, high_hz in bands:
        table.add_column(f"{low_hz:g}-{high_hz:g} Hz", justify="right")
    for kind in dict.fromkeys(row["kind"] for row in result.smallest):
        levels = [found.get((kind, low_hz)) for low_hz, _ in bands]
        table.add_row(kind, *("-" if level is None else f"{level:+g} dB" for level in levels))
    return table
