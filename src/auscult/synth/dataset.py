"""Seed -> folder of fan clips mixed with factory noise as MIMII was, and truth.csv.

Order of work: the whole table of truth is known first and laid down as truth.unfinished.csv; then come the clips,
each written whole or not at all; last the table is renamed truth.csv. A run that was interrupted is run again: it
recognises its own table, keeps the clips that are there and ends with the bytes of an uninterrupted run.
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from auscult.errors import DataError, OptionError
from auscult.synth.fan import render_fan
from auscult.synth.noise import HIGHEST_PEAK, render_noise
from auscult.synth.processes import FloatArray
from auscult.synth.truth import (
    Recipe,
    Take,
    Truth,
    child_rng,
    clip_path,
    fan_of,
    list_takes,
    list_truth,
    severity_of,
    truth_csv,
)

FULL_SCALE = 0.99
MOST_IDS = 50  # two digits, even numbers
SHORTEST_S = 0.5
LOWEST_SR = 8000
LARGEST_SNR_DB = 60.0  # beyond, 16 bits do not hold the weaker part


def write_dataset(
    root: str | Path,
    *,
    n_ids: int = 2,
    snr_db: Sequence[float] = (6,),
    n_normal: int = 60,
    n_anomalous: int = 20,
    duration_s: float = 10.0,
    sr: int = 16000,
    severity: float | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Truth]:
    """Write a synthetic data set of fans, some imbalanced, in MIMII's layout.

    ``<root>/<snr>_dB_fan/fan/id_00/{normal,abnormal}/00000000.wav`` (mono, 16-bit PCM) and ``<root>/truth.csv``.
    Each take is mixed with different noise at each SNR. Arguments equal to those of an earlier run on the same root
    complete it; the bytes depend on nothing but the arguments.

    Parameters
    ----------
    root : path
        Folder to write to; made if missing.
    n_ids : int in [1, 50]
        Number of machines, each an individual: id_00, id_02, ...
    snr_db : sequence of float in [-60, 60], dB
    n_normal, n_anomalous : int
        Takes per machine; at least 1 and 0.
    duration_s : float >= 0.5, s
    sr : int >= 8000, Hz
    severity : float in [0, 1] or None
        Of every fault; None draws it for each take, often mild (Beta 2.5, 2).
    seed : int >= 0
    on_progress : callable
        Called with (number of clips done, number of clips in all) after each clip.

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
    recipe = Recipe(n_ids, snrs_db, n_normal, n_anomalous, duration_s, sr, severity, seed)
    _check(recipe)
    root, rows = Path(root), list_truth(recipe)
    with _disk_errors(root):
        _claim(root, rows)
    n_done = 0
    for _, takes in groupby(list_takes(recipe), key=lambda take: take.machine_id):
        for _ in _write_machine(root, recipe, list(takes)):
            n_done += 1
            if on_progress is not None:
                on_progress(n_done, len(rows))
    with _disk_errors(root / "truth.csv"):
        if not (root / "truth.csv").exists():
            (root / "truth.unfinished.csv").replace(root / "truth.csv")
    return rows


def _check(recipe: Recipe) -> None:
    """Refuse arguments out of range; comparisons are written so that nan is refused as well."""
    names = [f"{snr:g}" for snr in recipe.snr_db]
    checks = [
        ("n_ids", recipe.n_ids, 1 <= recipe.n_ids <= MOST_IDS, f"a whole number from 1 to {MOST_IDS}"),
        ("n_normal", recipe.n_normal, recipe.n_normal >= 1, "a whole number, 1 or more"),
        ("n_anomalous", recipe.n_anomalous, recipe.n_anomalous >= 0, "a whole number, 0 or more"),
        ("duration_s", recipe.duration_s, SHORTEST_S <= recipe.duration_s < math.inf, f"{SHORTEST_S} s or more"),
        ("sr", recipe.sr, recipe.sr >= LOWEST_SR, f"a whole number of Hz, {LOWEST_SR} or more"),
        ("seed", recipe.seed, recipe.seed >= 0, "a whole number, 0 or more"),
        ("severity", recipe.severity, recipe.severity is None or 0 <= recipe.severity <= 1, "a number in [0, 1]"),
        ("snr_db", recipe.snr_db, len(names) > 0, "at least one SNR"),
        ("snr_db", recipe.snr_db, len(set(names)) == len(names), "each SNR once"),
    ]
    checks += [("snr_db", snr, abs(snr) <= LARGEST_SNR_DB, f"{LARGEST_SNR_DB} dB at most") for snr in recipe.snr_db]
    for name, value, is_right, expected in checks:
        if not is_right or (expected.startswith("a whole") and not isinstance(value, int)):
            raise OptionError(name, f"expected {expected}, got {value}", f"Give another value for {name}.")


