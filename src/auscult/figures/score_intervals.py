"""Scores with their intervals, beside those of a level meter."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import GUIDE, LEGEND, MARGIN
from auscult.figures.palette import COLOURS, GREY, wrapped

ROW = 36
"""Height of a row in pixels."""


def score_intervals_figure(
    names: Sequence[str],
    scores: NDArray[np.floating],
    intervals: NDArray[np.floating],
    level_scores: NDArray[np.floating],
    *,
    title: str,
    chance: float | None = None,
) -> Any:
    """Picture of a row for each score, with its interval and what a mere level meter reaches.

    Parameters
    ----------
    names : sequence of str
        Of the rows, from anybody; the first one is at the top.
    scores, level_scores : ndarray, shape (n_rows,)
        From 0 to 1.
    intervals : ndarray, shape (n_rows, 2)
        Lower and upper end.
    title : str
        What the scores are: ``AUC``.
    chance : float, optional
        What guessing reaches; marked.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    scores, intervals = np.asarray(scores), np.asarray(intervals).reshape(-1, 2)
    rows, texts = np.arange(len(names)), [wrapped(name) for name in names]
    ends = [f"{low:.2f} to {high:.2f}" for low, high in intervals]
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=scores,
            y=rows,
            name=f"{title}, 95 % interval",
            mode="markers",
            marker={"color": COLOURS[0], "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": intervals[:, 1] - scores,
                "arrayminus": scores - intervals[:, 0],
                "thickness": 2,
            },
            customdata=list(zip(texts, ends, strict=True)),
            hovertemplate="%{customdata[0]}: %{x:.3f} (%{customdata[1]})<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=level_scores,
            y=rows,
            name="level alone",
            mode="markers",
            marker={"color": GREY, "size": 10, "symbol": "diamond-open", "line": {"width": 2}},
            customdata=texts,
            hovertemplate="level alone, %{customdata}: %{x:.3f}<extra></extra>",
        )
    )
    if chance is not None:
        figure.add_vline(x=chance, line=GUIDE, annotation_text="guessing", annotation_position="top")
    figure.update_xaxes(title_text=title, range=[0, 1.04], dtick=0.2, zeroline=False)
    edges = [len(names) - 0.4, -0.6]  # the first one is at the top
    figure.update_yaxes(tickvals=rows, ticktext=texts, range=edges, zeroline=False)
    figure.update_layout(height=170 + ROW * len(names), margin=MARGIN, legend=LEGEND)
    return figure
