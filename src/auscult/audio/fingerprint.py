"""Waveform -> fingerprint, and which clips were made of the same recording.

All clips of a steady machine have the same tones and mean spectrum; what only copies share is the random fine structure
in time. A fingerprint holds its landmarks: cells of the short-time spectrum, each band set against its own median, that
exceed all their neighbours, and their phases (after A. Wang, "An industrial-strength audio search algorithm", ISMIR
2003). Copies are found in three steps:

1. *Words*: pairs of neighbouring landmarks at one time, with phases, for clips that begin together (a remix: its other
   noise hides most of them); triplets of outstanding ones, relative in time, for clips that are shifted (crop, roll).
   Clips that share a word are found by sorting; any two have 0.4 in common, the part that grows with the square.
2. *Candidates*: the pairs with most words in common, at most `MOST_CANDIDATES` per clip.
3. *Proof*: landmarks in common against the number expected by chance and how many of them agree in phase (both
   binomial). What recurs (clicks, strokes) makes landmarks coincide in a few frames, and tones in a few bands, so no
   more than `MOST_IN_FRAME` and `MOST_IN_BAND` of one count, and numbers may spread more.

Not found: another speed or pitch (time stretch), overlaps of a second or two, a shift together with other noise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from auscult.audio.channels import Waveform
from auscult.errors import AudioError

try:  # as in features.spectrum
    from scipy.fft import rfft
except ImportError:
    from numpy.fft import rfft

Ints = NDArray[np.integer[Any]]
Kind = Literal["identical", "copy", "remix", "shifted"]

SR = 8000  # all clips are compared at this rate, so that the recording's own does not matter
N_FFT = 512
WINDOW = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
HOP_LENGTH = 128
BANDS = (3, 230)  # 47 Hz to 3.6 kHz, in bins of 15.6 Hz
USED_OF_NYQUIST = 0.9  # above, what a resampler left of a lower rate
REACH = (2, 3)  # a landmark exceeds its neighbours within so many frames and bands,
STRONG_REACH = (6, 8)  # and an outstanding one within these
PHASES = 128
MOST_FRAMES = 1 << 16  # 17 minutes; what follows is not looked at
PAIR_REACH = (1, 40)  # frames and bands
TRIPLET_REACH = (12, 31)
SECTORS = 4  # of phase, in words
BLOCK_FRAMES = 32  # words of all clips are sorted so many frames at a time, numbered in 6 bits
NEIGHBOURS = 8  # in a word's list of clips, that a clip is paired with
MOST_CANDIDATES = 20

MOST_IN_FRAME = 2
MOST_IN_BAND = 3
PHASE_REACH = 13  # of 128: 37 degrees
PHASE_CHANCE = (2 * PHASE_REACH + 1) / PHASES
SPREAD = 16.0
"""What landmarks in common alone count less: takes of a valve or slide rail whose strokes happen to coincide have more
than by chance, up to an evidence of 30 on synthetic ones; shifted copies and other channels exceed 170."""
DECISIVE = 6.0
"""Confidence from which clips count as made of the same recording: at most one false pair expected in a million."""
COPY_SHARE = 0.5  # of the landmarks; fewer are left with other noise, or on another channel


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Landmarks of a clip, some 8 kB for 10 s."""

    counts: NDArray[np.uint8]
    """Shape (n_frames,): landmarks in each frame of 64 ms, every 16 ms."""
    bands: NDArray[np.uint8]
    """Shape (n_landmarks,): bin of each, in steps of 15.6 Hz; frame by frame, ascending."""
    phases: NDArray[np.uint8]
    """Shape (n_landmarks,): in 128ths of a turn; 128 is added to outstanding ones."""
    content_hash: str = ""
    """Equal for equal files; empty where it is not known."""


@dataclass(frozen=True)
class Duplicate:
    """Two clips that were made of the same recording."""

    first: str
    second: str
    kind: Kind
    """The same content hash; most landmarks in common (another gain, format, rate, a little noise); some of them
    (another noise, another channel); at another time (crop, roll)."""
    offset_s: float
    """How much later, in s to 16 ms, what is heard in `first` is heard in `second`."""
    confidence: float
    """Minus log10 of the probability of so many landmarks in common by chance; inf if identical."""


