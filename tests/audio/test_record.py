import json
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from auscult.audio.microphone import Chunk
from auscult.audio.record import record
from auscult.errors import DataError, DeviceError, OptionError

SR = 8000


@dataclass
class Source:
    """A live source that delivers given chunks, then ends or fails."""

    given: list
    name: str = "test"
    sr: int = SR
    n_channels: int = 2
    error: BaseException | None = None

    def chunks(self):
        yield from self.given
        if self.error is not None:
            raise self.error


def noise(rng, n_samples, level=0.1):
    return (level * rng.uniform(-1, 1, (2, n_samples))).astype(np.float32)


def test_sound_is_cut_into_clips_wherever_the_chunks_end(tmp_path, rng):
    y = noise(rng, 5 * SR)
    ends = [0, 100, 100, 7000, 24001, 24002, 5 * SR]
    source = Source([Chunk(y[:, a:b]) for a, b in pairwise(ends)])
    path = record(source, tmp_path, machine_id="press 3", clip_s=2, minutes=1, note="left of the door")
    clips = sorted((tmp_path / "press 3" / "normal").glob("*.wav"))
    assert len(clips) == 2  # the last second is no whole clip
    heard = np.concatenate([soundfile.read(clip)[0].T for clip in clips], axis=1)
    np.testing.assert_allclose(heard, y[:, : 4 * SR], atol=2**-15)
    conditions = json.loads(path.read_text())
    assert conditions["device"] == "test"
    assert conditions["note"] == "left of the door"
    assert (conditions["sr"], conditions["n_channels"], conditions["bits"]) == (SR, 2, 16)
    assert [clip["file"] for clip in conditions["clips"]] == [clip.name for clip in clips]
    assert conditions["clips"][0]["level_db"] == pytest.approx(20 * np.log10(0.1 / np.sqrt(3)), abs=0.1)


def test_it_ends_after_the_time_asked_for(tmp_path, rng):
    seen = []
    source = Source([Chunk(noise(rng, SR)) for _ in range(20)], error=AssertionError("asked for more than it needs"))
    record(source, tmp_path, machine_id="m", clip_s=1, minutes=0.1, on_clip=lambda clip, n: seen.append((clip.file, n)))
    assert len(seen) == 6
    assert {n for _, n in seen} == {6}
    assert len({file for file, _ in seen}) == 6


def test_anomalous_sound_goes_where_mimii_has_it_and_24_bits_are_24(tmp_path, rng):
    record(Source([Chunk(noise(rng, SR))]), tmp_path, machine_id="m", label="anomalous", clip_s=1, bits=24)
    (clip,) = (tmp_path / "m" / "abnormal").glob("*.wav")
    assert soundfile.info(clip).subtype == "PCM_24"


def test_two_recordings_of_one_machine_lie_beside_each_other(tmp_path, rng):
    for _ in range(2):
        record(Source([Chunk(noise(rng, SR))]), tmp_path, machine_id="m", clip_s=1)
    assert len(list(tmp_path.rglob("*.wav"))) == len(list(tmp_path.rglob("*.json"))) == 2


def test_loudness_silence_and_gaps_are_noted(tmp_path, rng):
    given = [
        Chunk(noise(rng, SR)),
        Chunk(noise(rng, SR, 1.0) * 3),
        Chunk(np.zeros((2, SR), np.float32)),
        Chunk(noise(rng, SR), True),
    ]
    given[1] = Chunk(np.clip(given[1].y, -1, 1))
    clips = json.loads(record(Source(given), tmp_path, machine_id="m", clip_s=1).read_text())["clips"]
    assert [clip["is_clipped"] for clip in clips] == [False, True, False, False]
    assert [clip["is_silent"] for clip in clips] == [False, False, True, False]
    assert [clip["is_broken"] for clip in clips] == [False, False, False, True]


@pytest.mark.parametrize("error", [DeviceError("mic", "does not deliver any more", "Plug it in."), KeyboardInterrupt()])
def test_what_was_recorded_before_the_end_is_kept(tmp_path, rng, error):
    source = Source([Chunk(noise(rng, SR)) for _ in range(3)] + [Chunk(noise(rng, SR // 2))], error=error)
    with pytest.raises(type(error)):
        record(source, tmp_path, machine_id="m", clip_s=1)
    (conditions,) = tmp_path.rglob("*.json")
    assert len(json.loads(conditions.read_text())["clips"]) == 3
    assert len(list(tmp_path.rglob("*.wav"))) == 3
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def test_a_source_shorter_than_a_clip_is_refused(tmp_path, rng):
    with pytest.raises(DeviceError, match="test: delivered less than one clip of 10 s"):
        record(Source([Chunk(noise(rng, SR))]), tmp_path, machine_id="m")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("machine_id", x) for x in ("", " ", "..", "a/b", "a\\b", "a:b")],
        ("label", "fine"),
        *[("minutes", x) for x in (0, -1, float("nan"), float("inf"))],
        *[("clip_s", x) for x in (0, 0.05, float("nan"))],
        ("bits", 8),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_made(tmp_path, name, value):
    with pytest.raises(OptionError, match=name):
        record(Source([]), tmp_path / "new", **{"machine_id": "m", name: value})
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_a_file_is_named(tmp_path, rng):
    (tmp_path / "m").touch()
    with pytest.raises(DataError, match=r"m.normal.*cannot be written"):
        record(Source([Chunk(noise(rng, SR))]), tmp_path, machine_id="m", clip_s=1)
