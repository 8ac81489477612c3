"""The monitor's log on the standard error: lines for people, or one JSON object a line for machines."""

import json
import logging
import sys

from auscult.monitor.event import iso
from auscult.monitor.settings import LogSettings

LOGGER = "auscult"
"""Of which all of Auscult's loggers are parts."""


class JsonFormatter(logging.Formatter):
    """One JSON object a record: at, level, logger, message, and problem where there is a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Text of a record, without a line break."""
        said = {
            "at": iso(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["problem"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


class LineFormatter(logging.Formatter):
    """Time in UTC, level and message."""

    def format(self, record: logging.LogRecord) -> str:
        """Text of a record."""
        line = f"{iso(record.created)} {record.levelname.lower():7} {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def set_up(settings: LogSettings) -> None:
    """Write Auscult's log as the settings say.

    Parameters
    ----------
    settings : LogSettings
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.is_json else LineFormatter())
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler]
    logger.setLevel(settings.level.upper())
    logger.propagate = False
