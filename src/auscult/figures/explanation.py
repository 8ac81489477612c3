"""A clip, the normal clip most like it, the difference; and how far each band moved."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.figures.layout import HERTZ_AXIS

LEVELS = "Viridis"
DIFFERENCES = "RdBu_r"
"""Red is louder than normal."""


def explanation_figure(
    clip_db: NDArray[np.floating],
    normal_db: NDArray[np.floating],
    reference_db: NDArray[np.floating],
    *,
    centres_hz: NDArray[np.floating],
    change_db: NDArray[np.floating],
    usual_db: NDArray[np.floating],
    frame_s: float,
    title: str,
    normal_name: str,
) -> Any:
    """Picture of what is different about a clip.

    Parameters
    ----------
    clip_db, normal_db : ndarray, shape (n_mels, n_frames), dB
        Log-mel patches of the clip and of the normal clip most like it, which may be of another length, or empty.
    reference_db : ndarray, shape (n_mels,), dB
        Mean level of the nearest normal clips: what the clip's frames are compared with.
    centres_hz, change_db, usual_db : ndarray, shape (n_mels,)
        Centre of each band, how far its level moved, and how far it moves among normal clips.
    frame_s : float
        Time from one frame to the next in seconds.
    title, normal_name : str

    Returns
    -------
    plotly.graph_objects.Figure
    """
    go = require("plotly.graph_objects", extra="train")
    make_subplots = require("plotly.subplots", extra="train").make_subplots
    names = ["this clip", f"most alike of the normal clips: {normal_name}", "difference to normal", "level by band"]
    figure = make_subplots(rows=4, cols=1, subplot_titles=names, vertical_spacing=0.08)
    low, high = (float(np.percentile(np.concatenate([clip_db.ravel(), normal_db.ravel()]), q)) for q in (1, 99.5))
    difference_db = clip_db - reference_db[:, None]
    largest = max(float(np.percentile(np.abs(difference_db), 99)), 6.0)
    for row, values, limits, colours in (
        (1, clip_db, (low, high), LEVELS),
        (2, normal_db, (low, high), LEVELS),
        (3, difference_db, (-largest, largest), DIFFERENCES),
    ):
        figure.add_trace(
            go.Heatmap(
                z=np.round(values, 1),
                x=np.round(np.arange(values.shape[1]) * frame_s, 3),
                y=np.round(centres_hz, 1),
                zmin=limits[0],
                zmax=limits[1],
                colorscale=colours,
                showscale=row != 2,
                colorbar={"title": "dB", "len": 0.2, "y": 0.9 if row == 1 else 0.37},
                hovertemplate="%{x:.2f} s, %{y:.0f} Hz: %{z:.1f} dB<extra></extra>",
            ),
            row=row,
            col=1,
        )
        figure.update_xaxes(title_text="seconds", row=row, col=1)
        figure.update_yaxes(**HERTZ_AXIS, row=row, col=1)
    _add_bands(figure, go, centres_hz, change_db, usual_db)
    figure.update_layout(title=title, height=1150, margin={"l": 70, "r": 20, "t": 90, "b": 50}, showlegend=False)
    return figure


def _add_bands(
    figure: Any,
    go: Any,
    centres_hz: NDArray[np.floating],
    change_db: NDArray[np.floating],
    usual_db: NDArray[np.floating],
) -> None:
    """Change of each band as bars, over the range in which normal clips lie."""
    around = np.concatenate([centres_hz, centres_hz[::-1]])
    usual = np.concatenate([3 * usual_db, -3 * usual_db[::-1]])
    band = go.Scatter(x=around, y=usual, fill="toself", line={"width": 0}, fillcolor="rgba(120,120,120,0.3)")
    figure.add_trace(band, row=4, col=1)
    hover = "%{x:.0f} Hz: %{y:+.1f} dB<extra></extra>"
    moved = go.Scatter(x=centres_hz, y=change_db, mode="lines+markers", line={"color": "#c0392b"}, hovertemplate=hover)
    figure.add_trace(moved, row=4, col=1)
    figure.update_xaxes(**HERTZ_AXIS, row=4, col=1)
    figure.update_yaxes(title_text="dB to normal; grey: 3 deviations", row=4, col=1)
