"""What a training report says of naming faults."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auscult.audio import read_audio
from auscult.audio.write import flac_bytes
from auscult.bundle.figure_words import (
    LABELS,
    SPLITS,
    WIDE,
    counted,
    is_shown_better,
    listed,
    score_words,
    snr_words,
    with_snr,
)
from auscult.errors import AudioError
from auscult.faults import UNKNOWN_FAULT
from auscult.figures import (
    Heading,
    Paragraph,
    Part,
    Picture,
    Player,
    Section,
    Table,
    calibration_curve_figure,
    confusion_figure,
    score_intervals_figure,
)

MAX_PLAYED_S = 10.0
MAX_SAMPLES = 200_000
"""Of a player, which plays less at high sampling rates: a page with 8 of them stays below some 8 MB."""
N_NAMES = 5
"""Of a clip's path that are shown: from the SNR on, in MIMII's layout."""
UNKNOWN = "unknown"


MEANING = (
    "Macro F1 is 1 where every fault is always named right, and counts a rare fault as much as a frequent one. To be "
    "called unknown counts as wrong."
)


def diagnosis_conclusions(metrics: dict[str, Any]) -> list[str]:
    """What a maintenance engineer has to know about it, a sentence or some each.

    Parameters
    ----------
    metrics : dict
        Of the manifest; ``diagnosis`` from `auscult.evaluate.diagnosis.diagnosis_figures`, or ``diagnosis_note``.
    """
    diagnosis = metrics.get("diagnosis")
    if diagnosis is None:
        return [_not_learnt(metrics)]
    splits = _by_name(diagnosis)
    texts = [f"It names {listed(diagnosis['class_names'], 12)}. {LABELS[diagnosis['labels']]}"]
    believed = [splits[name] for name in ("grouped", "machine") if name in splits]
    if believed:
        texts += [MEANING, *(_split_sentence(figures) for figures in believed)]
    else:
        texts.append("How well it names them is not known: no split can be made that is to be believed.")
    if "naive" in splits:
        texts.append(_naive_sentence(splits))
    if diagnosis["not_measured"]:
        texts.append(f"Not measured: {'; '.join(diagnosis['not_measured'])}.")
    return texts


def diagnosis_section(
    metrics: dict[str, Any], examples_of_errors: Sequence[tuple[dict[str, Any], Path]], *, is_synthetic: bool
) -> Section:
    """The three splits side by side, what is taken for what, whether confidence can be believed, and errors to hear.

    Parameters
    ----------
    metrics : dict
        As for `diagnosis_conclusions`.
    examples_of_errors : sequence of (dict, path)
        Rows of ``diagnosis["worst"]`` with their clips.
    is_synthetic : bool
        Whether the clips are.
    """
    diagnosis = metrics.get("diagnosis")
    if diagnosis is None:
        return Section("Which fault", [Paragraph(_not_learnt(metrics))])
    splits = _by_name(diagnosis)
    parts: list[Part] = [Paragraph(LABELS[diagnosis["labels"]])]
    parts += [Paragraph(f"Not measured: {text}.") for text in diagnosis["not_measured"]]
    if splits:
        kind = "synthetic clips" if is_synthetic else "clips"
        parts += [_splits_table(splits, kind), Paragraph(MEANING), _splits_picture(splits)]
    believed = next((splits[name] for name in ("grouped", "machine") if name in splits), None)
    if believed is not None:
        parts += [
            *_confusion_parts(believed, diagnosis),
            *_group_parts(splits, "by_snr", "snr_db", "SNR"),
            *_group_parts(splits, "by_machine", "machine", "machine"),
            *_calibration_parts(believed),
            *_error_parts(examples_of_errors, _name(believed), _truth(diagnosis)),
        ]
    return Section("Which fault", parts)


def _not_learnt(metrics: dict[str, Any]) -> str:
    note = metrics.get("diagnosis_note")
    return f"It names no faults: {note.rstrip('.')}." if note else "It names no faults: none were learnt."


def _by_name(diagnosis: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures of the splits that there are, in the order of `SPLITS`."""
    found = {figures["split"]: figures for figures in diagnosis["splits"]}
    return {name: found[name] for name in SPLITS if name in found}


