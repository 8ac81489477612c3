import pytest

from auscult.errors import DataError, OptionError
from auscult.features import Nameplate
from auscult.features.nameplate import read_nameplates


def test_nothing_need_be_known():
    assert Nameplate() == Nameplate(rotation_hz=None, n_blades=None)


@pytest.mark.parametrize(
    "options", [{"rotation_hz": 0.0}, {"rotation_hz": float("nan")}, {"n_blades": 0}, {"n_blades": 201}]
)
def test_impossible_figures(options):
    with pytest.raises(OptionError, match="nameplate: expected"):
        Nameplate(**options)


def table(tmp_path, text):
    (tmp_path / "plates.csv").write_text(text)
    return tmp_path / "plates.csv"


def test_a_table_of_machines(tmp_path):
    plates = read_nameplates(table(tmp_path, "machine,rpm,n_blades\nfan/id_00,1440,7\npress,,\nmill,90,\n"))
    assert plates == {"fan/id_00": Nameplate(24.0, 7), "press": Nameplate(), "mill": Nameplate(1.5)}


def test_a_synthetic_data_sets_truth_is_one(synthetic_data):
    plates = read_nameplates(synthetic_data / "truth.csv")
    assert set(plates) == {"fan/id_00", "fan/id_02"}
    assert all(plate.rotation_hz and plate.n_blades for plate in plates.values())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("name,rpm\nfan,1440\n", "names no column 'machine'"),
        ("machine,rpm\nfan,fast\n", "line 2 cannot be understood"),
        ("machine,rpm\nfan,1\n", "line 2 cannot be understood .*30 to 60000 rpm"),
        ("machine,rpm\nfan,1440\nfan,2880\n", "line 3 says another thing of fan"),
        ("", "names no column 'machine'"),
    ],
)
def test_nonsense_is_named_by_its_line(tmp_path, text, match):
    with pytest.raises(DataError, match=match):
        read_nameplates(table(tmp_path, text))


def test_no_such_table(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_nameplates(tmp_path / "plates.csv")
