"""What was learnt, how well it does, and what to believe of it -> one page to read, to print and to send.

Every figure stands beside its interval and a level meter's; it is said which split answers which question, and what
could not be measured.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auscult.bundle.figure_words import listed, snr_words
from auscult.bundle.learnt_words import learnt_words, strange_takes
from auscult.bundle.manifest import Manifest
from auscult.detect.alarm_budget import describe_time
from auscult.diagnose.fitted import Epoch
from auscult.features import recipe_to_dict
from auscult.figures import (
    Heading,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
    learning_curves_figure,
    write_report,
)
from auscult.pipeline.detection_section import detection_conclusions, detection_section
from auscult.pipeline.diagnosis_section import diagnosis_conclusions, diagnosis_section

WHOLE = 1000
"""From here on digits behind the point say nothing."""
CALLED = {"unknown_below": "unknown below a probability of"}
"""What some numbers of a network are called; the others by their names."""
NOT_NUMBERS = ("options", "warning", "clips", "largest_scores")
"""Of what is said of a network: told elsewhere, or of no use to who reads it."""
N_LEFT_OUT = 50
"""Clips left out that are named."""
SYNTHETIC = (
    "The recordings are synthetic: a program made them. No figure of this page says how well it does on a real machine."
)
NOT_SYNTHETIC = (
    "The figures hold for recordings like these: the same machines, microphones, places, loads and noises. After a "
    "change of any of them, measure again (auscult evaluate)."
)


def write_training_report(
    path: Path,
    manifest: Manifest,
    history: Sequence[Epoch],
    examples_of_errors: Sequence[tuple[dict[str, Any], str | os.PathLike[str]]],
) -> None:
    """Write the report of a training as one HTML page.

    Parameters
    ----------
    path : Path
        ``.html``, its folder is made if missing; an existing file is replaced.
    manifest : Manifest
        Of the bundle that was trained.
    history : sequence of Epoch
        Of the network that names faults; empty if there is none.
    examples_of_errors : sequence of (dict, path)
        Rows of ``manifest.metrics["diagnosis"]["worst"]``, each with its clip, which can be played on the page: its
        first 10 s, fewer at high sampling rates, mean of its channels. A clip that cannot be read any more is named
        without a player.

    Raises
    ------
    DataError
        If the disk refuses it.
    MissingExtraError
        If plotly or jinja2 is not installed.
    """
    is_synthetic = manifest.training_data["is_synthetic"]
    examples = [(row, Path(clip)) for row, clip in examples_of_errors]
    sections = [
        _in_short(manifest),
        detection_section(manifest),
        diagnosis_section(manifest.metrics, examples, is_synthetic=is_synthetic),
        _how_it_learnt(manifest, history),
        _what_went_in(manifest),
    ]
    write_report(path, title="Training report", sections=sections, intro=f"{learnt_words(manifest)}.")


def _in_short(manifest: Manifest) -> Section:
    caveat = SYNTHETIC if manifest.training_data["is_synthetic"] else NOT_SYNTHETIC
    parts: list[Part] = [Paragraph(caveat), Heading("Is it normal?")]
    parts += [Paragraph(text) for text in detection_conclusions(manifest)]
    parts.append(Heading("Which fault is it?"))
    parts += [Paragraph(text) for text in diagnosis_conclusions(manifest.metrics)]
    return Section("In short", parts)


def _how_it_learnt(manifest: Manifest, history: Sequence[Epoch]) -> Section:
    title, network = "How it learnt", manifest.network
    normality = (
        "What is normal was learnt from normal clips alone, without a network: how far a clip is from those it knows."
    )
    if not network:
        return Section(title, [Paragraph(normality), Paragraph("No network was learnt, because no faults were.")])
    parts: list[Part] = [Paragraph(normality)]
    if "warning" in network:
        parts.append(Paragraph(f"Warning: {network['warning']}."))
    if history:
        best = network["best_epoch"]
        text = (
            f"The network that names faults was kept as it was after epoch {best}, where it named best the takes held "
            "out from it. This macro F1 chose the epoch, so it flatters: what to believe stands under Which fault."
        )
        figure = learning_curves_figure(
            np.array([epoch.number for epoch in history]),
            np.array([epoch.loss for epoch in history]),
            np.array([epoch.held_out_loss for epoch in history]),
            np.array([epoch.macro_f1 for epoch in history]),
            best_epoch=best,
        )
        caption = "Loss on clips learnt from and on held-out ones, and macro F1 of the held-out ones, by epoch."
        parts += [Paragraph(text), Picture(figure, caption)]
    numbers = {name: value for name, value in network.items() if name not in NOT_NUMBERS}
    rows = [
        [CALLED.get(name, name.replace("_", " ")), _cell(value)]
        for name, value in (numbers | network["options"]).items()
    ]
    return Section(title, [*parts, Table(["network", "value"], rows, "The network and its options.")])


def _what_went_in(manifest: Manifest) -> Section:
    data = manifest.training_data
    parts: list[Part] = [Paragraph(f"Warning: {text}.") for text in data.get("warnings", [])]
    clips = data.get("clips", [])
    if clips:
        rows = [
            [
                row["machine"],
                row["label"],
                snr_words(row["snr_db"]),
                row["n_clips"],
                row["n_takes"],
                describe_time(row["duration_s"]) if row["duration_s"] else None,
            ]
            for row in clips
        ]
        headings = ["machine", "label", "SNR", "clips", "takes", "sound"]
        parts.append(Table(headings, rows, f"{_kind(data)} by machine, label and SNR, before any were held out."))
    if of_faults := manifest.network.get("clips"):
        headings = ["machine", *(fault.name for fault in manifest.faults[1:-1])]
        rows = [[row["machine"], *row["n_clips"]] for row in of_faults]
        parts.append(Table(headings, rows, f"{_kind(data)} of faults that the network learnt, by machine."))
    left_out = data["left_out"]
    if left_out:
        n_more = len(left_out) - N_LEFT_OUT
        caption = f"{len(left_out):,} left out, and why" + (f"; {n_more:,} of them not shown." if n_more > 0 else ".")
        parts.append(Table(["left out"], [[text] for text in left_out[:N_LEFT_OUT]], caption))
    strange = strange_takes(manifest)
    if strange:
        text = f"Heard and not learnt, as they sound unlike all others of their machine ({len(strange):,}): "
        parts.append(Paragraph(f"{text}{listed(strange, N_LEFT_OUT)}. Listen to them."))
    if not left_out and not strange:
        parts.append(Paragraph("Nothing was left out."))
    recipe = recipe_to_dict(manifest.features) | {"channels": manifest.channels}
    rows = [[name.replace("_", " "), _cell(value)] for name, value in recipe.items()]
    parts.append(Table(["features", "value"], rows, "What is computed of each clip."))
    versions = [[name, version] for name, version in manifest.versions.items()]
    parts.append(Table(["library", "version"], versions, "Made with."))
    return Section("What went in", parts)


def _kind(data: dict[str, Any]) -> str:
    return "Synthetic clips" if data["is_synthetic"] else "Clips"


def _cell(value: Any) -> str:
    """A number or an option of any kind, as it is read best."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < WHOLE else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
