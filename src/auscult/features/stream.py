"""Live sound in chunks of any size -> features of a window that moves on: those that a clip of it would have."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auscult.errors import AudioError, OptionError
from auscult.features.descriptors import Heard
from auscult.features.log_mel import LogMel, check_rate, resampler
from auscult.features.nameplate import Nameplate
from auscult.features.recipe import Features, Recipe
from auscult.features.spectrum import FrameStream, power_to_db


class FeatureStream(Protocol):
    """Features of the last `window_s` seconds, every `step_s` seconds.

    Attributes
    ----------
    window_s, step_s : float
        As asked for, rounded to whole hops.
    """

    window_s: float
    step_s: float

    def push(self, chunk: NDArray[np.float32]) -> list[Features]:
        """Features of the windows that this chunk completes.

        Parameters
        ----------
        chunk : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
            What follows the chunk pushed before; any length, also 0.

        Returns
        -------
        list of Features
            Those of the recipe for these samples, to the bit; where sound is resampled, for the samples that the whole
            of it would have there.

        Raises
        ------
        AudioError
            If it has another number of channels than the stream.
        """


def feature_stream(
    recipe: Recipe,
    sr: int,
    *,
    window_s: float = 10.0,
    step_s: float = 1.0,
    n_channels: int = 1,
    nameplate: Nameplate | None = None,
) -> FeatureStream:
    """Stream of a recipe's features.

    Parameters
    ----------
    recipe : Recipe
    sr : int
        Sampling rate of the chunks in Hz.
    window_s, step_s : float > 0
        Length of what is described, and how often, in seconds; windows should be as long as the clips learnt from.
    n_channels : int > 0
    nameplate : Nameplate, optional

    Raises
    ------
    OptionError
        If the window is shorter than a frame, or a number is out of range.
    AudioError
        If the rate is lower than the recipe needs.
    """
    if not (0 < step_s <= window_s and n_channels > 0):
        problem = f"expected 0 < step_s <= window_s and n_channels > 0, got {step_s}, {window_s} and {n_channels}"
        raise OptionError("stream", problem, "Correct them.")
    if isinstance(recipe, LogMel):
        return LogMelStream(recipe, sr, window_s=window_s, step_s=step_s, n_channels=n_channels, nameplate=nameplate)
    return WindowStream(recipe, sr, window_s=window_s, step_s=step_s, n_channels=n_channels, nameplate=nameplate)


class LogMelStream:
    """`FeatureStream` of log-mel features: each frame is computed once, however many windows it lies in."""

    def __init__(
        self, recipe: LogMel, sr: int, *, window_s: float, step_s: float, n_channels: int, nameplate: Nameplate | None
    ) -> None:
        check_rate(sr, recipe)
        n_window = round(window_s * recipe.sr)
        if n_window < recipe.n_fft:
            problem = f"expected at least a frame of {recipe.n_fft / recipe.sr:.3g} s, got {window_s} s"
            raise OptionError("window_s", problem, "Choose a longer window.")
        n_step = max(1, round(step_s * recipe.sr / recipe.hop_length)) * recipe.hop_length
        self._recipe = recipe
        self._nameplate = nameplate
        self._ears = [_Ear(recipe, sr, n_window) for _ in range(n_channels)]
        self._n_window, self._n_step = n_window, n_step
        self._n_heard = 0
        self._start = 0
        self.window_s, self.step_s = n_window / recipe.sr, n_step / recipe.sr

    def push(self, chunk: NDArray[np.float32]) -> list[Features]:
        """As `FeatureStream.push`."""
        found: list[Features] = []
        for part in _parts(chunk, len(self._ears), self._n_window):
            for ear, channel in zip(self._ears, part, strict=True):
                n_heard = ear.push(channel)
            self._n_heard += n_heard
            while self._start + self._n_window <= self._n_heard:
                found.append(self._window())
                self._start += self._n_step
        return found

    def _window(self) -> Features:
        windows = [ear.window(self._start, self._n_window) for ear in self._ears]
        y = np.stack([y for y, _ in windows])
        return self._recipe.features_of(y, [heard for _, heard in windows], self._nameplate)


class _Ear:
    """One channel of a stream: its last samples, frames and envelopes."""

    def __init__(self, recipe: LogMel, sr: int, n_window: int) -> None:
        self._resampler = resampler(sr, recipe.sr) if sr != recipe.sr else None
        envelopes = recipe.envelope_spectrum
        self._spectra = [recipe.spectrum, *([envelopes] if envelopes else [])]
        self._streams = [FrameStream(spectrum) for spectrum in self._spectra]
        self._frames = [Tail(spectrum.n_frames(n_window), (spectrum.n_bands,)) for spectrum in self._spectra]
        self._samples = Tail(n_window)

    def push(self, y: NDArray[np.float32]) -> int:
        """Hear a chunk; number of samples at the recipe's rate."""
        if self._resampler is not None:
            y = self._resampler.resample_chunk(y)
        self._samples.append(y)
        for number, (stream, frames) in enumerate(zip(self._streams, self._frames, strict=True)):
            power = stream.push(y)
            frames.append(power_to_db(power) if number == 0 else power)
        return len(y)

    def window(self, start: int, n_samples: int) -> tuple[NDArray[np.float32], Heard]:
        """Samples of a window, and what was heard in it; `start` is a multiple of the hops."""
        heard = [
            frames.rows(start // spectrum.hop_length, spectrum.n_frames(n_samples)).copy()  # they become a patch
            for spectrum, frames in zip(self._spectra, self._frames, strict=True)
        ]
        return self._samples.rows(start, n_samples), Heard(*heard)


class WindowStream:
    """`FeatureStream` of any recipe: each window is taken for a clip."""

    def __init__(
        self, recipe: Recipe, sr: int, *, window_s: float, step_s: float, n_channels: int, nameplate: Nameplate | None
    ) -> None:
        self._recipe = recipe
        self._sr = sr
        self._nameplate = nameplate
        self._n_window, self._n_step = max(1, round(window_s * sr)), max(1, round(step_s * sr))
        self._tails = [Tail(self._n_window) for _ in range(n_channels)]
        self._n_heard = 0
        self._start = 0
        self.window_s, self.step_s = self._n_window / sr, self._n_step / sr

    def push(self, chunk: NDArray[np.float32]) -> list[Features]:
        """As `FeatureStream.push`."""
        found: list[Features] = []
        for part in _parts(chunk, len(self._tails), self._n_window):
            for tail, channel in zip(self._tails, part, strict=True):
                tail.append(channel)
            self._n_heard += part.shape[1]
            while self._start + self._n_window <= self._n_heard:
                y = np.stack([tail.rows(self._start, self._n_window) for tail in self._tails])
                own = self._recipe.at_own_rate(y if len(y) > 1 else y[0], self._sr)
                found.append(self._recipe.features(own, self._nameplate))
                self._start += self._n_step
        return found


class Tail:
    """The last rows of something that goes on, known by their number from the beginning.

    Parameters
    ----------
    n_rows : int
        How many are kept for certain; twice as many may be.
    row_shape : tuple of int
    """

    def __init__(self, n_rows: int, row_shape: tuple[int, ...] = ()) -> None:
        self._kept = np.empty((3 * n_rows, *row_shape), np.float32)
        self._n_rows = n_rows
        self._first = 0
        self._n = 0

    def append(self, rows: NDArray[np.float32]) -> None:
        """Add rows; those before the last `n_rows`, and before these, may be forgotten."""
        if self._n + len(rows) > len(self._kept):
            n_forgotten = self._n - min(self._n, 2 * self._n_rows)
            last = self._kept[n_forgotten : self._n]
            if len(last) + len(rows) > len(self._kept):
                self._kept = np.concatenate([last, np.empty((len(rows), *self._kept.shape[1:]), np.float32)])
            else:
                self._kept[: len(last)] = last.copy()
            self._first += n_forgotten
            self._n = len(last)
        self._kept[self._n : self._n + len(rows)] = rows
        self._n += len(rows)

    def rows(self, start: int, n: int) -> NDArray[np.float32]:
        """Rows from number `start` on; a view, good until the next `append`."""
        assert self._first <= start <= self._first + self._n - n, "forgotten, or not heard yet"
        return self._kept[start - self._first : start - self._first + n]


def _parts(chunk: NDArray[np.float32], n_channels: int, n_samples: int) -> Iterator[NDArray[np.float32]]:
    """Parts of a chunk, `(n_channels, at most n_samples)`, so that an hour in one piece takes no more memory."""
    channels = np.atleast_2d(chunk)
    if len(channels) != n_channels:
        problem = f"has {len(channels)} channels, and the stream {n_channels}"
        raise AudioError("chunk", problem, "Open another stream for another source.")
    for start in range(0, channels.shape[1], n_samples):
        yield channels[:, start : start + n_samples]
