from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auscult.audio import Clip, index_clips
from auscult.errors import DataError, OptionError
from auscult.faults import Fault
from auscult.faults.names_file import Names, write_names
from auscult.features import LogMel
from auscult.pipeline import fault_labels as fault_labels_module
from auscult.pipeline.anomalous_clips import AnomalousClips, anomalous_clips
from auscult.pipeline.described_clips import DescribedClip
from auscult.pipeline.fault_labels import check_labels, fault_labels

FEATURES = LogMel.for_rate(4000, n_mels=8, groups=("level", "mean"))
ROOT = Path("/data/clips.csv")


def bare(take, fault="", *, machine="press", label="anomalous", snr_db=None, folder=""):
    """A described clip without a recording."""
    path = Path(f"/data/{machine}/{folder or label}/{take}.wav")
    clip = Clip(path, machine, label, f"{machine}/{label}/{take}", snr_db, fault=fault)
    return DescribedClip(clip, np.zeros(2, np.float32), 0.0, 2.0, f"hash of {machine} {label} {take} {snr_db}")


def takes_with(*faults, n=6):
    return [bare(f"{fault}{number}", fault) for fault in faults for number in range(n)]


def labelled(clips, normal=(), *, labels=None, root=ROOT, seed=0):
    """Faults of bare clips, checked before as training does."""
    check_labels([clip.clip for clip in (*normal, *clips)], root, labels)
    return fault_labels(AnomalousClips(clips, {}, FEATURES, "mean", []), normal, root, labels=labels, seed=seed)


@pytest.fixture(scope="module", autouse=True)
def _clustered_once():
    """Clusters of the same clips are found once: it takes seconds."""
    found, find = {}, fault_labels_module.clustered

    def clustered(signatures, takes, machines, normal, way, *, named):
        key = (signatures.tobytes(), takes.tobytes(), way, named.tobytes())
        if key not in found:
            found[key] = find(signatures, takes, machines, normal, way, named=named)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fault_labels_module, "clustered", clustered)
        yield


@pytest.fixture(scope="module")
def fans(faulty_fans, true_faults):
    """Anomalous clips of two fans; no folder and no table says their faults, which are known all the same."""
    there = anomalous_clips(faulty_fans.root, bundle=faulty_fans.bundle)
    return there, [true_faults[str(clip.clip.path)] for clip in there.clips]


@pytest.fixture
def names(fans):
    """Names given to five clips of each fault."""
    there, truth = fans
    hashes = {
        fault: [c.content_hash for c, one in zip(there.clips, truth, strict=True) if one == fault] for fault in truth
    }
    return Names(
        tuple(
            Fault(f"id-{fault}", f"a person's {fault}", f"Says {fault}", tuple(hashes[fault][:5]))
            for fault in sorted(hashes)
        )
    )


def test_the_fault_is_the_one_that_is_said():
    clips = takes_with("voltage change", "loose belt")
    found = labelled(clips[::-1])
    assert found.source == "given"
    assert [fault.name for fault in found.faults] == ["loose belt", "voltage change"]
    assert [fault.id for fault in found.faults] == ["loose-belt", "voltage-change"]
    assert [fault.message for fault in found.faults] == ["Fault: loose belt", "Voltage change"], "as the original said"
    assert [found.faults[label].name for label in found.labels] == [clip.clip.fault for clip in found.clips]
    assert len(found.clips) == 12
    assert found.note == ""
    assert found.warnings == ()


def test_a_fault_has_some_of_its_clips_as_exemplars():
    found = labelled(takes_with("a", "b", n=20))
    for place, fault in enumerate(found.faults):
        own = [clip.content_hash for clip, label in zip(found.clips, found.labels, strict=True) if label == place]
        assert len(fault.exemplars) == 12
        assert set(fault.exemplars) <= set(own)


