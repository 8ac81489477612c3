"""How the command line speaks: results to stdout, everything else to stderr."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from auscult.errors import AuscultError

if TYPE_CHECKING:
    from auscult.audio.scan import Progress as OnProgress

WIDTH = None if sys.stdout.isatty() else 120
"""Columns of a table: the terminal's, or enough for whole words in a file."""

CUT_OFF = 141
"""Exit code where the reader of stdout has gone (``| head``), as a shell has it of a program that SIGPIPE ends."""


class Output(Console):
    """A console whose reader may go: that is no finding, and no error."""

    def on_broken_pipe(self) -> NoReturn:
        """End quietly.

        The signal SIGPIPE stays ignored, as Python has it: it would end this process also where a worker process dies
        whose pipe is written to.
        """
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
        raise SystemExit(CUT_OFF)


out = Output(highlight=False, soft_wrap=True, width=WIDTH)
err = Console(highlight=False, soft_wrap=True, stderr=True)


def print_error(error: AuscultError) -> None:
    """Say what is wrong."""
    err.print("error:", style="bold red", end=" ")
    err.print(str(error), markup=False)


def auscult_command() -> str:
    """How this command line is called from here: by name, or by its path where the name is not found."""
    return "auscult" if shutil.which("auscult") else str(Path(sys.executable).with_name("auscult"))


def print_json(content: Any, *, indent: int | None = None) -> None:
    """Print one JSON value a line, or indented on several."""
    try:
        print(json.dumps(content, ensure_ascii=False, indent=indent), flush=True)
    except BrokenPipeError:
        out.on_broken_pipe()


class _Rate(ProgressColumn):
    """How many are done in a second."""

    def render(self, task: Task) -> Text:
        """Text of the column."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s")


@contextmanager
def progress_bar() -> Iterator["OnProgress"]:
    """Progress on stderr, one bar a stage; hidden where stderr is no terminal."""
    columns = TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        bars: dict[str, Any] = {}

        def on_progress(stage: str, n_done: int, n_total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=n_total)
            progress.update(bars[stage], completed=n_done)

        yield on_progress


def figures_table(figures: list[dict[str, Any]], title: str) -> Table:
    """Figures of held-out clips, a row for each machine and SNR."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("machine", "SNR", "clips", "AUC (95 %)", "level alone", "found", "false alarms"):
        table.add_column(heading, justify="left" if heading == "machine" else "right", no_wrap=True)
    for row in figures:
        table.add_row(
            escape(row["machine"]),
            "-" if row["snr_db"] is None else f"{row['snr_db']:g} dB",
            f"{row['n_normal']} + {row['n_anomalous']}",
            f"{row['auc']:.3f} ({row['auc_95'][0]:.2f}-{row['auc_95'][1]:.2f})" if "auc" in row else "-",
            f"{row['level_auc']:.3f}" if "level_auc" in row else "-",
            f"{row['detection_rate']:.0%}" if "detection_rate" in row else "-",
            f"{row['false_alarm_rate']:.0%}" if "false_alarm_rate" in row else "-",
        )
    return table
