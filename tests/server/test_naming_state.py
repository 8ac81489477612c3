import dataclasses

import pytest
from made_up_discovery import made_up

from auscult.faults import Fault
from auscult.faults.names_file import Names
from auscult.faults.naming import name_cluster
from auscult.server.naming_state import naming_state


@pytest.fixture
def found(tmp_path):
    return made_up(tmp_path)


def hashes(found, *places):
    return tuple(found.clips[place].content_hash for place in places)


def test_clusters_without_names(found):
    state = naming_state(found, Names())
    assert (state["root"], state["faults"]) == (found.root, [])
    assert (state["verdict"], state["confounders"]) == ("Clusters follow no attribute.", [])
    assert state["reasons"] == list(found.reasons)
    first, second, _ = state["clusters"]
    assert (first["number"], first["n_clips"], first["n_takes"], first["fault"]) == (0, 6, 6, None)
    assert first["changes"] == ["level around 300 Hz +6.0", "modulation at 25 Hz +2.1"]
    assert first["physics"] == "A line at the rotation rate: consistent with imbalance."
    assert second["findings"] == ["cluster 1 is a loudness: 5 of its 6 clips are loud"]
    assert first["exemplars"][1] == {
        "place": 1,
        "file": "fan_300_01.wav",
        "machine": "fan/id_01",
        "take": "fan/id_01/300_01",
        "snr_db": 6.0,
        "channel": None,
        "day": None,
        "fault": None,
    }


def test_names_and_what_became_of_them(found):
    names = name_cluster(found, Names(), 2, "imbalance", message="Shakes", note="a note")
    lost = Fault("lost", "lost one", "Lost", ("ab" * 32,))
    weak = Fault("weak", "weak one", "Weak", hashes(found, 0, 6, 16))
    state = naming_state(found, Names((*names.faults, lost, weak)))
    imbalance, lost, weak = state["faults"]
    assert imbalance == {
        "id": "imbalance",
        "name": "imbalance",
        "message": "Shakes",
        "note": "a note",
        "status": "kept",
        "cluster": 2,
        "words": "kept: 4 of 4 exemplars in cluster 2",
    }
    assert (lost["status"], lost["cluster"]) == ("lost", None)
    assert lost["words"] == "lost: its one exemplar is not among the clips"
    assert weak["status"] == "weak"
    assert [cluster["fault"] for cluster in state["clusters"]] == [None, None, "imbalance"]
    assert [clip["fault"] for clip in state["clusters"][0]["exemplars"]] == ["weak", None, None, None]


def test_an_audit_that_says_nothing(found):
    state = naming_state(dataclasses.replace(found, audit={}), Names())
    assert (state["verdict"], state["confounders"]) == ("", [])