def test_one_fault_in_two_spellings_is_one():
    found = labelled(takes_with("Leak", "leak", " Leak ", "hum"))
    assert len(found.faults) == 2
    assert Counter(found.labels.tolist()) == {0: 18, 1: 6}


def test_nothing_is_named_where_none_is_asked_for():
    found = labelled(takes_with("a", "b"), labels="none")
    assert (found.faults, found.clips, found.note) == ((), [], "none were asked for")


def test_without_anomalous_clips_there_are_no_faults():
    assert labelled([], [bare("0", label="normal")]).note == "there are no anomalous clips of the learnt machines"


def test_one_fault_alone_is_not_to_be_told_apart():
    found = labelled(takes_with("hum"))
    assert found.faults == ()
    assert found.note == "only 'hum' has enough clips, and a network needs two faults to tell apart"


def test_a_fault_of_two_clips_is_left_out_and_that_is_said():
    found = labelled([*takes_with("a", "b"), *takes_with("rare", n=2)])
    assert [fault.name for fault in found.faults] == ["a", "b"]
    assert len(found.clips) == len(found.labels) == 12
    (warning,) = found.warnings
    assert warning.startswith("fault 'rare': 2 clips of 2 takes, a network needs 6 of 3: not learnt; record more of it")
    assert "auscult faults name" in warning


def test_many_remixes_of_two_takes_are_too_few():
    remixed = [bare(f"rare{number}", "rare", snr_db=snr_db) for number in range(2) for snr_db in (-6.0, 0.0, 6.0)]
    found = labelled([*takes_with("a", "b"), *remixed])
    assert "fault 'rare': 6 clips of 2 takes" in found.warnings[0]


def test_no_fault_with_enough_clips():
    found = labelled(takes_with("a", "b", n=3))
    assert found.note == "none has enough clips, and a network needs two faults to tell apart"
    assert len(found.warnings) == 2


def test_clips_of_which_nothing_is_said_are_counted():
    found = labelled([*takes_with("a", "b"), bare("x"), bare("y")])
    assert len(found.clips) == 12
    assert found.warnings == ("2 anomalous clips have no fault said of them: not learnt from",)


def test_column_is_asked_for_and_nothing_is_said():
    with pytest.raises(DataError, match=r"clips.csv: says no fault of any anomalous recording. Fill in the column"):
        labelled([bare("0"), bare("1")], [bare("0", "hum", label="normal")], labels="column")


def test_folders_of_a_synthetic_data_set_lead_to_its_table(synthetic_data):
    with pytest.raises(
        DataError, match=r"Give .*/truth.csv as the data, or the table of: auscult scan .* -o clips.csv"
    ):
        check_labels(index_clips(synthetic_data), synthetic_data, "column")


@pytest.mark.parametrize("name", ["Normal", "unknown  fault", "anomalous", "x" * 101, "a\x07b"])
def test_a_name_that_is_none_is_said_with_the_clip(name):
    clips = [*takes_with("a", "b"), bare("bad", name), bare("also bad", name)]
    with pytest.raises(DataError, match=r"/data/press/anomalous/bad.wav: its fault's name .*\. [A-Z]"):
        labelled(clips)
    assert labelled(clips, labels="none").faults == ()


def test_a_names_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"gone.yaml: there is no such file\. Correct the path"):
        labelled(takes_with("a", "b"), labels=str(tmp_path / "gone.yaml"))


@pytest.mark.parametrize(("typed", "meant"), [("colum", "column"), ("Column", "column"), ("non", "none")])
def test_a_slip_of_the_pen_is_no_file(typed, meant):
    with pytest.raises(
        OptionError, match=rf"labels: '{typed}' is no way and no file of names\. Did you mean {meant}\?"
    ):
        labelled(takes_with("a", "b"), labels=typed)


def test_a_names_file_that_is_none(tmp_path):
    (tmp_path / "faults.yaml").write_text("faults: 3")
    for labels in (None, str(tmp_path / "faults.yaml")):
        with pytest.raises(DataError, match=r"faults.yaml"):
            labelled(takes_with("a", "b"), labels=labels, root=tmp_path)
    assert len(labelled(takes_with("a", "b"), labels="column", root=tmp_path).faults) == 2


