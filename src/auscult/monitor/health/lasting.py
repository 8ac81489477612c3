"""Something that comes and goes -> whether it lasts: it is said late, and unsaid later, so that it does not flap."""

FORGOTTEN = 0.25
"""Seconds that are taken off for each second without it: what is there more than a fifth of the time is said some
time, such as a loose contact; what was said is unsaid after four times as long without it as it took to be said."""


class Lasting:
    """A bucket that fills while something is there, and leaks while it is not.

    Parameters
    ----------
    after_s : float > 0, s
        What it takes to be said.

    Attributes
    ----------
    is_said : bool
        From a full bucket on until an empty one.
    since : float or None
        When the bucket began to fill, Unix time in seconds; None while it is empty.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._filled_s = 0.0
        self.is_said = False
        self.since: float | None = None

    def update(self, is_there: bool, *, lasted_s: float, at: float) -> bool:
        """Let time pass with it or without.

        Parameters
        ----------
        is_there : bool
        lasted_s : float >= 0, s
            How long it was there, or not.
        at : float
            When that ended, Unix time in seconds.

        Returns
        -------
        bool
            Whether it is said now, and was not before.
        """
        if is_there and self.since is None:
            self.since = at - lasted_s
        change_s = lasted_s if is_there else -FORGOTTEN * lasted_s
        self._filled_s = min(max(self._filled_s + change_s, 0.0), self._after_s)
        was_said, self.is_said = self.is_said, self._filled_s >= self._after_s or (self.is_said and self._filled_s > 0)
        if self._filled_s == 0:
            self.since = None
        return self.is_said and not was_said
