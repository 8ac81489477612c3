"""What a training report says of telling normal from anomalous sound."""

from dataclasses import fields
from typing import Any

import numpy as np

from auscult.bundle.figure_words import counted, is_shown_better, listed, score_words, snr_words, with_snr
from auscult.bundle.manifest import Manifest
from auscult.detect.alarm_budget import describe_period, describe_time
from auscult.detect.alarm_rule import AlarmRule
from auscult.evaluate.detection import summary
from auscult.figures import Heading, Paragraph, Part, Picture, Section, Table, score_intervals_figure

GUESSING = 0.5
"""AUC of whoever guesses."""
FEW_TAKES = 50
"""With fewer normal takes than this it is said what so few cannot do."""
MEANING = (
    "AUC is how often an anomalous clip scores above a normal one: 1 is always, 0.5 is guessing. pAUC is the same "
    "where at most 10 % false alarms are allowed. Level alone is the AUC of a mere level meter, to which louder is "
    "worse: what does not beat it has learnt nothing that loudness does not tell. Found and false alarms are the "
    "shares of anomalous and of normal clips called anomalous. Intervals are 95 %, from resampling takes; where no "
    "clip was wrong they shrink to a point, which so few clips cannot make certain."
)


def detection_conclusions(manifest: Manifest) -> list[str]:
    """What a maintenance engineer has to know about it, a sentence or some each.

    Parameters
    ----------
    manifest : Manifest
        Of a bundle that was trained.
    """
    figures = manifest.metrics["figures"]
    return [*_found(figures), *_decisions(figures), *_promised(manifest.thresholds)]


def detection_section(manifest: Manifest) -> Section:
    """Figures of held-out clips for each machine and SNR, and what is promised about alarms.

    Parameters
    ----------
    manifest : Manifest
        Of a bundle that was trained.
    """
    figures, split = manifest.metrics["figures"], manifest.metrics["split"]
    parts: list[Part] = [Paragraph(split[:1].upper() + split[1:] + ".")]
    complete = [row for row in figures if "auc" in row]
    if complete:
        parts += [_picture(complete), Paragraph(MEANING)]
    else:
        parts += [Paragraph(text) for text in _found(figures)]
    if figures:
        kind = "synthetic clips" if manifest.training_data["is_synthetic"] else "clips"
        parts.append(_table(figures, kind))
    return Section("Normal or not", [*parts, *_alarm_parts(manifest.thresholds)])


def _found(figures: list[dict[str, Any]]) -> list[str]:
    """How well anomalous clips are told from normal ones, or why that is not known."""
    if not figures:
        return ["How well normal and anomalous sound are told apart is not known: no clip was held out to measure on."]
    means = summary(figures)
    if not means:
        kinds = [kind for kind in ("normal", "anomalous") if not any(row[f"n_{kind}"] for row in figures)]
        missing = f"there is no {kinds[0]} one" if kinds else "no machine has both kinds at one SNR"
        return [f"How well anomalous clips are found is not known: among the held-out clips {missing}."]
    return [*(_mean_sentence(row) for row in means["by_snr"]), *level_doubts(figures)]


def level_doubts(figures: list[dict[str, Any]]) -> list[str]:
    """Of which machines it is not shown that their sound is told better than by a level meter; nothing if of none.

    Parameters
    ----------
    figures : list of dict
        ``metrics["figures"]`` of a manifest.
    """
    doubtful = [
        with_snr(row["machine"], row["snr_db"])
        for row in figures
        if "auc" in row and not is_shown_better(row["auc_95"], max(row["level_auc"], GUESSING))
    ]
    if not doubtful:
        return []
    return [
        f"Not shown to be better than a mere level meter, or than guessing: {listed(doubtful)}. The 95 % interval "
        "of the AUC reaches down to what these reach. More anomalous and more normal takes would tell."
    ]


def _mean_sentence(row: dict[str, Any]) -> str:
    clip = "An" if row["snr_db"] is None else f"At an SNR of {snr_words(row['snr_db'])} an"
    text = f"{clip} anomalous clip scores above a normal one in {row['auc']:.1%} of cases (AUC {row['auc']:.3f}"
    if row["n_machines"] > 1:
        text += f", mean of {row['n_machines']} machines; the worst is {row['worst_machine']}: {row['worst_auc']:.3f}"
    return f"{text}); by its level alone in {row['level_auc']:.1%}."


def _decisions(figures: list[dict[str, Any]]) -> list[str]:
    """What thresholds make of single clips: how many are found, and how many false alarms that costs."""
    found = _called_anomalous(figures, "n_anomalous", "detection_rate")
    false = _called_anomalous(figures, "n_normal", "false_alarm_rate")
    texts = []
    if found is not None:
        texts.append(f"Of {counted(found[1], 'anomalous clip')} held out, {_share(*found)} were found.")
    if false is not None:
        texts.append(f"Of {counted(false[1], 'normal clip')} held out, {_share(*false)} were false alarms.")
    return [" ".join(texts)] if texts else []


