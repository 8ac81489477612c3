"""``auscult train``: recordings -> bundle."""

import shlex
from pathlib import Path

import typer

from auscult.bundle import Bundle
from auscult.cli.options import channel_policy, check_output
from auscult.cli.output import auscult_command, err, figures_table, out, print_json, progress_bar
from auscult.cli.promises import machine_line, promise_lines


def train(
    root: Path = typer.Argument(
        ..., metavar="DIR|CSV", help="Recordings in .../<machine>/normal/ and .../abnormal/, or a table: clips.csv."
    ),
    output: Path = typer.Option(..., "-o", "--output", help="The bundle to write (.auscult)."),
    channels: str = typer.Option("mean", help="What becomes of several channels: mean, all, or an index from 0."),
    n_mels: int = typer.Option(64, min=1, help="Number of mel bands."),
    false_alarm_rate: float = typer.Option(0.05, help="Share of single normal clips that may be called anomalous."),
    alarms: str = typer.Option(
        "1/week",
        help="False alarms of a live source that are tolerated (1/week, 2/day, 1/30d); predict does not depend on it.",
    ),
    test_share: float = typer.Option(0.2, help="Share of the normal takes held out for the figures."),
    as_json: bool = typer.Option(False, "--json", help="Print the bundle's manifest as JSON."),
) -> None:
    """Learn what each machine sounds like when all is well.

    Anomalous recordings are only used to measure: nothing is learnt from them.
    """
    from auscult.pipeline import train as train_pipeline

    check_output(output)
    with progress_bar() as on_progress:
        bundle = train_pipeline(
            root,
            channels=channel_policy(channels),
            n_mels=n_mels,
            false_alarm_rate=false_alarm_rate,
            alarms=alarms,
            test_share=test_share,
            on_progress=on_progress,
        )
    bundle.save(output)
    for left_out in bundle.manifest.training_data["left_out"]:
        err.print(f"left out: {left_out}", markup=False)
    if as_json:
        print_json(bundle.manifest.to_dict())
    else:
        print_summary(bundle, output, false_alarm_rate)


def print_summary(bundle: Bundle, output: Path, asked_for: float) -> None:
    """Say what was learnt, how well it does on what was held out, and what to do next."""
    manifest = bundle.manifest
    synthetic = "synthetic " if manifest.training_data["is_synthetic"] else ""
    n_left_out = len(manifest.training_data["left_out"])
    out.print(
        f"{output}: learnt {manifest.training_data['n_clips']} normal {synthetic}clips of {len(manifest.thresholds)} "
        f"machine(s) at {manifest.features.sr} Hz, left out {n_left_out}",
        markup=False,
    )
    assert bundle.detector is not None
    for name, machine in bundle.detector.machines.items():
        out.print(machine_line(name, machine, asked_for), markup=False)
        for line in promise_lines(machine):
            out.print(line, markup=False)
    if manifest.metrics["figures"]:
        out.print(figures_table(manifest.metrics["figures"], f"Held-out {synthetic}clips, normal + anomalous"))
        out.print("level alone: AUC of a mere level meter; found, false alarms: share called anomalous", style="dim")
    command, quoted = auscult_command(), shlex.quote(str(output))
    out.print(f"Next: {command} predict {quoted} CLIP.wav, or {command} serve {quoted}", markup=False)
