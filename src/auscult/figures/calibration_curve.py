"""Whether confidence can be believed: how sure, beside how often right."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import GUIDE, LEGEND, MARGIN
from auscult.figures.palette import COLOURS

SMALLEST, LARGEST = 8.0, 30.0
"""Diameters of marks in pixels: their areas are as the numbers of clips, above the smallest."""


def calibration_curve_figure(
    confidences: NDArray[np.floating], shares_right: NDArray[np.floating], n_clips: NDArray[np.integer]
) -> Any:
    """Picture of the share of clips that were named right over the confidence with which they were named.

    Parameters
    ----------
    confidences : ndarray, shape (n_bins,)
        Mean of the largest probability of the clips of each bin, from 0 to 1, rising.
    shares_right : ndarray, shape (n_bins,)
        Of the same clips, from 0 to 1.
    n_clips : ndarray of int, shape (n_bins,)
        In each bin, at least one.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    n_clips = np.asarray(n_clips)
    sizes = np.maximum(LARGEST * np.sqrt(n_clips / max(n_clips.max(initial=0), 1)), SMALLEST)
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[0, 100], y=[0, 100], name="as sure as right", mode="lines", line=GUIDE | {"width": 2}, hoverinfo="skip"
        )
    )
    figure.add_trace(
        go.Scatter(
            x=100 * np.asarray(confidences),
            y=100 * np.asarray(shares_right),
            name="measured, with numbers of clips",
            mode="lines+markers+text",
            marker={"size": sizes, "color": COLOURS[0], "opacity": 0.75},
            line={"color": COLOURS[0], "width": 1},
            text=n_clips.astype(str),
            textposition="bottom right",
            cliponaxis=False,
            hovertemplate="%{text} clips, %{x:.0f} % sure, %{y:.0f} % right<extra></extra>",
        )
    )
    figure.update_xaxes(title_text="how sure, in %", range=[0, 104], dtick=20)
    figure.update_yaxes(title_text="how often right, in %", range=[-6, 106], dtick=20, zeroline=False)
    figure.update_layout(height=440, margin=MARGIN | {"r": 35}, legend=LEGEND)
    return figure
