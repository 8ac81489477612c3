"""YAML as texts with the lines they stand on, to say where a file that was edited by hand is wrong.

Events are read one by one and nothing is made of them but texts, lists and mappings of texts: no tag is followed, no
reference multiplied, and ``no`` or ``2024`` is a text like any other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Never

from auscult.errors import DataError
from auscult.extras import require

EXTRA = "monitor"
"""Brings PyYAML, as the extra for training does."""
MAX_DEPTH = 8
"""Lists and mappings in each other."""
_INDENT = "Indent with blanks, not with tabs, and put texts with : or # in quotation marks."
_NO_COLON = ("mapping values are not allowed here", "could not find expected ':'")
"""What YAML says of the line after one whose colon was forgotten."""
_HAS_COLON = re.compile(r":(\s|$)")
_FLAT = "Write it as in the lines around it, without [ ] and { }."


@dataclass(frozen=True)
class Node:
    """A text, a list, or a mapping; and the line that it, or its key, stands on, from 1."""

    line: int
    value: "str | list[Node] | dict[str, Node]"


def read_tree(content: bytes, where: str) -> Node | None:
    """Texts of a YAML file.

    Parameters
    ----------
    content : bytes
        One document in UTF-8.
    where : str
        The file, as the user named it.

    Returns
    -------
    Node or None
        None if there are only comments, or nothing.

    Raises
    ------
    DataError
        If it is not UTF-8, no YAML, or has what no file of texts needs: tags, references, one key twice, lists within
        lists within lists; with the line.
    MissingExtraError
        If PyYAML is not installed.
    """
    yaml = require("yaml", extra=EXTRA)

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "Save it as UTF-8, for example with: iconv -f latin1 -t utf-8 IN.yaml > OUT.yaml"
        fail(where, content.count(b"\n", 0, error.start) + 1, "is not UTF-8", remedy)
    try:
        return _Tree(yaml.parse(text, Loader=yaml.SafeLoader), where).root()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        before = _line_before(text, mark.line)
        if error.problem in _NO_COLON and before and not _HAS_COLON.search(text.splitlines()[before - 1]):
            fail(where, before, "has no colon after a name", "Write it as name: value, with a blank after the colon.")
        fail(where, mark.line + 1, f"is no YAML ({error.problem})", _INDENT)
    except yaml.reader.ReaderError as error:
        problem = f"has the character {error.character:#x}, which no text has"
        fail(where, text.count("\n", 0, error.position) + 1, problem, "Take it out.")
    except (ValueError, OverflowError) as error:  # of numbers in escapes and directives
        raise DataError(where, f"is no YAML ({error})", _INDENT) from None


def fail(where: str, line: int, problem: str, remedy: str) -> Never:
    """Refuse a file because of one of its lines.

    Raises
    ------
    DataError
        Always.
    """
    raise DataError(where, f"line {line}: {problem}", remedy) from None


class _Tree:
    """Puts YAML's events together."""

    def __init__(self, events: Iterator[Any], where: str) -> None:
        self._events = events
        self._where = where
        self._types = require("yaml", extra=EXTRA)

    def root(self) -> Node | None:
        """Content of the file; None if it has none."""
        types, root = self._types, None
        for event in self._events:
            if isinstance(event, types.DocumentStartEvent):
                if root is not None:
                    fail(self._where, _line(event), "begins a second document", "Leave out the line with ---.")
                root = self._node(next(self._events), 1)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        types, line = self._types, _line(event)
        if isinstance(event, types.AliasEvent) or event.anchor is not None:
            name = event.anchor
            fail(self._where, line, f"has the reference {name!r}", "Write it out; put texts with & or * in quotes.")
        if event.tag not in (None, "!"):
            fail(self._where, line, f"has the tag {event.tag!r}", "Leave it out; put texts with ! in quotes.")
        if isinstance(event, types.ScalarEvent):
            return Node(line, event.value)
        if depth > MAX_DEPTH:
            fail(self._where, line, "has lists within lists that are too deep", _FLAT)
        if isinstance(event, types.SequenceStartEvent):
            return Node(line, [self._node(inner, depth + 1) for inner in self._until(types.SequenceEndEvent)])
        entries: dict[str, Node] = {}
        for inner in self._until(types.MappingEndEvent):
            key = self._node(inner, depth + 1)
            if not isinstance(key.value, str):
                fail(self._where, key.line, "has a list or a mapping where a key is expected", _FLAT)
            if key.value in entries:
                fail(self._where, key.line, f"has a second {key.value!r}", "Take one of them out.")
            entries[key.value] = Node(key.line, self._node(next(self._events), depth + 1).value)
        return Node(line, entries)

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event


def _line_before(text: str, n_before: int) -> int:
    """The last line, from 1, that says something before one that has so many before it; 0 if there is none."""
    said = [n for n, line in enumerate(text.splitlines()[:n_before], 1) if line.split("#")[0].strip()]
    return max(said, default=0)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
