"""``auscult scan``: a table of recordings, what they are like and what is wrong with them."""

import shlex
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from auscult.cli.options import named_as_typed
from auscult.cli.output import auscult_command, out, print_json, progress_bar
from auscult.errors import OptionError

N_PARTS = 3  # train, calibration, test
OPTIONS = {"shares": "--shares", "held_out": "--hold-out", "n_jobs": "--jobs"}


def scan(
    path: str = typer.Argument(..., metavar="PATH", help="Folder, CSV, or URL (s3://, zip://, memory://, ...)."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Table to write, a row a clip: clips.csv."),
    no_audio: bool = typer.Option(False, "--no-audio", help="Read the headers only: no levels, no duplicates."),
    original_csv: Path | None = typer.Option(
        None, "--original-csv", help="Table to write as the original project did: filePath,classLabel."
    ),
    split: bool = typer.Option(
        False, "--split", help="Split the labelled clips anew into train, calibration and test, by takes in time."
    ),
    shares: list[float] = typer.Option(
        [0.6, 0.2, 0.2], help="With --split: shares of each machine's normal takes for the three."
    ),
    hold_out: list[str] = typer.Option([], help="With --split: machines all of whose clips are for testing."),
    check_leaks: bool = typer.Option(
        False, "--check-leaks", help="Look for recordings on more than one side of the split, by name and by ear."
    ),
    jobs: int | None = typer.Option(None, help="Files that are read at a time; one a core where not given."),
    as_json: bool = typer.Option(False, "--json", help="Print everything as JSON."),
) -> None:
    """Say what recordings there are, what they are like and what is wrong with them.

    Exit code 1: there are problems.
    """
    from auscult.audio.scan import scan as scan_recordings

    if jobs is not None and jobs < 1:
        raise OptionError("--jobs", f"expected 1 or more, got {jobs}", "Give the number of files read at a time.")
    if hold_out and not split:
        raise OptionError("--hold-out", "holds machines out of a new split", "Give --split as well.")
    if len(shares) != N_PARTS:
        raise OptionError("--shares", f"expected three, got {len(shares)}", "For example: --shares 0.6 0.2 0.2")
    with progress_bar() as on_progress, named_as_typed(OPTIONS):
        found = scan_recordings(
            path,
            output=output,
            original_csv=original_csv,
            with_audio=not no_audio,
            shares=(shares[0], shares[1], shares[2]) if split else None,
            held_out=hold_out,
            with_leaks=check_leaks,
            n_jobs=jobs,
            on_progress=on_progress,
        )
    if as_json:
        print_json(found.to_dict() | {"table": str(output) if output else None})
    else:
        _print_characteristics(found.to_dict())
        _print_problems(found.to_dict()["problems"])
        if output is not None:
            out.print(f"{output}: {found.characteristics['n_clips']} rows", markup=False)
            out.print(f"Next: {auscult_command()} train {shlex.quote(str(output))} -o NAME.auscult", markup=False)
    raise typer.Exit(1 if found.problems else 0)


def _print_characteristics(found: dict[str, Any]) -> None:
    out.print(
        f"{found['path']}: {found['n_clips']} clips, {found['n_readable']} readable, {found['total_h']:.2f} h, "
        f"{found['n_bytes'] / 1e6:.1f} MB",
        markup=False,
    )
    machines = _table("machine", "normal", "anomalous", "no label", "hours")
    for row in found["machines"]:
        counts = (str(row[key]) for key in ("n_normal", "n_anomalous", "n_unlabelled"))
        machines.add_row(escape(row["machine"] or "(not known)"), *counts, f"{row['total_h']:.2f}")
    out.print(machines)
    shares = _table("characteristic", "value", "clips", "share")
    for title, key, unit in (
        ("channels", "n_channels", ""),
        ("sampling rate", "sr", " Hz"),
        ("bit depth", "bit_depth", ""),
        ("subtype", "subtype", ""),
    ):
        for row in found[key]:
            shares.add_row(title, f"{row['value']}{unit}", str(row["n_clips"]), f"{row['share']:.1%}")
    out.print(shares)
    if found["duration_s"]:
        durations = ", ".join(f"{name} {value:.2f} s" for name, value in found["duration_s"].items())
        out.print(f"duration: {durations}", markup=False)
    for label, levels_db in found["level_db"].items():
        levels = ", ".join(f"{name} {value:.1f} dB" for name, value in levels_db.items())
        out.print(f"level, {label}: {levels}", markup=False)


def _print_problems(problems: list[dict[str, Any]]) -> None:
    if not problems:
        out.print("no problems", style="green")
        return
    out.print("PROBLEMS", style="bold red")
    for problem in problems:
        out.print(f"{problem['n']} {problem['what']}:", markup=False, style="bold")
        for name in problem["files"]:
            out.print(f"    {name}", markup=False)
        if problem["n"] > len(problem["files"]):
            out.print(f"    and {problem['n'] - len(problem['files'])} more", markup=False)
        out.print(f"  {problem['remedy']}", markup=False)


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
