import dataclasses

import numpy as np
import pytest

from auscult.synth.noise import HIGHEST_PEAK, KINDS, SOUNDS, Scene, Source, draw_scene, render_noise

SR = 16000
N_SAMPLES = 4 * SR


def render(scene, seed=0, n_channels=2):
    return render_noise(scene, n_channels=n_channels, n_samples=N_SAMPLES, sr=SR, rng=np.random.default_rng(seed))


@pytest.fixture(scope="module")
def scenes():
    return [draw_scene(np.random.default_rng(seed)) for seed in range(40)]


def test_every_kind_of_place_occurs_with_other_machines_in_it(scenes):
    assert {scene.kind for scene in scenes} == set(KINDS)
    machines = [source for scene in scenes for source in scene.sources if source.kind == "machine"]
    assert len({source.pitch_hz for source in machines}) == len(machines)  # all individuals
    assert all(1 <= sum(source.kind == "machine" for source in scene.sources) <= 5 for scene in scenes)
    assert {source.kind for scene in scenes for source in scene.sources} == set(SOUNDS)


def test_unit_power_and_bounded_peaks(scenes):
    for scene in scenes[:12]:
        y = render(scene)
        assert y.shape == (2, N_SAMPLES)
        assert y.dtype == np.float32
        assert np.mean(y**2) == pytest.approx(1.0, rel=1e-3)
        assert np.max(np.abs(y)) <= HIGHEST_PEAK


def test_a_violent_impact_turns_the_clip_down_instead_of_passing_the_bound():
    impacts = Source("impacts", 60.0, 0.0, 0.0, 0.0, 0.5)
    y = render(Scene("press shop", 4.0, 0.0, 1.0, (impacts,)))
    assert np.max(np.abs(y)) == pytest.approx(HIGHEST_PEAK, rel=1e-5)
    assert np.mean(y**2) < 0.9


def test_rumble_falls_as_many_db_an_octave_as_the_scene_says():
    for fall_db in (3.0, 6.0):
        y = render(Scene("ventilation", fall_db, 0.0, 1.0, ()))
        power = np.abs(np.fft.rfft(y[0])) ** 2
        bins_hz = np.fft.rfftfreq(N_SAMPLES, 1 / SR)
        low, high = (10 * np.log10(np.mean(power[(bins_hz > hz) & (bins_hz < 1.2 * hz)])) for hz in (250, 4000))
        assert (low - high) / 4 == pytest.approx(fall_db, abs=0.5)  # four octaves apart


def test_a_machine_s_tones_stand_out_where_it_turns():
    machine = Source("machine", 0.0, 1.0, 0.0, 333.0, 0.0)
    power = np.abs(np.fft.rfft(render(Scene("machine hall", 5.0, 0.0, 1.0, (machine,)))[0])) ** 2
    bins_hz = np.fft.rfftfreq(N_SAMPLES, 1 / SR)
    around = (bins_hz > 250) & (bins_hz < 420)
    assert bins_hz[around][np.argmax(power[around])] == pytest.approx(333, rel=0.03)


def test_a_source_comes_from_its_direction():
    """The microphone that faces it hears it first."""
    impacts = Source("impacts", 50.0, 0.0, 0.0, 0.0, 2.0)
    y = render(Scene("press shop", 4.0, 0.0, 1.0, (impacts,)), n_channels=8)
    lags = np.arange(-16, 17)
    correlations = [np.sum(y[0, 16:-16] * np.roll(y[4], -lag)[16:-16]) for lag in lags]
    assert lags[np.argmax(correlations)] == 3  # 68 mm are 3.2 samples


def test_the_same_place_is_recorded_anew_in_every_clip(scenes):
    first, again, another = render(scenes[0]), render(scenes[0]), render(scenes[0], seed=1)
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first[0], another[0])[0, 1]) < 0.1


def test_a_compressor_starts_and_stops():
    compressor = Source("compressor", 20.0, 0.0, 0.0, 400.0, 0.5)
    y = render(Scene("compressor room", 5.0, 0.0, 1.0, (compressor,)))
    levels_db = 10 * np.log10(np.mean(y[0].reshape(-1, SR // 10) ** 2, axis=1))
    assert np.ptp(levels_db) > 12
    steady = dataclasses.replace(compressor, kind="machine")
    y = render(Scene("compressor room", 5.0, 0.0, 1.0, (steady,)))
    assert np.ptp(10 * np.log10(np.mean(y[0].reshape(-1, SR // 10) ** 2, axis=1))) < 6
