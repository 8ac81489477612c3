"""Random generator -> a factory's noise at the microphones: rumble from everywhere, and sources in certain directions.

A scene is a place: which machines run there and where, how often something falls. Every clip made in it is different.
Ranges are estimates for halls with several machines; MIMII's own noise was recorded in real factories (Purohit et al.,
"MIMII Dataset", DCASE Workshop 2019).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.synth.array import diffuse_noise, plane_wave
from auscult.synth.processes import (
    FloatArray,
    from_db,
    ornstein_uhlenbeck,
    shaped_noise,
    sum_of_harmonics,
    turning_angle,
    unit_phasor,
)
from auscult.synth.structure import draw_modes, strike, struck

LOWEST_HZ = 40.0  # the microphones' own high-pass
HIGHEST_PEAK = 16.0  # re rms, 24 dB: seldom reached
KINDS = ("machine hall", "press shop", "compressor room", "loading bay", "ventilation")


@dataclass(frozen=True)
class Source:
    """Something that sounds from one direction.

    Parameters
    ----------
    kind : {"machine", "impacts", "compressor", "beeps", "voices"}
    level_db : float, dB
        Relative to the rumble.
    azimuth_rad, elevation_rad : float, rad
    pitch_hz : float, Hz
        Blade pass of a machine, tone of the beeps, centre of a compressor's noise.
    rate_hz : float, Hz
        Events per second: impacts, beeps, syllables; cycles of a compressor.
    """

    kind: str
    level_db: float
    azimuth_rad: float
    elevation_rad: float
    pitch_hz: float
    rate_hz: float


@dataclass(frozen=True)
class Scene:
    """One place in a factory.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    fall_db : float, dB
        How much the rumble falls per octave.
    swell_db, swell_tau_s : float
        Standard deviation and correlation time in s of the rumble's level.
    sources : tuple of Source
    """

    kind: str
    fall_db: float
    swell_db: float
    swell_tau_s: float
    sources: tuple[Source, ...]


def draw_scene(rng: np.random.Generator) -> Scene:
    """Draw a place in a factory: two to five other rotating machines in most, and what is typical of its kind.

    Parameters
    ----------
    rng : Generator

    Returns
    -------
    Scene
    """
    kind = str(rng.choice(KINDS))
    n_machines = int(rng.integers(2, 5, endpoint=True)) if kind != "loading bay" else 1
    sources = [_draw_machine(rng) for _ in range(n_machines)]
    busy = {"press shop": (0.5, 2.0), "loading bay": (0.1, 0.6)}.get(kind, (0.02, 0.2))
    sources.append(_draw_source("impacts", rng, level_db=(-12, -3), rate_hz=busy))
    if kind == "compressor room":
        sources.append(_draw_source("compressor", rng, level_db=(-12, -3), pitch_hz=(200, 900), rate_hz=(0.05, 0.3)))
    if kind == "loading bay":
        sources.append(_draw_source("beeps", rng, level_db=(-24, -14), pitch_hz=(900, 2500), rate_hz=(0.8, 2)))
        sources.append(_draw_source("voices", rng, level_db=(-20, -12), rate_hz=(3, 5)))
    return Scene(
        kind=kind,
        fall_db=rng.uniform(2.5, 4) if kind == "ventilation" else rng.uniform(3.5, 5.5),
        swell_db=rng.uniform(0.2, 0.6) if kind == "ventilation" else rng.uniform(0.5, 1.5),
        swell_tau_s=rng.uniform(1, 4),
        sources=tuple(sources),
    )


def _draw_machine(rng: np.random.Generator) -> Source:
    """Another rotating machine, which may well sound like the one that is listened to."""
    blade_pass_hz = rng.uniform(12, 58) * int(rng.integers(3, 13))
    return _draw_source("machine", rng, level_db=(-20, -8), pitch_hz=(blade_pass_hz, blade_pass_hz))


def _draw_source(
    kind: str,
    rng: np.random.Generator,
    *,
    level_db: tuple[float, float],
    pitch_hz: tuple[float, float] = (0, 0),
    rate_hz: tuple[float, float] = (0, 0),
) -> Source:
    return Source(
        kind=kind,
        level_db=rng.uniform(*level_db),
        azimuth_rad=rng.uniform(0, 2 * np.pi),
        elevation_rad=rng.uniform(0, np.pi / 4),
        pitch_hz=rng.uniform(*pitch_hz),
        rate_hz=rng.uniform(*rate_hz),
    )


def render_noise(
    scene: Scene, *, n_channels: int, n_samples: int, sr: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Noise of a scene at the microphones, one clip, of unit mean power and bounded peaks.

    Parameters
    ----------
    scene : Scene
    n_channels, n_samples : int > 0
    sr : int, Hz
    rng : Generator

    Returns
    -------
    ndarray, shape (n_channels, n_samples), float32
        Its mean square over all channels is 1 and no sample exceeds `HIGHEST_PEAK`, so a mixer knows the room it needs.
        A clip whose impacts would exceed it is turned down as a whole, hence has a smaller mean square.
    """
    rumble_rng, *source_rngs = rng.spawn(1 + len(scene.sources))
    y = _rumble(scene, n_channels, n_samples, sr, rumble_rng)
    spectrum = np.zeros((n_channels, n_samples // 2 + 1), dtype=np.complex64)
    for source, source_rng in zip(scene.sources, source_rngs, strict=True):
        sound = from_db(source.level_db) * SOUNDS[source.kind](source, n_samples, sr, source_rng)
        wave = plane_wave(source.azimuth_rad, source.elevation_rad, n_channels, n_samples, sr=sr)
        spectrum += wave * np.fft.rfft(sound).astype(np.complex64)
    y += np.fft.irfft(spectrum, n_samples)
    rms, peak = np.sqrt(np.mean(y**2)), np.max(np.abs(y))
    return np.asarray(y / max(rms, peak / HIGHEST_PEAK), dtype=np.float32)


def _rumble(scene: Scene, n_channels: int, n_samples: int, sr: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Coloured noise from all directions, of unit power, that swells within seconds."""
    frequency_hz = np.maximum(np.fft.rfftfreq(n_samples, 1 / sr), 1e-3)
    power = frequency_hz ** (-scene.fall_db / (10 * np.log10(2))) / (1 + (LOWEST_HZ / frequency_hz) ** 8)
    spectrum = diffuse_noise(power / power.sum(), n_channels, n_samples, sr=sr, rng=rng)
    swell_db = ornstein_uhlenbeck(n_samples, sr=sr, sd=scene.swell_db, tau_s=scene.swell_tau_s, rng=rng)
    return np.asarray(np.fft.irfft(spectrum, n_samples) * (10 ** (swell_db / 20)).astype(np.float32))


def _machine(source: Source, n_samples: int, sr: int, rng: np.random.Generator) -> FloatArray:
    """Blade-pass tones with jitter, and the flow noise under them."""
    jitter = ornstein_uhlenbeck(n_samples, sr=sr, sd=0.003, tau_s=rng.uniform(0.5, 3), rng=rng)
    angle = turning_angle(source.pitch_hz * (1 + rng.normal(0, 0.005) + jitter), sr=sr, rng=rng)
    harmonics = np.arange(1, 5)
    phasors = np.sqrt(2) * 10 ** (-7 * (harmonics - 1) / 20) * np.exp(2j * np.pi * rng.random(harmonics.size))
    phasors[harmonics * source.pitch_hz > 0.48 * sr] = 0  # would alias
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / sr)
    power = 1 / (1 + (frequency_hz / 800) ** 2) / (1 + (LOWEST_HZ / np.maximum(frequency_hz, 1e-3)) ** 4)
    return sum_of_harmonics(phasors, unit_phasor(angle)) + shaped_noise(power / power.sum(), n_samples, rng)


def _impacts(source: Source, n_samples: int, sr: int, rng: np.random.Generator) -> FloatArray:
    """Hammer blows, dropped parts, closing doors: 9 dB apart or more, each with three modes of its own."""
    y = np.zeros(n_samples)
    for _ in range(rng.poisson(source.rate_hz * n_samples / sr)):
        modes = draw_modes(rng, n_modes=(3, 3), mode_hz=(300, 3500), q=(10, 60))
        ring = struck(modes, sr=sr)
        strength = from_db(rng.uniform(-9, 9)) / max(float(np.max(np.abs(ring))), 1e-9)
        y += strike(ring, np.array([rng.uniform(0, n_samples)]), np.array([strength]), n_samples)
    return y


def _compressor(source: Source, n_samples: int, sr: int, rng: np.random.Generator) -> FloatArray:
    """Noise of a compressor that starts and stops, half of the time on."""
    phase = (rng.random() + source.rate_hz * np.arange(n_samples) / sr) % 1
    is_on = np.clip(40 * (0.25 - np.abs(phase - 0.5)), 0, 1)  # starts and stops within a fortieth of a cycle
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / sr)
    power = np.exp(-(np.log(np.maximum(frequency_hz, 1e-3) / source.pitch_hz) ** 2))
    return is_on * shaped_noise(power / power.sum(), n_samples, rng)


def _beeps(source: Source, n_samples: int, sr: int, rng: np.random.Generator) -> FloatArray:
    """The warning tone of a reversing vehicle, in some clips only."""
    if rng.random() < 0.5:
        return np.zeros(n_samples)
    time_s = np.arange(n_samples) / sr
    is_on = (rng.random() + source.rate_hz * time_s) % 1 < 0.5
    return np.asarray(np.sqrt(2) * is_on * np.sin(2 * np.pi * source.pitch_hz * time_s))


def _voices(source: Source, n_samples: int, sr: int, rng: np.random.Generator) -> FloatArray:
    """Noise with the long-term spectrum of speech, in syllables, for a part of the clip."""
    frequency_hz = np.maximum(np.fft.rfftfreq(n_samples, 1 / sr), 1e-3)
    power = 1 / (1 + (150 / frequency_hz) ** 4) / (1 + (frequency_hz / 500) ** 3)
    time_s = np.arange(n_samples) / sr
    syllables = np.maximum(np.sin(2 * np.pi * (rng.random() + source.rate_hz * time_s)), 0)
    start_s = rng.uniform(-0.3, 1) * n_samples / sr
    is_speaking = (time_s > start_s) & (time_s < start_s + rng.uniform(1, 4))
    return np.asarray(2 * syllables * is_speaking * shaped_noise(power / power.sum(), n_samples, rng))


SOUNDS: dict[str, Callable[[Source, int, int, np.random.Generator], FloatArray]] = {
    "machine": _machine,
    "impacts": _impacts,
    "compressor": _compressor,
    "beeps": _beeps,
    "voices": _voices,
}
