"""``auscult fetch``: recordings of real machines, from where they are published."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from auscult.cli.options import SeveralValues
from auscult.cli.output import auscult_command, err, out, print_json
from auscult.errors import OptionError

if TYPE_CHECKING:
    from auscult.audio.fetch import Presence
    from auscult.audio.mimii import Archive

STATES = {
    "whole": "there",
    "own": "there, not from here",
    "archive": "archive there, not unpacked",
    "part": "in part",
    "missing": "-",
}

app = typer.Typer(help="Fetch recordings of real machines.", no_args_is_help=True)


@app.callback()
def _fetch() -> None:
    """Fetch recordings of real machines."""


@app.command("mimii", cls=SeveralValues)
def mimii(
    output: Path | None = typer.Option(None, "-o", "--output", metavar="DIR", help="Folder to put them in."),
    machine: list[str] = typer.Option([], help="Types of machine: fan pump slider valve. Fan where not given."),
    snr: list[int] = typer.Option([], help="Signal-to-noise ratios in dB: -6 0 6. 6 where not given."),
    keep_archives: bool = typer.Option(False, "--keep-archives", help="Keep the archives once they are unpacked."),
    mirror: str | None = typer.Option(
        None, metavar="URL", help="Where the archives lie by name, with record.json or MD5SUMS beside them; not Zenodo."
    ),
    is_list: bool = typer.Option(False, "--list", help="Only say what there is, and what of it is in DIR."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Download MIMII, fans, pumps, slide rails and valves: about 10 GB for each type at each SNR.

    Options that take several values take them one after the other: --snr -6 0 6. Run again after an interruption, it
    goes on where it was.
    """
    from auscult.audio.fetch import fetch_archives, look
    from auscult.audio.mimii import MACHINE_TYPES, SNRS_DB, choose_archives, locate_archives

    chosen = choose_archives(machine or (MACHINE_TYPES if is_list else ["fan"]), snr or (SNRS_DB if is_list else [6]))
    if output is None and not is_list:
        raise OptionError("--output", "is missing", "Name the folder to put the recordings in: -o mimii")
    if is_list:
        archives = locate_archives(chosen, mirror=mirror, on_note=_note)
        _print_list(archives, [look(output, archive) if output else None for archive in archives], as_json)
        return
    assert output is not None
    with _bytes_bar() as (on_progress, on_note):
        archives = locate_archives(chosen, mirror=mirror, on_note=on_note)
        before = fetch_archives(output, archives, keep_archives=keep_archives, on_progress=on_progress, on_note=on_note)
    folders = [str(output / archive.folder) for archive in archives]
    new = [folder for folder, was in zip(folders, before, strict=True) if was.state not in ("whole", "own")]
    if as_json:
        print_json({"root": str(output), "fetched": new, "skipped": [each for each in folders if each not in new]})
        return
    for folder in folders:
        out.print(f"{folder}: {'fetched' if folder in new else 'was there'}", markup=False)
    types = {archive.machine_type for archive in archives}
    name = f"{types.pop()}.auscult" if len(types) == 1 else "machines.auscult"
    out.print(f"Next: {auscult_command()} train {shlex.quote(str(output))} -o {name}", markup=False)


def _print_list(archives: "list[Archive]", there: "list[Presence | None]", as_json: bool) -> None:
    from auscult.files import size_text

    if as_json:
        rows = [
            asdict(archive)
            | {"name": archive.name}
            | ({"state": presence.state, "n_bytes": presence.n_bytes} if presence else {})
            for archive, presence in zip(archives, there, strict=True)
        ]
        print_json({"archives": rows})
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("archive", "size", "here", "on the disk"):
        table.add_column(heading, justify="left" if heading in ("archive", "here") else "right", no_wrap=True)
    for archive, presence in zip(archives, there, strict=True):
        table.add_row(
            escape(archive.name),
            "unknown" if archive.size is None else size_text(archive.size),
            STATES[presence.state] if presence else "",
            size_text(presence.n_bytes) if presence and presence.n_bytes else "",
        )
    out.print(table)


def _note(text: str) -> None:
    err.print(text, markup=False)


@contextmanager
def _bytes_bar() -> Iterator[tuple[Callable[[str, int, int], None], Callable[[str], None]]]:
    """Progress in bytes on stderr, one stage after the other, and lines above it; no bar where that is no terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, TimeRemainingColumn(), console=err, disable=not err.is_terminal) as progress:
        bars: dict[str, Any] = {}

        def on_progress(stage: str, n_done: int, n_total: int) -> None:
            if stage not in bars:
                for bar in bars.values():
                    progress.remove_task(bar)
                bars.clear()
                bars[stage] = progress.add_task(stage, total=n_total, completed=n_done)
            progress.update(bars[stage], completed=n_done, total=n_total)

        yield on_progress, _note
