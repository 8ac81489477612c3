"""Seed -> folder of clips in MIMII's layout, and truth.csv.

Order of work: the table of truth is laid down first as truth.unfinished.csv; then come the clips, each written whole
or not at all, and after the clips of each take a line in truth.unfinished.jsonl with their true SNR; last, truth.csv.
A run that was interrupted is run again: it recognises its own table, keeps the takes that are done and ends with the
bytes of an uninterrupted run.
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from auscult.errors import DataError, OptionError
from auscult.files import disk_errors, write_whole
from auscult.synth.clip import draw_scenes, mix
from auscult.synth.noise import render_noise
from auscult.synth.place import draw_place, normal_power, render_machine
from auscult.synth.processes import child_rng
from auscult.synth.recipe import Recipe, check_recipe
from auscult.synth.truth import Take, Truth, list_takes, list_truth, scene_number, truth_csv
from auscult.workers import LostTask, open_workers

TABLE = "truth.csv"
UNFINISHED_TABLE = "truth.unfinished.csv"
DONE = "truth.unfinished.jsonl"

Snrs = dict[str, float]
"""True SNR in dB of clips, by path."""


def write_dataset(
    root: str | Path,
    *,
    machine_types: Sequence[str] = ("fan",),
    n_ids: int = 2,
    snr_db: Sequence[float] = (6,),
    n_normal: int = 60,
    n_anomalous: int = 20,
    faults: Sequence[str] = (),
    severity: float | tuple[float, float] | None = None,
    n_channels: int = 8,
    duration_s: float = 10.0,
    sr: int = 16000,
    seed: int = 0,
    n_jobs: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Truth]:
    """Write a synthetic data set of machines, some with a fault, in MIMII's layout.

    ``<root>/<snr>_dB_<type>/<type>/id_00/{normal,abnormal}/00000000.wav`` (16-bit PCM) and ``<root>/truth.csv``.
    Each take is mixed with different noise at each SNR. Arguments equal to those of an earlier run on the same root
    complete it; the bytes depend on nothing but the arguments, and those of a clip not on how many there are.

    Parameters
    ----------
    root : path
        Folder to write to; made if missing.
    machine_types : sequence of {"fan", "pump", "slider", "valve"}
    n_ids : int in [1, 50]
        Number of machines of each type, each an individual: id_00, id_02, ...
    snr_db : sequence of float in [-60, 60], dB
        Of the machine's normal sound on average over the noise.
    n_normal, n_anomalous : int
        Takes per machine; at least 1 and 0.
    faults : sequence of str
        Faults to draw from (`MACHINES[type].faults`), several at a time joined by ``+``; each type takes those it has.
        Empty for all, one at a time.
    severity : float in [0, 1], (low, high), or None
        Of every fault, or drawn uniformly between two; None draws it for each take (Beta 3, 1.8).
    n_channels : int in [1, 16]
        Microphones, evenly on a circle of 68 mm; a single one at its centre.
    duration_s : float >= 0.5, s
    sr : int >= 8000, Hz
    seed : int >= 0
    n_jobs : int >= 1
        Processes that work at a time; the bytes do not depend on it.
    on_progress : callable
        Called with (number of clips done, number of clips in all) after each take.

    Returns
    -------
    list of Truth
        The rows of truth.csv.

    Raises
    ------
    OptionError
        If an argument is out of its range.
    DataError
        If the root holds other clips or the table of another run, or the disk refuses a file.

    References
    ----------
    Mixing: Purohit et al., "MIMII Dataset", DCASE Workshop 2019: the noise is set against the mean power of the
    machine's normal sound, not clip by clip, so a louder clip stands out more.
    """
    snrs_db = tuple(float(snr) + 0.0 for snr in snr_db)  # + 0.0 makes -0.0 and 0 the same folder
    severities = severity if severity is None or isinstance(severity, tuple) else (severity, severity)
    recipe = Recipe(
        tuple(machine_types), n_ids, snrs_db, n_normal, n_anomalous, tuple(faults), severities, n_channels, duration_s,
        sr, seed,
    )  # fmt: skip
    check_recipe(recipe)
    if n_jobs < 1:
        raise OptionError("n_jobs", f"expected 1 or more, got {n_jobs}", "Give the number of processes.")
    root, rows = Path(root), list_truth(recipe)
    with disk_errors(root):
        snrs = _claim(root, rows)
    takes = list_takes(recipe)
    missing = [take for take in takes if not _is_done(root, recipe, take, snrs)]
    n_done = len(rows) - len(missing) * len(recipe.snr_db)
    if on_progress is not None and n_done:
        on_progress(n_done, len(rows))
    with open_workers(n_jobs=n_jobs) as workers:
        for take, take_snrs in workers.map(partial(_write_take, root, recipe), missing):
            if isinstance(take_snrs, LostTask):
                raise DataError(take.name, take_snrs.reason, "Run it again with fewer jobs: it goes on where it was.")
            snrs |= take_snrs
            with disk_errors(root / DONE), (root / DONE).open("a", encoding="utf-8") as file:
                file.write(json.dumps(take_snrs) + "\n")
            n_done += len(take_snrs)
            if on_progress is not None:
                on_progress(n_done, len(rows))
    rows = [replace(row, true_snr_db=snrs[row.path]) for row in rows]
    with disk_errors(root / TABLE):
        write_whole(root / TABLE, truth_csv(rows))
        for leftover in (UNFINISHED_TABLE, DONE):
            (root / leftover).unlink(missing_ok=True)
    return rows


def _claim(root: Path, rows: list[Truth]) -> Snrs:
    """Make sure that the root is empty of clips or holds this very data set; lay down its table; say what is done."""
    planned = truth_csv(rows)
    finished, unfinished = _read(root / TABLE), _read(root / UNFINISHED_TABLE)
    snrs = _true_snrs(finished)
    for name, table, expected in (
        (TABLE, finished, truth_csv([replace(row, true_snr_db=snrs.get(row.path)) for row in rows])),
        (UNFINISHED_TABLE, unfinished, planned),
    ):
        if table is not None and table != expected:
            raise DataError(str(root / name), "belongs to a data set of other parameters", "Use another folder.")
    is_ours = finished is not None or unfinished is not None
    ours = {root / row.path for row in rows} if is_ours else set()
    strays = sorted(path for path in root.rglob("*") if path.suffix.lower() == ".wav" and path not in ours)
    if strays:
        raise DataError(str(strays[0]), "would be mixed up with the synthetic clips", "Use an empty folder.")
    if not is_ours:
        (root / DONE).unlink(missing_ok=True)
        write_whole(root / UNFINISHED_TABLE, planned)
    return snrs | _read_done(root / DONE)


def _read_done(path: Path) -> Snrs:
    """What the takes that are done left behind; the last line may be cut off and is taken away."""
    lines = (_read(path) or b"").splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        write_whole(path, b"".join(lines[:-1]))
        lines = lines[:-1]
    return {clip: snr_db for line in lines for clip, snr_db in json.loads(line).items()}


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _true_snrs(table: bytes | None) -> Snrs:
    """True SNRs in a table of truth; of a foreign one, none."""
    rows = csv.DictReader(io.StringIO((table or b"").decode("utf-8", "replace")))
    if not {"path", "true_snr_db"} <= set(rows.fieldnames or ()):
        return {}
    try:
        return {row["path"]: float(row["true_snr_db"]) for row in rows}
    except (TypeError, ValueError):
        return {}


def _is_done(root: Path, recipe: Recipe, take: Take, snrs: Snrs) -> bool:
    """Whether all clips of a take are there; a clip that cannot be one of its own is refused."""
    is_there = [_is_there(root / take.path(snr_db), recipe) for snr_db in recipe.snr_db]
    return all(is_there) and all(take.path(snr_db) in snrs for snr_db in recipe.snr_db)


def _is_there(path: Path, recipe: Recipe) -> bool:
    with disk_errors(path):
        if not path.exists():
            return False
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        info = None
    expected = (recipe.n_channels, recipe.sr, recipe.n_samples)
    if info is None or (info.channels, info.samplerate, info.frames) != expected:
        problem = f"expected a whole clip of {recipe.duration_s:g} s at {recipe.sr} Hz, {recipe.n_channels} channels"
        raise DataError(str(path), problem, "Delete it, or use another folder for other parameters.")
    return True


def _write_take(root: Path, recipe: Recipe, take: Take) -> Snrs:
    """Render a take, mix it at each SNR, write the clips; what their true SNRs are."""
    machine = {"machine_type": take.machine_type, "machine_number": take.machine_number, "seed": recipe.seed}
    place = draw_place(**machine, n_channels=recipe.n_channels)
    power = normal_power(**machine, n_channels=recipe.n_channels, sr=recipe.sr)
    scenes = draw_scenes(recipe.seed)
    shape = {"n_samples": recipe.n_samples, "sr": recipe.sr}
    y = render_machine(
        place, take.key, state=take.state, fault=take.fault, severity=take.severity, seed=recipe.seed, **shape
    )
    snrs = {}
    for snr_db in recipe.snr_db:
        path = take.path(snr_db)
        rng = child_rng(recipe.seed, "noise", path)
        noise = render_noise(scenes[scene_number(recipe, path)], n_channels=recipe.n_channels, rng=rng, **shape)
        clip, snrs[path] = mix(y, noise, snr_db=snr_db, power=power, level_db=place.level_db)
        write_whole(root / path, _wav(clip, recipe.sr))
    return snrs


def _wav(y: NDArray[np.float32], sr: int) -> bytes:
    """A WAV file's bytes: made in memory, because libsndfile hides the cause of a disk error."""
    wav = io.BytesIO()
    soundfile.write(wav, y.T, sr, format="WAVEX" if len(y) > 2 else "WAV", subtype="PCM_16")  # as MIMII's are
    return wav.getvalue()
