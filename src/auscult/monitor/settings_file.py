"""A monitor's settings from YAML and the environment: what is wrong is said with its line, all at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from auscult.errors import DataError
from auscult.monitor.settings import MonitorSettings
from auscult.yaml_tree import Node, read_tree

PREFIX = "AUSCULT__"
"""Beginning of environment variables that settings are taken from: ``AUSCULT__MQTT__PASSWORD`` is ``mqtt.password``."""
NOTHING = ("", "null", "~")
Place = tuple[str | int, ...]


def read_settings(path: str | os.PathLike[str], environ: Mapping[str, str] | None = None) -> MonitorSettings:
    """Read the settings of a monitor.

    Parameters
    ----------
    path : path
        YAML in UTF-8. Paths in it are relative to its folder.
    environ : mapping of str -> str, optional
        Environment variables, which override lines; this process's if left out.

    Raises
    ------
    DataError
        If it cannot be read, is no YAML, or anything in it is not known or not possible: every line that is wrong.
    MissingExtraError
        If PyYAML is not installed.
    """
    where = str(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise DataError(where, problem, "Write one, beginning with: auscult monitor --print-default") from None
    tree = read_tree(content, where) or Node(1, {})
    if not isinstance(tree.value, dict):
        raise DataError(where, "line 1: expected 'name: value' lines", "Begin with: auscult monitor --print-default")
    values, lines = _plain(tree), _lines(tree)
    variables = _override(values, os.environ if environ is None else environ)
    try:
        settings = MonitorSettings.model_validate(values)
    except ValidationError as error:
        raise DataError(where, _problems(error, lines, variables), "Correct it; nothing was changed.") from None
    return with_absolute_paths(settings, Path(path).absolute().parent)


def with_absolute_paths(settings: MonitorSettings, folder: Path) -> MonitorSettings:
    """Settings whose paths are relative to a folder no more.

    Parameters
    ----------
    settings : MonitorSettings
    folder : Path
        The one that their file lies in.
    """
    absolute: MonitorSettings = _absolute(settings, folder)
    return absolute


def _plain(node: Node) -> Any:
    """Texts, lists and mappings; of nothing, None."""
    if isinstance(node.value, dict):
        return {key: _plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(value) for value in node.value]
    return None if node.value in NOTHING else node.value


def _lines(node: Node, place: Place = ()) -> dict[Place, int]:
    """Place in the tree -> line."""
    lines = {place: node.line}
    inner: Any = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
    if not isinstance(node.value, str):
        for key, value in inner:
            lines |= _lines(value, (*place, key))
    return lines


def _override(values: dict[str, Any], environ: Mapping[str, str]) -> dict[Place, str]:
    """Put what the environment says into the tree; which variable said it."""
    variables: dict[Place, str] = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        place: list[str] = []
        inner: Any = values
        parts = variable.removeprefix(PREFIX).split("__")
        for number, part in enumerate(parts):
            key = next((key for key in inner if key.upper().replace("-", "_") == part.upper()), part.lower())
            place.append(key)
            if number == len(parts) - 1:
                inner[key] = None if environ[variable] in NOTHING else environ[variable]
            else:
                if not isinstance(inner.get(key), dict):
                    inner[key] = {}
                inner = inner[key]
        variables[tuple(place)] = variable
    return variables


def _problems(error: ValidationError, lines: dict[Place, int], variables: dict[Place, str]) -> str:
    """Every problem with its line or its variable, in the order of lines."""
    said = []
    for one in error.errors(include_url=False, include_context=False):
        place = tuple(part for part in one["loc"] if not (isinstance(part, str) and part in _KINDS))
        place += ("kind",) if one["type"] == "union_tag_invalid" else ()
        variable = next((variables[place[:n]] for n in range(len(place), 0, -1) if place[:n] in variables), None)
        line = next(lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in lines)
        name = ".".join(map(str, place)) or "the file"
        given = "" if isinstance(one["input"], dict | list | None) else f", got '{one['input']}'"
        if any(part in ("password", "secret", "token") for part in place):
            given = ""  # what is secret stays so
        text = sentence(one["type"], one["msg"]) + given
        said.append((line, f"{variable or f'line {line}'}: {name}: {text}"))
    said.sort(key=lambda pair: pair[0])
    return said[0][1] if len(said) == 1 else "; ".join(text for _, text in said)


_KINDS = ("microphone", "stream", "folder", "socket", "stdin", "replay")
"""Names that pydantic puts into the place of a source for its kind."""
_SENTENCES = {
    "extra_forbidden": "there is no such setting",
    "missing": "is missing",
    "union_tag_not_found": f"kind is missing: {' or '.join(_KINDS)}",
    "union_tag_invalid": f"there is no such kind: {' or '.join(_KINDS)}",
    "model_type": "expected lines below it",
    "dict_type": "expected lines below it",
    "string_pattern_mismatch": "has signs that it may not have",
}


def sentence(kind: str, message: str) -> str:
    """Say what pydantic found wrong, as part of a sentence.

    Parameters
    ----------
    kind, message : str
        Type and message of its error.
    """
    said = _SENTENCES.get(kind, message.removeprefix("Value error, "))
    return said[0].lower() + said[1:].replace("Input", "it") if said else said


def _absolute(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, dict):
        return {key: _absolute(inner, folder) for key, inner in value.items()}
    if isinstance(value, BaseModel):
        changed = {name: _absolute(getattr(value, name), folder) for name in type(value).model_fields}
        return value.model_copy(update=changed)
    return value
