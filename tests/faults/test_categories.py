import numpy as np
import pytest

from auscult.faults.categories import Categories


def named(values, **options):
    """Name of each clip's category, None where it is unknown."""
    categories = Categories.of(values, **options)
    assert sorted(set(categories.codes.tolist()) - {-1}) == list(range(len(categories.names)))
    return [categories.names[code] if code >= 0 else None for code in categories.codes.tolist()]


def test_texts_and_whole_numbers_are_categories():
    assert named(["id_04", None, "id_00", "id_04"]) == ["id_04", None, "id_00", "id_04"]
    assert named(list(range(40))) == [str(number) for number in range(40)]
    assert named([np.int64(6), 6, np.str_("6")]) == ["6", "6", "6"]
    assert len(Categories.of([6, "6"]).names) == 2


def test_measurements_are_cut_into_thirds():
    levels = [-30.0, -20.0, -10.0, -29.0, -19.0, -9.0]
    expected = ["quiet (below -20 dB)", "middle (-20 to -10 dB)", "loud (-10 dB and more)"]
    assert named(levels, thirds=("quiet", "middle", "loud"), unit="dB") == expected * 2
    assert {name.split()[0] for name in named(levels)} == {"low", "middle", "high"}


def test_thirds_are_of_the_same_size(rng):
    codes = Categories.of(rng.standard_normal(300).tolist()).codes
    assert np.bincount(codes).tolist() == [100, 100, 100]


def test_few_numbers_that_recur_are_categories():
    assert named([-6.0, 0.0, 6.0] * 3) == ["-6", "0", "6"] * 3
    assert named(np.array([-6.0, 0.0, 6.0] * 3), unit="dB") == ["-6 dB", "0 dB", "6 dB"] * 3
    assert named([-6.0, 0.0, 6.0] * 2)[0].startswith("low (below")


def test_a_whole_number_among_measurements_is_one(rng):
    values = [*rng.uniform(-1, 1, 29).tolist(), 0]
    assert len(Categories.of(values).names) == 3


def test_silence_is_the_lowest_measurement():
    values = [float("-inf"), *np.arange(8.0)]
    assert named(values) == ["low (below 2)"] * 3 + ["middle (2 to 5)"] * 3 + ["high (5 and more)"] * 3


def test_a_third_may_be_empty():
    values = [0.0] * 10 + np.arange(1, 6, dtype=float).tolist()
    assert set(named(values)) == {"middle (0 to 1)", "high (1 and more)"}


@pytest.mark.parametrize("values", [[], [None, None], [float("nan"), None, np.float32("nan")]])
def test_nothing_known(values):
    categories = Categories.of(values)
    assert categories.codes.tolist() == [-1] * len(values)
    assert categories.names == ()


@pytest.mark.parametrize("values", [[1.5], [1.5, 1.5], [2.0] * 9])
def test_one_number(values):
    assert len(Categories.of(values).names) == 1
