import json
from dataclasses import asdict

import pytest

from auscult.errors import DataError, OptionError
from auscult.features import Nameplate
from auscult.features.bearing import Bearing
from auscult.features.nameplate import read_nameplates


def test_nothing_need_be_known():
    assert Nameplate() == Nameplate(rotation_hz=None, n_blades=None)


@pytest.mark.parametrize(
    "options",
    [
        {"rotation_hz": 0.0},
        {"rotation_hz": float("nan")},
        {"n_blades": 0},
        {"n_blades": 201},
        {"mains_hz": 16.7},
        {"mains_hz": float("nan")},
    ],
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


def test_a_table_says_mains_and_bearings_too(tmp_path):
    text = "machine,mains_hz,n_rollers,diameter_ratio,contact_deg\na,50,9,0.2,\nb,60.0,12,0.18,15\nc,,,,\n"
    plates = read_nameplates(table(tmp_path, text))
    assert plates == {
        "a": Nameplate(mains_hz=50, bearing=Bearing(9, 0.2)),
        "b": Nameplate(mains_hz=60, bearing=Bearing(12, 0.18, 15.0)),
        "c": Nameplate(),
    }


def test_nameplates_can_be_kept_as_json_and_told_apart():
    plates = [Nameplate(24.0, 7), Nameplate(24.0, 7, 50, Bearing(9, 0.2)), Nameplate(24.0, 7, 50, Bearing(9, 0.21))]
    assert len(set(plates)) == 3
    assert [Nameplate.from_dict(json.loads(json.dumps(asdict(plate)))) for plate in plates] == plates
    assert Nameplate.from_dict({"rotation_hz": 24.0, "n_blades": 7}) == plates[0], "as stores had it before"


def test_a_synthetic_data_sets_truth_is_one(synthetic_data):
    plates = read_nameplates(synthetic_data / "truth.csv")
    assert set(plates) == {"fan/id_00", "fan/id_02"}
    assert all(plate.rotation_hz and plate.n_blades and plate.mains_hz in (50, 60) for plate in plates.values())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("name,rpm\nfan,1440\n", "names no column 'machine'"),
        ("machine,rpm\nfan,fast\n", "line 2 cannot be understood"),
        ("machine,rpm\nfan,1\n", "line 2 cannot be understood .*30 to 60000 rpm"),
        ("machine,n_blades\nfan,7.5\n", "line 2 cannot be understood .*whole number in n_blades"),
        ("machine,n_blades\nfan,inf\n", "line 2 cannot be understood .*whole number in n_blades"),
        ("machine,mains_hz\nfan,400\n", "line 2 cannot be understood .*50 or 60 Hz"),
        ("machine,n_rollers\nfan,9\n", "line 2 cannot be understood .*only one of n_rollers and diameter_ratio"),
        ("machine,n_rollers,diameter_ratio\nfan,9,7.9\n", "line 2 cannot be understood .*diameter ratio"),
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
