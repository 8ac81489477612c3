"""Auscult listens to machines: learns their normal sound, tells when it changes, says which fault it is.

>>> import auscult
>>> bundle = auscult.load("fan.auscult")            # doctest: +SKIP
>>> bundle.predict("clip.wav").message              # doctest: +SKIP
'Component OK'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auscult.audio import read_audio
    from auscult.audio.scan import scan
    from auscult.bundle import Bundle, Verdict, load
    from auscult.errors import AuscultError
    from auscult.pipeline import train
    from auscult.pipeline.commissioning import commission
    from auscult.pipeline.enrolment import enroll
    from auscult.pipeline.evaluation import evaluate

__version__ = "0.1.0"
__all__ = [
    "AuscultError",
    "Bundle",
    "Verdict",
    "commission",
    "enroll",
    "evaluate",
    "load",
    "read_audio",
    "scan",
    "train",
]

_HOMES = {
    "AuscultError": "auscult.errors",
    "Bundle": "auscult.bundle",
    "Verdict": "auscult.bundle",
    "commission": "auscult.pipeline.commissioning",
    "enroll": "auscult.pipeline.enrolment",
    "evaluate": "auscult.pipeline.evaluation",
    "load": "auscult.bundle",
    "read_audio": "auscult.audio",
    "scan": "auscult.audio.scan",
    "train": "auscult.pipeline",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first used: `import auscult` costs next to nothing."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'auscult' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Show the public names, also those that have not been used yet."""
    return [*__all__, "__version__"]
