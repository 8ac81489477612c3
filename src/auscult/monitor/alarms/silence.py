"""Why, for how long and by whose word an alarm is not raised."""

from dataclasses import dataclass, replace

from auscult.errors import OptionError


@dataclass(frozen=True)
class Silence:
    """A time in which an alarm is not raised.

    Parameters
    ----------
    since : float
        Unix time in seconds.
    until : float or None
        When it is over; None: when it is said to be.
    who : str
        The person who says so; empty for the monitor itself.
    why : str
        The reason.
    """

    since: float
    until: float | None
    who: str
    why: str

    def remaining(self, at: float) -> "Silence | None":
        """What there is of it at a time: None if it is over.

        If the clock was put back to before it began, it begins now: it never lasts longer than was said.

        Parameters
        ----------
        at : float
            Unix time in seconds.
        """
        if self.until is None:
            return self
        if at < self.since:
            return replace(self, since=at, until=at + (self.until - self.since))
        return self if at < self.until else None


def check_person(who: str) -> str:
    """Name of a person who is answerable for something, without blanks around it.

    Raises
    ------
    OptionError
        If it is blank.
    """
    if not who.strip():
        raise OptionError("who", "is blank", "Say who you are: others will ask.")
    return who.strip()
