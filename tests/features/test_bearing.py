import math

import pytest

from auscult.errors import OptionError
from auscult.features.bearing import Bearing


def test_defect_orders_of_a_bearing_from_a_handbook():
    """SKF 6205: 9 balls of 7.94 mm on a pitch circle of 39.04 mm; published as 3.585, 5.415, 2.357 and 0.398."""
    bearing = Bearing(9, 7.94 / 39.04)
    assert bearing.outer_race_order() == pytest.approx(3.585, abs=0.002)
    assert bearing.inner_race_order() == pytest.approx(5.415, abs=0.002)
    assert bearing.roller_order() == pytest.approx(2.357, abs=0.002)
    assert bearing.cage_order() == pytest.approx(0.398, abs=0.001)
    assert list(bearing.defect_orders()) == ["outer race", "inner race", "roller", "cage"]
    assert bearing.defect_orders()["roller"] == bearing.roller_order()


def test_each_roller_passes_both_races():
    bearing = Bearing(11, 0.2, contact_deg=25.0)
    assert bearing.outer_race_order() + bearing.inner_race_order() == pytest.approx(11)
    assert bearing.outer_race_order() == pytest.approx(11 * bearing.cage_order())


def test_a_contact_angle_brings_a_roller_nearer_to_the_middle():
    steep = Bearing(9, 0.2, contact_deg=40.0)
    reach = 0.2 * math.cos(math.radians(40))
    assert steep.outer_race_order() == pytest.approx(4.5 * (1 - reach))
    assert steep.roller_order() == pytest.approx((1 - reach**2) / 0.4)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n_rollers": 2}, "3 to 100 rollers"),
        ({"diameter_ratio": 0.0}, "diameter ratio"),
        ({"diameter_ratio": 7.94}, "diameter ratio up to 0.342"),
        ({"diameter_ratio": float("nan")}, "diameter ratio"),
        ({"contact_deg": 90.0}, "contact angle"),
        ({"contact_deg": -1.0}, "contact angle"),
    ],
)
def test_bearings_that_there_cannot_be(options, match):
    with pytest.raises(OptionError, match=match):
        Bearing(**{"n_rollers": 9, "diameter_ratio": 0.2} | options)
