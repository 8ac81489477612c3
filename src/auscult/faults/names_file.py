"""Names of faults in a file that people may edit: `faults.yaml`.

It is read with care because it was edited by hand: whatever is wrong is said with its line.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auscult.errors import DataError, OptionError
from auscult.extras import require
from auscult.faults.names import RESERVED_FAULTS, Fault, check_name
from auscult.files import write_whole
from auscult.yaml_tree import Node, fail, read_tree

NAMES_FILE = "faults.yaml"
"""What it is called where nobody says otherwise."""
MAX_BYTES = 10_000_000
"""Room for the hashes of eighty thousand clips; a larger file is something else."""

_HEADER = """\
# Names of faults, by the recordings they were given to. name, message and note are yours to edit; keep the rest.
# Auscult writes this file anew when a fault is named: notes are kept, comments like this one are not.
"""
_FAULT_KEYS = {"id": True, "name": True, "message": True, "note": False, "exemplars": True}
"""Keys, and whether they must be there."""
_EXEMPLAR_KEYS = {"sha256": True, "clip": False}
_SHAPE = "Write it as Auscult does: 'faults:', and under it a '- id: ...' for every fault."


@dataclass(frozen=True)
class Names:
    """What a file of names holds.

    Parameters
    ----------
    faults : tuple of Fault
        In the order of the file.
    clips : mapping of str -> str
        Hash of an exemplar -> where the clip was when it was named, where that is known; only the hash counts.
    """

    faults: tuple[Fault, ...] = ()
    clips: Mapping[str, str] = field(default_factory=dict)


def read_names(path: str | os.PathLike[str], *, missing_ok: bool = False) -> Names:
    """Read the names of faults.

    Parameters
    ----------
    path : path
        YAML in UTF-8, as `write_names` writes it.
    missing_ok : bool
        Whether a file that is not there holds no names; otherwise it is an error.

    Returns
    -------
    Names
        Hashes in lower case, names with single blanks. An empty file holds none.

    Raises
    ------
    DataError
        If the file cannot be read, or holds something else, with the line that is wrong.
    MissingExtraError
        If PyYAML is not installed.
    """
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if missing_ok:
            return Names()
        raise DataError(where, "there is no such file", "Correct the path, or name a fault first.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(where, f"cannot be read: {reason}", "Give the file with the faults' names.") from None
    return _parsed(content, where)


def write_names(path: str | os.PathLike[str], names: Names) -> None:
    """Write the names of faults, whole or not at all; a file that is there is replaced, its comments included.

    Parameters
    ----------
    path : path
        Its folder is made.
    names : Names
        In this order; places of clips that are no exemplars are left out.

    Raises
    ------
    DataError
        If `read_names` would refuse it, or the disk does.
    MissingExtraError
        If PyYAML is not installed.
    """
    faults = [
        {
            "id": fault.id,
            "name": fault.name,
            "message": fault.message,
            "note": fault.note,
            "exemplars": [
                {"sha256": content_hash, **({"clip": names.clips[content_hash]} if content_hash in names.clips else {})}
                for content_hash in fault.exemplars
            ],
        }
        for fault in names.faults
    ]
    content = (_HEADER + _dumped({"faults": faults})).encode()
    _parsed(content, str(path))
    write_whole(path, content)


def _dumped(content: dict[str, Any]) -> str:
    yaml = require("yaml", extra="train")

    class Dumper(yaml.SafeDumper):  # type: ignore[misc, name-defined]
        """Leaves no character to YAML's rules for the ends of lines, which do not give every one of them back."""

    def scalar(dumper: Any, text: str) -> Any:
        lines = text.split("\n")
        is_plain = all(line.isprintable() and line == line.strip() for line in lines)
        style = '"' if not is_plain else "|" if len(lines) > 1 else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)

    Dumper.add_representer(str, scalar)
    text: str = yaml.dump(content, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=MAX_BYTES)
    return text


