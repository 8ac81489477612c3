"""Arrays -> interactive pictures (plotly), as pages that need no network."""

from auscult.figures.calibration_curve import calibration_curve_figure
from auscult.figures.centroid_distances import centroid_distances_figure
from auscult.figures.cluster_spectra import cluster_spectra_figure
from auscult.figures.confusion import confusion_figure
from auscult.figures.elbow import elbow_figure
from auscult.figures.explained_variance import explained_variance_figure
from auscult.figures.explanation import explanation_figure
from auscult.figures.learning_curves import learning_curves_figure
from auscult.figures.page import write_page
from auscult.figures.report import Heading, Paragraph, Part, Picture, Player, Section, Table, write_report
from auscult.figures.scatter import scatter_figure
from auscult.figures.score_intervals import score_intervals_figure
from auscult.figures.swarm import swarm_figure

__all__ = [
    "Heading",
    "Paragraph",
    "Part",
    "Picture",
    "Player",
    "Section",
    "Table",
    "calibration_curve_figure",
    "centroid_distances_figure",
    "cluster_spectra_figure",
    "confusion_figure",
    "elbow_figure",
    "explained_variance_figure",
    "explanation_figure",
    "learning_curves_figure",
    "scatter_figure",
    "score_intervals_figure",
    "swarm_figure",
    "write_page",
    "write_report",
]
