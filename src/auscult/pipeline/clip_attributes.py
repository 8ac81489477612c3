"""What may tell clips apart besides their faults: what an audit of clusters looks at."""

import re
from collections.abc import Sequence
from pathlib import Path

from auscult.errors import DataError, OptionError
from auscult.faults.discovery import FoundClip

_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
_CHANNEL = re.compile(r"(?:^|[^a-z])(?:ch|chan|channel|mic)[-_ ]?(\d{1,3})(?!\d)", re.IGNORECASE)


def day_of(path: Path) -> str | None:
    """Day that a recording's name or folder says, as ``2026-03-14``; a file's own date is that of its last copy."""
    found = _DAY.findall(str(path))
    return "-".join(found[-1]) if found else None


def channel_of(path: Path) -> str | None:
    """Channel that a recording's name says: ``ch3``, ``mic_2``."""
    found = _CHANNEL.findall(path.name)
    return found[-1] if found else None


def attributes_of(clips: Sequence[FoundClip]) -> dict[str, list[object]]:
    """Machine, SNR, level, channel and day of clips, by attribute; None where it is not known."""
    return {
        "machine": [clip.machine for clip in clips],
        "SNR": [None if clip.snr_db is None else f"{clip.snr_db:g} dB" for clip in clips],
        "level": [clip.level_db for clip in clips],
        "channel": [clip.channel for clip in clips],
        "day": [clip.day for clip in clips],
    }


def values_of(clips: Sequence[FoundClip], attribute: str) -> list[object]:
    """Values of an attribute that is to be removed.

    Parameters
    ----------
    clips : sequence of FoundClip
    attribute : str

    Raises
    ------
    OptionError
        If there is no such attribute.
    DataError
        If all clips have the same value.
    """
    attributes = attributes_of(clips)
    if attribute not in attributes:
        raise OptionError("without", f"expected one of {', '.join(attributes)}, got {attribute!r}", "Correct it.")
    if len(set(attributes[attribute])) < 2:
        raise DataError(attribute, "is the same for all recordings, or not known", "Leave out --without.")
    return attributes[attribute]
