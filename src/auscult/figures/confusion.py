"""Which fault is taken for which."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import MARGIN, plain_text
from auscult.figures.palette import COLOURS, LINE, shortened, transparent, wrapped

CELL = 46
"""Height of a row in pixels."""


def confusion_figure(
    counts: NDArray[np.integer], *, true_names: Sequence[str], said_names: Sequence[str], truth: str
) -> Any:
    """Picture of a confusion matrix: a cell is the darker the larger its share of the clips of its true class.

    Parameters
    ----------
    counts : ndarray of int, shape (n_true, n_said)
        Clips of each true class (a row) that were named so (a column).
    true_names, said_names : sequence of str
        Of rows and columns, from anybody.
    truth : str
        What rows are: ``in truth``, or ``cluster`` where nobody has said what is true.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    counts = np.asarray(counts).reshape(len(true_names), len(said_names))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Colours that the page shines through: the counts, in the colour of its text, are read on light and dark ground.
    scale = [[0.0, transparent(COLOURS[0], 0.04)], [1.0, transparent(COLOURS[0], 0.6)]]
    hover = f"{truth} " + "%{customdata[0]}<br>named %{customdata[1]}<br>%{z:.0%} of them<extra></extra>"
    rows, columns = np.indices(counts.shape)
    true_texts, said_texts = [wrapped(name) for name in true_names], [wrapped(name) for name in said_names]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            zmin=0,
            zmax=1,
            colorscale=scale,
            showscale=False,
            xgap=2,
            ygap=2,
            customdata=[[(true, said) for said in said_texts] for true in true_texts],
            hovertemplate=hover,
        )
    )
    figure.add_trace(
        go.Scatter(
            x=columns.ravel(),
            y=rows.ravel(),
            text=counts.ravel().astype(str),
            mode="text",
            hoverinfo="skip",
            showlegend=False,
        )
    )
    axis = {"showgrid": False, "zeroline": False}
    figure.update_xaxes(
        title_text="named",
        tickvals=np.arange(len(said_names)),
        # One line of each: where there is no room they are turned to end at their columns, and none leaves the page.
        autotickangles=[0, -45, -90],
        ticktext=[plain_text(shortened(name, LINE)) for name in said_names],
        range=_edges(columns),
        **axis,
    )
    figure.update_yaxes(
        title_text=truth,
        tickvals=np.arange(len(true_names)),
        ticktext=true_texts,
        range=_edges(rows)[::-1],  # the first one is at the top, as in a table
        **axis,
    )
    figure.update_layout(height=190 + CELL * len(true_names), margin=MARGIN)
    return figure


def _edges(places: NDArray[np.integer]) -> list[float]:
    return [-0.5, places.max(initial=0) + 0.5]
