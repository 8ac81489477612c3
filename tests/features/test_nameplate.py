import pytest

from auscult.errors import OptionError
from auscult.features import Nameplate


def test_nothing_need_be_known():
    assert Nameplate() == Nameplate(rotation_hz=None, n_blades=None)


@pytest.mark.parametrize("options", [{"rotation_hz": 0.0}, {"rotation_hz": float("nan")}, {"n_blades": 0}])
def test_impossible_figures(options):
    with pytest.raises(OptionError, match="nameplate: expected"):
        Nameplate(**options)
