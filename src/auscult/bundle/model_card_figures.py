"""What a model card says of a bundle's figures: on which clips, beside which baseline, and what they do not show."""

from collections.abc import Sequence
from typing import Any

from auscult.bundle.figure_words import LABELS, SPLITS, is_shown_better, listed, score_words, snr_words
from auscult.bundle.manifest import Manifest
from auscult.bundle.markdown import bullets, escaped, table
from auscult.faults import ANOMALOUS, UNKNOWN_FAULT, Fault
from auscult.features import LogMel

BELIEVED = {name: split for name, split in SPLITS.items() if name != "naive"}
"""Splits that are told of. A random split by clip flatters: it is never quoted."""


def named_faults(manifest: Manifest) -> list[Fault]:
    """Faults that have a name: neither normality nor what stands for all others.

    Parameters
    ----------
    manifest : Manifest
    """
    return [fault for fault in manifest.faults[1:] if fault.id not in (ANOMALOUS.id, UNKNOWN_FAULT.id)]


def detection_section(manifest: Manifest) -> list[str]:
    """How well anomalous clips are told, for each machine and SNR (`auscult.evaluate.detection`).

    Parameters
    ----------
    manifest : Manifest

    Returns
    -------
    list of str
        Blocks of Markdown.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the figures have not the form that they should have.
    """
    figures = sorted(manifest.metrics.get("figures", []), key=lambda row: (row.get("auc", 2.0), row["machine"]))
    if not figures:
        return ["It was not measured: this bundle has no figures."]
    headings = ("machine", "SNR", "clips", "AUC (95 %)", "level alone", "found", "false alarms")
    rows = [
        (
            escaped(row["machine"]),
            _snr(row["snr_db"]),
            f"{row['n_normal']} + {row['n_anomalous']}",
            score_words(row["auc"], row["auc_95"]) if "auc" in row else "-",
            f"{row['level_auc']:.3f}" if "level_auc" in row else "-",
            share(row.get("detection_rate")),
            share(row.get("false_alarm_rate")),
        )
        for row in figures
    ]
    split = escaped(manifest.metrics.get("split", "which split they are of is not said"))
    meaning = (
        "Clips: normal + anomalous. 95 %: by resampling takes. Level alone: AUC of a mere level meter. Found, false "
        "alarms: share called anomalous."
    )
    return [f"Held-out clips, worst first. Split: {split}.", table(headings, rows), meaning]


def diagnosis_section(manifest: Manifest) -> list[str]:
    """How well faults are named on the splits to be believed (`auscult.evaluate.diagnosis`).

    Parameters
    ----------
    manifest : Manifest

    Returns
    -------
    list of str
        Blocks of Markdown; none where nothing is to be said.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the figures have not the form that they should have.
    """
    if not named_faults(manifest):
        note = manifest.metrics.get("diagnosis_note")
        return [f"It names no faults: {escaped(note).rstrip('.')}."] if note else []
    diagnosis = _diagnosis_of(manifest)
    if not diagnosis:
        return ["It was not measured."]
    splits = _believed(diagnosis)
    if not splits:
        return ["It was not measured on a split that is to be believed."]
    blocks = [LABELS[_labels(manifest, diagnosis)]] if "labels" in diagnosis else []
    blocks += [
        "Macro F1 is 1 where every fault is always named right, and counts a rare fault as much as a frequent one; to "
        "be called unknown counts as wrong. The clips are anomalous ones, whether the detector calls them so or not, "
        "and each was named by a network that had not learnt its take. 95 %: by resampling takes. Level alone: what a "
        "mere level meter reaches.",
        bullets([f"{split.name}: {split.question}" for split in BELIEVED.values()]),
        table(
            ("split", "clips", "macro F1 (95 %)", "level alone"),
            [row for split, figures in splits.items() for row in _split_rows(BELIEVED[split].name, figures)],
        ),
    ]
    for split, figures in splits.items():
        blocks.append(f"Fault by fault, {BELIEVED[split].name}, of {figures['n_takes']:,} takes:")
        blocks.append(_fault_table(diagnosis["class_names"], figures["confusion"]))
    return blocks


def _labels(manifest: Manifest, diagnosis: dict[str, Any]) -> str:
    """Where the names are from: clusters may have been named since."""
    names = [[fault.name for fault in faults] for faults in (manifest.learnt_faults, manifest.faults[1:-1])]
    is_named = bool(manifest.learnt_faults) and names[0] != names[1]
    return "named clusters" if diagnosis["labels"] == "clusters" and is_named else str(diagnosis["labels"])


