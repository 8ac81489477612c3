"""Scores of held-out clips -> figures that can be believed: `detection_figures`."""

from auscult.evaluate.detection import JudgedClip, detection_figures

__all__ = ["JudgedClip", "detection_figures"]
