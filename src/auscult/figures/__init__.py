"""Arrays -> interactive pictures (plotly), as pages that need no network."""

from auscult.figures.explanation import explanation_figure
from auscult.figures.page import write_page

__all__ = ["explanation_figure", "write_page"]
