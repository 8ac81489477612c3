"""Whether samples come as fast as the clock on the wall says."""

import math

LOOK_S = 2.0
"""Length of a look in seconds."""
OFF = 0.05
"""Share by which samples are too slow or too fast: unless something is wrong, no device is off by more than 0.01 %."""


class SampleClock:
    """Compares the end times of blocks with their numbers of samples.

    A network delivers late, and then all at once, but nothing comes early: so of each look the least delayed block
    counts. Only a delay that grows twice, from look to look, is a clock that is wrong: at a burst, or when one piece of
    sound is lost, the delay changes once, or back again. (Least delays as V. Paxson, "On calibrating measurements of
    packet transit times", SIGMETRICS 1998.)

    Parameters
    ----------
    sr : int
        Sampling rate in Hz that the samples are said to have.
    """

    def __init__(self, sr: int) -> None:
        self._sr = sr
        self.restart()

    def restart(self) -> None:
        """Begin anew: sound was lost, nobody knows how much."""
        self._started_at: float | None = None
        self._look_from = 0.0
        self._n_samples = 0
        self._least_s = math.inf
        self._looks: list[tuple[float, float]] = []
        """Least delay and length of the last looks, in seconds."""

    def push(self, n_samples: int, ended_at: float) -> tuple[float, float] | None:
        """Take the next block.

        Parameters
        ----------
        n_samples : int
            Its length.
        ended_at : float
            When its last sample was heard, Unix time in seconds.

        Returns
        -------
        share : float
            Of the last two looks: by how much samples came too slowly (0.1: a tenth is missing) or too fast (-0.1: more
            than there should be); 0 if they came as they should.
        lasted_s : float
            How long these looks were, in seconds.
        None
            Where nothing can be said yet.
        """
        if self._started_at is None or ended_at < self._look_from:  # the first one, or the clock was put back
            self.restart()
            self._started_at = self._look_from = ended_at
            return None
        self._n_samples += n_samples
        self._least_s = min(self._least_s, ended_at - self._started_at - self._n_samples / self._sr)
        if ended_at - self._look_from < LOOK_S:
            return None
        self._looks = [*self._looks[-2:], (self._least_s, ended_at - self._look_from)]
        self._look_from, self._least_s = ended_at, math.inf
        if len(self._looks) < 3:
            return None
        (first, _), (second, before_s), (third, last_s) = self._looks
        shares = (second - first) / before_s, (third - second) / last_s
        is_off = min(shares) > OFF or max(shares) < -OFF
        return sum(shares) / 2 if is_off else 0.0, before_s + last_s
