"""How much of what clips differ by each principal component holds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import GUIDE, LEGEND, MARGIN
from auscult.figures.palette import COLOURS, GREY


def explained_variance_figure(shares: NDArray[np.floating], *, n_components: int) -> Any:
    """Picture of each component's share of the variance, and of the first ones' together.

    Parameters
    ----------
    shares : ndarray, shape (n_shares,)
        Of each component, from 0 to 1, largest first.
    n_components : int
        How many of them were chosen; marked.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    numbers, percent = np.arange(1, len(shares) + 1), 100 * np.asarray(shares, np.float64)
    together = np.cumsum(percent)
    colours = np.where(numbers <= n_components, COLOURS[0], GREY)
    figure = go.Figure()
    hover = "component %{x}: %{y:.1f} %<extra></extra>"
    figure.add_trace(go.Bar(x=numbers, y=percent, name="each", marker={"color": colours}, hovertemplate=hover))
    hover, line = "first %{x}: %{y:.1f} %<extra></extra>", {"color": COLOURS[1]}
    figure.add_trace(
        go.Scatter(x=numbers, y=together, name="together", mode="lines+markers", line=line, hovertemplate=hover)
    )
    if 1 <= n_components <= len(shares):
        reached = together[n_components - 1]
        mark = {"color": COLOURS[1], "size": 14, "symbol": "diamond"}
        name = f"chosen: {n_components} ({reached:.0f} %)"
        figure.add_trace(
            go.Scatter(x=[n_components], y=[reached], name=name, mode="markers", marker=mark, hovertemplate=hover)
        )
        figure.add_vline(x=n_components, line=GUIDE)
    whole = {"dtick": 1} if len(shares) <= 10 else {}
    figure.update_xaxes(title_text="principal component", range=[0.4, max(len(shares), 1) + 0.6], **whole)
    figure.update_yaxes(title_text="share of variance in %", range=[0, 105])
    figure.update_layout(height=420, margin=MARGIN, legend=LEGEND)
    return figure
