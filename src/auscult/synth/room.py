"""The room a machine stands in, and where its parts are: how their sound reaches the microphones.

Direct sound and the first reflections by mirror images of a shoebox, then a tail that dies away exponentially and comes
from all directions.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from auscult.synth.array import SPEED_OF_SOUND, Spectrum, delay, diffuse_noise, microphone_positions
from auscult.synth.processes import FloatArray
from auscult.synth.structure import fold

MOST_REFLECTIONS = 2  # order of the mirror images: 25 of them
TAIL_START_S = 0.015  # by then reflections are too many to be told apart
PASS_BAND = 0.9  # of half the sampling rate
CRITICAL_DISTANCE = 0.057  # m: at 0.057 sqrt(V / RT60), direct and reverberant sound are equally loud


@dataclass(frozen=True)
class Room:
    """One room with a machine and an array in it.

    Parameters
    ----------
    size_m : (float, float, float)
        Length, width, height.
    absorption : float in (0, 1)
        Share of the energy that a wall swallows.
    rt60_s : float, s
        Time in which the tail falls by 60 dB.
    array_m : (float, float, float)
        Centre of the array, from a corner.
    parts_m : tuple of (float, float, float)
        Parts of the machine that radiate, from the centre of the array.
    tail_seed : int
        Of the tail's fine structure.
    """

    size_m: tuple[float, float, float]
    absorption: float
    rt60_s: float
    array_m: tuple[float, float, float]
    parts_m: tuple[tuple[float, float, float], ...]
    tail_seed: int


def draw_room(rng: np.random.Generator, *, n_parts: int, distance_m: float, azimuth_deg: float) -> Room:
    """Draw the room of one individual machine.

    Parameters
    ----------
    rng : Generator
    n_parts : int
        Parts of the machine; they are spread over 10 to 30 cm, a closer machine over less.
    distance_m : float, m
        From the array to the machine: 0.5 in MIMII, 0.1 for valves; within 10 % of it.
    azimuth_deg : float, degrees
        Where the machine stands: 0 for valves, 90 pumps, 180 fans, 270 slide rails in MIMII; within 10 degrees of it.

    Returns
    -------
    Room
        40 to 1600 m3, RT60 0.3 to 0.9 s.
    """
    size_m = rng.uniform((5, 4, 2.7), (20, 14, 6))
    middle_m = distance_m * rng.uniform(0.9, 1.1)
    azimuth = np.radians(azimuth_deg + rng.uniform(-10, 10))
    machine_m = middle_m * np.array([np.cos(azimuth), np.sin(azimuth), 0])
    spread_m = min(rng.uniform(0.1, 0.3), middle_m)
    parts_m = machine_m + rng.uniform(-0.5, 0.5, (n_parts, 3)) * spread_m
    array_m = rng.uniform((1.2, 1.2, 0.9), np.minimum(size_m - 1.2, (20, 14, 1.6)))
    return Room(
        size_m=(float(size_m[0]), float(size_m[1]), float(size_m[2])),
        absorption=rng.uniform(0.1, 0.4),
        rt60_s=rng.uniform(0.3, 0.9),
        array_m=(float(array_m[0]), float(array_m[1]), float(array_m[2])),
        parts_m=tuple((float(x), float(y), float(z)) for x, y, z in parts_m),
        tail_seed=int(rng.integers(2**32)),
    )


@lru_cache(maxsize=4)  # a machine's clips are rendered one after the other
def responses(room: Room, n_channels: int, n_samples: int, *, sr: int) -> Spectrum:
    """Transfer functions from each part of the machine to each microphone.

    Parameters
    ----------
    room : Room
    n_channels : int
    n_samples : int
        Of a clip. What would sound beyond its end sounds at its start: a clip has no beginning.
    sr : int, Hz

    Returns
    -------
    ndarray, shape (n_parts, n_channels, n_samples // 2 + 1), complex64
        Direct sound from the machine's distance has a gain of about 1.

    References
    ----------
    J. B. Allen, D. A. Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65, 1979.
    """
    n_response = 2 * (int(sr * room.rt60_s) // 2) + 2
    rng = np.random.default_rng(room.tail_seed)
    distance_m = float(np.linalg.norm(np.mean(room.parts_m, axis=0)))
    rows = []
    for part_m in room.parts_m:
        early = distance_m * _early(room, np.array(part_m), n_channels, n_response, sr=sr)
        tail = _tail(room, distance_m, n_channels, n_response, sr=sr, rng=rng)
        response = np.fft.irfft(early, n_response) + tail
        rows.append(np.fft.rfft(fold(response.astype(np.float32), n_samples)))
    return np.asarray(rows, dtype=np.complex64)


def _early(room: Room, part_m: FloatArray, n_channels: int, n_response: int, *, sr: int) -> Spectrum:
    """Direct sound and first reflections; shape (n_channels, n_bins)."""
    reflection = math.sqrt(1 - room.absorption)
    centre_m, size_m = np.array(room.array_m), np.array(room.size_m)
    source_m, microphones_m = centre_m + part_m, centre_m + microphone_positions(n_channels)
    spectrum = np.zeros((n_channels, n_response // 2 + 1), dtype=np.complex64)
    orders = range(-MOST_REFLECTIONS, MOST_REFLECTIONS + 1)
    for order in product(orders, orders, orders):
        n_reflections = sum(map(abs, order))
        if n_reflections > MOST_REFLECTIONS:
            continue
        is_mirrored = np.array(order) % 2 == 1
        image_m = np.array(order) * size_m + np.where(is_mirrored, size_m - source_m, source_m)
        for channel, path_m in enumerate(np.linalg.norm(image_m - microphones_m, axis=1).tolist()):
            gain = reflection**n_reflections / path_m
            spectrum[channel] += np.complex64(gain) * delay(path_m / SPEED_OF_SOUND, n_response, sr=sr)
    return spectrum * _anti_aliasing(spectrum.shape[1])


def _anti_aliasing(n_bins: int) -> FloatArray:
    """A recorder's low-pass near half the sampling rate; without it, pulses between samples would ring for ever."""
    share = np.linspace(0, 1, n_bins)
    return np.asarray(np.cos(np.pi / 2 * np.clip((share - PASS_BAND) / (1 - PASS_BAND), 0, 1)) ** 2, dtype=np.float32)


def _tail(
    room: Room, distance_m: float, n_channels: int, n_response: int, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Reverberant tail; shape (n_channels, n_response). Its energy over that of the direct sound is (d / d_c)^2."""
    critical_m = CRITICAL_DISTANCE * math.sqrt(math.prod(room.size_m) / room.rt60_s)
    flat = np.full(n_response // 2 + 1, 2 / n_response)
    noise = np.fft.irfft(diffuse_noise(flat, n_channels, n_response, sr=sr, rng=rng), n_response)
    time_s = np.arange(n_response) / sr
    decay = np.where(time_s < TAIL_START_S, 0, 10 ** (-3 * time_s / room.rt60_s))
    decay *= distance_m / critical_m / np.sqrt(max(float(np.sum(decay**2)), 1e-12))
    return np.asarray(decay * noise)