def _claim(root: Path, rows: list[Truth]) -> None:
    """Make sure that the root is empty of clips or holds this very data set, then lay down its table."""
    table = truth_csv(rows)
    tables = [path for path in (root / "truth.csv", root / "truth.unfinished.csv") if path.exists()]
    for path in tables:
        if path.read_bytes() != table:
            raise DataError(str(path), "belongs to a data set of other parameters", "Use another folder.")
    ours = {root / row.path for row in rows} if tables else set()
    strays = sorted(path for path in root.rglob("*") if path.suffix.lower() == ".wav" and path not in ours)
    if strays:
        raise DataError(str(strays[0]), "would be mixed up with the synthetic clips", "Use an empty folder.")
    if not tables:
        _write_whole(root / "truth.unfinished.csv", table)


def _write_machine(root: Path, recipe: Recipe, takes: list[Take]) -> Iterator[None]:
    """Write the missing clips of one machine; yield after each clip, old or new."""
    missing = {
        (take, snr_db): root / clip_path(take, snr_db)
        for take in takes
        for snr_db in recipe.snr_db
        if not _is_there(root / clip_path(take, snr_db), recipe)
    }
    scale, noise_gains = _set_levels(recipe, takes) if missing else (0.0, {})
    for take in takes:
        paths = {snr_db: missing[take, snr_db] for snr_db in recipe.snr_db if (take, snr_db) in missing}
        y = _render_take(recipe, take) if paths else None
        for snr_db in recipe.snr_db:
            if y is not None and snr_db in paths:
                clip = scale * (y + noise_gains[snr_db] * _render_noise(recipe, take, snr_db))
                _write_whole(paths[snr_db], _wav(clip, recipe.sr))
            yield


def _set_levels(recipe: Recipe, takes: list[Take]) -> tuple[float, dict[float, float]]:
    """Recording gain of one machine and gain of the noise at each SNR; this renders the machine once in advance.

    The recording gain leaves room for the loudest take meeting the highest peak of the loudest noise.
    """
    powers, peak = [], 0.0
    for take in takes:
        y = _render_take(recipe, take)
        peak = max(peak, float(np.max(np.abs(y))))
        if take.is_normal:
            powers.append(float(np.mean(y.astype(np.float64) ** 2)))
    power = float(np.mean(powers))
    noise_gains = {snr_db: math.sqrt(power * 10 ** (-snr_db / 10)) for snr_db in recipe.snr_db}
    return FULL_SCALE / (peak + max(noise_gains.values()) * HIGHEST_PEAK), noise_gains


def _render_take(recipe: Recipe, take: Take) -> NDArray[np.float32]:
    """Sound of the machine alone."""
    return render_fan(
        fan_of(recipe, take),
        duration_s=recipe.duration_s,
        sr=recipe.sr,
        rng=child_rng(recipe.seed, "machine", take.name),
        imbalance=severity_of(recipe, take),
    )


def _render_noise(recipe: Recipe, take: Take, snr_db: float) -> NDArray[np.float32]:
    """Noise of one clip, of unit power."""
    rng = child_rng(recipe.seed, "noise", clip_path(take, snr_db))
    return render_noise(duration_s=recipe.duration_s, sr=recipe.sr, rng=rng)


def _is_there(path: Path, recipe: Recipe) -> bool:
    """Whether a clip of this recipe is there already; a clip that cannot be one of its own is refused."""
    with _disk_errors(path):
        if not path.exists():
            return False
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        info = None
    if info is None or (info.samplerate, info.frames) != (recipe.sr, round(recipe.duration_s * recipe.sr)):
        expected = f"expected a whole clip of {recipe.duration_s:g} s at {recipe.sr} Hz"
        raise DataError(str(path), expected, "Delete it, or use another folder for other parameters.")
    return True


def _wav(y: FloatArray, sr: int) -> bytes:
    """A WAV file's bytes: made in memory, because libsndfile hides the cause of a disk error."""
    wav = io.BytesIO()
    soundfile.write(wav, y, sr, format="WAV", subtype="PCM_16")
    return wav.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, making its folder."""
    part = path.with_name(path.name + ".part")
    with _disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            part.replace(path)
        except BaseException:  # an interrupt, too, must leave no half
            part.unlink(missing_ok=True)
            raise


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Say which file the disk refused."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(str(path), f"cannot be written: {reason}", "Free the disk or choose another folder.") from error
