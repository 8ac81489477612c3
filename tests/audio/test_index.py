import os
from pathlib import Path

import pytest

from auscult.audio import index_clips
from auscult.audio.index import clip_at, lines_passed_over, machine_at
from auscult.errors import DataError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("folder", "machine", "snr_db"),
    [
        ("6_dB_fan/fan/id_00", "fan/id_00", 6),
        ("-6_dB_fan/fan/id_04", "fan/id_04", -6),
        ("0_dB_valve/valve/id_06", "valve/id_06", 0),
        ("data6db/fan/id_00", "fan/id_00", 6),
        ("data0db/fan/id_00", "fan/id_00", 0),
        ("data66db/fan/id_00", "fan/id_00", -6),
        ("mimii_fan_0dB/id_00", "fan/id_00", 0),
        ("6dB/id_02", "id_02", 6),
        ("gearbox/id_00", "id_00", None),
        ("Halle 3/Ventilator Süd", "Ventilator Süd", None),
        ("工場/送風機", "送風機", None),
        ("fan_room/rec/press", "press", None),
        ("mic_20dB_gain/press", "press", None),
        ("valve/station_7", "valve/station_7", None),
    ],
)
@pytest.mark.parametrize(("label_folder", "label"), [("normal", "normal"), ("abnormal", "anomalous")])
def test_layouts(tmp_path, folder, machine, snr_db, label_folder, label):
    touch(tmp_path, f"{folder}/{label_folder}/00000007.wav")
    (clip,) = index_clips(tmp_path)
    assert (clip.machine, clip.snr_db, clip.label) == (machine, snr_db, label)
    assert clip.take == f"{machine}/{label}/00000007"


def test_any_part_of_the_layout_may_be_the_root(tmp_path):
    touch(tmp_path, "6_dB_fan/fan/id_00/normal/00000000.wav")
    for depth in (".", "6_dB_fan", "6_dB_fan/fan", "6_dB_fan/fan/id_00", "6_dB_fan/fan/id_00/normal"):
        assert [clip.machine for clip in index_clips(tmp_path / depth)] == ["fan/id_00"]


def test_a_take_has_one_name_at_all_snrs(tmp_path):
    touch(tmp_path, *(f"{snr}_dB_fan/fan/id_00/normal/00000000.wav" for snr in (-6, 0, 6)))
    assert len({clip.take for clip in index_clips(tmp_path)}) == 1


@pytest.mark.parametrize(
    ("folders", "machines"),
    [
        (["siteA/press_3", "siteB/press_3"], ["siteA/press_3", "siteB/press_3"]),
        (["siteA/fan/id_00", "siteB/fan/id_00"], ["siteA/fan/id_00", "siteB/fan/id_00"]),
        (["gearbox/id_00", "bearing/id_00", "press"], ["bearing/id_00", "gearbox/id_00", "press"]),
        (["6_dB_fan/fan/id_00", "0_dB_fan/fan/id_00"], ["fan/id_00"]),
        (["data6db/fan/id_00", "data66db/fan/id_00"], ["fan/id_00"]),
    ],
)
def test_one_name_in_several_places_is_several_machines(tmp_path, folders, machines):
    touch(tmp_path, *(f"{folder}/normal/0.wav" for folder in folders))
    clips = index_clips(tmp_path)
    assert sorted({clip.machine for clip in clips}) == machines
    assert len({clip.take for clip in clips}) == len(machines)


def test_recordings_in_a_folder_below_the_label(tmp_path):
    touch(tmp_path, "press/normal/monday/0.wav", "press/normal/tuesday/0.wav")
    clips = index_clips(tmp_path)
    assert {clip.machine for clip in clips} == {"press"}
    assert len({clip.take for clip in clips}) == 2


def test_dots_in_the_path_do_not_change_names(tmp_path, monkeypatch):
    touch(tmp_path, "fans/id_00/normal/0.wav", "fans/id_02/normal/0.wav")
    monkeypatch.chdir(tmp_path / "fans" / "id_00" / "normal")
    assert [clip.machine for clip in index_clips("../..")] == ["id_00", "id_02"]
    assert clip_at("../normal/0.wav").machine == "id_00"


def test_names_that_are_no_text_are_escaped(tmp_path):
    touch(tmp_path, os.fsdecode(b"caf\xe9/normal/\xe9.wav"))
    (clip,) = index_clips(tmp_path)
    assert clip.machine == "caf\\udce9"
    clip.take.encode()


def test_what_is_no_recording_is_passed_over(tmp_path):
    touch(tmp_path, "m/normal/a.wav", "m/normal/notes.txt", "m/normal/._a.wav", "m/.git/normal/b.wav", "other/c.wav")
    assert [clip.path.name for clip in index_clips(tmp_path)] == ["a.wav"]


def test_link_to_itself_ends(tmp_path):
    touch(tmp_path, "m/normal/a.wav")
    (tmp_path / "m" / "loop").symlink_to(tmp_path)
    assert len(index_clips(tmp_path)) == 1


def test_no_such_folder(tmp_path):
    with pytest.raises(DataError, match="there is no such file or folder"):
        index_clips(tmp_path / "nowhere")


def test_file_instead_of_folder(tmp_path):
    touch(tmp_path, "a.wav")
    with pytest.raises(DataError, match="is a file, not a folder"):
        index_clips(tmp_path / "a.wav")


def test_empty_folder(tmp_path):
    with pytest.raises(DataError, match="holds no recordings"):
        index_clips(tmp_path)


def test_recordings_without_labels(tmp_path):
    touch(tmp_path, "a.wav", "b.wav")
    with pytest.raises(DataError, match=r"holds 2 recordings, none of them in a folder named normal or abnormal"):
        index_clips(tmp_path)


