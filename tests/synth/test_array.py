import numpy as np
import pytest

from auscult.synth.array import (
    SPEED_OF_SOUND,
    delay,
    diffuse_noise,
    draw_array,
    microphone_positions,
    plane_wave,
    sensitivity,
)

SR = 16000


def test_eight_microphones_stand_on_a_circle_of_68_mm():
    positions = microphone_positions(8)
    assert np.linalg.norm(positions[0] - positions[4]) == pytest.approx(0.068)
    assert np.linalg.norm(positions[0] - positions[1]) == pytest.approx(2 * 0.034 * np.sin(np.pi / 8))
    np.testing.assert_array_equal(microphone_positions(1), [[0, 0, 0]])


@pytest.mark.parametrize("samples", [3.0, -2.0, 0.37])
def test_a_delay_moves_a_waveform_by_any_fraction_of_a_sample(samples):
    n_samples = 4000
    time = np.arange(n_samples)
    moved = np.fft.irfft(
        np.fft.rfft(np.cos(2 * np.pi * 40 * time / n_samples)) * delay(samples / SR, n_samples, sr=SR), n_samples
    )
    np.testing.assert_allclose(moved, np.cos(2 * np.pi * 40 * (time - samples) / n_samples), atol=2e-5)


def test_a_plane_wave_reaches_the_nearest_microphone_first():
    wave = plane_wave(0.0, 0.0, 8, 4000, sr=SR)  # from where the first microphone is
    impulses = np.fft.irfft(wave, 4000, axis=1)
    phase = np.unwrap(np.angle(wave[:, :500]), axis=1)
    delays_s = -phase[:, 400] / (2 * np.pi * 400 * SR / 4000)
    assert delays_s[4] - delays_s[0] == pytest.approx(0.068 / SPEED_OF_SOUND, rel=1e-3)  # 198 us, 3.2 samples
    np.testing.assert_allclose(delays_s[2], 0, atol=1e-8)
    assert impulses.shape == (8, 4000)


def test_diffuse_noise_has_its_power_and_the_coherence_of_a_reverberant_field():
    n_samples = 4 * SR
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / SR)
    power = np.ones(frequency_hz.size) / frequency_hz.size
    spectra = diffuse_noise(power, 8, n_samples, sr=SR, rng=np.random.default_rng(0))
    y = np.fft.irfft(spectra, n_samples, axis=1)
    np.testing.assert_allclose(np.mean(y**2, axis=1), 1, rtol=0.05)
    for other, distance_m in ((1, 0.02602), (4, 0.068)):
        for hz in (500, 1500, 4000):
            near = np.abs(frequency_hz - hz) < 250
            cross = np.mean(spectra[0, near] * spectra[other, near].conj())
            coherence = cross / np.sqrt(
                np.mean(np.abs(spectra[0, near]) ** 2) * np.mean(np.abs(spectra[other, near]) ** 2)
            )
            assert coherence.real == pytest.approx(np.sinc(2 * hz * distance_m / SPEED_OF_SOUND), abs=0.08)
            assert abs(coherence.imag) < 0.08


def test_microphones_differ_a_little_and_a_smaller_array_is_part_of_the_larger():
    array = draw_array(np.random.default_rng(3), 8)
    gains = np.abs(sensitivity(array))
    assert gains.shape == (8, 1)
    assert np.all(np.abs(20 * np.log10(gains)) <= 0.5)
    assert np.ptp(gains) > 0
    assert draw_array(np.random.default_rng(3), 4).gains_db == array.gains_db[:4]
