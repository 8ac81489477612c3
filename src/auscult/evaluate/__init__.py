"""What was said of held-out clips -> figures that can be believed: `detection_figures`, `diagnosis_figures`.

``auscult.evaluate`` is this package and, when it is called, `auscult.pipeline.evaluation.evaluate`: a package takes the
name of a function of its parent as soon as it is imported, and both are called so.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from auscult.evaluate.detection import JudgedClip, detection_figures
from auscult.evaluate.diagnosis import NamedClip, diagnosis_figures

__all__ = ["JudgedClip", "NamedClip", "detection_figures", "diagnosis_figures"]


class _Callable(ModuleType):
    """A package that can be called."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Measure a bundle: `auscult.pipeline.evaluation.evaluate`."""
        return import_module("auscult.pipeline.evaluation").evaluate(*args, **options)


sys.modules[__name__].__class__ = _Callable
