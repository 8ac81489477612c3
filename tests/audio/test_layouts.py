import pytest

from auscult.audio.layouts import full_name, is_audio_name, labelled_place, place_of


def said(path, **options):
    """What is said of a path, without what is empty."""
    place = place_of(path, **options)
    values = {name: getattr(place, name) for name in ("label", "fault", "domain", "split") if getattr(place, name)}
    return place.machine, place.snr_db, values


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/d/6_dB_fan/fan/id_00/normal/00000000.wav", ("fan/id_00", 6, {"label": "normal"})),
        ("/d/-6_dB_pump/pump/id_02/abnormal/00000000.wav", ("pump/id_02", -6, {"label": "anomalous"})),
        ("/d/data66db/fan/id_04/abnormal/00000000.wav", ("fan/id_04", -6, {"label": "anomalous"})),
        ("/d/data0db/fan/id_04/normal/00000000.wav", ("fan/id_04", 0, {"label": "normal"})),
        ("/d/press_3/ok/a.wav", ("press_3", None, {"label": "normal"})),
        ("/d/press_3/NG/monday/a.wav", ("press_3", None, {"label": "anomalous"})),
        ("/d/Presse/niO/a.wav", ("Presse", None, {"label": "anomalous"})),
        ("/工場/送風機/good/あ.wav", ("送風機", None, {"label": "normal"})),
        ("/d/press_3/normal/good/a.wav", ("press_3", None, {"label": "normal"})),
    ],
)
def test_label_folders(path, expected):
    assert said(path) == expected


@pytest.mark.parametrize(
    ("path", "machine", "values"),
    [
        ("fan/train/normal_id_01_00000000", "fan/id_01", {"label": "normal", "split": "train"}),
        ("ToyCar/test/anomaly_id_02_00000003", "ToyCar/id_02", {"label": "anomalous", "split": "test"}),
        ("fan/test/id_01_00000007", "fan/id_01", {"split": "test"}),
        (
            "gearbox/train/section_00_source_train_normal_0000_strength_1_ambient",
            "gearbox/section_00",
            {"label": "normal", "domain": "source", "split": "train"},
        ),
        (
            "fan/target_test/section_02_target_test_anomaly_0005",
            "fan/section_02",
            {"label": "anomalous", "domain": "target", "split": "test"},
        ),
        ("fan/source_test/section_03_0000", "fan/section_03", {"domain": "source", "split": "test"}),
        ("valve/test/section_03_source_test_0012", "valve/section_03", {"domain": "source", "split": "test"}),
        ("bearing/test/section_00_0000", "bearing/section_00", {"split": "test"}),
        (
            "slider/train/section_00_target_train_normal_0001_vel_900_loc_B",
            "slider/section_00",
            {"label": "normal", "domain": "target", "split": "train"},
        ),
        (
            "fan/train/section_00_source_train_normal_0003_noAttribute",
            "fan/section_00",
            {"label": "normal", "domain": "source", "split": "train"},
        ),
        (
            "AutoTrash/supplemental/section_00_source_supplemental_normal_0003_clean",
            "AutoTrash/section_00",
            {"label": "normal", "domain": "source", "split": "supplemental"},
        ),
        ("ToyPet/supplemental/section_00_noise_0003", "ToyPet/section_00", {"split": "supplemental"}),
        ("fan/section_00_source_normal_0001", "fan/section_00", {"label": "normal", "domain": "source"}),
    ],
)
def test_dcase_names(path, machine, values):
    assert said(f"/data/dev_data/{path}.wav") == (machine, None, values)


def test_real_dcase_clips_are_understood(real_data):
    paths = sorted((real_data / "dcase2020").rglob("*.wav"))
    assert {said(str(path))[2]["label"] for path in paths} == {"normal", "anomalous"}
    assert {said(str(path))[0].split("/")[0] for path in paths} == {"fan", "pump", "slider", "valve"}


@pytest.mark.parametrize("name", ["section_x_0000", "normal_1", "clip", "id_00", "section_00"])
def test_other_names_say_nothing(name):
    assert said(f"/data/fan/test/{name}.wav") == ("", None, {})


def test_dcase_clips_are_takes_of_their_own():
    names = ["section_00_source_train_normal_0000_a", "section_00_target_train_normal_0000_a"]
    assert len({place_of(f"/d/fan/train/{name}.wav").take for name in names}) == 2


def test_folder_beside_normal_ones_is_a_fault():
    has_normal = {"/d/press"}.__contains__
    expected = ("press", None, {"label": "anomalous", "fault": "loose belt"})
    assert said("/d/press/loose belt/a.wav", has_normal_folder=has_normal) == expected
    assert said("/d/press/loose belt/monday/a.wav", has_normal_folder=has_normal) == expected
    assert said("/d/press/train/a.wav", has_normal_folder=has_normal) == ("", None, {}), "no fault"
    assert said("/d/press/loose belt/a.wav") == ("", None, {}), "nothing says that it is one"


def test_takes_of_two_faults_differ():
    has_normal = {"/d/press"}.__contains__
    takes = {place_of(f"/d/press/{fault}/0.wav", has_normal_folder=has_normal).take for fault in ("a", "b", "ng")}
    assert len(takes) == 3


def test_only_mimiis_folders_count_as_labels_everywhere():
    assert labelled_place("/d/press/normal/a.wav").machine == "press"
    assert labelled_place("/d/press/ok/a.wav") is None


@pytest.mark.parametrize(
    ("parts", "name"), [(("fan", "id_00"), "fan/id_00"), (("", "p"), "p"), (("fan", "a/fan/id_00"), "a/fan/id_00")]
)
def test_full_name(parts, name):
    assert full_name(*parts) == name


@pytest.mark.parametrize(
    ("name", "is_audio"), [("a.WAV", True), ("a.flac", True), ("._a.wav", False), ("a.txt", False)]
)
def test_audio_names(name, is_audio):
    assert is_audio_name(name) == is_audio
