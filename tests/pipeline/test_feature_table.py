import pytest

from auscult.audio.find import Entry
from auscult.audio.layouts import Place as ClipPlace
from auscult.features.store import Place
from auscult.pipeline.feature_table import COLUMNS, table_line


def line(augmentation="", **said):
    entry = Entry("/data/a.wav", ClipPlace(**said))
    return dict(zip(COLUMNS, table_line(entry, "ab" * 32, augmentation, Place(7, 70, 31)), strict=True))


def test_the_originals_columns_come_first():
    assert COLUMNS[:5] == ("feature", "classLabel", "filePath", "valData", "augmented")
    found = line(label="anomalous", label_name="abnormal", machine_type="fan", machine_id="id_00", snr_db=-6.0)
    assert (found["feature"], found["classLabel"], found["filePath"]) == (7, "abnormal", "/data/a.wav")
    assert (found["machine"], found["snr_db"], found["first_frame"], found["n_frames"]) == ("fan/id_00", "-6", 70, 31)


@pytest.mark.parametrize(
    ("split", "expected"),
    [("", False), ("train", False), ("supplemental", False), ("calibration", True), ("test", True)],
)
def test_validation_data_is_what_is_not_learnt_from(split, expected):
    assert line(split=split)["valData"] is expected


def test_copies_say_so():
    assert line("noise")["augmented"] is True
    assert line("noise")["augmentation"] == "noise"
    assert line()["augmented"] is False