def _parsed(content: bytes, where: str) -> Names:
    if len(content) > MAX_BYTES:
        problem = f"has more than {MAX_BYTES // 1_000_000} MB, which is no file of names"
        raise DataError(where, problem, "Give the file with the faults' names.")
    return _Names(where).of(read_tree(content, where))


class _Names:
    """Makes names of what the file holds, and refuses what is none."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._lines: dict[tuple[str, str], int] = {}
        """Identifiers, names and hashes so far, and their lines."""
        self._clips: dict[str, str] = {}

    def of(self, root: Node | None) -> Names:
        if root is None or root.value == "":
            return Names()
        faults = self._mapping(root, "the file", {"faults": True})["faults"]
        return Names(tuple(self._fault(node) for node in self._list(faults, "faults")), self._clips)

    def _fault(self, node: Node) -> Fault:
        entry = self._mapping(node, "a fault", _FAULT_KEYS)
        identifier = self._text(entry["id"], "id")
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identifier) or identifier in {one.id for one in RESERVED_FAULTS}:
            remedy = "Give it one of its own like 'voltage-change': small letters, digits, and hyphens between them."
            fail(self._where, entry["id"].line, f"{identifier!r} cannot be a fault's id", remedy)
        self._once("id", identifier, entry["id"].line)
        try:
            name = check_name(self._text(entry["name"], "name"))
        except OptionError as error:
            fail(self._where, entry["name"].line, f"the name {error.problem}", error.remedy)
        self._once("name", name, entry["name"].line)
        message = self._text(entry["message"], "message")
        if not message.strip():
            fail(self._where, entry["message"].line, "the message is blank", "Write what a verdict is to say.")
        exemplars = tuple(self._exemplar(one) for one in self._list(entry["exemplars"], "exemplars"))
        note = self._text(entry["note"], "note") if "note" in entry else ""
        return Fault(identifier, name, message, exemplars, note)

    def _exemplar(self, node: Node) -> str:
        entry = self._mapping(node, "an exemplar", _EXEMPLAR_KEYS)
        content_hash, line = self._text(entry["sha256"], "sha256").lower(), entry["sha256"].line
        if not re.fullmatch(r"[0-9a-f]{64}", content_hash):
            problem = f"{content_hash[:80]!r} is no SHA-256: expected 64 hex digits, got {len(content_hash)} characters"
            fail(self._where, line, problem, "Name the clip again, or take the exemplar out.")
        self._once("exemplar", content_hash, line)
        if "clip" in entry:
            self._clips[content_hash] = self._text(entry["clip"], "clip")
        return content_hash

    def _once(self, what: str, value: str, line: int) -> None:
        earlier = self._lines.get((what, value.casefold()))
        if earlier is not None:
            problem = f"the {what} {value!r} is in line {earlier} already"
            fail(self._where, line, problem, "Take one of them out, or change it.")
        self._lines[what, value.casefold()] = line

    def _mapping(self, node: Node, what: str, keys: dict[str, bool]) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            fail(self._where, node.line, f"{what} has no 'key: value' pairs", _SHAPE)
        for key, value in node.value.items():
            if key not in keys:
                remedy = f"Correct it or take it out; known are: {', '.join(keys)}."
                fail(self._where, value.line, f"{what} has the unknown key {key[:80]!r}", remedy)
        missing = [key for key, is_needed in keys.items() if is_needed and key not in node.value]
        if missing:
            fail(self._where, node.line, f"{what} has no {missing[0]!r}", f"Add it: '{missing[0]}: ...'.")
        return node.value

    def _list(self, node: Node, what: str) -> list[Node]:
        if node.value == "":
            return []
        if not isinstance(node.value, list):
            fail(self._where, node.line, f"'{what}' is no list", f"Begin each of the {what} with '- '.")
        return node.value

    def _text(self, node: Node, what: str) -> str:
        if not isinstance(node.value, str):
            fail(self._where, node.line, f"'{what}' is no text", "Put it in quotation marks if it is to be one.")
        return node.value
