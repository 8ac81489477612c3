"""Texts, tables, pictures and sounds -> one HTML file that needs no network and nothing beside it."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import count
from numbers import Real
from pathlib import Path
from typing import Any

from auscult.errors import OptionError
from auscult.extras import require
from auscult.figures.page import CONFIG, library
from auscult.files import write_whole

HEIGHT = 450
"""Pixels of a picture that does not say how high it is."""


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Text; new lines are kept."""

    text: str


@dataclass(frozen=True)
class Picture:
    """A figure (`plotly.graph_objects.Figure`), which takes the page's width and its light or dark colours."""

    figure: Any
    caption: str
    """What is to be seen: those who do not see it are told this."""


@dataclass(frozen=True)
class Table:
    """Rows of cells below headings; None is shown as a dash, numbers as they are: the caller rounds them.

    Raises
    ------
    OptionError
        If a row has more or fewer cells than there are headings.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]
    caption: str

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.headings):
                problem = f"row {number} has {len(row)} cells, and there are {len(self.headings)} headings"
                raise OptionError(
                    f"table '{self.caption}'", problem, "Give each row one cell a heading, None if empty."
                )


@dataclass(frozen=True)
class Player:
    """A sound to listen to, kept in the page itself."""

    sound_bytes: bytes
    """Content of a sound file."""
    media_type: str
    """``audio/wav``, ..."""
    caption: str


Part = Heading | Paragraph | Picture | Table | Player


@dataclass(frozen=True)
class Section:
    """What has a line in the table of contents."""

    title: str
    parts: Sequence[Part]


def write_report(path: Path, *, title: str, sections: Sequence[Section], intro: str = "") -> None:
    """Write sections as one page to read, to print and to send: it loads nothing, from nowhere.

    Parameters
    ----------
    path : Path
        ``.html``, its folder is made if missing; an existing file is replaced.
    title : str
    sections : sequence of Section
        All of their texts are shown as they are: names of files and machines come from anybody.
    intro : str
        Below the title.

    Raises
    ------
    DataError
        If the disk refuses it.
    MissingExtraError
        If plotly or jinja2 is not installed.
    """
    jinja2 = require("jinja2", extra="train")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    markup = require("markupsafe", extra="train").Markup
    numbers = count(1)
    shown = [{"title": s.title, "blocks": [_block(part, numbers, markup) for part in s.parts]} for s in sections]
    n_pictures = next(numbers) - 1
    scripts = [library(), _own("report.js")] if n_pictures else []
    page = environment.from_string(_own("report.html.j2")).render(
        title=title,
        intro=intro,
        sections=shown,
        n_pictures=n_pictures,
        style=markup(_own("report.css")),
        scripts=[markup(script) for script in scripts],
        policy=_policy(scripts),
        config=markup(_in_script(json.dumps(CONFIG | {"scrollZoom": False}))),  # the wheel moves the page
    )
    write_whole(path, page.encode("utf-8", "backslashreplace"))  # names of files may be no UTF-8


def _own(name: str) -> str:
    """A text of this package."""
    return (files("auscult.figures") / name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    """What the browser may do for the page: run these scripts, and load nothing."""
    hashes = [f"'sha256-{_base64(hashlib.sha256(script.encode()).digest())}'" for script in scripts]
    return (
        f"default-src 'none'; script-src {' '.join(hashes) or repr('none')}; style-src 'unsafe-inline'; "
        "img-src data: blob:; media-src data:; base-uri 'none'; form-action 'none'"
    )


def _block(part: Part, numbers: Iterator[int], markup: Any) -> dict[str, Any]:
    """A part, its kind, and what the template cannot work out."""
    block: dict[str, Any] = {"kind": type(part).__name__, "part": part}
    if isinstance(part, Picture):
        specification = part.figure.to_dict()
        specification["layout"].pop("template", None)  # the page has its own, light and dark
        to_json = require("plotly.io", extra="train").to_json
        text = to_json(specification, validate=False, engine="json")
        block["json"] = markup(_in_script(text))
        block["id"] = f"picture-{next(numbers)}"
        block["height"] = specification["layout"].get("height", HEIGHT)
    elif isinstance(part, Table):
        columns = [[row[place] for row in part.rows] for place in range(len(part.headings))]
        block["columns"] = list(zip(part.headings, map(_are_numbers, columns), strict=True))
    elif isinstance(part, Player):
        block["base64"] = _base64(part.sound_bytes)
    return block


def _are_numbers(cells: Sequence[str | float | None]) -> bool:
    """Whether a column is read best if it is aligned on the right."""
    there = [cell for cell in cells if cell is not None]
    return bool(there) and all(isinstance(cell, Real) for cell in there)


def _in_script(text: str) -> str:
    """JSON that cannot end the script it stands in."""
    return text.replace("<", "\\u003c")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
