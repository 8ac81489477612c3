import dataclasses
import json

import numpy as np
import pytest
from made_up_discovery import made_up, renumbered

from auscult.errors import DataError
from auscult.faults.discovery import ARRAYS, DISCOVERY, Discovery
from auscult.faults.names_file import Names
from auscult.faults.naming import name_cluster

REMEDY = "Make it again with: auscult faults discover DIR -o FOLDER."


@pytest.fixture
def found(tmp_path):
    return made_up(tmp_path)


@pytest.fixture
def folder(found, tmp_path):
    found.save(tmp_path / "found")
    return tmp_path / "found"


def refused(folder):
    """What is said of a saved discovery that cannot be used."""
    with pytest.raises(DataError) as caught:
        Discovery.load(folder)
    assert caught.value.where == str(folder)
    assert caught.value.remedy == REMEDY
    return caught.value.problem


def rewrite(folder, change):
    """Write what was saved anew, changed by a function that is given its content."""
    content = json.loads((folder / DISCOVERY).read_text())
    change(content)
    (folder / DISCOVERY).write_text(json.dumps(content))


def test_what_was_saved_is_there_again(found, folder):
    again = Discovery.load(folder)
    assert again == found
    assert again.arrays.keys() == found.arrays.keys()
    assert all(np.array_equal(again.arrays[key], value) for key, value in found.arrays.items())
    assert again.labels.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert again.directions.shape == (18, 5)
    assert [clip.path for clip in again.exemplars(1)] == [clip.path for clip in found.clips[6:10]]


def test_what_is_saved_can_be_read_by_people(folder):
    content = json.loads((folder / DISCOVERY).read_text())
    assert content["version"] == 1
    assert content["clips"][0]["take"] == "fan/id_00/300_00"
    assert sorted(path.name for path in folder.iterdir()) == [DISCOVERY, ARRAYS]


def test_a_discovery_that_found_little(found, tmp_path):
    """No clusters, a silent clip, and names that are no UTF-8, as any disk may hold."""
    clip = dataclasses.replace(found.clips[0], path="L\udcfcfter/a.wav", level_db=-np.inf, cluster=-1, snr_db=None)
    arrays = {"directions": np.zeros((1, 5), np.float32)}
    little = dataclasses.replace(found, clips=(clip,), clusters=(), bundle="fan.auscult", arrays=arrays)
    little.save(tmp_path / "little")
    again = Discovery.load(tmp_path / "little")
    assert again == little
    assert again.matching(Names()).names_of_clips == (None,)
    with pytest.raises(DataError, match="cluster 0: is not among those found, there are none"):
        again.exemplars(0)


def test_another_discovery_replaces_it(found, folder):
    renumbered(found, 2, 0, 1).save(folder)
    assert Discovery.load(folder).labels.tolist() == [2] * 6 + [0] * 6 + [1] * 6


def test_names_are_found_again_after_saving(found, folder):
    names = name_cluster(found, Names(), 2, "imbalance")
    assert Discovery.load(folder).matching(names).fault_of_cluster == {2: "imbalance"}


@pytest.mark.parametrize("name", [DISCOVERY, ARRAYS])
def test_a_file_that_is_missing(folder, name):
    (folder / name).unlink()
    assert refused(folder) == f"holds no discovery: {name} is missing"


def test_a_folder_that_is_none(folder, tmp_path):
    assert refused(tmp_path / "nowhere") == f"holds no discovery: {DISCOVERY} is missing"
    assert "cannot be read" in refused(folder / DISCOVERY)


def test_another_version(folder):
    rewrite(folder, lambda content: content.update(version=2, clips="in another way"))
    assert refused(folder) == "was written by another version"


def test_arrays_of_another_discovery(found, folder, tmp_path):
    """As after a power cut between the two files."""
    made_up(tmp_path / "other", seed=2).save(tmp_path / "other")
    (folder / ARRAYS).write_bytes((tmp_path / "other" / ARRAYS).read_bytes())
    assert f"{ARRAYS} is damaged, or of another discovery" in refused(folder)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("name", [DISCOVERY, ARRAYS])
