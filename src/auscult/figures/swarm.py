"""All clips from above: which of them lie together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.components import AXES, first_components
from auscult.figures.layout import LEGEND, MARGIN, plain_text
from auscult.figures.palette import Look, cluster_looks, looks_of_clips

BEYOND = 5.0
"""How far regions reach beyond what is seen at first, in its widths: there is something to be moved to."""


def swarm_figure(
    points: NDArray[np.floating],
    labels: NDArray[np.integer],
    centroids: NDArray[np.floating],
    *,
    names: Sequence[str],
    hover: Sequence[str],
) -> Any:
    """Picture of clips on their first two principal components, coloured by cluster.

    Behind them lie the regions of the clusters: where its centroid is the nearest one, in these two components. A clip
    may lie in another's region, since clusters are made of all components.

    Parameters
    ----------
    points : ndarray, shape (n_clips, n_components)
        Of one component only the second axis is zero.
    labels : ndarray of int, shape (n_clips,)
        Cluster of each clip; -1: belongs to none, drawn in grey.
    centroids : ndarray, shape (n_clusters, n_components)
    names : sequence of str
        One a cluster.
    hover : sequence of str
        One a clip: what is said when it is pointed at.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    points, centroids = first_components(points, 2), first_components(centroids, 2)
    everything = np.concatenate([points, centroids]) if len(points) + len(centroids) else np.zeros((1, 2))
    low, high = everything.min(axis=0), everything.max(axis=0)
    span = float((high - low).max()) or 1.0
    figure = go.Figure()
    for look in cluster_looks(names):
        region = _nearest_region(centroids, look.label, low - BEYOND * span, high + BEYOND * span)
        figure.add_trace(_area(go, region, look))
    texts = np.array([plain_text(text) for text in hover], dtype=object)
    for look in looks_of_clips(labels, names):
        there = labels == look.label
        figure.add_trace(
            go.Scatter(
                x=points[there, 0],
                y=points[there, 1],
                mode="markers",
                name=look.name,
                legendrank=look.rank,
                legendgroup=str(look.label),
                marker={"color": look.colour, "symbol": look.symbol, "size": 7, "opacity": 0.8},
                text=texts[there],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    figure.add_trace(_marks(go, centroids, cluster_looks(names)))
    edge = 0.06 * span
    # A step is as long on both axes: otherwise the nearest centroid would not look nearest.
    figure.update_xaxes(title_text=AXES[0], range=[low[0] - edge, high[0] + edge], zeroline=False)
    figure.update_yaxes(title_text=AXES[1], range=[low[1] - edge, high[1] + edge], zeroline=False, scaleanchor="x")
    figure.update_layout(height=560, margin=MARGIN, legend=LEGEND, hovermode="closest")
    return figure


def _area(go: Any, region: NDArray[np.floating], look: Look) -> Any:
    return go.Scatter(
        x=region[:, 0],
        y=region[:, 1],
        mode="lines",
        fill="toself",
        fillcolor=look.fill(0.13),
        line={"color": look.fill(0.4), "width": 1},
        name=f"region: {look.name}",
        legendgroup=str(look.label),
        showlegend=False,
        hoverinfo="skip",
    )


def _marks(go: Any, centroids: NDArray[np.floating], looks: list[Look]) -> Any:
    return go.Scatter(
        x=centroids[:, 0],
        y=centroids[:, 1],
        mode="markers",
        name="centroids",
        marker={"color": "black", "symbol": "star", "size": 16, "line": {"color": "white", "width": 2}},
        text=[f"centroid: {look.name}" for look in looks],
        hovertemplate="%{text}<extra></extra>",
    )


def _nearest_region(
    centroids: NDArray[np.floating], number: int, low: NDArray[np.floating], high: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Corners of the part of a rectangle in which a centroid is the nearest one; shape (n_corners, 2), may be none."""
    corners = [
        np.array(corner) for corner in ((low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1]))
    ]
    own = centroids[number]
    for other in centroids:
        # How much farther than to the other: negative on our side of the line that halves the way to it.
        farther = [float((2 * corner - own - other) @ (other - own)) for corner in corners]
        kept: list[NDArray[np.floating]] = []
        for place, corner in enumerate(corners):
            before = place - 1
            if (farther[place] > 0) != (farther[before] > 0):
                share = farther[before] / (farther[before] - farther[place])
                kept.append(corners[before] + share * (corner - corners[before]))
            if farther[place] <= 0:
                kept.append(corner)
        corners = kept
    return np.array([*corners, *corners[:1]]).reshape(-1, 2)
