import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.features import Nameplate
from auscult.features.orders import LineSpectrum, line_names, order_frequencies_hz

SR = 16000
RESOLUTION_HZ = 0.03
"""A third of a line: 10 s resolve 0.1 Hz, the highest multiple a tenth of that."""


def shaft(rotation_hz, *, levels, noise, seed, duration_s=10.0):
    """Tones at multiples of a rotation frequency, of given amplitudes, in white noise."""
    rng = np.random.default_rng(seed)
    turns = rotation_hz * np.arange(int(duration_s * SR)) / SR
    phases = rng.uniform(0, 2 * np.pi, len(levels))
    tones = sum(
        level * np.sin(2 * np.pi * order * turns + phase)
        for order, (level, phase) in enumerate(zip(levels, phases, strict=True), start=1)
    )
    return (0.1 * tones + noise * rng.standard_normal(turns.size)).astype(np.float32)


@given(rotation_hz=st.floats(10, 60), seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_rotation_frequency_is_found(rotation_hz, seed):
    levels = np.random.default_rng(seed).uniform(0.2, 1, 12)
    rotation = LineSpectrum(shaft(rotation_hz, levels=levels, noise=0.3, seed=seed), SR).rotation()
    assert abs(rotation.frequency_hz - rotation_hz) < RESOLUTION_HZ
    assert rotation.prominence_db > 5


@given(rotation_hz=st.floats(10, 60), off=st.floats(-0.04, 0.04), seed=st.integers(0, 999))
@settings(max_examples=15, deadline=None)
def test_nameplate_finds_a_shaft_of_which_only_blades_are_heard(rotation_hz, off, seed):
    levels = np.zeros(12)
    levels[[3, 7, 11]] = 1  # four blades
    y = shaft(rotation_hz, levels=levels, noise=0.1, seed=seed)
    rotation = LineSpectrum(y, SR).rotation(Nameplate(rotation_hz=rotation_hz / (1 + off), n_blades=4))
    assert abs(rotation.frequency_hz - rotation_hz) < RESOLUTION_HZ


@pytest.mark.parametrize(
    "y", [np.zeros(160_000), np.full(160_000, 0.5), np.random.default_rng(0).normal(0, 0.1, 160_000)]
)
def test_where_nothing_turns_nothing_stands_out(y):
    rotation = LineSpectrum(y.astype(np.float32), SR).rotation()
    assert rotation.prominence_db < 4
    assert np.isfinite(rotation.frequency_hz)


def test_lines_stand_out_by_their_height_over_the_noise():
    """Theory: a sine of amplitude a lies a**2 / 4 * n / (1.5 noise variance) over the noise of a Hann-windowed bin."""
    y = shaft(30.0, levels=[1.0], noise=0.1, seed=0)
    over_db = LineSpectrum(y, SR).at_db(np.array([30.0, 45.0, 1e6]))
    mean_db = 10 * np.log10(0.1**2 / 4 * 160_000 / (1.5 * 0.1**2))
    assert abs(over_db[0] - mean_db - 1.6) < 1.5  # the median of noise lies 1.6 dB under its mean
    assert over_db[1] < 12
    assert over_db[2] == 0


def test_names_and_frequencies_go_together():
    named = dict(zip(line_names(), order_frequencies_hz(25.0, 7), strict=True))
    assert named["order 0.5"] == 12.5
    assert named["blade pass x 2"] == 350
    assert named["blade pass + 1"] == 200
    assert named["100 Hz"] == 100
    assert np.isinf(order_frequencies_hz(25.0, None)[line_names().index("blade pass x 1")])


def test_long_clips_are_heard_in_pieces():
    y = shaft(24.3, levels=[1.0] * 12, noise=0.3, seed=0, duration_s=95.0)
    spectrum = LineSpectrum(y, SR)
    assert abs(spectrum.rotation().frequency_hz - 24.3) < RESOLUTION_HZ
    piece = LineSpectrum(y[: len(y) // 4], SR)
    assert len(spectrum._lines_db) == len(piece._lines_db)
    orders_hz = 24.3 * np.arange(1, 9)
    assert abs(spectrum.at_db(orders_hz).mean() - piece.at_db(orders_hz).mean()) < 3


@pytest.mark.parametrize("n_samples", [64, 400, 16000])
def test_short_clips_are_finite(rng, n_samples):
    spectrum = LineSpectrum(rng.standard_normal(n_samples).astype(np.float32), SR)
    assert np.isfinite(spectrum.at_db(np.array([25.0, 50.0]))).all()
    assert np.isfinite(spectrum.rotation().prominence_db)
