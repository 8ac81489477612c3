import dataclasses

import numpy as np
import pytest

from auscult.synth.array import SPEED_OF_SOUND
from auscult.synth.room import draw_room, responses

SR = 16000
N_SAMPLES = 2 * SR


@pytest.fixture(scope="module")
def room():
    return draw_room(np.random.default_rng(0), n_parts=3, distance_m=0.5, azimuth_deg=180)


def impulse_responses(room, n_channels=8):
    return np.fft.irfft(responses(room, n_channels, N_SAMPLES, sr=SR), N_SAMPLES, axis=-1)


def test_direct_sound_comes_first_after_its_distance_and_as_loud_as_it_says(room):
    heard = impulse_responses(room, 1)[:, 0]
    middle_m = np.linalg.norm(np.mean(room.parts_m, axis=0))
    for part_m, response in zip(room.parts_m, heard, strict=True):
        distance_m = np.linalg.norm(part_m)
        arrival = int(np.argmax(np.abs(response[: int(0.004 * SR)])))
        assert arrival / SR == pytest.approx(distance_m / SPEED_OF_SOUND, abs=1 / SR)
        direct = response[max(arrival - 8, 0) : arrival + 9].sum()  # of a pulse between samples
        assert direct == pytest.approx(middle_m / distance_m, rel=0.15)


def test_floor_and_ceiling_reflect():
    """A machine at half the height of a low, wide room: two echoes at the same time, 2.7 m longer than across."""
    room = draw_room(np.random.default_rng(1), n_parts=1, distance_m=0.5, azimuth_deg=90)
    room = dataclasses.replace(
        room,
        size_m=(200.0, 200.0, 2.7),
        array_m=(100.0, 100.0, 1.35),
        parts_m=((0.5, 0.0, 0.0),),
        rt60_s=0.3,
        absorption=0.1,
    )
    response = impulse_responses(room, 1)[0, 0]
    path_m = np.hypot(2.7, 0.5)
    arrival = path_m / SPEED_OF_SOUND * SR
    echo = response[int(arrival) - 6 : int(arrival) + 8].sum()
    assert echo == pytest.approx(2 * np.sqrt(0.9) * 0.5 / path_m, rel=0.2)


@pytest.mark.parametrize("rt60_s", [0.3, 0.6, 0.9])
def test_the_tail_falls_by_60_db_in_its_reverberation_time(room, rt60_s):
    response = impulse_responses(dataclasses.replace(room, rt60_s=rt60_s))
    energy = np.sum(response**2, axis=(0, 1))
    left = 10 * np.log10(np.cumsum(energy[::-1])[::-1] / energy.sum())  # Schroeder's backward integration
    time_s = np.arange(N_SAMPLES) / SR
    late = (time_s > 0.1 * rt60_s) & (time_s < 0.6 * rt60_s)
    slope = np.polyfit(time_s[late], left[late], 1)[0]
    assert -60 / slope == pytest.approx(rt60_s, rel=0.15)


def test_near_the_machine_direct_sound_dominates(room):
    response = impulse_responses(room)
    early = np.sum(response[..., : int(0.006 * SR)] ** 2, axis=-1)
    assert np.all(early > 0.4 * np.sum(response**2, axis=-1))


def test_a_short_clip_hears_the_whole_room(room):
    """Reverberation longer than the clip comes round again: the power of steady noise is the same."""
    long, short = (np.mean(np.abs(responses(room, 1, n, sr=SR)) ** 2) for n in (N_SAMPLES, SR // 4))
    assert short == pytest.approx(long, rel=0.1)


def test_rooms_differ_and_the_machine_stands_where_it_should():
    rooms = [draw_room(np.random.default_rng(seed), n_parts=2, distance_m=0.5, azimuth_deg=90) for seed in range(50)]
    assert len({room.size_m for room in rooms}) == 50
    for room in rooms:
        middle_m = np.mean(room.parts_m, axis=0)
        assert np.degrees(np.arctan2(middle_m[1], middle_m[0])) == pytest.approx(90, abs=30)
        assert 0.2 < np.linalg.norm(middle_m) < 0.8
        assert all(1 < at < size for at, size in zip(room.array_m[:2], room.size_m[:2], strict=True))
