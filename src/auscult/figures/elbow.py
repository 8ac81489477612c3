"""How tight clusters are, and how surely found again, for each number of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import GUIDE, LEGEND, MARGIN
from auscult.figures.palette import COLOURS


def elbow_figure(
    n_clusters: NDArray[np.integer],
    inertias: NDArray[np.floating],
    *,
    chosen: int,
    stabilities: NDArray[np.floating] | None = None,
) -> Any:
    """Picture of inertia, and of stability where it is known, over the number of clusters.

    Parameters
    ----------
    n_clusters : ndarray of int, shape (n_tried,)
        Numbers of clusters that were tried, rising.
    inertias : ndarray, shape (n_tried,)
        Sum of squared distances from clips to the centroids of their clusters.
    chosen : int
        Number of clusters that was chosen; marked.
    stabilities : ndarray, shape (n_tried,), optional
        From 0 to 1: how alike the clusters are that resampled clips give. NaN where unknown.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    figure = require("plotly.subplots", extra="train").make_subplots(specs=[[{"secondary_y": True}]])
    n_clusters = np.asarray(n_clusters)
    hover, look = "%{x} clusters: %{y:.4~g}<extra></extra>", {"color": COLOURS[0]}
    figure.add_trace(
        go.Scatter(x=n_clusters, y=inertias, name="inertia", mode="lines+markers", line=look, hovertemplate=hover)
    )
    mark = {"color": COLOURS[0], "size": 14, "symbol": "diamond"}
    there = n_clusters == chosen
    figure.add_trace(
        go.Scatter(
            x=n_clusters[there],
            y=np.asarray(inertias)[there],
            name=f"chosen: {chosen}",
            mode="markers",
            marker=mark,
            hovertemplate=hover,
        )
    )
    if stabilities is not None:
        hover, look = "%{x} clusters: stability %{y:.2f}<extra></extra>", {"color": COLOURS[1], "dash": "dot"}
        stability = go.Scatter(
            x=n_clusters, y=stabilities, name="stability", mode="lines+markers", line=look, hovertemplate=hover
        )
        figure.add_trace(stability, secondary_y=True)
        axis = {"range": [0, 1.05], "tickmode": "linear", "dtick": 0.2, "showgrid": False}
        figure.update_yaxes(title_text="stability", **axis, secondary_y=True)
    figure.add_vline(x=chosen, line=GUIDE)
    figure.update_xaxes(title_text="number of clusters", dtick=1)
    figure.update_yaxes(title_text="inertia", rangemode="tozero", secondary_y=False)
    figure.update_layout(height=420, margin=MARGIN, legend=LEGEND)
    return figure