def fingerprint(y: Waveform, sr: int, *, content_hash: str = "") -> Fingerprint:
    """Fingerprint of a clip.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
        One channel or the mean of several, of half a second or more; gain does not matter.
    sr : int
        Sampling rate in Hz.
    content_hash : str
        Any hash of the file's bytes or samples, to tell identical clips from very similar ones.

    Returns
    -------
    Fingerprint
        Of silence it holds no landmark and matches nothing.

    Raises
    ------
    AudioError
        If the clip is shorter than a frame, 64 ms, or is not of one channel.
    """
    if y.ndim != 1:
        raise AudioError("waveform", f"expected one channel, got shape {y.shape}", "Give one, or their mean.")
    y = soxr.resample(y, sr, SR, quality="LQ") if sr != SR else y
    y = y[: (MOST_FRAMES - 1) * HOP_LENGTH + N_FFT]
    if y.shape[0] < N_FFT:
        raise AudioError("waveform", f"lasts {1000 * y.shape[0] / SR:.1f} ms", "Give at least half a second of sound.")
    low, high = BANDS[0], min(BANDS[1], max(BANDS[0] + 1, int(USED_OF_NYQUIST * sr / 2 * N_FFT / SR)))
    frames = np.lib.stride_tricks.sliding_window_view(y, N_FFT)[::HOP_LENGTH]
    spectrum = rfft(frames * WINDOW)[:, low:high]
    level = np.square(spectrum.real)
    level += np.square(spectrum.imag)
    rounding = 1e-11 * N_FFT * float(np.einsum("i,i->", y, y)) / y.size  # of the FFT; 16 bits' is ten times as large
    level += np.float32(rounding + 1e-30)
    np.log(level, out=level)
    level -= np.median(level[::4], axis=0)
    near = _highest(level, REACH)
    at, bands = np.divmod(np.flatnonzero((level == near) & (level > 0)), level.shape[1])
    around = _highest(near, (STRONG_REACH[0] - REACH[0], STRONG_REACH[1] - REACH[1]))
    is_strong = level[at, bands] == around[at, bands]
    turns = np.angle(spectrum[at, bands]) / (2 * np.pi) % 1
    phases = (turns * PHASES).astype(np.uint8) % PHASES + PHASES * is_strong.astype(np.uint8)
    counts = np.bincount(at, minlength=len(level)).astype(np.uint8)
    return Fingerprint(counts, (bands + low).astype(np.uint8), phases.astype(np.uint8), content_hash)


def _highest(level: NDArray[np.float32], reach: tuple[int, int]) -> NDArray[np.float32]:
    """Highest level within so many frames and bands of each cell, itself included."""
    for axis in (0, 1):
        n, width = level.shape[axis], 2 * reach[axis] + 1
        padding = [(0, 0), (0, 0)]
        padding[axis] = (reach[axis], reach[axis])
        run = np.moveaxis(np.pad(level, padding, constant_values=-np.inf), axis, 0)
        span = 1
        while 2 * span <= width:  # run[i] is the highest of span cells from i on
            run = np.maximum(run[:-span], run[span:])
            span *= 2
        level = np.moveaxis(np.maximum(run[:n], run[width - span : width - span + n]), 0, axis)
    return level


