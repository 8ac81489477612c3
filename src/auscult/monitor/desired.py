"""Settings that a module twin wants: a part of the file's, checked as those are, and kept beside the events.

They are kept in a file of their own: so they hold while the cloud is away, and a monitor that runs takes them as it
takes a change of its settings' file.
"""

import json
import logging
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from auscult.errors import DataError
from auscult.files import write_whole
from auscult.monitor.settings import MonitorSettings
from auscult.monitor.settings_words import sentence

log = logging.getLogger("auscult.monitor")
SECTIONS = ("alarms", "decisions", "health")
"""Of the settings, which a twin may change: what is listened to, kept and told is the file's alone."""
WHERE = "module twin"
FILE = "azure-desired.json"


def desired_path(settings: MonitorSettings) -> Path:
    """Where it is kept what the twin wanted last and was good."""
    return settings.store.path / FILE


def with_desired(settings: MonitorSettings, desired: dict[str, Any]) -> MonitorSettings:
    """Settings in which those of a twin stand.

    Parameters
    ----------
    settings : MonitorSettings
        Of the file.
    desired : dict
        Sections by name, each with those settings that are to be others.

    Raises
    ------
    DataError
        If anything in it is not known, not possible, or not a twin's to change: all of it.
    """
    changed, wrong = {}, []
    for name, values in desired.items():
        if name not in SECTIONS:
            wrong.append(f"{name}: a twin may not change it, only {', '.join(SECTIONS)}")
            continue
        section = getattr(settings, name)
        if not isinstance(values, dict):
            wrong.append(f"{name}: expected settings by name, got {values!r}")
            continue
        try:
            changed[name] = type(section).model_validate(section.model_dump() | values)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_context=False):
                place = ".".join(map(str, (name, *one["loc"])))
                wrong.append(f"{place}: {sentence(one['type'], one['msg'])}, got {one['input']!r}")
    if wrong:
        remedy = "Correct the desired properties; the last good ones hold."
        raise DataError(WHERE, "; ".join(wrong), remedy)
    return settings.model_copy(update=changed)


def kept(settings: MonitorSettings) -> dict[str, Any]:
    """What the twin wanted last and was good; nothing if there is no such file.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    path = desired_path(settings)
    try:
        desired = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(str(path), f"cannot be read ({error})", "Remove it: the twin is asked again.") from None
    return desired if isinstance(desired, dict) else {}


def keep(settings: MonitorSettings, desired: dict[str, Any]) -> None:
    """Keep what the twin wants.

    Raises
    ------
    DataError
        If the disk refuses it.
    """
    write_whole(desired_path(settings), json.dumps(desired, indent=1, sort_keys=True).encode())


def in_force(settings: MonitorSettings) -> MonitorSettings:
    """Settings of the file and, where Azure is told, of its twin; what cannot be used of the twin's is left out.

    Parameters
    ----------
    settings : MonitorSettings
        Of the file.
    """
    if settings.azure is None:
        return settings
    try:
        return with_desired(settings, kept(settings))
    except DataError as error:  # written by another version, or damaged
        log.error("%s The settings' file holds without it.", error)
        return settings
