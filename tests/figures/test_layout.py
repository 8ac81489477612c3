import plotly.graph_objects as go
import pytest

from auscult.figures.layout import HERTZ_AXIS, plain_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fan/id_00", "fan/id_00"),
        ("<b>fan</b>", "&lt;b&gt;fan&lt;/b&gt;"),
        ("&lt;", "&amp;lt;"),
        ("two\nlines", "two<br>lines"),
        ("Lüfter 軸", "Lüfter 軸"),
        ("bytes \udcff", "bytes \\udcff"),
    ],
)
def test_text_is_shown_as_it_is(text, shown):
    assert plain_text(text) == shown


def test_ticks_in_hertz_have_their_texts():
    assert [float(text.replace("k", "000")) for text in HERTZ_AXIS["ticktext"]] == list(HERTZ_AXIS["tickvals"])
    axis = go.Figure().update_xaxes(**HERTZ_AXIS).layout.xaxis
    assert (axis.type, axis.title.text) == ("log", "Hz")
