"""A live source -> clips on the disk, where `auscult train` looks for them, and the conditions of the recording."""

import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.audio.microphone import LiveSource
from auscult.audio.write import SUBTYPES, wav_bytes
from auscult.errors import DeviceError, OptionError
from auscult.files import write_whole

LABELS = {"normal": "normal", "anomalous": "abnormal", "abnormal": "abnormal"}
"""Folder of each label, as MIMII calls it."""
CLIPPED_PEAK = 0.999
SILENT_DB = -90.0


@dataclass(frozen=True)
class RecordedClip:
    """One clip that was written.

    Parameters
    ----------
    file : str
        Its name.
    started : str
        When it began, ISO 8601, UTC.
    level_db, peak_db : float, dB re full scale
        Mean level over the channels, and highest sample.
    is_clipped : bool
        Whether it reaches full scale: the gain was too high.
    is_silent : bool
        Whether nothing is heard: a microphone that is off, or not plugged in.
    is_broken : bool
        Whether the computer lost samples in it.
    """

    file: str
    started: str
    level_db: float
    peak_db: float
    is_clipped: bool
    is_silent: bool
    is_broken: bool


def record(
    source: LiveSource,
    root: str | os.PathLike[str],
    *,
    machine_id: str,
    label: str = "normal",
    minutes: float = 30.0,
    clip_s: float = 10.0,
    bits: int = 16,
    note: str = "",
    on_clip: Callable[[RecordedClip, int], None] | None = None,
) -> Path:
    """Record a machine in clips.

    ``<root>/<machine_id>/<normal or abnormal>/<start>_0000.wav``, and ``<start>.json`` beside them: device, rate, when,
    note, and level, clipping, gaps of every clip. It is written anew after every clip, so that Ctrl-C or an unplugged
    microphone loses the unfinished clip only.

    Parameters
    ----------
    source : LiveSource
        `Microphone`, `PlayedFile`, or anything else that gives chunks.
    root : path
    machine_id : str
        Name of the machine, which becomes a folder.
    label : {"normal", "anomalous"}
    minutes : float > 0
        Of sound; a source that ends earlier ends the recording.
    clip_s : float > 0, s
    bits : {16, 24}
    note : str
        Anything worth knowing later: where the microphone was, what the machine did.
    on_clip : callable
        Called with each clip and the number of clips planned.

    Returns
    -------
    Path
        The JSON file.

    Raises
    ------
    OptionError
        If an argument is out of range.
    DeviceError
        If the source delivers less than one clip, or stops to deliver.
    DataError
        If the disk refuses a file.
    """
    _check(machine_id, label, minutes, clip_s, bits)
    folder = Path(root) / machine_id / LABELS[label]
    n_samples, n_planned = round(clip_s * source.sr), max(1, round(60 * minutes / clip_s))
    start = datetime.now(UTC)
    stem = start.strftime("%Y%m%d-%H%M%S-%f")[:-3]  # to the millisecond: no two recordings have one name
    conditions: dict[str, Any] = {"device": source.name, "sr": source.sr, "n_channels": source.n_channels, "bits": bits}
    conditions |= {"clip_s": clip_s, "machine_id": machine_id, "label": label, "note": note}
    conditions["started"] = start.isoformat(timespec="seconds")
    clips: list[RecordedClip] = []
    try:
        for number, (y, is_broken) in enumerate(_cut(source, n_samples)):
            at = start + timedelta(seconds=number * clip_s)
            clip = _describe(f"{stem}_{number:04d}.wav", at, y, is_broken=is_broken)
            clips.append(clip)
            write_whole(folder / clip.file, wav_bytes(y, source.sr, bits=bits))
            _write_conditions(folder, stem, conditions, clips)
            if on_clip is not None:
                on_clip(clip, n_planned)
            if number + 1 == n_planned:
                break
    finally:  # Ctrl-C may have come between a clip and its description
        _write_conditions(folder, stem, conditions, clips)
    if not clips:
        raise DeviceError(
            source.name, f"delivered less than one clip of {clip_s:g} s", "Record longer, or shorter clips."
        )
    return folder / f"{stem}.json"


def _write_conditions(folder: Path, stem: str, conditions: dict[str, Any], clips: list[RecordedClip]) -> None:
    """Describe the clips that are there."""
    there = [asdict(clip) for clip in clips if (folder / clip.file).exists()]
    if there:
        text = json.dumps(conditions | {"clips": there}, indent=2, ensure_ascii=False)
        write_whole(folder / f"{stem}.json", text.encode() + b"\n")


def _check(machine_id: str, label: str, minutes: float, clip_s: float, bits: int) -> None:
    is_folder = bool(machine_id.strip()) and machine_id not in (".", "..") and not set(machine_id) & set('/\\:*?"<>|\0')
    for name, value, is_right, expected in [
        ("machine_id", machine_id, is_folder, "a name that a folder can have"),
        ("label", label, label in LABELS, "normal or anomalous"),
        ("minutes", minutes, 0 < minutes < math.inf, "more than 0"),
        ("clip_s", clip_s, 0.1 <= clip_s < math.inf, "0.1 s or more"),
        ("bits", bits, bits in SUBTYPES, "16 or 24"),
    ]:
        if not is_right:
            raise OptionError(name, f"expected {expected}, got {value!r}", f"Give another value for {name}.")


def _cut(source: LiveSource, n_samples: int) -> Iterator[tuple[NDArray[np.float32], bool]]:
    """Pieces of a length, and whether samples were lost in them; what remains at the end is dropped."""
    held: list[NDArray[np.float32]] = []
    n_held, is_broken = 0, False
    for chunk in source.chunks():
        held.append(chunk.y)
        n_held += chunk.y.shape[1]
        is_broken |= chunk.is_broken
        while n_held >= n_samples:
            joined = np.concatenate(held, axis=1)
            yield joined[:, :n_samples], is_broken
            held, n_held, is_broken = [joined[:, n_samples:]], n_held - n_samples, False


def _describe(file: str, started: datetime, y: NDArray[np.float32], *, is_broken: bool) -> RecordedClip:
    power, peak = float(np.mean(np.square(y, dtype=np.float64))), float(np.max(np.abs(y)))
    level_db = round(10 * math.log10(max(power, 1e-12)), 2)
    return RecordedClip(
        file=file,
        started=started.isoformat(timespec="milliseconds"),
        level_db=level_db,
        peak_db=round(20 * math.log10(max(peak, 1e-6)), 2),
        is_clipped=peak >= CLIPPED_PEAK,
        is_silent=level_db < SILENT_DB,
        is_broken=is_broken,
    )
