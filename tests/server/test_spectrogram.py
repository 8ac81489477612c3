import base64
from itertools import pairwise

import numpy as np
import pytest

from auscult.errors import AudioError
from auscult.server.spectrogram import spectrogram


def levels_of(picture):
    content = base64.b64decode(picture["levels"])
    return np.frombuffer(content, np.uint8).reshape(picture["n_bands"], picture["n_columns"])


def tone(hz, sr, duration_s, rng):
    time_s = np.arange(round(sr * duration_s)) / sr
    return (0.3 * np.sin(2 * np.pi * hz * time_s) + 0.001 * rng.standard_normal(time_s.size)).astype(np.float32)


@pytest.mark.parametrize("sr", [4000, 16_000, 44_100])
def test_a_tone_stands_at_its_label(sr, rng):
    """The highest band is in the first row; labels say heights from the bottom."""
    for hz, height in spectrogram(tone(500, sr, 1, rng), sr)["ticks"]:
        if hz < 0.8 * sr / 2:
            brightest = levels_of(spectrogram(tone(hz, sr, 1, rng), sr)).mean(axis=1).argmax()
            assert 1 - (brightest + 0.5) / 64 == pytest.approx(height, abs=1.5 / 64)


def test_labels_are_round_apart_and_in_the_picture(rng):
    picture = spectrogram(tone(500, 16_000, 1, rng), 16_000)
    assert [hz for hz, _ in picture["ticks"]] == [5000, 2000, 1000, 500]
    assert picture["fmax_hz"] == 8000
    for sr in (1000, 2000, 8000, 48_000, 96_000, 384_000):
        heights = [height for _, height in spectrogram(tone(100, sr, 1, rng), sr)["ticks"]]
        assert 3 <= len(heights) <= 7
        assert all(lower <= higher - 0.15 for higher, lower in pairwise(heights))
        assert 0 < min(heights) <= max(heights) <= 1


def test_time_goes_to_the_right(rng):
    silence = 0.0001 * rng.standard_normal(16_000).astype(np.float32)
    picture = spectrogram(np.concatenate([silence, tone(1000, 16_000, 1, rng)]), 16_000)
    columns = levels_of(picture).max(axis=0)
    assert columns[: len(columns) // 2 - 2].max() < 150
    assert columns[len(columns) // 2 + 2 :].min() > 200
    assert picture["duration_s"] == 2


def test_a_long_recording_has_few_columns_and_keeps_its_knocks(rng):
    y = 0.001 * rng.standard_normal(16_000 * 100).astype(np.float32)
    y[800_000] = 0.5
    picture = spectrogram(y, 16_000)
    assert (picture["n_columns"], picture["n_bands"]) == (500, 64)
    means = levels_of(picture).mean(axis=0)
    assert means.argmax() == pytest.approx(250, abs=1)
    assert means.max() > means.mean() + 50


def test_what_hardly_changes_does_not_look_wild():
    y = np.full(16_000, 0.1, np.float32)
    picture = spectrogram(y, 16_000)
    assert picture["high_db"] - picture["low_db"] >= 20
    assert np.isfinite([picture["low_db"], picture["high_db"]]).all()
    silence = spectrogram(np.zeros(16_000, np.float32), 16_000)
    assert levels_of(silence).max() == 0


def test_a_recording_that_is_too_short():
    with pytest.raises(AudioError, match="shorter than one frame"):
        spectrogram(np.zeros(100, np.float32), 16_000)
