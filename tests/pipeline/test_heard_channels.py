import numpy as np
import pytest

from auscult.audio import index_clips
from auscult.audio.write import wav_bytes
from auscult.features import LogMel
from auscult.pipeline.heard_channels import MEAN, hear_channels, split_channels

FEATURES = LogMel.for_rate(8000, n_mels=12, groups=("level", "mean"))


@pytest.fixture
def recordings(tmp_path, rng):
    """Two channels in each clip but the last; the third is a copy of the second."""
    folder = tmp_path / "press" / "normal"
    folder.mkdir(parents=True)
    clips = [0.1 * rng.standard_normal((2, 4000)).astype(np.float32) for _ in range(2)]
    clips += [clips[-1], np.zeros((2, 4000), np.float32), 0.1 * rng.standard_normal((1, 4000)).astype(np.float32)]
    for number, y in enumerate(clips):
        (folder / f"{number}.wav").write_bytes(wav_bytes(y, 8000))
    return tmp_path, clips


def test_every_channel_and_the_mean_are_heard(recordings):
    root, clips = recordings
    heard, _ = hear_channels(index_clips(root), root, FEATURES, 2, None)
    assert len(heard) == 2
    assert list(heard[0].by_channel) == [MEAN, "0", "1"]
    for name, expected in ((MEAN, clips[0].mean(axis=0)), ("0", clips[0][0]), ("1", clips[0][1])):
        own = heard[0].by_channel[name]
        np.testing.assert_allclose(own.descriptors, FEATURES.descriptors(expected, 8000), atol=0.05)
        assert own.duration_s == 0.5


def test_what_cannot_be_used_is_named(recordings):
    root, _ = recordings
    _, left_out = hear_channels(index_clips(root), root, FEATURES, 2, None)
    copy, silent, mono = sorted(left_out)
    assert copy.startswith("press/normal/2.wav: is the same recording as another")
    assert silent.startswith("press/normal/3.wav: holds only silence")
    assert mono.startswith("press/normal/4.wav: has 1 channel(s), most have 2")


def test_one_channel_is_its_own_mean(rng):
    y = rng.standard_normal((1, 100)).astype(np.float32)
    assert list(split_channels(y)) == [MEAN]
    np.testing.assert_array_equal(split_channels(y)[MEAN], y[0])