def _split_rows(name: str, figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """All clips of a split, those of each SNR, and those of the machine whose faults are named worst."""
    of = {name: figures}
    if len(figures["by_snr"]) > 1:
        of |= {f"{name}, SNR {_snr(row['snr_db'])}": row for row in figures["by_snr"]}
    if len(figures["by_machine"]) > 1:
        worst = min(figures["by_machine"], key=lambda row: row["macro_f1"])
        of[f"{name}, worst machine: {escaped(worst['machine'])}"] = worst
    return [
        (what, f"{row['n_clips']:,}", score_words(row["macro_f1"], row["macro_f1_95"]), f"{row['level_macro_f1']:.3f}")
        for what, row in of.items()
    ]


def _fault_table(names: Sequence[str], confusion: Sequence[Sequence[int]]) -> str:
    rows = []
    for place, (name, counts) in enumerate(zip(names, confusion, strict=True)):
        others = {other: n for other, n in zip(names, counts, strict=False) if other != name and n}
        taken_for = max(others, key=lambda other: others[other], default=None)
        mistaken = "-" if taken_for is None else f"{escaped(taken_for)} ({others[taken_for]:,})"
        rows.append((escaped(name), f"{sum(counts):,}", f"{counts[place]:,}", f"{counts[-1]:,}", mistaken))
    return table(("fault", "clips", "named right", "called unknown", "most often taken for"), rows)


def caveats_of(manifest: Manifest) -> list[str]:
    """What the figures do not show, and what will go wrong.

    Parameters
    ----------
    manifest : Manifest

    Returns
    -------
    list of str
        A sentence or two each, as Markdown.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the figures have not the form that they should have.
    """
    caveats = []
    if isinstance(manifest.features, LogMel):
        caveats.append("States, loads and noises that were not among the normal sound learnt will be called anomalous.")
        caveats.append("The promise on alarms holds for sound like that which was heard, not after a change.")
    figures = manifest.metrics.get("figures", [])
    if not figures:
        caveats.append("How good it is has to be measured, on clips with labels, before it is relied on.")
    measured = [row for row in figures if "auc" in row]
    if measured:
        fewest = min(min(row["n_normal"], row["n_anomalous"]) for row in measured)
        few = f"The fewest held-out clips of a kind in a row above are {fewest}"
        caveats.append(f"{few}. Where a few clips were all judged right, the interval is too narrow.")
    machines = {row["machine"] for row in measured}
    if figures and not machines.issuperset(manifest.thresholds):
        others = [escaped(name) for name in manifest.thresholds if name not in machines]
        caveats.append(f"Not measured, for lack of held-out clips of both kinds: {listed(others)}.")
    by_level = [
        f"{escaped(row['machine'])} (SNR {_snr(row['snr_db'])})"
        for row in measured
        if not is_shown_better(row["auc_95"], row["level_auc"])
    ]
    if by_level:
        caveats.append(f"Not shown to tell anomalous clips better than a mere level meter: {listed(by_level)}.")
    warnings = manifest.training_data.get("warnings", [])
    caveats += [f"In what it learnt from: {escaped(warning).rstrip('.')}." for warning in warnings]
    return caveats + _diagnosis_caveats(manifest)


def _diagnosis_caveats(manifest: Manifest) -> list[str]:
    diagnosis = _diagnosis_of(manifest)
    if not diagnosis:
        return []
    caveats = [f"Not measured: {escaped(what).rstrip('.')}." for what in diagnosis.get("not_measured", [])]
    splits = _believed(diagnosis)
    caveats += [
        f"Not shown to name faults better than a mere level meter: {BELIEVED[split].name}."
        for split, figures in splits.items()
        if not is_shown_better(figures["macro_f1_95"], figures["level_macro_f1"])
    ]
    heard = {row["machine"] for figures in splits.values() for row in figures["by_machine"]}
    others = [escaped(name) for name in manifest.thresholds if splits and name not in heard]
    if others:
        caveats.append(f"Naming faults was not measured on these machines: {listed(others)}.")
    return caveats


def _diagnosis_of(manifest: Manifest) -> dict[str, Any]:
    """Figures of the network that names faults; what was said of an earlier one does not count."""
    return (manifest.metrics.get("diagnosis") or {}) if manifest.network else {}


def _believed(diagnosis: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {figures["split"]: figures for figures in diagnosis["splits"] if figures["split"] in BELIEVED}


def _snr(snr_db: float | None) -> str:
    return snr_words(snr_db) or "-"


def share(value: float | None) -> str:
    """``5.88 %``, or a dash where it is not known.

    Parameters
    ----------
    value : float in [0, 1] or None
    """
    return "-" if value is None else f"{100 * value:.3g} %"
