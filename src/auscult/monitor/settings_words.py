"""What pydantic finds wrong in settings, in words that say what is expected there."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import get_args

from auscult.monitor.settings import MonitorSettings, Place
from auscult.monitor.settings_reference import SOURCES, section_of

KINDS = tuple(get_args(source.model_fields["kind"].annotation)[0] for source in SOURCES)
"""Of sources; pydantic puts them into the place of what is wrong with one."""
_BY_NAME = "expected names of your own below it, each with its settings below that, as in --print-default"
_SENTENCES = {
    "extra_forbidden": "there is no such setting",
    "missing": "is missing",
    "union_tag_not_found": f"kind is missing: {' or '.join(KINDS)}",
    "union_tag_invalid": f"there is no such kind: {' or '.join(KINDS)}",
    "model_type": "expected lines below it",
    "model_attributes_type": "expected lines below it",
    "dict_type": _BY_NAME,
    "too_short": f"there is nothing in it: {_BY_NAME}",
    "tuple_type": "expected a list, as [running, on]",
    "path_type": "expected a path",
    "string_type": "expected a text",
}
_PATTERNS = {
    "^[A-Za-z0-9]": "may only have A to Z, a to z, 0 to 9, - and _, not - or _ first, and at most 63 of them",
    "^[^+#]": "may not have + and #",
    "^https?": "expected an address that begins with http:// or https://",
}


def sentence(kind: str, message: str) -> str:
    """Say what pydantic found wrong, as part of a sentence.

    Parameters
    ----------
    kind, message : str
        Type and message of its error.
    """
    if kind == "string_pattern_mismatch":
        return next(said for beginning, said in _PATTERNS.items() if f"'{beginning}" in message)
    said = _SENTENCES.get(kind, message.removeprefix("Value error, ").replace("Input", "it"))
    return said[0].lower() + said[1:] if said else said


def meant(place: Place) -> str:
    """Ask whether another name was meant than one that is not known; empty if none is like it.

    Parameters
    ----------
    place : tuple of str or int
        Where it stands.
    """
    like = get_close_matches(str(place[-1]), list(_names_at(place[:-1])), n=1)
    return f" (did you mean {like[0]}?)" if like else ""


def _names_at(place: Place) -> Iterable[str]:
    """Names of the settings that there are in a section."""
    if not place:
        return MonitorSettings.model_fields
    if place[0] == "sources":
        return dict.fromkeys(name for source in SOURCES for name in source.model_fields)
    field = MonitorSettings.model_fields.get(str(place[0]))
    section = None if field is None else section_of(field)
    return () if section is None else section.model_fields
