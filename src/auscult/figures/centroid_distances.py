"""How tight each cluster is: how far its clips lie from its centroid."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import MARGIN
from auscult.figures.palette import NONE, looks_of_clips

MANY = 1000
"""Clips from which on each one is not drawn any more: it would only blacken the picture."""


def centroid_distances_figure(
    distances: NDArray[np.floating], labels: NDArray[np.integer], *, names: Sequence[str]
) -> Any:
    """Picture of the distribution of each cluster's distances: violins with points, boxes if there are many clips.

    Parameters
    ----------
    distances : ndarray, shape (n_clips,)
        From each clip to its cluster's centroid; to the nearest one for clips that belong to none, or NaN: left out.
    labels : ndarray of int, shape (n_clips,)
        Cluster of each clip; -1: belongs to none.
    names : sequence of str
        One a cluster.

    Returns
    -------
    plotly.graph_objects.Figure
        Lies: the first cluster is uppermost.
    """
    go = require("plotly.graph_objects", extra="train")
    known = np.isfinite(distances)
    distances, labels = distances[known], labels[known]
    looks = looks_of_clips(labels, names)
    looks = sorted(looks, key=lambda look: (look is NONE, look.label))
    figure = go.Figure()
    for row, look in enumerate(looks):
        own = distances[labels == look.label]
        shared = {
            "x": own,
            "y": np.full(len(own), row),
            "orientation": "h",
            "name": look.name,
            "marker": {"color": look.colour, "size": 4, "opacity": 0.7},
            "line": {"color": look.colour, "width": 1.5},
            "width": 0.6,
            "fillcolor": look.fill(0.25),
            "hovertemplate": "%{x:.3~g}<extra></extra>",
        }
        if len(distances) > MANY:
            figure.add_trace(go.Box(boxpoints="outliers", **shared))
        else:
            figure.add_trace(go.Violin(points="all", pointpos=0, jitter=0.5, spanmode="hard", **shared))
        # Above its row, not beside it: names are long and phones narrow.
        place = {"x": 0, "xref": "x domain", "xanchor": "left", "y": row - 0.5, "yanchor": "middle", "showarrow": False}
        figure.add_annotation(text=look.name, **place)
    figure.update_yaxes(range=[len(looks) - 0.5, -0.75], showticklabels=False, showgrid=False, zeroline=False)
    figure.update_xaxes(title_text="distance to centroid", rangemode="tozero")
    margin = MARGIN | {"l": 20}
    figure.update_layout(height=120 + 80 * max(len(looks), 2), margin=margin, showlegend=False)
    return figure
