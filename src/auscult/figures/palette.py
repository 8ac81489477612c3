"""How a cluster looks: the same colour and symbol in every picture, told apart by colour-blind eyes too."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.figures.layout import plain_text

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, without the two that vanish on light or dark ground: yellow and black."""
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "circle-open", "square-open", "diamond-open")
"""Those that plotly has in three dimensions too; eight, so that 24 clusters look different."""
GREY = "#888888"
LONGEST = 40
"""Characters of a name: longer ones would leave a phone no room for the picture."""
LINE = 18
"""Characters of one of its lines beside an axis, and of all of it below one."""


@dataclass(frozen=True)
class Look:
    """What one cluster's traces are drawn with."""

    label: int
    name: str
    """Safe to give to plotly, and not too long."""
    colour: str
    """``#rrggbb``"""
    symbol: str

    @property
    def rank(self) -> int:
        """Place in the legend: what belongs to none comes last, though it is drawn first."""
        return 2000 if self.label < 0 else 1000

    def fill(self, opacity: float) -> str:
        """Its colour for areas, through which others are seen."""
        return transparent(self.colour, opacity)


NONE = Look(-1, "belongs to none", GREY, "circle")
"""Of the clips that belong to no cluster."""


def transparent(colour: str, opacity: float) -> str:
    """``#rrggbb`` as ``rgba(...)``, the opacity from 0 to 1."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def shortened(name: str, longest: int = LONGEST) -> str:
    """A name of at most 40 characters, or so many; what is left out is shown by an ellipsis."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def wrapped(name: str) -> str:
    """A name beside an axis: safe to give to plotly, of at most 40 characters, in lines of at most 18.

    Parameters
    ----------
    name : str
        From anybody.
    """
    return plain_text("\n".join(textwrap.wrap(shortened(name), LINE)))


def cluster_looks(names: Sequence[str]) -> list[Look]:
    """Looks of clusters 0, 1, ...

    Parameters
    ----------
    names : sequence of str
        One a cluster, from anybody.
    """
    return [
        Look(number, plain_text(shortened(name)), COLOURS[number % len(COLOURS)], SYMBOLS[number % len(SYMBOLS)])
        for number, name in enumerate(names)
    ]


def looks_of_clips(labels: NDArray[np.integer], names: Sequence[str]) -> list[Look]:
    """Looks of all clusters, behind that of the clips that belong to none, if there are any.

    Parameters
    ----------
    labels : ndarray of int, shape (n_clips,)
        -1: belongs to none.
    names : sequence of str
        One a cluster.
    """
    return [NONE] * bool(np.any(labels == NONE.label)) + cluster_looks(names)
