"""Sound of one machine, chunk by chunk -> windows of the length that was learnt, described as clips are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.audio.channels import ChannelPolicy, apply_channel_policy
from auscult.bundle import Bundle
from auscult.errors import AudioError, MachineError, OptionError
from auscult.features import LogMel
from auscult.features.recipe import Features
from auscult.features.stream import FeatureStream, feature_stream

LEAST_POWER = 1e-12
"""Of full scale: -120 dB, less than a step of 16 bits."""


@dataclass(frozen=True)
class Window:
    """The last seconds of a machine's sound.

    Parameters
    ----------
    at : float
        Its end, Unix time in seconds.
    heard : Features
        Of the bundle's recipe.
    n_new_frames : int
        Frames at the end of its patch that no window before it had.
    is_apart : bool
        Whether it shares no sound with the last window of which that was said, but for what a step loses by being made
        of whole frames (80 ms of 10 s at steps of 2 s): such windows are decided on, as the clips were that the alarm
        budget was tried on.
    level_db : float
        Mean level in dB re full scale.
    """

    at: float
    heard: Features
    n_new_frames: int
    is_apart: bool
    level_db: float


class Listener:
    """Windows of one machine's sound.

    Parameters
    ----------
    bundle : Bundle
        With a model of normal sound.
    machine : str
        Its full name.
    sr : int
        Sampling rate of the chunks in Hz.
    n_channels : int
        Of the chunks.
    step_s : float > 0
        How often a window ends, in seconds; it is made to go into a window a whole number of times.
    channels : "mean", int or None
        What is listened to; None: as the bundle was trained.

    Raises
    ------
    OptionError
        If the bundle learnt no normal sound.
    MachineError
        If it does not know the machine.
    AudioError
        If its features cannot be computed at this rate, or the channel that is listened to is not there.
    """

    def __init__(
        self,
        bundle: Bundle,
        machine: str,
        *,
        sr: int,
        n_channels: int = 1,
        step_s: float,
        channels: ChannelPolicy | None = None,
    ) -> None:
        features = bundle.manifest.features
        if bundle.detector is None or not isinstance(features, LogMel):
            raise OptionError("bundle", "has a classifier, and no model of normal sound", "Train one: auscult train.")
        if machine not in bundle.detector.machines:
            known = ", ".join(bundle.detector.machines)
            remedy = f"It knows {known}: name one of them, or enrol this one: auscult enroll BUNDLE DIR."
            raise MachineError(machine, "this machine is not in the bundle", remedy)
        self.sr, self.n_channels = sr, n_channels
        self.channels: ChannelPolicy = bundle.manifest.channels if channels is None else channels
        if isinstance(self.channels, int) and self.channels >= n_channels:
            problem = f"channel {self.channels} is to be listened to, and the sound has {n_channels} channel(s)"
            remedy = f"Say a channel that is there, from 0 to {n_channels - 1}, or mean, or record more of them."
            raise AudioError("channels", problem, remedy)
        self._features = features
        self._window_s = bundle.detector.machines[machine].rule.interval_s
        self._n_steps = max(1, round(self._window_s / step_s))
        self._restart()

    @property
    def window_s(self) -> float:
        """Length of a window in seconds."""
        return self._stream.window_s

    def push(self, y: NDArray[np.float32], ended_at: float, *, is_after_gap: bool = False) -> list[Window]:
        """Windows that a chunk completes.

        Parameters
        ----------
        y : ndarray, shape (n_channels, n_samples), float32 in [-1, 1]
        ended_at : float
            When its last sample was heard, Unix time in seconds.
        is_after_gap : bool
            Whether it does not follow the chunk before it: no window spans a gap.

        Raises
        ------
        AudioError
            If it has another number of channels.
        """
        if is_after_gap:
            self._restart()
        heard = np.atleast_2d(apply_channel_policy(y.T, self.channels, "source"))
        self._n_heard += heard.shape[1]
        power = float(np.mean(np.square(heard, dtype=np.float64))) if heard.size else 0.0
        self._powers.append((self._n_heard, heard.shape[1], power))
        return [self._window(features, ended_at) for features in self._stream.push(heard)]

    def _restart(self) -> None:
        """Forget what was heard: a window is a piece of sound without a gap."""
        self._stream: FeatureStream = feature_stream(
            self._features,
            self.sr,
            window_s=self._window_s,
            step_s=self._window_s / self._n_steps,
            n_channels=self._n_heard_channels(),
        )
        self._n_windows = 0
        self._n_heard = 0
        self._powers: list[tuple[int, int, float]] = []
        """Of each chunk the number of samples up to its end, its own number, and its power."""

    def _n_heard_channels(self) -> int:
        return self.n_channels if self.channels == "all" else 1

    def _window(self, features: Features, ended_at: float) -> Window:
        number = self._n_windows
        self._n_windows += 1
        end_s = self._stream.window_s + number * self._stream.step_s
        first = round((end_s - self._stream.window_s) * self.sr)
        self._powers = [chunk for chunk in self._powers if chunk[0] > first]
        n_samples = sum(n for _, n, _ in self._powers)
        power = sum(n * own for _, n, own in self._powers) / max(n_samples, 1)
        n_frames = features.patch.shape[1]
        return Window(
            at=ended_at - (self._n_heard / self.sr - end_s),
            heard=features,
            n_new_frames=n_frames if number == 0 else max(1, round(n_frames / self._n_steps)),
            is_apart=number % self._n_steps == 0,
            level_db=float(10 * np.log10(max(power, LEAST_POWER))),
        )
