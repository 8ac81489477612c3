"""What each cluster sounds like beside normal: louder where, quieter where."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import HERTZ_AXIS, LEGEND, MARGIN
from auscult.figures.palette import GREY, Look, cluster_looks, transparent

ROW = 210
"""Height of one cluster's picture in pixels."""
BETWEEN = 75
"""For ticks below a picture and the name above the next one."""


def cluster_spectra_figure(
    centres_hz: NDArray[np.floating],
    change_db: NDArray[np.floating],
    low_db: NDArray[np.floating],
    high_db: NDArray[np.floating],
    usual_db: NDArray[np.floating],
    *,
    names: Sequence[str],
) -> Any:
    """Picture of how far the level of each band moved from normal, one cluster below the other, on the same scales.

    Parameters
    ----------
    centres_hz : ndarray, shape (n_mels,), Hz
        Centre of each band.
    change_db, low_db, high_db : ndarray, shape (n_clusters, n_mels), dB
        Median and quartiles of the change over the cluster's clips.
    usual_db : ndarray, shape (n_clusters, n_mels), dB
        How far it moves among normal clips: three of these are grey.
    names : sequence of str
        One a cluster.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    make_subplots = require("plotly.subplots", extra="train").make_subplots
    looks = cluster_looks(names)
    n_rows = max(len(looks), 1)
    inside = n_rows * ROW + (n_rows - 1) * BETWEEN
    figure = make_subplots(
        rows=n_rows,
        cols=1,
        shared_xaxes="all",
        shared_yaxes="all",
        subplot_titles=[look.name for look in looks],
        vertical_spacing=BETWEEN / inside,
    )
    for row, look in enumerate(looks):
        bands = (
            ("normal: within 3 deviations", -3 * usual_db[row], 3 * usual_db[row], transparent(GREY, 0.3)),
            ("half of the clips", low_db[row], high_db[row], look.fill(0.35)),
        )
        for trace in [*(_band(centres_hz, *band) for band in bands), _line(centres_hz, change_db[row], look)]:
            figure.add_trace(trace.update(showlegend=row == 0), row=row + 1, col=1)
    figure.update_xaxes(showticklabels=True, **HERTZ_AXIS)
    figure.update_yaxes(title_text="dB to normal")
    margin = MARGIN | {"t": 60, "b": 80}
    figure.update_layout(height=inside + margin["t"] + margin["b"], margin=margin, legend=LEGEND)
    return figure


def _band(
    centres_hz: NDArray[np.floating], name: str, low: NDArray[np.floating], high: NDArray[np.floating], colour: str
) -> Any:
    go = require("plotly.graph_objects", extra="train")
    return go.Scatter(
        x=np.concatenate([centres_hz, centres_hz[::-1]]),
        y=np.concatenate([low, high[::-1]]),
        mode="lines",
        fill="toself",
        fillcolor=colour,
        line={"width": 0},
        name=name,
        hoverinfo="skip",
    )


def _line(centres_hz: NDArray[np.floating], change_db: NDArray[np.floating], look: Look) -> Any:
    go = require("plotly.graph_objects", extra="train")
    return go.Scatter(
        x=centres_hz,
        y=change_db,
        mode="lines",
        line={"color": look.colour, "width": 2},
        name="median",
        hovertemplate="%{x:.0f} Hz: %{y:+.1f} dB<extra></extra>",
    )
