"""Words from anywhere -> Markdown in which they mean nothing but themselves."""

import re
from collections.abc import Sequence

MOST_ROWS = 50
"""Of a table: a bundle may know thousands of machines."""
MEANS_SOMETHING = re.compile(r"[\\`*\[\]<>|~&#$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would take for a sign of its own; an underscore between letters is none."""


def escaped(words: object) -> str:
    """Words on one line, with a backslash before whatever Markdown would take for a sign.

    Parameters
    ----------
    words : object
        A text, or what has one. What cannot be printed becomes a space.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in str(words)).split())
    return MEANS_SOMETHING.sub(r"\\\g<0>", line)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Table of the first 50 rows, in columns that can be read as they are; how many more there are stands below.

    Parameters
    ----------
    headings : sequence of str
    rows : sequence of sequence of str
        As many cells as there are headings, `escaped` where they come from anywhere.
    """
    shown = [headings, *rows[:MOST_ROWS]]
    widths = [max(3, *map(len, column)) for column in zip(*shown, strict=True)]
    shown.insert(1, ["-" * width for width in widths])
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in shown]
    more = f"\n\nand {len(rows) - MOST_ROWS:,} more." if len(rows) > MOST_ROWS else ""
    return "\n".join(f"| {line} |" for line in lines) + more


def bullets(points: Sequence[str]) -> str:
    """List of points, a line each.

    Parameters
    ----------
    points : sequence of str
    """
    return "\n".join(f"- {point}" for point in points)
