"""``auscult synth``: a data set of synthetic machines with a known fault."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from auscult.cli.output import auscult_command, out, progress_bar
from auscult.errors import OptionError

OPTIONS = {
    "n_ids": "--ids",
    "n_normal": "--normal",
    "n_anomalous": "--anomalous",
    "duration_s": "--duration",
    "snr_db": "--snr",
    "sr": "--sr",
    "severity": "--severity",
    "seed": "--seed",
}


@contextmanager
def _named_as_typed() -> Iterator[None]:
    """Call the arguments in messages what the options are called."""
    try:
        yield
    except OptionError as error:
        option = OPTIONS.get(error.where, error.where)
        raise OptionError(option, error.problem, error.remedy.replace(error.where, option)) from None


def synth(
    root: Path = typer.Argument(..., metavar="DIR", help="Folder to write to."),
    ids: int = typer.Option(2, help="Number of machines, each an individual."),
    snr: list[float] = typer.Option([6.0], help="Signal-to-noise ratio in dB; repeat it for several."),
    normal: int = typer.Option(60, help="Normal takes of each machine."),
    anomalous: int = typer.Option(20, help="Anomalous takes of each machine."),
    duration: float = typer.Option(10.0, help="Length of a clip in seconds."),
    sr: int = typer.Option(16000, help="Sampling rate in Hz."),
    severity: float | None = typer.Option(
        None, help="Severity of every fault, 0 to 1; drawn where not given, mild cases like normal."
    ),
    seed: int = typer.Option(0, help="The same seed gives the same bytes."),
) -> None:
    """Write fans with and without imbalance in MIMII's folder layout, and truth.csv beside them.

    Run again after an interruption, it goes on where it was.
    """
    from auscult.synth import write_dataset

    with progress_bar() as on_progress, _named_as_typed():
        truths = write_dataset(
            root,
            n_ids=ids,
            snr_db=snr,
            n_normal=normal,
            n_anomalous=anomalous,
            duration_s=duration,
            sr=sr,
            severity=severity,
            seed=seed,
            on_progress=lambda n_done, n_total: on_progress("synth", n_done, n_total),
        )
    out.print(f"{root}: {len(truths)} synthetic clips, described in {root / 'truth.csv'}", markup=False)
    out.print(f"Next: {auscult_command()} train {shlex.quote(str(root))} -o fan.auscult", markup=False)
