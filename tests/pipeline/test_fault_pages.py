from dataclasses import replace

import pytest

from auscult.audio import read_audio
from auscult.errors import DataError
from auscult.faults.names_file import Names
from auscult.faults.naming import name_cluster
from auscult.pipeline.fault_pages import CAPTIONS, cluster_names, write_exemplars, write_fault_pages


@pytest.fixture
def one_lost(faulty_fans, tmp_path):
    """A discovery whose most typical clip of cluster 0 is no longer there."""
    found = faulty_fans.found
    place = found.clusters[0].exemplars[0]
    clips = list(found.clips)
    clips[place] = replace(clips[place], path=str(tmp_path / "gone.wav"))
    return replace(found, clips=tuple(clips))


def test_page_and_all_pictures_are_written(faulty_fans, tmp_path):
    names = name_cluster(faulty_fans.found, Names(), 1, "Grinding")
    written = write_fault_pages(faulty_fans.found, names, tmp_path)
    assert written[0] == tmp_path / "faults.html"
    assert {path.stem for path in written[1:]} == set(CAPTIONS)
    assert all(path.is_file() for path in written)
    page = written[0].read_text(encoding="utf-8")
    assert "1 Grinding" in page
    assert "cluster 0" in page
    assert page.count("<audio") == 6


def test_page_says_which_recording_is_gone_and_plays_the_others(one_lost, tmp_path):
    page = write_fault_pages(one_lost, Names(), tmp_path / "pages")[0].read_text(encoding="utf-8")
    lost = one_lost.exemplars(0)[0]
    assert f"{lost.machine}: {lost.take.rpartition('/')[2]}, 6 dB: " in page
    assert page.count("<audio") == 5


def test_exemplars_become_sound_files_and_missing_ones_are_reported(one_lost, tmp_path):
    written, missing = write_exemplars(one_lost, tmp_path / "typical", [0])
    assert len(missing) == 1
    assert "gone.wav" in missing[0]
    assert len(written) == len(one_lost.exemplars(0)) - 1
    assert {path.parent for path in written} == {tmp_path / "typical" / "cluster_0"}
    y, sr = read_audio(written[0])
    assert (y.shape[-1], sr) == (48000, 16000)


def test_clusters_are_called_by_number_until_they_are_named(faulty_fans):
    assert cluster_names(faulty_fans.found, Names()) == ["cluster 0", "cluster 1"]
    with pytest.raises(DataError, match="cluster 2"):
        write_exemplars(faulty_fans.found, faulty_fans.found.root, [2])
