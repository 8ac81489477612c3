"""Everything the edge needs in one file: `load` it, `Bundle.predict` a clip, get a `Verdict`."""

from auscult.bundle.bundle import Bundle, load
from auscult.bundle.verdict import Verdict

__all__ = ["Bundle", "Verdict", "load"]
