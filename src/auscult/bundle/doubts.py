"""What makes a verdict doubtful, in words."""

import os
from typing import Any

from auscult.audio.index import machine_at

OTHER_LENGTH = 2.0
"""So many times as long as those learnt from, or as short, a clip's scores do not compare with theirs."""


def length_doubt(duration_s: float, learnt_s: float) -> str | None:
    """What to think of a clip of another length: its percentiles, loud moments and lines are others.

    Parameters
    ----------
    duration_s, learnt_s : float > 0
        Of the clip, and of those learnt from.
    """
    if 1 / OTHER_LENGTH < duration_s / learnt_s < OTHER_LENGTH:
        return None
    return f"the clip lasts {duration_s:.3g} s, those learnt from {learnt_s:.3g} s: their scores do not compare well"


def machine_doubt(clip: Any, machine: str) -> str | None:
    """What to think of a clip whose machine nobody said, compared with the only one that a bundle knows.

    Parameters
    ----------
    clip : path, or anything else that was judged
        Folders say something only if they are those of a data set: ``lathe_1/normal/``.
    machine : str
        That it was compared with. One of the same name below other folders is taken for it.
    """
    said = machine_at(clip) if isinstance(clip, str | os.PathLike) else None
    if said is None or said.rpartition("/")[2] == machine.rpartition("/")[2]:
        return None
    return f"the folders say {said}, compared with {machine}"
