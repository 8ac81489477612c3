"""A figure -> an HTML page that is whole or not there at all, and needs no network."""

from pathlib import Path
from typing import Any

from auscult.extras import require
from auscult.files import write_whole

LIBRARY = "plotly.min.js"
CONFIG = {
    "displaylogo": False,
    "responsive": True,
    # Plotly 7 would offer to send the picture's data to its maker's server.
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d"],
}
"""Of every picture: what its buttons are."""


def library() -> str:
    """Plotly's script, which draws the figures in the browser."""
    return str(require("plotly.offline", extra="train").get_plotlyjs())


def write_page(figure: Any, path: Path) -> None:
    """Write a figure as a page; the library it needs goes beside it, once for all pages of a folder.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    path : Path
        ``.html``, its folder is made if missing.

    Raises
    ------
    DataError
        If the disk refuses it.
    """
    beside = path.with_name(LIBRARY)
    page = figure.to_html(include_plotlyjs=LIBRARY, full_html=True, config=CONFIG)
    if not beside.exists():
        write_whole(beside, library().encode())
    write_whole(path, page.replace("<head>", '<head><meta name="viewport" content="width=device-width">', 1).encode())
