"""``auscult train``: recordings -> bundle."""

from pathlib import Path

import typer

from auscult.bundle import Bundle
from auscult.cli.options import channel_policy, check_output
from auscult.cli.output import err, figures_table, out, print_json, progress_bar


def train(
    root: Path = typer.Argument(..., metavar="DIR", help="Recordings in .../<machine>/normal/ and .../abnormal/."),
    output: Path = typer.Option(..., "-o", "--output", help="The bundle to write (.auscult)."),
    channels: str = typer.Option("mean", help="What becomes of several channels: mean, all, or an index from 0."),
    n_mels: int = typer.Option(64, min=1, help="Number of mel bands."),
    false_alarm_rate: float = typer.Option(0.05, help="Share of normal clips that may be called anomalous."),
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
            test_share=test_share,
            on_progress=on_progress,
        )
    bundle.save(output)
    for left_out in bundle.manifest.training_data["left_out"]:
        err.print(f"left out: {left_out}", markup=False)
    if as_json:
        print_json(bundle.manifest.to_dict())
    else:
        print_summary(bundle, output)


def print_summary(bundle: Bundle, output: Path) -> None:
    """Say what was learnt, how well it does on what was held out, and what to do next."""
    manifest = bundle.manifest
    synthetic = "synthetic " if manifest.training_data["is_synthetic"] else ""
    n_machines = len(manifest.thresholds)
    n_clips = manifest.training_data["n_clips"]
    out.print(f"{output}: learnt {n_clips} normal {synthetic}clips of {n_machines} machine(s)", markup=False)
    for name, threshold in manifest.thresholds.items():
        rate, n_calibration = threshold["false_alarm_rate"], threshold["n_calibration"]
        out.print(
            f"  {name}: threshold {threshold['threshold']:.3f}, expected to call {rate:.1%} of normal clips anomalous "
            f"(from {n_calibration} clips)",
            markup=False,
        )
    if manifest.metrics["figures"]:
        out.print(figures_table(manifest.metrics["figures"], f"Held-out {synthetic}clips, normal + anomalous"))
    out.print(f"Next: auscult predict {output} CLIP.wav, or auscult serve {output}", markup=False)