def _name(figures: dict[str, Any]) -> str:
    return SPLITS[figures["split"]].name


def _split_sentence(figures: dict[str, Any]) -> str:
    question, (low, high) = SPLITS[figures["split"]].question, figures["macro_f1_95"]
    takes, level = counted(figures["n_takes"], "take"), figures["level_macro_f1"]
    text = (
        f"{question[:1].upper()}{question[1:]}: macro F1 {figures['macro_f1']:.2f} (95 %: {low:.2f} to {high:.2f}, "
        f"from {takes}; split {_name(figures)}); a mere level meter reaches {level:.2f}."
    )
    if not is_shown_better((low, high), level):
        text += " That is not shown to be better than the level meter: do not go by the names here."
    elif high - low > WIDE:
        text += " The interval is wide: more takes of each fault would tell better."
    scores = [row["macro_f1"] for row in figures["by_machine"]]
    if figures["split"] == "machine" and len(scores) > 1:
        text += (
            f" By machine ({len(scores)}) it was from {min(scores):.2f} to {max(scores):.2f}: the interval does "
            "not cover how much machines differ."
        )
    return f"{text} {figures['unknown_share']:.0%} were called unknown."


def _naive_sentence(splits: dict[str, dict[str, Any]]) -> str:
    naive = splits["naive"]["macro_f1"]
    text = (
        f"Never quote the naive split's macro F1 of {naive:.2f}: clips of one take are on both sides of it, so it asks "
        "for what was heard before. It is shown only to see how far it flatters"
    )
    if "grouped" not in splits:
        return f"{text}."
    flattery = naive - splits["grouped"]["macro_f1"]
    return f"{text}: here by {flattery:.2f}." if flattery >= 0.005 else f"{text}: here it does not."


def _splits_table(splits: dict[str, dict[str, Any]], kind: str) -> Table:
    rows = [
        [
            _name(figures),
            SPLITS[name].question,
            score_words(figures["macro_f1"], figures["macro_f1_95"]),
            f"{figures['level_macro_f1']:.3f}",
            f"{figures['unknown_share']:.0%}",
            f"{figures['n_clips']} of {counted(figures['n_takes'], 'take')}, {counted(figures['n_folds'], 'fold')}",
        ]
        for name, figures in splits.items()
    ]
    headings = ["split", "question that it answers", "macro F1 (95 %)", "level alone", "unknown", "clips"]
    return Table(headings, rows, f"How well faults of {kind} are named that the network has not learnt from.")


def _splits_picture(splits: dict[str, dict[str, Any]]) -> Picture:
    """All of a split, then each SNR; of the naive one only the whole: it is there to be seen, not to be used."""
    rows = []
    for name, figures in splits.items():
        rows.append(("naive: never quote" if name == "naive" else _name(figures), figures))
        if name != "naive" and len(figures["by_snr"]) > 1:
            rows += [(with_snr(_name(figures), row["snr_db"]), row) for row in figures["by_snr"]]
    figure = score_intervals_figure(
        [name for name, _ in rows],
        np.array([row["macro_f1"] for _, row in rows]),
        np.array([row["macro_f1_95"] for _, row in rows]),
        np.array([row["level_macro_f1"] for _, row in rows]),
        title="macro F1",
    )
    return Picture(figure, "Macro F1 of the splits with 95 % intervals, and that of a mere level meter.")


def _truth(diagnosis: dict[str, Any]) -> str:
    """What a clip's fault is called: nobody has said that a cluster is one."""
    return "cluster" if diagnosis["labels"] == "clusters" else "in truth"


