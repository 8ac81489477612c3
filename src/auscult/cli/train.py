"""``auscult train``: recordings -> bundle."""

import os
import shlex
from pathlib import Path

import typer

from auscult.bundle import Bundle
from auscult.bundle.figure_words import SPLITS
from auscult.bundle.learnt_words import learnt_words
from auscult.cli.options import channel_policy, check_folder, check_output, named_as_typed
from auscult.cli.output import auscult_command, err, figures_table, out, print_json, progress_bar
from auscult.cli.promises import machine_line, promise_lines

OPTIONS = {
    "n_epochs": "--epochs",
    "learning_rate": "--learning-rate",
    "batch_size": "--batch-size",
    "network": "--network",
    "device": "--device",
    "report": "--report",
    "labels": "--labels",
    "channels": "--channels",
    "n_mels": "--n-mels",
}
SOURCES = {
    "given": "as the data say",
    "names file": "as people named them",
    "clusters": "clusters, which nobody has listened to: auscult faults discover",
}


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
    labels: str = typer.Option(
        None,
        metavar="column|none|FILE.yaml",
        help="Which faults the anomalous clips have: as a table's column `fault` or folders of faults say, as the file "
        "of `auscult faults name` says, or none is to be named. If left out: the file beside the data, else what is "
        "said, else clusters of clips that changed alike.",
    ),
    report: Path = typer.Option(None, help="Page to write on what was learnt and how well (.html)."),
    network: str = typer.Option("small", help="Network that names faults: small, or original, the 2021 one."),
    device: str = typer.Option("auto", help="Where it learns: auto, cpu or cuda."),
    epochs: int = typer.Option(None, min=1, help="Most passes over the clips; if left out, as the network's recipe."),
    learning_rate: float = typer.Option(None, help="The same of its learning rate."),
    batch_size: int = typer.Option(None, min=2, help="The same of its clips a step."),
    seed: int = typer.Option(0, min=0, help="Of all that is drawn by chance: the same gives the same bundle."),
    jobs: int = typer.Option(os.cpu_count() or 1, min=1, help="Networks that learn at the same time."),
    as_json: bool = typer.Option(False, "--json", help="Print the bundle's manifest as JSON."),
) -> None:
    """Learn what each machine sounds like when all is well, and which faults its anomalous recordings have.

    What is anomalous is learnt from normal recordings alone. After Ctrl-C the same command goes on where it was.
    """
    from auscult.diagnose import Training
    from auscult.pipeline import train as train_pipeline

    check_output(output)
    if report is not None:
        check_folder(report)
    with progress_bar() as on_progress, named_as_typed(OPTIONS):
        training = Training(
            network, n_epochs=epochs, learning_rate=learning_rate, batch_size=batch_size, seed=seed, device=device
        )
        bundle = train_pipeline(
            root,
            channels=channel_policy(channels),
            n_mels=n_mels,
            false_alarm_rate=false_alarm_rate,
            alarms=alarms,
            test_share=test_share,
            labels=labels,
            training=training,
            report=report,
            output=output,
            n_jobs=jobs,
            on_progress=on_progress,
            on_note=lambda text: err.print(text, markup=False),
        )
    of_network = [bundle.manifest.network["warning"]] if "warning" in bundle.manifest.network else []
    for warning in (*of_network, *bundle.manifest.training_data["warnings"]):
        err.print(f"note: {warning}", markup=False)
    for left_out in bundle.manifest.training_data["left_out"]:
        err.print(f"left out: {left_out}", markup=False)
    if as_json:
        print_json(bundle.manifest.to_dict())
    else:
        print_summary(bundle, output, false_alarm_rate, report)


def print_summary(bundle: Bundle, output: Path, asked_for: float, report: Path | None) -> None:
    """Say what was learnt, how well it does on what was held out, and what to do next."""
    from auscult.pipeline.detection_section import level_doubts

    manifest = bundle.manifest
    synthetic = "synthetic " if manifest.training_data["is_synthetic"] else ""
    out.print(f"{output}: {learnt_words(manifest)}; at {manifest.features.sr} Hz", markup=False)
    assert bundle.detector is not None
    for name, machine in bundle.detector.machines.items():
        out.print(machine_line(name, machine, asked_for), markup=False)
        for line in promise_lines(machine):
            out.print(line, markup=False)
    if manifest.metrics["figures"]:
        out.print(figures_table(manifest.metrics["figures"], f"Held-out {synthetic}clips, normal + anomalous"))
        out.print("level alone: AUC of a mere level meter; found, false alarms: share called anomalous", style="dim")
        for doubt in level_doubts(manifest.metrics["figures"]):
            out.print(doubt, markup=False)
    _print_faults(bundle, synthetic)
    if report is not None:
        out.print(f"Report: {report}", markup=False)
    command, quoted = auscult_command(), shlex.quote(str(output))
    out.print(
        f"Next: {command} predict {quoted} CLIP.wav, {command} serve {quoted}, or {command} monitor --print-default",
        markup=False,
    )


def _print_faults(bundle: Bundle, synthetic: str) -> None:
    """Say which faults it names, and how well; or why none."""
    manifest = bundle.manifest
    diagnosis = manifest.metrics["diagnosis"]
    if diagnosis is None:
        out.print(f"It names no faults: {manifest.metrics['diagnosis_note']}.", markup=False)
        return
    names = ", ".join(diagnosis["class_names"])
    out.print(f"It names the faults {names} ({SOURCES[diagnosis['labels']]}).", markup=False)
    for row in diagnosis["splits"]:
        if row["split"] != "naive":  # which is good for nothing, and the report says why
            low, high = row["macro_f1_95"]
            out.print(
                f"Macro F1 on {SPLITS[row['split']].question}: {row['macro_f1']:.2f} ({low:.2f}-{high:.2f}) of "
                f"{row['n_clips']} {synthetic}clips; a level meter's: {row['level_macro_f1']:.2f}",
                markup=False,
            )