def test_the_table_is_believed_against_the_folders():
    clips = [*takes_with("a", "b"), *(bare(f"wrong{number}", "a", folder="normal") for number in range(4))]
    found = labelled(clips, [bare("0", label="normal", folder="abnormal"), bare("1", label="normal")])
    one, four = found.warnings
    assert one.startswith("clips.csv: 1 clip in a folder of anomalous sound is labelled normal (press/abnormal/0.wav)")
    assert four.startswith("clips.csv: 4 clips in a folder of normal sound are labelled a (press/normal/wrong")
    assert four.endswith(", ...): the table is believed")
    assert len(found.clips) == 16
    assert labelled(clips, labels="none").warnings, "whatever is to be named"


def test_folders_do_not_contradict_themselves(tmp_path):
    assert labelled(takes_with("a", "b"), [bare("0", label="normal")], root=tmp_path).warnings == ()


def test_normal_clips_with_a_fault_are_said_and_stay_normal():
    normal = [bare("0", "a", label="normal"), bare("1", "normal", label="normal"), bare("2", label="normal")]
    found = labelled(takes_with("a", "b"), normal)
    (warning,) = found.warnings
    assert warning.startswith("1 clip is labelled normal and has a fault (press/")
    assert warning.endswith("/0.wav): learnt as normal")


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(fault_labels_module, "MOST_CLIPS", 40)


def test_of_too_many_clips_whole_takes_are_drawn(few):
    clips = [
        bare(f"{fault}{n}", fault, snr_db=snr_db)
        for fault in ("a", "b")
        for n in range(30)
        for snr_db in (-6.0, 0.0, 6.0)
    ]
    found = labelled(clips, seed=3)
    assert len(found.clips) == 39
    assert set(Counter(clip.clip.take for clip in found.clips).values()) == {3}
    assert [found.faults[label].name for label in found.labels] == [clip.clip.fault for clip in found.clips]
    assert found.warnings == ("a network learns from 40 clips at most: 39 of the 180 were drawn, by take",)
    again, other = labelled(clips, seed=3), labelled(clips, seed=4)
    assert [clip.content_hash for clip in found.clips] == [clip.content_hash for clip in again.clips]
    assert [clip.content_hash for clip in found.clips] != [clip.content_hash for clip in other.clips]


def test_of_a_rare_fault_all_clips_are_drawn(few):
    found = labelled([*takes_with("often", n=300), *takes_with("rare", n=8)])
    assert Counter(found.labels.tolist()) == {0: 32, 1: 8}


def test_as_many_clips_as_may_be_are_all_taken(few):
    assert len(labelled(takes_with("a", "b", n=20)).clips) == 40


@pytest.mark.slow
def test_clusters_where_nothing_is_said(fans, faulty_fans):
    there, truth = fans
    found = fault_labels(there, [], faulty_fans.root, labels=None, seed=0)
    assert found.source == "clusters"
    assert [fault.name for fault in found.faults] == [f"fault {k + 1}" for k in range(len(found.faults))]
    assert [fault.id for fault in found.faults] == [f"fault-{k + 1}" for k in range(len(found.faults))]
    assert "no name yet" in found.faults[0].message
    true_fault = {id(clip): fault for clip, fault in zip(there.clips, truth, strict=True)}
    pairs = Counter(zip(found.labels.tolist(), (true_fault[id(clip)] for clip in found.clips), strict=True))
    largest = sum(max(n for (label, _), n in pairs.items() if label == place) for place in range(len(found.faults)))
    assert largest >= 0.9 * len(found.clips), "gross faults fall apart as they are"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_clips_do_not_fall_apart(fans, faulty_fans, n):
    there, _ = fans
    found = fault_labels(replace(there, clips=there.clips[:n]), [], faulty_fans.root, labels=None, seed=0)
    assert found.faults == ()
    assert found.note.startswith(f"so few anomalous clips ({n}) do not show for sure that they fall apart")
    assert "auscult faults discover DATA -o FOUND --clusters 2" in found.note


