"""What the layouts of several pictures share."""

from typing import Any

from auscult.errors import printable

LEGEND = {
    "orientation": "h",
    "x": 0,
    "xanchor": "left",
    "y": 0,
    "yanchor": "bottom",
    "yref": "container",
}
"""Below the picture: beside it, it would leave a phone no room for the picture; above it are the buttons."""
MARGIN = {"l": 60, "r": 20, "t": 40, "b": 50}
"""In pixels; legends and ticks widen it."""
GUIDE = {"color": "#888888", "dash": "dash", "width": 1}
"""Lines that mark a value, to be seen on light and dark ground."""
HERTZ_AXIS: dict[str, Any] = {
    "title_text": "Hz",
    "type": "log",
    "tickvals": (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000),
    "ticktext": ("20", "50", "100", "200", "500", "1k", "2k", "5k", "10k", "20k", "50k"),
}
"""For ``update_xaxes`` and ``update_yaxes``."""


def plain_text(text: str) -> str:
    """Text that plotly shows as it is, though it takes tags like ``<b>`` and ``<a href>`` in any text for markup.

    Parameters
    ----------
    text : str
        From anybody: names of files, machines, faults.

    Returns
    -------
    str
        New lines are kept.
    """
    for sign, escape in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\n", "<br>")):
        text = text.replace(sign, escape)
    return printable(text)
