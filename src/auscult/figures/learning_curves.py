"""How a network came to learn, epoch by epoch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import GUIDE, LEGEND, MARGIN
from auscult.figures.palette import COLOURS


def learning_curves_figure(
    epochs: NDArray[np.integer],
    losses: NDArray[np.floating],
    held_out_losses: NDArray[np.floating],
    macro_f1: NDArray[np.floating],
    *,
    best_epoch: int,
) -> Any:
    """Picture of loss, loss on held-out clips and their macro F1 over the epochs.

    Parameters
    ----------
    epochs : ndarray of int, shape (n_epochs,)
        Their numbers, rising.
    losses, held_out_losses : ndarray, shape (n_epochs,)
        Cross-entropy on the clips learnt from, and on those held out.
    macro_f1 : ndarray, shape (n_epochs,)
        On the held-out clips, from 0 to 1; has an axis of its own, on the right.
    best_epoch : int
        Number of the epoch that was kept; marked.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    figure = require("plotly.subplots", extra="train").make_subplots(specs=[[{"secondary_y": True}]])
    epochs, macro_f1 = np.asarray(epochs), np.asarray(macro_f1)
    for name, values, colour, dash in (
        ("loss", losses, COLOURS[0], "solid"),
        ("held-out loss", held_out_losses, COLOURS[1], "dash"),
    ):
        hover, line = f"epoch %{{x}}: {name} %{{y:.3g}}<extra></extra>", {"color": colour, "dash": dash}
        figure.add_trace(go.Scatter(x=epochs, y=values, name=name, mode="lines", line=line, hovertemplate=hover))
    hover, line = "epoch %{x}: macro F1 %{y:.3f}<extra></extra>", {"color": COLOURS[2], "dash": "dot"}
    scored = go.Scatter(x=epochs, y=macro_f1, name="macro F1", mode="lines", line=line, hovertemplate=hover)
    figure.add_trace(scored, secondary_y=True)
    there = epochs == best_epoch
    mark = {"color": COLOURS[2], "size": 14, "symbol": "diamond"}
    name = f"kept: epoch {best_epoch}"
    kept = go.Scatter(x=epochs[there], y=macro_f1[there], name=name, mode="markers", marker=mark, hovertemplate=hover)
    figure.add_trace(kept, secondary_y=True)
    figure.add_vline(x=best_epoch, line=GUIDE)
    whole = {"dtick": 1} if len(epochs) <= 10 else {}
    figure.update_xaxes(title_text="epoch", **whole)
    figure.update_yaxes(title_text="loss", rangemode="tozero", secondary_y=False)
    axis = {"range": [0, 1.05], "tickmode": "linear", "dtick": 0.2, "showgrid": False}
    figure.update_yaxes(title_text="macro F1", **axis, secondary_y=True)
    figure.update_layout(height=440, margin=MARGIN, legend=LEGEND)
    return figure
