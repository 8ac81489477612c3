import numpy as np
import plotly.graph_objects as go
import pytest

from auscult.figures.palette import GREY, cluster_looks, looks_of_clips, shortened, transparent, wrapped


def luminance(colour):
    linear = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in linear]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_24_clusters_look_different_and_each_alike_every_time():
    looks = cluster_looks([f"cluster {number}" for number in range(24)])
    assert len({(look.colour, look.symbol) for look in looks}) == 24
    assert looks[:5] == cluster_looks([f"cluster {number}" for number in range(5)])
    assert [look.label for look in looks] == list(range(24))


def test_colours_are_seen_on_light_and_dark_ground():
    for colour in [*{look.colour for look in cluster_looks(["a"] * 6)}, GREY]:
        for ground in ("#ffffff", "#15181c"):
            light, dark = sorted([luminance(colour), luminance(ground)], reverse=True)
            assert (light + 0.05) / (dark + 0.05) > 2


def test_symbols_are_known_in_three_dimensions():
    for look in cluster_looks(["a"] * 24):
        go.Scatter3d(marker={"symbol": look.symbol})


def test_those_without_a_cluster_are_grey_and_there_only_if_there_are_any():
    names = ["imbalance", "clogging"]
    assert looks_of_clips(np.array([0, 1, 1, 0]), names) == cluster_looks(names)
    none, *others = looks_of_clips(np.array([0, -1, 1]), names)
    assert others == cluster_looks(names)
    assert (none.label, none.name, none.colour) == (-1, "belongs to none", GREY)
    assert none.rank > max(look.rank for look in others), "last in the legend"


def test_names_are_shown_as_they_are_but_not_longer_than_a_phone_is_wide():
    (look,) = cluster_looks(["<a href='https://example.com'>" + 100 * "x"])
    assert look.name.startswith("&lt;a href=")
    assert look.name.endswith("x…")
    assert shortened(40 * "x") == 40 * "x"
    assert shortened(41 * "x") == 39 * "x" + "…"
    assert shortened("bearing damage", 8) == "bearing…"


def test_names_beside_an_axis_are_wrapped():
    assert wrapped("fan/id_00 at -6 dB") == "fan/id_00 at -6 dB"
    assert wrapped("bearing damage on the drive side") == "bearing damage on<br>the drive side"
    assert wrapped("<b>x</b>") == "&lt;b&gt;x&lt;/b&gt;"
    assert max(map(len, wrapped(100 * "x").split("<br>"))) == 18
    assert wrapped("") == ""


@pytest.mark.parametrize(
    ("colour", "opacity", "expected"),
    [("#0072B2", 0.25, "rgba(0,114,178,0.25)"), ("#ffffff", 1, "rgba(255,255,255,1)")],
)
def test_transparent_colours(colour, opacity, expected):
    assert transparent(colour, opacity) == expected
