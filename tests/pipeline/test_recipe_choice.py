import numpy as np
import pytest
import soundfile

from auscult.audio.find import Recordings
from auscult.errors import DataError, OptionError
from auscult.features import LogMel, OriginalMfcc
from auscult.pipeline.recipe_choice import choose_recipe

OPTIONS = {"n_mels": 128, "groups": None, "channels": "mean"}


@pytest.fixture
def recordings(tmp_path):
    for number, sr in enumerate([48000, 48000, 16000]):
        soundfile.write(tmp_path / f"{number}.wav", np.zeros((100, 4)), sr)
    return Recordings(tmp_path)


def test_log_mel_follows_most_recordings(recordings, tmp_path):
    assert choose_recipe("log-mel", recordings, tmp_path / "none", **OPTIONS) == LogMel.for_rate(48000)


def test_channels_are_compared_where_all_are_kept(recordings, tmp_path):
    chosen = choose_recipe("log-mel", recordings, tmp_path / "none", **OPTIONS | {"channels": "all"})
    assert (chosen.n_channels, chosen.groups[-1]) == (4, "channels")
    options = OPTIONS | {"channels": "all", "groups": ("mean",)}
    assert choose_recipe("log-mel", recordings, tmp_path / "none", **options).n_channels == 1


def test_the_original_has_no_choice(recordings, tmp_path):
    assert choose_recipe("original-mfcc", recordings, tmp_path / "none", **OPTIONS) == OriginalMfcc()
    for options in ({"n_mels": 64}, {"groups": ("mean",)}):
        with pytest.raises(OptionError, match="original-mfcc has no choice of bands and descriptors"):
            choose_recipe("original-mfcc", recordings, tmp_path / "none", **OPTIONS | options)


def test_unknown_recipe(recordings, tmp_path):
    with pytest.raises(OptionError, match="expected log-mel or original-mfcc, got 'chroma'"):
        choose_recipe("chroma", recordings, tmp_path / "none", **OPTIONS)


def test_no_recording_can_be_read(tmp_path):
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(DataError, match="none of its recordings can be read"):
        choose_recipe("log-mel", Recordings(tmp_path), tmp_path / "none", **OPTIONS)
