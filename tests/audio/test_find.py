import os
from pathlib import Path

import pytest

from auscult.audio.find import Recordings
from auscult.errors import DataError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def found(path, **options):
    """What is said of each recording, by its path below the folder."""
    recordings = Recordings(path, **options)
    entries = list(recordings)
    assert len(entries) == recordings.n_clips
    return {os.path.relpath(entry.location, recordings._root): entry for entry in entries}


def table(root, text):
    (root / "list.csv").write_text(text)
    return root / "list.csv"


def test_faults_are_the_folders_beside_normal_ones(tmp_path):
    touch(tmp_path, "press/ok/0.wav", "press/loose belt/0.wav", "press/.trash/0.wav", "saw/dull/0.wav", "notes/0.wav")
    entries = found(tmp_path)
    said = {name: (entry.place.machine, entry.place.label, entry.place.fault) for name, entry in entries.items()}
    assert said == {
        "press/ok/0.wav": ("press", "normal", ""),
        "press/loose belt/0.wav": ("press", "anomalous", "loose belt"),
        "saw/dull/0.wav": ("", "", ""),
        "notes/0.wav": ("", "", ""),
    }


def test_one_name_in_several_places_is_several_machines(tmp_path):
    names = ("a/fan/id_00/normal", "b/fan/id_00/normal", "0_dB_fan/fan/id_02/normal", "6_dB_fan/fan/id_02/normal")
    touch(tmp_path, *(f"{name}/0.wav" for name in names))
    machines = [entry.place.machine for entry in Recordings(tmp_path)]
    assert machines == ["fan/id_02", "fan/id_02", "a/fan/id_00", "b/fan/id_00"]
    assert len({entry.place.take for entry in Recordings(tmp_path)}) == 3


def test_dcase_folders_are_one_machine(tmp_path):
    touch(tmp_path, "fan/train/normal_id_00_00000000.wav", "fan/test/anomaly_id_00_00000000.wav")
    assert {entry.place.machine for entry in Recordings(tmp_path)} == {"fan/id_00"}


def test_unlabelled_recordings_are_takes_by_their_paths(tmp_path):
    touch(tmp_path, "monday/0.wav", "tuesday/0.wav")
    assert [entry.place.take for entry in Recordings(tmp_path)] == ["monday/0", "tuesday/0"]


def test_table_says_what_its_columns_are(tmp_path):
    touch(tmp_path, "6_dB_fan/fan/id_00/normal/0.wav")
    path = "6_dB_fan/fan/id_00/normal/0.wav"
    lines = f"{path},faulty,saw,,worn\n{path},,,saw/7,\n{path},Normal,saw,7,\n"
    places = [
        entry.place for entry in Recordings(table(tmp_path, f"path,label,machine_type,machine_id,fault\n{lines}"))
    ]
    assert [place.label for place in places] == ["anomalous", "", "normal"]
    assert [place.machine for place in places] == ["saw", "saw/7", "saw/7"]
    assert [place.fault for place in places] == ["worn", "", ""]
    assert {place.snr_db for place in places} == {6}, "of which the table says nothing"
    assert places[2].take == "saw/7/normal/0"


def test_table_with_paths_only(tmp_path):
    touch(tmp_path, "6_dB_fan/fan/id_00/normal/0.wav")
    (entry,) = Recordings(table(tmp_path, "path\n6_dB_fan/fan/id_00/normal/0.wav\n"))
    assert entry.location == str(tmp_path / "6_dB_fan/fan/id_00/normal/0.wav")
    assert (entry.place.machine, entry.place.label, entry.place.snr_db) == ("fan/id_00", "normal", 6)


def test_paths_are_relative_to_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    text = f"path\n../a.wav\n{tmp_path}/b.wav\n"
    entries = list(Recordings(table(tmp_path, text)))
    assert [entry.location for entry in entries] == [str(tmp_path.parent / "a.wav"), str(tmp_path / "b.wav")]


@pytest.mark.parametrize(
    ("listed", "name"), [(" a .wav ", " a .wav "), (" a.wav ", "a.wav"), ("m\\ok\\a.wav", "m/ok/a.wav")]
)
def test_blanks_and_the_slashes_of_windows(tmp_path, listed, name):
    touch(tmp_path, name)
    (entry,) = Recordings(table(tmp_path, f"path\n{listed}\n"))
    assert entry.location == f"{tmp_path}/{name}"
    assert entry.place.machine == ("m" if "m/" in name else "")


@pytest.mark.parametrize("label", ["imbalance", "nromal", "0"])
def test_labels_that_are_not_known_are_kept_apart(tmp_path, label):
    (entry,) = Recordings(table(tmp_path, f"path,label\na.wav,{label}\n"))
    assert (entry.place.label, entry.unknown_label) == ("", label)


@pytest.mark.parametrize(("snr_db", "says"), [("6", ""), ("", ""), ("loud", "'loud'"), ("nan", "'nan'")])
def test_snr_that_is_no_number_is_said(tmp_path, snr_db, says):
    (entry,) = Recordings(table(tmp_path, f"path,snr_db\na.wav,{snr_db}\n"))
    assert says in entry.error
    assert bool(says) == bool(entry.error)


def test_names_that_are_no_text_are_found_again(tmp_path):
    touch(tmp_path, os.fsdecode(b"caf\xe9.wav"))
    (entry,) = Recordings(table(tmp_path, "path\ncaf\\udce9.wav\n"))
    assert Path(entry.location).exists()


def test_truth_of_a_synthetic_data_set_is_believed_and_completed(synthetic_data, tmp_path):
    entries = found(synthetic_data)
    faults = {entry.place.fault for entry in entries.values()}
    assert "imbalance" in faults
    assert "" in faults
    assert {entry.place.machine for entry in entries.values()} == {"fan/id_00", "fan/id_02"}
    assert found(synthetic_data / "truth.csv") == entries
    (tmp_path / "truth.csv").write_text("path,label\na.wav,ok\n")
    touch(tmp_path, "a.wav", "press/normal/b.wav")
    assert [entry.place.label for entry in Recordings(tmp_path)] == ["normal", "normal"]
    assert list(found(tmp_path, with_truth=False)) == ["a.wav", "press/normal/b.wav"]


def test_foreign_truth_is_passed_over(tmp_path):
    (tmp_path / "truth.csv").write_text("clip,truth\n")
    touch(tmp_path, "a.wav")
    assert list(found(tmp_path)) == ["a.wav"]


@pytest.mark.parametrize(
    ("names", "problem"),
    [([], "holds no recordings"), (["a.txt", "b/c.pdf"], "holds no recordings, only 2 files of other kinds")],
)
def test_folder_without_recordings(tmp_path, names, problem):
    touch(tmp_path, *names)
    with pytest.raises(DataError, match=problem):
        Recordings(tmp_path)


def test_what_is_neither_folder_nor_table(tmp_path):
    touch(tmp_path, "a.wav")
    with pytest.raises(DataError, match="is a file, not a folder or a table"):
        Recordings(tmp_path / "a.wav")
    with pytest.raises(DataError, match="there is no such file or folder"):
        Recordings(tmp_path / "nothing")
    with pytest.raises(DataError, match="the table lists no recordings"):
        Recordings(table(tmp_path, "path,label\n"))