def _confusion_parts(figures: dict[str, Any], diagnosis: dict[str, Any]) -> list[Part]:
    counts, class_names = np.array(figures["confusion"]), diagnosis["class_names"]
    said_names = [*class_names, UNKNOWN]
    figure = confusion_figure(counts, true_names=class_names, said_names=said_names, truth=_truth(diagnosis))
    rows: list[list[str | float | None]] = []
    for place, (name, row) in enumerate(zip(class_names, counts, strict=True)):
        others = row[: len(class_names)].copy()
        others[place] = 0
        mistaken = f"{class_names[others.argmax()]} ({others.max()})" if others.any() else None
        rows.append([name, f"{row[place]} of {row.sum()}", int(row[-1]), mistaken])
    headings = ["fault", "named right", "unknown", "most often taken for"]
    split = f"split: {_name(figures)}"
    return [
        Heading("What is taken for what"),
        Picture(figure, f"Clips by their fault and by what they were named ({split}); darker: more of that fault."),
        Table(headings, rows, f"The same fault by fault ({split})."),
    ]


def _group_parts(splits: dict[str, dict[str, Any]], key: str, column: str, heading: str) -> list[Part]:
    """Figures by SNR or by machine, of the splits to believe."""
    believed = [figures for name, figures in splits.items() if name != "naive"]
    parts: list[Part] = [Heading(f"By {heading}")]
    if all(len(figures[key]) < 2 for figures in believed):
        return [*parts, Paragraph(f"There is nothing to compare: all clips are of one {heading}, or of none known.")]
    rows = [
        [
            _name(figures),
            snr_words(row[column]) if column == "snr_db" else row[column],
            score_words(row["macro_f1"], row["macro_f1_95"]),
            f"{row['level_macro_f1']:.3f}",
            row["n_clips"],
        ]
        for figures in believed
        for row in figures[key]
    ]
    headings = ["split", heading, "macro F1 (95 %)", "level alone", "clips"]
    return [*parts, Table(headings, rows, f"Macro F1 by {heading}.")]


def _calibration_parts(figures: dict[str, Any]) -> list[Part]:
    bins = figures["calibration"]
    curve = calibration_curve_figure(
        np.array([row["confidence"] for row in bins]),
        np.array([row["right"] for row in bins]),
        np.array([row["n_clips"] for row in bins]),
    )
    text = (
        f"How sure it says it is and how often it is right are {100 * figures['calibration_error']:.0f} points of a "
        "hundred apart on average (expected calibration error), before unsure clips are called unknown. Below the "
        "dashed line it is too sure of itself; above it, it is right more often than that. Few clips say little."
    )
    caption = f"Share of clips named right, by how sure the network was (split: {_name(figures)})."
    return [Heading("Can its confidence be believed?"), Paragraph(text), Picture(curve, caption)]


def _error_parts(examples: Sequence[tuple[dict[str, Any], Path]], split: str, truth: str) -> list[Part]:
    heading = Heading("Its worst errors")
    if not examples:
        return [heading, Paragraph(f"There is none to hear: all were named right (split: {split}).")]
    text = (
        f"Clips that were named wrong, the surest first, and then those called unknown (split: {split}), one of a "
        "take. Listen to them: the network may be wrong, and so may the label. A wrong label is best corrected before "
        "training again."
    )
    return [heading, Paragraph(text), *(_heard(row, path, truth) for row, path in examples)]


def _heard(row: dict[str, Any], path: Path, truth: str) -> Part:
    """A player, or why there is none."""
    clip, sure = "/".join(path.parts[-N_NAMES:]), f"{row['probability']:.0%} sure"
    named = (
        f"called unknown (at most {sure})" if row["named"] == UNKNOWN_FAULT.name else f"named {row['named']} ({sure})"
    )
    caption = f"{clip}: {truth} {row['fault']}, {named}"
    try:
        y, sr = read_audio(path, channels="mean")
    except AudioError as error:
        return Paragraph(f"{caption}. It cannot be played: {error.problem}.")
    played = y[: min(int(MAX_PLAYED_S * sr), MAX_SAMPLES)]
    return Player(flac_bytes(played, sr), "audio/flac", caption)