def test_names_of_people_hold_for_the_clips_around_those_that_have_them(fans, names, tmp_path):
    there, truth = fans
    write_names(tmp_path / "mine.yaml", names)
    found = fault_labels(there, [], ROOT, labels=str(tmp_path / "mine.yaml"), seed=0)
    assert found.source == "names file"
    assert found.faults == names.faults, "with the exemplars and the words of the file"
    assert len(found.clips) > 20, "and not only the 10 exemplars"
    true_fault = {id(clip): fault for clip, fault in zip(there.clips, truth, strict=True)}
    named = [found.faults[label].name for label in found.labels]
    is_right = [name == f"a person's {true_fault[id(clip)]}" for name, clip in zip(named, found.clips, strict=True)]
    assert np.mean(is_right) >= 0.9


def test_a_names_file_beside_the_data_comes_before_what_is_said(fans, names, tmp_path):
    there, truth = fans
    said = [replace(c, clip=replace(c.clip, fault=f)) for c, f in zip(there.clips, truth, strict=True)]
    there = replace(there, clips=said)
    assert fault_labels(there, [], tmp_path, labels=None, seed=0).source == "given"
    write_names(tmp_path / "faults.yaml", names)
    assert fault_labels(there, [], tmp_path, labels=None, seed=0).source == "names file"
    assert fault_labels(there, [], tmp_path / "clips.csv", labels=None, seed=0).source == "names file", "beside a table"
    assert fault_labels(there, [], tmp_path, labels="column", seed=0).source == "given"


def test_the_names_file_is_believed_against_the_folders(fans, names, tmp_path):
    there, _ = fans
    swapped = dict.fromkeys(names.faults[0].exemplars, "rust")
    clips = [replace(c, clip=replace(c.clip, fault=swapped.get(c.content_hash, ""))) for c in there.clips]
    write_names(tmp_path / "faults.yaml", names)
    found = fault_labels(replace(there, clips=clips), [], tmp_path, labels=None, seed=0)
    (warning,) = found.warnings
    assert warning.startswith("names file: 5 clips have another fault there than the table or the folders say (0")
    assert "(rust), " in warning
    assert warning.endswith(", ...): the names file is believed")
    of_exemplars = [
        label for clip, label in zip(found.clips, found.labels, strict=True) if clip.content_hash in swapped
    ]
    assert of_exemplars == [0] * 5


def test_a_name_whose_clips_are_gone_is_said(fans, names, tmp_path):
    there, _ = fans
    gone = Fault("gone", "gone", "Gone", ("0" * 64,))
    write_names(tmp_path / "faults.yaml", Names((*names.faults, gone)))
    found = fault_labels(there, [], tmp_path, labels=None, seed=0)
    assert found.faults == names.faults
    assert found.warnings[0].startswith("fault 'gone': ")
    assert found.warnings[1].startswith("fault 'gone': 0 clips of 0 takes")


def test_a_names_file_of_other_data_is_said_to_be_that(fans, tmp_path):
    other = Names(tuple(Fault(name, name, f"It has {name}", ("0" * 63 + name,)) for name in "ab"))
    write_names(tmp_path / "faults.yaml", other)
    found = fault_labels(fans[0], [], tmp_path, labels=None, seed=0)
    assert found.faults == ()
    assert found.note == "none of the recordings that the names file was made of is among these: it is of other data"
    assert found.warnings == ()


def test_a_names_file_without_names(fans, tmp_path):
    (tmp_path / "faults.yaml").touch()
    found = fault_labels(fans[0], [], tmp_path, labels=None, seed=0)
    assert found.faults == ()
    assert "none has enough clips" in found.note
