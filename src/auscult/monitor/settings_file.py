"""A monitor's settings from YAML and the environment: what is wrong is said with its line, all at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from auscult.errors import DataError
from auscult.monitor.settings import CONTRADICTIONS, MonitorSettings, Place
from auscult.monitor.settings_words import KINDS, meant, sentence
from auscult.yaml_tree import Node, read_tree

PREFIX = "AUSCULT__"
"""Beginning of environment variables that settings are taken from: ``AUSCULT__MQTT__PASSWORD`` is ``mqtt.password``."""
NOTHING = ("", "null", "~")
SECRETS = ("password", "secret", "token")
BUNDLE_BEGINNING = b"PK\x03\x04"
"""A bundle is a zip."""
Problem = tuple[Place, str]
"""Where something is wrong, and what."""


@dataclass(frozen=True)
class ToldSettings:
    """What a file and the environment say, before anything is known of it.

    Parameters
    ----------
    path : Path
        The file.
    values : dict
        What stands at each name.
    lines : dict of tuple -> int
        Line of what the file says.
    variables : dict of tuple -> str
        Environment variable that said something instead.
    """

    path: Path
    values: dict[str, Any]
    lines: dict[Place, int]
    variables: dict[Place, str]

    def checked(self) -> MonitorSettings:
        """The settings, if all is known and possible.

        Raises
        ------
        ValidationError
            If not.
        """
        settings = MonitorSettings.model_validate(self.values)
        return with_absolute_paths(settings, self.path.absolute().parent)

    def refusal(self, problems: list[Problem]) -> DataError:
        """All that is wrong, each with its line or its variable, in the order of lines.

        Parameters
        ----------
        problems : list of (tuple, str)
        """
        said = [(*self._where(place), ".".join(map(str, place)) or "the file", text) for place, text in problems]
        said.sort(key=lambda one: one[0])
        return DataError(
            str(self.path), "; ".join(f"{where}: {name}: {text}" for _, where, name, text in said), "Correct it."
        )

    def _where(self, place: Place) -> tuple[int, str]:
        """Line of a setting, or of the nearest that it stands below; and the same, or its variable, in words."""
        line = next(self.lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in self.lines)
        variable = next(
            (self.variables[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self.variables), None
        )
        for n in range(len(place), 0, -1):  # a section that only variables speak of
            if variable is None and place[:n] not in self.lines:
                variable = next((name for at, name in self.variables.items() if at[:n] == place[:n]), None)
        return line, variable or f"line {line}"


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
    told = read_told(path, environ)
    try:
        return told.checked()
    except ValidationError as error:
        raise told.refusal(problems_of(error)) from None


def read_told(path: str | os.PathLike[str], environ: Mapping[str, str] | None = None) -> ToldSettings:
    """Read what a file and the environment say, known and possible or not.

    Parameters
    ----------
    path, environ
        As in `read_settings`.

    Raises
    ------
    DataError
        If it cannot be read, or is no YAML.
    MissingExtraError
        If PyYAML is not installed.
    """
    where = str(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise DataError(where, problem, "Write one, beginning with: auscult monitor --print-default") from None
    if content.startswith(BUNDLE_BEGINNING):
        remedy = "Name the YAML file that names the bundle; for another bundle: auscult deploy NEW.auscult auscult.yaml"
        raise DataError(where, "is a bundle, where a monitor's settings are expected", remedy)
    tree = read_tree(content, where) or Node(1, {})
    if not isinstance(tree.value, dict):
        raise DataError(where, "line 1: expected 'name: value' lines", "Begin with: auscult monitor --print-default")
    values, lines = _plain(tree), _lines(tree)
    variables = _override(values, os.environ if environ is None else environ)
    return ToldSettings(Path(path), values, lines, variables)


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
                inner[key] = _value(environ[variable], variable, key)
            else:
                if not isinstance(inner.get(key), dict):
                    inner[key] = {}
                inner = inner[key]
        variables[tuple(place)] = variable
    return variables


def _value(text: str, variable: str, key: str) -> Any:
    """What a variable says: nothing, a text, or a list, as [running, on] or as JSON has it."""
    if key not in SECRETS and text.startswith("[") and text.endswith("]"):
        node = read_tree(text.encode(), variable)
        return text if node is None else _plain(node)
    return None if text in NOTHING else text


def problems_of(error: ValidationError) -> list[Problem]:
    """Everything that pydantic found wrong: where, and in words.

    Parameters
    ----------
    error : ValidationError
    """
    found: list[Problem] = []
    for one in error.errors(include_url=False):
        if one["type"] == CONTRADICTIONS:
            found += one["ctx"]["found"]
            continue
        place = tuple(part for part in one["loc"] if part not in (*KINDS, "[key]"))
        place += ("kind",) if one["type"] == "union_tag_invalid" else ()
        given = "" if isinstance(one["input"], dict | list | None) else f", got '{one['input']}'"
        if any(part in SECRETS for part in place):
            given = ""  # what is secret stays so
        asked = meant(place) if one["type"] == "extra_forbidden" else ""
        found.append((place, sentence(one["type"], one["msg"]) + asked + given))
    return found


def _absolute(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return folder / value
    if isinstance(value, dict):
        return {key: _absolute(inner, folder) for key, inner in value.items()}
    if isinstance(value, BaseModel):
        changed = {name: _absolute(getattr(value, name), folder) for name in type(value).model_fields}
        return value.model_copy(update=changed)
    return value
