from pathlib import Path

import pytest
import soundfile

from auscult.audio import Clip
from auscult.errors import DataError, OptionError
from auscult.features.filters import mel_filters
from auscult.pipeline.learning_recipe import learning_recipe


@pytest.fixture
def clips(tmp_path, rng):
    """Three normal clips of two channels at 22,050 Hz, and one whose file is missing."""
    for number in range(3):
        soundfile.write(tmp_path / f"{number}.wav", 0.1 * rng.standard_normal((2205, 2)), 22_050)
    return [Clip(tmp_path / f"{number}.wav", "press", "normal", str(number)) for number in range(4)]


def test_recipe_is_for_the_common_rate(clips):
    features = learning_recipe(clips, "mean", 32)
    assert (features.sr, features.n_mels) == (22_050, 32)


@pytest.mark.parametrize(("n_channels", "remedy"), [(2, "Choose mean, all, or 0 to 1."), (1, "Choose mean, or all.")])
def test_channel_that_there_is_not(clips, n_channels, remedy):
    for clip in clips[:3]:
        y, sr = soundfile.read(clip.path)
        soundfile.write(clip.path, y[:, :n_channels], sr)
    assert learning_recipe(clips, n_channels - 1, 64)
    with pytest.raises(OptionError) as caught:
        learning_recipe(clips, 5, 64)
    assert (caught.value.where, caught.value.remedy) == ("channels", remedy)
    assert "asked for index 5, and the recordings have" in caught.value.problem


def test_more_bands_than_the_spectrum_has_lines(clips):
    with pytest.raises(OptionError, match="expected at most 308 of recordings at 22050 Hz, got 5000") as caught:
        learning_recipe(clips, "mean", 5000)
    assert caught.value.where == "n_mels"
    most = learning_recipe(clips, "mean", 308)
    assert most.n_mels == 308
    filters = mel_filters(sr=22_050, n_fft=most.n_fft, n_mels=308, fmin=most.fmin, fmax=most.fmax)
    assert filters.any(axis=1).all(), "every band has a line"
    closer = mel_filters(sr=22_050, n_fft=most.n_fft, n_mels=400, fmin=most.fmin, fmax=most.fmax)
    assert not closer.any(axis=1).all()


def test_slow_recordings_have_fewer_bands_than_is_usual(tmp_path, rng):
    soundfile.write(tmp_path / "0.wav", 0.1 * rng.standard_normal(500), 1000)
    assert learning_recipe([Clip(tmp_path / "0.wav", "press", "normal", "0")], "mean", 64).n_mels == 32


def test_files_that_are_not_there_are_named(tmp_path):
    clips = [Clip(tmp_path / f"gone{n}.wav", "press", label, str(n)) for n, label in enumerate(["anomalous", "normal"])]
    with pytest.raises(DataError, match=r"gone1\.wav: there is no such file, and none of the 1 normal recordings"):
        learning_recipe(clips, "mean", 64)
    Path(tmp_path / "gone1.wav").write_text("no sound")
    with pytest.raises(DataError, match="there is no normal recording that can be read"):
        learning_recipe(clips, "mean", 64)