def find_duplicates(fingerprints: Mapping[str, Fingerprint]) -> list[Duplicate]:
    """Pairs of clips that were made of the same recording.

    Parameters
    ----------
    fingerprints : mapping of str to Fingerprint
        By the clips' names; at most a million.

    Returns
    -------
    list of Duplicate
        In the order of the mapping. Identical clips are paired with the first of them only, and of a recording with
        more than `NEIGHBOURS` copies not every pair is listed, but all are joined through others.
    """
    found: list[Duplicate] = []
    first_of: dict[str, str] = {}
    for name, clip in fingerprints.items():
        if clip.content_hash and (first := first_of.setdefault(clip.content_hash, name)) != name:
            found.append(Duplicate(first, name, "identical", 0.0, np.inf))
    copies = {duplicate.second for duplicate in found}
    names = [name for name in fingerprints if name not in copies]
    best: dict[tuple[int, int], Duplicate] = {}
    for a, b, offset, confidence, share in _proofs([fingerprints[name] for name in names]):
        if confidence >= DECISIVE and ((a, b) not in best or best[a, b].confidence < confidence):
            kind: Kind = "shifted" if offset else "copy" if share > COPY_SHARE else "remix"
            best[a, b] = Duplicate(names[a], names[b], kind, offset * HOP_LENGTH / SR, confidence)
    order = {name: number for number, name in enumerate(fingerprints)}
    return sorted([*found, *best.values()], key=lambda pair: (order[pair.first], order[pair.second]))


def _proofs(clips: list[Fingerprint]) -> Iterator[tuple[int, int, int, float, float]]:
    """First and second clip of each candidate, offset in frames, confidence, share of landmarks in common."""
    candidates = np.concatenate([_candidates(_together(clips), len(clips)), _candidates(_shifted(clips), len(clips))])
    current = -1
    for first, second, offset in candidates[np.argsort(candidates[:, 0], kind="stable")].tolist():
        if first != current:
            current, clip = first, clips[first]
            table = np.zeros(clip.counts.size * 256, np.uint8)  # of phases, 0 where there is no landmark
            table[_cells(clip)] = clip.phases | PHASES
            counts, n_landmarks = clip.counts, clip.bands.size
            shares = np.bincount(clip.bands, minlength=256) / max(1, n_landmarks)
        clip = clips[second]
        cells = _cells(clip) - 256 * offset
        inside = slice(*np.searchsorted(cells, [0, table.size]))
        cells, bands = cells[inside], clip.bands[inside]
        common = np.flatnonzero(table[cells])
        n_common = np.minimum(np.bincount(cells[common] >> 8, minlength=1), MOST_IN_FRAME).sum()
        chance = (counts[cells >> 8] * shares[bands]).sum() / max(1, bands.size)
        confidence = _evidence(n_common, bands.size, chance) / SPREAD
        if offset == 0:
            turned = (table[cells[common]] - clip.phases[inside][common] + np.uint8(PHASE_REACH)) % PHASES
            agreeing = bands[common[turned <= 2 * PHASE_REACH]]
            n_agreeing = np.minimum(np.bincount(agreeing, minlength=1), MOST_IN_BAND).sum()
            confidence = max(confidence, _evidence(n_agreeing, common.size, PHASE_CHANCE))
        yield first, second, offset, float(confidence), common.size / max(1, min(cells.size, n_landmarks))


def _cells(clip: Fingerprint) -> Ints:
    """Number of every landmark's cell, ascending."""
    return np.repeat(np.arange(0, 256 * clip.counts.size, 256), clip.counts) + clip.bands


def _evidence(count: float, n: float, chance: float) -> float:
    """Minus log10 of a bound on the probability of so large a binomial number (Chernoff)."""
    share = count / max(n, 1)
    rest = (n - count) * np.log((1 - share) / (1 - chance)) if share < 1 else 0.0
    return float(count * np.log(share / chance) + rest) / np.log(10) if share > chance > 0 else 0.0


