import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.bundle.markdown import bullets, escaped, table


def read_back(markdown):
    """Words as a reader of the Markdown sees them."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


@given(st.text())
def test_words_are_read_as_they_were_written(words):
    seen = read_back(escaped(words))
    assert seen == " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())


@given(st.text())
def test_no_sign_is_left_that_means_something(words):
    without_escapes = re.sub(r"\\[!-/:-@\[-`{-~]", "", escaped(words))
    assert not re.search(r"[\\`*\[\]<>|#\n\x1b]", without_escapes)


@pytest.mark.parametrize(
    ("words", "markdown"),
    [
        ("fan/id_00", "fan/id_00"),
        ("_sure_", r"\_sure\_"),
        ("a|b", r"a\|b"),
        ("[here](http://x)", r"\[here\](http://x)"),
        ("<b>no</b>", r"\<b\>no\</b\>"),
        ("two\nlines\x1b[31m", r"two lines \[31m"),
        (12, "12"),
    ],
)
def test_escaped(words, markdown):
    assert escaped(words) == markdown


def test_table_has_its_cells_below_each_other():
    lines = table(("machine", "n"), [("fan", "12"), ("a long name", "3")]).splitlines()
    assert lines == ["| machine     | n   |", "| ----------- | --- |", "| fan         | 12  |", "| a long name | 3   |"]


def test_table_without_rows():
    assert table(("machine",), []).splitlines() == ["| machine |", "| ------- |"]


@pytest.mark.parametrize(("n", "more"), [(50, ""), (51, "and 1 more."), (2050, "and 2,000 more.")])
def test_long_table_says_what_it_does_not_show(n, more):
    rows, _, said = table(("n",), [(str(place),) for place in range(n)]).partition("\n\n")
    assert (len(rows.splitlines()), said) == (52, more)


def test_bullets():
    assert bullets(["one", "two"]) == "- one\n- two"
