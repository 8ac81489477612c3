"""All clips in space: clusters that hide behind each other in a plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.components import first_components
from auscult.figures.layout import LEGEND, MARGIN, plain_text
from auscult.figures.palette import looks_of_clips


def scatter_figure(
    points: NDArray[np.floating], labels: NDArray[np.integer], *, names: Sequence[str], hover: Sequence[str]
) -> Any:
    """Picture in three dimensions of clips on their first three principal components, coloured by cluster.

    Parameters
    ----------
    points : ndarray, shape (n_clips, n_components)
        Of fewer than three components the other axes are zero.
    labels : ndarray of int, shape (n_clips,)
        Cluster of each clip; -1: belongs to none, drawn in grey.
    names : sequence of str
        One a cluster.
    hover : sequence of str
        One a clip: what is said when it is pointed at.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    points = first_components(points, 3)
    texts = np.array([plain_text(text) for text in hover], dtype=object)
    figure = go.Figure()
    for look in looks_of_clips(labels, names):
        there = labels == look.label
        figure.add_trace(
            go.Scatter3d(
                x=points[there, 0],
                y=points[there, 1],
                z=points[there, 2],
                mode="markers",
                name=look.name,
                legendrank=look.rank,
                marker={"color": look.colour, "symbol": look.symbol, "size": 4, "opacity": 0.85},
                text=texts[there],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    axes = {f"{axis}axis": {"title": {"text": text}} for axis, text in zip("xyz", ("1st", "2nd", "3rd"), strict=True)}
    scene = axes | {"camera": {"eye": {"x": 1.6, "y": 1.6, "z": 1.0}, "center": {"z": -0.1}}, "dragmode": "orbit"}
    legend = LEGEND | {"itemsizing": "constant"}  # the points are too small to tell their symbols
    figure.update_layout(height=560, margin=MARGIN | {"l": 0, "r": 0, "b": 0}, legend=legend, scene=scene)
    return figure