def _candidates(votes: Ints, n_clips: int) -> Ints:
    """Clips and offset, shape (n_candidates, 3), with the most votes, at least 2."""
    votes.sort()
    starts = np.flatnonzero(np.diff(votes, prepend=-1))
    counts = np.diff(starts, append=votes.size)
    least = 2
    while np.count_nonzero(counts >= least) > MOST_CANDIDATES * n_clips:
        least += 1
    votes = votes[starts[counts >= least]]
    pair, offset = votes >> 17, (votes & 0x1FFFF) - MOST_FRAMES
    return np.stack([pair // max(1, n_clips), pair % max(1, n_clips), offset], axis=1)


def _votes(words: list[NDArray[np.uint64]], n_clips: int) -> Iterator[Ints]:
    """Clips and offset of each two clips that share a word; below it are clip and, if it may differ, time."""
    joined = np.concatenate([*words, np.empty(0, np.uint64)])
    words.clear()
    joined.sort()
    word, clip, frame = joined >> 36, (joined >> 16 & 0xFFFFF).astype(np.int64), (joined & 0xFFFF).astype(np.int64)
    for step in range(1, NEIGHBOURS + 1):
        at = np.flatnonzero(word[step:] == word[:-step])
        at = at[clip[at] != clip[at + step]]
        yield (clip[at] * n_clips + clip[at + step] << 17) + frame[at + step] - frame[at] + MOST_FRAMES


def _together(clips: list[Fingerprint]) -> Ints:
    """Votes by pairs of landmarks at the same time in both clips."""
    votes: list[Ints] = [np.empty(0, np.int64)]
    ends = [np.concatenate([[0], np.cumsum(clip.counts, dtype=np.int64)]) for clip in clips]
    for start in range(0, max((clip.counts.size for clip in clips), default=0), BLOCK_FRAMES):
        times, landmarks = [], []
        for number, (clip, end) in enumerate(zip(clips, ends, strict=True)):
            counts = clip.counts[start : start + BLOCK_FRAMES + PAIR_REACH[0]]
            times.append(np.repeat(np.arange(counts.size, dtype=np.int32) + (number << 6), counts))
            inside = slice(end[min(start, end.size - 1)], end[min(start + counts.size, end.size - 1)])
            landmarks.append((clip.bands[inside], clip.phases[inside]))
        time = np.concatenate(times)
        bands, phases = np.concatenate(landmarks, axis=1).astype(np.int16)
        sectors = phases % PHASES * SECTORS // PHASES
        words: list[NDArray[np.uint64]] = []
        for step in range(1, time.size):
            later, higher = time[step:] - time[:-step], bands[step:] - bands[:-step]
            is_near = later <= PAIR_REACH[0]
            if not is_near.any():
                break
            i = np.flatnonzero(is_near & (np.abs(higher) <= PAIR_REACH[1]))
            i = i[time[i] % 64 < BLOCK_FRAMES]
            word = ((time[i] % 64 << 8 | bands[i]) << 1 | later[i]) << 7 | (higher[i] + 64)
            word = word << 4 | sectors[i] << 2 | sectors[i + step]
            words.append((word.astype(np.int64) << 36 | time[i].astype(np.int64) >> 6 << 16).astype(np.uint64))
        votes += _votes(words, len(clips))
    return np.concatenate(votes)


def _shifted(clips: list[Fingerprint]) -> Ints:
    """Votes by triplets of outstanding landmarks, at any time in either clip."""
    cells = [_cells(clip)[clip.phases >= PHASES] + (number << 25) for number, clip in enumerate(clips)]
    cell = np.concatenate([*cells, np.empty(0, np.int64)])
    time, bands = cell >> 8, cell & 0xFF
    words: list[NDArray[np.uint64]] = []
    near: list[NDArray[np.bool_]] = []
    for step in range(1, time.size):
        is_near = time[step:] - time[:-step] <= TRIPLET_REACH[0]
        if not is_near.any():
            break
        is_near &= np.abs(bands[step:] - bands[:-step]) <= TRIPLET_REACH[1]
        for middle, is_middle in enumerate(near, 1):
            i = np.flatnonzero(is_near & is_middle[: is_near.size])
            word = bands[i]
            for other in (middle, step):
                word = (word << 4 | time[i + other] - time[i]) << 6 | bands[i + other] - bands[i] + 32
            words.append((word << 36 | time[i] >> 17 << 16 | time[i] & 0xFFFF).astype(np.uint64))
        near.append(is_near)
    return np.concatenate([np.empty(0, np.int64), *_votes(words, len(clips))])
