"""Clips of which a table says one thing and their folders another, or which are normal and have a fault."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from auscult.audio.index import clip_at
from auscult.audio.manifest import is_table_name
from auscult.bundle.figure_words import counted
from auscult.faults import NORMAL
from auscult.pipeline.described_clips import DescribedClip, name_below

N_EXAMPLES = 3
"""Clips that are named where something is wrong with many."""


def contradictions(anomalous: Sequence[DescribedClip], normal: Sequence[DescribedClip], root: Path) -> tuple[str, ...]:
    """What does not fit together, and what was made of it.

    Parameters
    ----------
    anomalous, normal : sequence of DescribedClip
    root : path
        The folder or the table they come from.

    Returns
    -------
    tuple of str
        A clause for people each.
    """
    warnings = []
    if is_table_name(str(root)) and not root.is_dir():
        warnings = [f"{root.name}: {text}: the table is believed" for text in _against_folders(anomalous, normal, root)]
    faulty = [name_below(_home(root), clip.clip.path) for clip in normal if clip.clip.fault not in ("", NORMAL.name)]
    if faulty:
        are = "clip is labelled normal and has" if len(faulty) == 1 else "clips are labelled normal and have"
        warnings.append(f"{len(faulty)} {are} a fault ({some(faulty)}): learnt as normal")
    return tuple(warnings)


def some(names: Sequence[str]) -> str:
    """The first few names of clips with which something is wrong."""
    return ", ".join(names[:N_EXAMPLES]) + (", ..." if len(names) > N_EXAMPLES else "")


def _home(root: Path) -> Path:
    return root if root.is_dir() else root.parent


def _against_folders(anomalous: Sequence[DescribedClip], normal: Sequence[DescribedClip], table: Path) -> list[str]:
    """``3 clips in bearing/ are labelled loose belt (...)``, of each folder and label that differ."""
    others: dict[tuple[str, str], list[str]] = defaultdict(list)
    for clip in (*normal, *anomalous):
        there = clip_at(clip.clip.path)
        if there is None:
            continue
        said, folders = clip.clip.fault or clip.clip.label, there.fault or there.label
        is_fault_said = bool(clip.clip.fault and there.fault)
        if clip.clip.label != there.label or (is_fault_said and said.casefold() != folders.casefold()):
            folder = f"{there.fault}/" if there.fault else f"a folder of {there.label} sound"
            others[folder, said].append(name_below(table.parent, clip.clip.path))
    are = {1: "is"}
    return [
        f"{counted(len(names), 'clip')} in {folder} {are.get(len(names), 'are')} labelled {said} ({some(names)})"
        for (folder, said), names in others.items()
    ]
