from pathlib import Path

import pytest
import soundfile

from auscult.audio import read_audio
from auscult.faults.discovery import Discovery


@pytest.fixture
def with_one_gone(auscult_cli, few_clips, tmp_path):
    """A discovery of three recordings, of which the most typical was deleted since: the path it had."""
    assert auscult_cli("faults", "discover", few_clips(3), "-o", tmp_path / "f").returncode == 0
    gone = Path(Discovery.load(tmp_path / "f").exemplars(0)[0].path)
    gone.unlink()
    return gone


def test_exemplars_are_exported(auscult_cli, found, tmp_path):
    done = auscult_cli("faults", "listen", found, "--cluster", "1", "-o", tmp_path / "sounds")
    assert done.returncode == 0, done.stderr
    written = sorted((tmp_path / "sounds" / "cluster_1").iterdir())
    assert not (tmp_path / "sounds" / "cluster_0").exists()
    exemplars = Discovery.load(found).exemplars(1)
    assert len(written) == len(exemplars)
    assert soundfile.info(written[0]).duration == 3.0
    assert read_audio(written[0])[0] == pytest.approx(read_audio(exemplars[0].path)[0], abs=1e-4)


def test_all_clusters_where_none_is_chosen(auscult_cli, found, tmp_path):
    assert auscult_cli("faults", "listen", found, "-o", tmp_path / "sounds").returncode == 0
    assert {path.name for path in (tmp_path / "sounds").iterdir()} == {"cluster_0", "cluster_1"}


def test_a_recording_that_is_gone_is_named_and_the_others_are_exported(auscult_cli, with_one_gone, tmp_path):
    done = auscult_cli("faults", "listen", tmp_path / "f", "-o", tmp_path / "sounds")
    assert done.returncode == 0, done.stderr
    assert f"left out: {with_one_gone}" in done.stderr
    assert len(list((tmp_path / "sounds" / "cluster_0").iterdir())) == 2


def test_a_recording_that_is_gone_is_named_and_the_others_are_played(auscult_cli, with_one_gone, tmp_path, monkeypatch):
    """The loudspeaker itself is tested with `play_clip`."""
    played = []
    monkeypatch.setattr("auscult.audio.play.play_clip", lambda path: played.append(read_audio(path)))
    done = auscult_cli("faults", "listen", tmp_path / "f", "--play")
    assert done.returncode == 0, done.stderr
    assert f"left out: {with_one_gone}" in done.stderr
    assert len(played) == 2


def test_neither_folder_nor_loudspeaker(auscult_cli, found):
    done = auscult_cli("faults", "listen", found)
    assert done.returncode == 2
    assert "--output: neither a folder nor --play is given. Say -o FOLDER, or --play." in done.stderr


def test_a_cluster_that_there_is_not(auscult_cli, found, tmp_path):
    done = auscult_cli("faults", "listen", found, "--cluster", "7", "-o", tmp_path / "sounds")
    assert done.returncode == 3
    assert "cluster 7: is not among those found, there are 0 to 1" in done.stderr
    assert not (tmp_path / "sounds").exists()
