"""Labelled recordings -> their descriptors, each content once; and which of them are held out."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from auscult.audio import ChannelPolicy, Clip, hold_out_last, read_audio, read_file
from auscult.audio.manifest import read_table, unescaped
from auscult.audio.scan import Progress
from auscult.audio.splits import time_order
from auscult.bundle.archive import sha256
from auscult.detect import NormalClips
from auscult.errors import AudioError, DataError, printable
from auscult.features import LogMel, recipe_to_dict
from auscult.pipeline.kept import Arrays, Kept, key_of

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class DescribedClip:
    """A clip with what is computed from its sound."""

    clip: Clip
    descriptors: NDArray[np.float32]
    level_db: float
    duration_s: float
    content_hash: str


def describe(  # noqa: PLR0917 - each of its own type
    clips: Sequence[Clip],
    root: Path,
    features: LogMel,
    channels: ChannelPolicy,
    on_progress: Progress | None,
    kept: Kept | None = None,
) -> tuple[list[DescribedClip], list[str]]:
    """Every clip's descriptors in the order of the clips; and which clips have none, and why.

    Parameters
    ----------
    clips : sequence of Clip
    root : path
        Folder that names are given below.
    features : LogMel
    channels : channel policy
    on_progress : callable or None
    kept : Kept, optional
        What was computed before is taken from it, by the contents of the files.

    Returns
    -------
    described : list of DescribedClip
    left_out : list of str
        Of clips that cannot be read or used, and of those with the very bytes of another, which would be learnt twice,
        or measured and learnt.
    """
    kept, recipe = kept or Kept(None), [recipe_to_dict(features), channels]

    def one(clip: Clip) -> DescribedClip | AudioError:
        try:
            content = read_file(clip.path)
            content_hash = sha256(content)
            key = key_of("described", content_hash, recipe)
            found = kept.arrays(key, lambda: _described(content, features, channels))
        except AudioError as error:
            return error
        level_db, duration_s = found["numbers"].tolist()
        return DescribedClip(clip, found["descriptors"].astype(np.float32), level_db, duration_s, content_hash)

    described: list[DescribedClip] = []
    left_out = []
    for clip, outcome in zip(clips, in_threads(one, clips, "features", on_progress), strict=True):
        if isinstance(outcome, AudioError):
            left_out.append(f"{name_below(root, clip.path)}: {outcome.problem}. {outcome.remedy}")
        else:
            described.append(outcome)
    return _without_copies(described, root, left_out), left_out


def _described(content: bytes, features: LogMel, channels: ChannelPolicy) -> Arrays:
    """Descriptors of a recording; its level in dB re full scale, and how long it lasts in s."""
    y, sr = read_audio(content, channels=channels)
    check_sound(y)
    level_db = 10 * np.log10(max(float(np.mean(np.square(y))), 1e-10))
    return {"descriptors": features.descriptors(y, sr), "numbers": np.array([level_db, y.shape[-1] / sr])}


def check_sound(y: NDArray[np.float32]) -> None:
    """Check that there is any sound in a waveform.

    Raises
    ------
    AudioError
        If all its samples are alike.
    """
    if float(np.ptp(y)) == 0:
        raise AudioError("clip", "holds only silence, as of a dead microphone", "Record it again.")


def name_below(root: Path, path: Path) -> str:
    """Name of a recording as the user knows it: below the folder that was named, if it is there."""
    return printable(str(path.relative_to(root) if path.is_relative_to(root) else path))


def in_threads(
    function: Callable[[Task], Outcome], tasks: Sequence[Task], stage: str, on_progress: Progress | None
) -> list[Outcome]:
    """Results of a function in the order of its tasks; numpy lets go of the interpreter while it computes.

    Parameters
    ----------
    function : callable
    tasks : sequence
    stage : str
        What is reported as going on.
    on_progress : callable or None
    """
    outcomes = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            for n_done, outcome in enumerate(pool.map(function, tasks), start=1):
                outcomes.append(outcome)
                if on_progress:
                    on_progress(stage, n_done, len(tasks))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # Ctrl-C ends now, not after the last clip
            raise
    return outcomes


def _without_copies(described: list[DescribedClip], root: Path, left_out: list[str]) -> list[DescribedClip]:
    """The first clip of each content; the others are named as left out."""
    first: dict[str, DescribedClip] = {}
    for clip in described:
        if (other := first.setdefault(clip.content_hash, clip)) is not clip:
            if other.clip.path == clip.clip.path:
                left_out.append(_listed_twice(root, other.clip, clip.clip))
                continue
            label = f", which is labelled {other.clip.label}" if other.clip.label != clip.clip.label else ""
            copy, original = name_below(root, clip.clip.path), name_below(root, other.clip.path)
            left_out.append(f"{copy}: is the same recording as {original}{label}. Keep one of them.")
    return list(first.values())


def _listed_twice(table: Path, first: Clip, second: Clip) -> str:
    """What a table says of a recording in two of its lines."""
    said = [f"{clip.label}, {clip.fault}" if clip.fault else clip.label for clip in (first, second)]
    lines = [
        row.line
        for row in read_table(str(table))
        if os.path.abspath(table.parent / unescaped(row.cells.get("path", ""))) == str(first.path)  # noqa: PTH100
    ]
    where = f" (lines {', '.join(map(str, lines))})" if len(lines) > 1 else ""
    twice = f"is listed twice in {table.name}{where}, as {said[0]} and as {said[1]}: the first is believed"
    return f"{name_below(table.parent, first.path)}: {twice}. Take the other out."


def hold_out(described: Sequence[DescribedClip], share: float) -> tuple[list[DescribedClip], list[DescribedClip]]:
    """Clips to learn from (normal only) and clips to measure on, which share no take.

    Parameters
    ----------
    described : sequence of DescribedClip
    share : float in [0, 1)
        Of each machine's normal takes, the last ones; where it is said which clips are for testing, those.
    """
    learnt: list[DescribedClip] = []
    held_out = [clip for clip in described if clip.clip.label == "anomalous"]
    for normal in by_machine([clip for clip in described if clip.clip.label == "normal"]).values():
        takes = [clip.clip.take for clip in normal]
        for_testing = {clip.clip.take for clip in normal if clip.clip.split == "test"}
        is_said = 0 < len(for_testing) < len(set(takes))
        is_held_out = [take in for_testing for take in takes] if is_said else hold_out_last(takes, share)
        learnt += [clip for clip, out in zip(normal, is_held_out, strict=True) if not out]
        held_out += [clip for clip, out in zip(normal, is_held_out, strict=True) if out]
    return learnt, held_out


def by_machine(described: Iterable[DescribedClip]) -> dict[str, list[DescribedClip]]:
    """Clips of each machine, by its full name."""
    machines: dict[str, list[DescribedClip]] = {}
    for clip in described:
        machines.setdefault(clip.clip.machine, []).append(clip)
    return machines


def in_time_order(described: Sequence[DescribedClip]) -> tuple[list[DescribedClip], NDArray[np.intp]]:
    """Clips of one machine as they follow each other, and the number of the session each belongs to.

    A session is what lies in one folder at one SNR: remixes of a take are heard one series after the other, as each
    would be live.

    Parameters
    ----------
    described : sequence of DescribedClip

    Returns
    -------
    ordered : list of DescribedClip
    sessions : ndarray of int, shape (n_clips,)
    """
    times = time_order([clip.clip.take for clip in described])
    keys = [(clip.clip.snr_db or 0.0, clip.clip.take.rpartition("/")[0]) for clip in described]
    order = sorted(range(len(described)), key=lambda place: (keys[place][0], times[place]))
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys[place] for place in order))}
    return [described[place] for place in order], np.array([numbers[keys[place]] for place in order], np.intp)


def normal_clips(described: Sequence[DescribedClip]) -> NormalClips:
    """Normal clips of one machine as a detector learns from them.

    Parameters
    ----------
    described : sequence of DescribedClip

    Raises
    ------
    DataError
        If there are none.
    """
    if not described:
        raise DataError("normality", "no normal recordings to learn from", "Record normal sound of it.")
    ordered, sessions = in_time_order(described)
    return NormalClips(
        X=np.stack([clip.descriptors for clip in ordered]).astype(np.float64),
        takes=[clip.clip.take for clip in ordered],
        sessions=sessions,
        contents=[clip.content_hash for clip in ordered],
        interval_s=float(np.median([clip.duration_s for clip in ordered])),
    )
