"""Recordings -> bundle, the whole way: `train`; and the steps of the demonstration (`auscult.pipeline.demo`)."""

from auscult.pipeline.training import train

__all__ = ["train"]
