"""Bundle -> HTTP service: the original's contract, health, documentation, and errors that clients can read."""

from auscult.server.app import create_app
from auscult.server.run import serve
from auscult.server.uploads import UploadLimits

__all__ = ["UploadLimits", "create_app", "serve"]