def test_a_file_that_was_cut_off(folder, name, share):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(share * len(content))])
    assert "cannot be read" in refused(folder)


def test_any_byte_of_the_arrays_that_changed(folder, rng):
    content = (folder / ARRAYS).read_bytes()
    for place in rng.choice(len(content), 40, replace=False).tolist():
        (folder / ARRAYS).write_bytes(content[:place] + bytes([content[place] ^ 0x11]) + content[place + 1 :])
        assert "damaged" in refused(folder)


def test_any_byte_of_the_text_that_changed_is_refused_or_still_a_discovery(folder, rng):
    content = (folder / DISCOVERY).read_bytes()
    for place in rng.choice(len(content), 200, replace=False).tolist():
        (folder / DISCOVERY).write_bytes(content[:place] + bytes([content[place] ^ 0x11]) + content[place + 1 :])
        try:
            again = Discovery.load(folder)
        except DataError as error:
            assert error.remedy == REMEDY
        else:
            again.matching(Names())
            assert [len(again.exemplars(number)) for number in range(3)] == [4, 4, 4]


@pytest.mark.parametrize("text", ["", "[]", '"x"', "3", "null", "{}", "[" * 100_000, '{"version": 1}', "\xff"])
def test_a_text_that_is_something_else(folder, text):
    (folder / DISCOVERY).write_bytes(text.encode("latin-1"))
    assert "cannot be read" in refused(folder)


def test_every_part_is_needed_and_of_its_kind(folder):
    before = (folder / DISCOVERY).read_text()
    for part in dataclasses.fields(Discovery):
        if part.name == "arrays":
            continue
        if part.default is part.default_factory is dataclasses.MISSING:
            rewrite(folder, lambda content, key=part.name: content.pop(key))
            assert part.name in refused(folder)
        for value in (-1.5, True):
            rewrite(folder, lambda content, key=part.name, value=value: content.update({key: value}))
            assert "cannot be read" in refused(folder)
        (folder / DISCOVERY).write_text(before)
    Discovery.load(folder)


@pytest.mark.parametrize(
    ("part", "key", "value", "problem"),
    [
        ("clips", "path", 5, "path is 5"),
        ("clips", "content_hash", None, "content_hash is None"),
        ("clips", "snr_db", "6", "snr_db is '6'"),
        ("clips", "level_db", True, "level_db is True"),
        ("clips", "cluster", 0.5, "cluster is 0.5"),
        ("clips", "cluster", 3, "a clip of a cluster that there is not"),
        ("clips", "cluster", -2, "a clip of a cluster that there is not"),
        ("clips", "cluster", 1, "an exemplar that is no clip of its cluster"),
        ("clips", "colour", "red", "colour"),
        ("clusters", "number", 1, "clusters out of order"),
        ("clusters", "exemplars", [18], "an exemplar that is no clip"),
        ("clusters", "exemplars", [-18], "an exemplar that is no clip"),
        ("clusters", "exemplars", ["0"], "exemplars is ('0',)"),
        ("clusters", "exemplars", 0, "exemplars is 0"),
        ("clusters", "changes", "louder", "changes is 'louder'"),
    ],
)
def test_a_part_that_is_wrong(folder, part, key, value, problem):
    rewrite(folder, lambda content: content[part][0].update({key: value}))
    assert problem in refused(folder)


@pytest.mark.parametrize(
    ("directions", "problem"),
    [
        (np.zeros((17, 5)), "differ in number"),
        (np.zeros(18), "differ in number"),
        (None, "differ in number"),
        (np.full((18, 5), np.nan), "a direction that is no number"),
        (np.full((18, 5), "north"), "a direction that is no number"),
    ],
)
def test_directions_that_are_wrong(found, tmp_path, directions, problem):
    arrays = {} if directions is None else {"directions": directions}
    dataclasses.replace(found, arrays=arrays).save(tmp_path / "found")
    assert problem in refused(tmp_path / "found")


def test_a_disk_that_refuses(found, tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(DataError, match=r"taken.*cannot be written"):
        found.save(tmp_path / "taken" / "found")