def _called_anomalous(figures: list[dict[str, Any]], number: str, rate: str) -> tuple[int, int] | None:
    """How many clips of a kind were called anomalous, and how many there were; None if none."""
    rows = [row for row in figures if rate in row]
    n_clips = sum(row[number] for row in rows)
    return (round(sum(row[rate] * row[number] for row in rows)), n_clips) if n_clips else None


def _share(n: int, n_all: int) -> str:
    return f"{n:,} ({n / n_all:.1%})"


def _promised(thresholds: dict[str, dict[str, Any]]) -> list[str]:
    """Whether false alarms of a live source are as rare as was asked for."""
    rules = {name: _rule(entry) for name, entry in thresholds.items()}
    short = [name for name, rule in rules.items() if rule.missing_s > 0]
    if not rules:
        return []
    asked = f"at most 1 false alarm per {describe_period(next(iter(rules.values())).asked_s)}"
    if not short:
        return [f"Where it listens all the time, {asked} is promised (95 %) for each machine."]
    return [
        f"Where it listens all the time, {asked} (the option --alarms) cannot be promised for {listed(short)}: there "
        "is too little normal sound. How much more to record stands under Alarms."
    ]


def _picture(rows: list[dict[str, Any]]) -> Picture:
    figure = score_intervals_figure(
        [with_snr(row["machine"], row["snr_db"]) for row in rows],
        np.array([row["auc"] for row in rows]),
        np.array([row["auc_95"] for row in rows]),
        np.array([row["level_auc"] for row in rows]),
        title="AUC",
        chance=GUESSING,
    )
    return Picture(figure, "AUC of each machine and SNR with its 95 % interval, and that of a mere level meter.")


def _table(figures: list[dict[str, Any]], kind: str) -> Table:
    headings = ["machine", "SNR", "AUC (95 %)", "level alone", "pAUC", "found", "false alarms", "normal + anomalous"]
    rows = [
        [
            row["machine"],
            snr_words(row["snr_db"]),
            score_words(row["auc"], row["auc_95"]) if "auc" in row else None,
            f"{row['level_auc']:.3f}" if "level_auc" in row else None,
            f"{row['pauc']:.3f}" if "pauc" in row else None,
            f"{row['detection_rate']:.0%}" if "detection_rate" in row else None,
            f"{row['false_alarm_rate']:.0%}" if "false_alarm_rate" in row else None,
            f"{row['n_normal']} + {row['n_anomalous']}",
        ]
        for row in figures
    ]
    told = [place for place in range(len(headings)) if any(row[place] is not None for row in rows)]
    headings, rows = [headings[place] for place in told], [[row[place] for place in told] for row in rows]
    return Table(headings, rows, f"Held-out {kind}: how well anomalous ones are told from normal ones.")


def _alarm_parts(thresholds: dict[str, dict[str, Any]]) -> list[Part]:
    """What is promised for each machine, how soon a fault is announced, and what was strange."""
    parts: list[Part] = [Heading("Alarms")]
    for name, entry in thresholds.items():
        takes = counted(entry["n_takes"], "normal take")
        text = (
            f"{name}: of single normal clips {entry['false_alarm_rate']:.1%} are expected to be called anomalous "
            f"(calibrated on {takes}). Where it listens all the time: {_rule(entry)}."
        )
        if entry["strange"]:
            n_strange, named = counted(len(entry["strange"]), "recording"), listed(entry["strange"])
            text += f" Among these, unlike all others and not learnt ({n_strange}, listen to them): {named}."
        parts.append(Paragraph(text))
    delays = {name: entry["alarms"]["delays_s"] for name, entry in thresholds.items()}
    aucs = list(next(iter(delays.values()), {}))
    rows = [
        [name, *(describe_time(own[auc]) if own.get(auc) else "not found" for auc in aucs)]
        for name, own in delays.items()
    ]
    caption = "How soon a fault is announced, by how well single clips tell it (their AUC)."
    parts.append(Table(["machine", *(f"AUC {auc}" for auc in aucs)], rows, caption))
    few = [name for name, entry in thresholds.items() if entry["n_takes"] < FEW_TAKES]
    if few:
        text = f"Fewer than {FEW_TAKES} normal takes were heard of {listed(few)}."
        parts.append(Paragraph(f"{text} States, loads and noises that are not among them will be called anomalous."))
    return parts


def _rule(entry: dict[str, Any]) -> AlarmRule:
    return AlarmRule(**{field.name: entry["alarms"][field.name] for field in fields(AlarmRule)})
