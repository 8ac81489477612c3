"""``auscult synth``: a data set of synthetic machines with known faults."""

import os
import shlex
from pathlib import Path

import typer

from auscult.cli.options import named_as_typed
from auscult.cli.output import auscult_command, out, print_json, progress_bar
from auscult.errors import OptionError

OPTIONS = {
    "machine_types": "--machine",
    "machine_type": "--machine",
    "n_ids": "--ids",
    "n_normal": "--normal",
    "n_anomalous": "--anomalous",
    "n_channels": "--channels",
    "duration_s": "--duration",
    "snr_db": "--snr",
    "faults": "--faults",
    "sr": "--sr",
    "severity": "--severity",
    "seed": "--seed",
    "n_jobs": "--jobs",
}


def synth(
    root: Path = typer.Argument(..., metavar="DIR", help="Folder to write to; say it before the options."),
    machine: list[str] = typer.Option(["fan"], help="Types of machine: fan pump slider valve."),
    ids: int = typer.Option(2, help="Machines of each type, each an individual."),
    snr: list[float] = typer.Option([6.0], help="Signal-to-noise ratios in dB: -6 0 6."),
    normal: int = typer.Option(60, help="Normal takes of each machine."),
    anomalous: int = typer.Option(20, help="Anomalous takes of each machine."),
    faults: list[str] = typer.Option(
        [], help="Faults to draw from; several at the same time are joined by +. All of the type where not given."
    ),
    severity: list[float] = typer.Option(
        [], help="Severity of every fault, 0 to 1, or the lowest and the highest. Drawn where not given, often mild."
    ),
    channels: int = typer.Option(8, help="Microphones, on a circle of 68 mm."),
    duration: float = typer.Option(10.0, help="Length of a clip in seconds."),
    sr: int = typer.Option(16000, help="Sampling rate in Hz."),
    seed: int = typer.Option(0, help="The same seed gives the same bytes, whatever the number of jobs."),
    jobs: int | None = typer.Option(None, help="Processes that work at a time; all cores where not given."),
    as_json: bool = typer.Option(False, "--json", help="Print what was written as JSON."),
) -> None:
    """Write machines with and without faults in MIMII's folder layout, and truth.csv beside them.

    Options that take several values take them one after the other: --snr -6 0 6. Run again after an interruption, it
    goes on where it was.
    """
    from auscult.synth import write_dataset

    with progress_bar() as on_progress, named_as_typed(OPTIONS):
        truths = write_dataset(
            root,
            machine_types=machine,
            n_ids=ids,
            snr_db=snr,
            n_normal=normal,
            n_anomalous=anomalous,
            faults=faults,
            severity=_severity(severity),
            n_channels=channels,
            duration_s=duration,
            sr=sr,
            seed=seed,
            n_jobs=jobs if jobs is not None else os.cpu_count() or 1,
            on_progress=lambda n_done, n_total: on_progress("synth", n_done, n_total),
        )
    if as_json:
        print_json({"root": str(root), "n_clips": len(truths), "truth": str(root / "truth.csv"), "is_synthetic": True})
        return
    out.print(f"{root}: {len(truths)} synthetic clips, described in {root / 'truth.csv'}", markup=False)
    name = f"{machine[0]}.auscult" if len(machine) == 1 else "machines.auscult"
    out.print(f"Next: {auscult_command()} train {shlex.quote(str(root))} -o {name}", markup=False)


def _severity(values: list[float]) -> float | tuple[float, float] | None:
    match values:
        case []:
            return None
        case [value]:
            return value
        case [low, high]:
            return low, high
    raise OptionError("--severity", f"expected one number or two, got {len(values)}", "For example: --severity 0.3 0.9")