def test_clip_outside_the_layout_has_no_label():
    assert clip_at(Path("/somewhere/clip.wav")) is None


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("6_dB_fan/fan/id_00/abnormal/0.wav", "fan/id_00"),
        ("6_dB_fan/fan/id_00/imbalance/0.wav", "fan/id_00"),
        ("6_dB_fan/fan/id_00/imbalance/monday/0.wav", "fan/id_00"),
        ("press/loose belt/0.wav", "press"),
        ("saw/ng/0.wav", "saw"),
        ("pump/test/anomaly_id_02_00000003.wav", "pump/id_02"),
        ("6_dB_fan/fan/id_00/train/0.wav", None),
        ("6_dB_fan/fan/id_00/0.wav", None),
        ("6_dB_fan/fan/id_02/imbalance/0.wav", None),
        ("inbox/imbalance/0.wav", None),
        ("inbox/0.wav", None),
    ],
)
def test_machine_that_the_folders_of_a_clip_say(tmp_path, name, machine):
    touch(tmp_path, "6_dB_fan/fan/id_00/normal/0.wav", "press/OK/0.wav", "inbox/normal", name)
    assert machine_at(tmp_path / name) == machine


def test_machine_that_training_finds(tmp_path):
    """What is learnt from a folder and what is judged in it are of the same machine."""
    touch(tmp_path, "6_dB_fan/fan/id_00/normal/0.wav", "press/normal/0.wav")
    touch(tmp_path, "6_dB_fan/fan/id_00/imbalance/0.wav", "press/loose belt/monday/0.wav")
    for clip in index_clips(tmp_path):
        assert machine_at(clip.path) == clip.machine


def test_other_words_names_and_faults_count_where_no_folder_is_called_normal(tmp_path):
    touch(tmp_path, "press/ok/0.wav", "press/loose belt/0.wav", "fan/test/anomaly_id_02_00000003.wav", "notes/0.wav")
    clips = [(clip.machine, clip.label, clip.fault, clip.split) for clip in index_clips(tmp_path)]
    assert clips == [
        ("fan/id_02", "anomalous", "", "test"),
        ("press", "normal", "", ""),
        ("press", "anomalous", "loose belt", ""),
    ]
    touch(tmp_path, "saw/normal/0.wav")
    assert {clip.machine for clip in index_clips(tmp_path)} == {"saw"}


def test_folders_beside_normal_ones_are_faults_where_none_is_called_abnormal(tmp_path):
    touch(tmp_path, "press/normal/0.wav", "press/loose belt/0.wav", "press/loose belt/monday/1.wav", "notes/0.wav")
    clips = [(clip.machine, clip.label, clip.fault) for clip in index_clips(tmp_path)]
    assert clips == [("press", "normal", ""), *[("press", "anomalous", "loose belt")] * 2]
    touch(tmp_path, "press/abnormal/2.wav")
    assert [clip.fault for clip in index_clips(tmp_path)] == ["", ""], "which of them is a fault is not said then"


def test_labelled_recordings_of_a_table(tmp_path):
    touch(tmp_path, "a.wav", "b.wav")
    table = tmp_path / "clips.csv"
    lines = "a.wav,fan,id_00,normal,,t1,6\nb.wav,fan,id_00,abnormal,worn,t2,-6\nc.wav,fan,id_00,,,t3,\n"
    table.write_text(f"path,machine_type,machine_id,label,fault,take,snr_db\n{lines}")
    normal, anomalous = index_clips(table)
    assert (normal.path, normal.machine, normal.take, normal.snr_db) == (tmp_path / "a.wav", "fan/id_00", "t1", 6)
    assert (anomalous.label, anomalous.fault, anomalous.snr_db) == ("anomalous", "worn", -6)


def test_table_of_a_folder_gives_the_same_clips(tmp_path):
    from auscult.audio.scan import scan

    folders = ("6_dB_fan/fan/id_00/normal", "0_dB_fan/fan/id_00/normal", "a/press/normal", "b/press/abnormal/monday")
    touch(tmp_path, *(f"{folder}/0.wav" for folder in folders))
    scan(tmp_path, output=tmp_path / "clips.csv", with_audio=False)
    assert index_clips(tmp_path / "clips.csv") == index_clips(tmp_path)


def test_lines_of_a_table_that_are_passed_over_are_said(tmp_path):
    table = tmp_path / "clips.csv"
    table.write_text("path,label\na.wav,ok\nb.wav,defekt\nc.wav,normal,6\nd.wav,\n")
    assert [clip.path.name for clip in index_clips(table)] == ["a.wav"]
    unknown, long = lines_passed_over(table)
    assert unknown == (
        "b.wav: its label 'defekt' is not known. Write normal or anomalous, and which fault it is in the column fault."
    )
    assert long.startswith("c.wav: line 4 has 3 cells under 2 columns. ")
    assert lines_passed_over(tmp_path) == []


def test_table_without_labels(tmp_path):
    (tmp_path / "clips.csv").write_text("path\na.wav\n")
    with pytest.raises(DataError, match="lists 1 recordings, none of them labelled"):
        index_clips(tmp_path / "clips.csv")


def test_recordings_elsewhere_are_not_learnt_from(tmp_path):
    (tmp_path / "clips.csv").write_text("path,label\ns3://bucket/a.wav,normal\n")
    for root in (tmp_path / "clips.csv", "s3://bucket/clips"):
        with pytest.raises(DataError, match=r"s3://bucket.*Copy them here first"):
            index_clips(root)
