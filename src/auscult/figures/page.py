"""A figure -> an HTML page that is whole or not there at all, and needs no network."""

from pathlib import Path
from typing import Any

from auscult.extras import require
from auscult.files import write_whole

LIBRARY = "plotly.min.js"


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
    library = path.with_name(LIBRARY)
    page = figure.to_html(include_plotlyjs=LIBRARY, full_html=True, config={"displaylogo": False, "responsive": True})
    if not library.exists():
        write_whole(library, require("plotly.offline", extra="train").get_plotlyjs().encode())
    write_whole(path, page.replace("<head>", '<head><meta name="viewport" content="width=device-width">', 1).encode())
