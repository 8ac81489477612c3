import dataclasses
import itertools

import numpy as np
import pytest

from auscult.errors import OptionError
from auscult.synth import draw_fan, render_fan
from auscult.synth.imbalance import imbalance_effects, transmissibility

SR = 16000
DURATION_S = 8.0


def loud_bladed_fan():
    """A fan whose first blade-pass tone, order 12, stands 12 dB above its flow noise and off its shaft orders."""
    fan = draw_fan(np.random.default_rng(11))
    silent_db = (-80.0,) * 5
    return dataclasses.replace(fan, rotation_hz=24.0, n_blades=12, mount_hz=12.0, blade_levels_db=(12.0, *silent_db))


def band_db(y, centre_hz, half_width_hz=4.0):
    """Level of a narrow band, wide enough for the drift of the speed within a clip."""
    power = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    bins_hz = np.fft.rfftfreq(y.size, 1 / SR)
    return 10 * np.log10(power[np.abs(bins_hz - centre_hz) <= half_width_hz].sum())


def test_transmissibility_at_and_far_above_resonance():
    assert transmissibility(10, mount_hz=10, mount_damping=0.1) == pytest.approx(5.0)
    assert transmissibility(1000, mount_hz=10, mount_damping=0.1) == pytest.approx(1.0, rel=1e-3)


def test_severity_0_changes_nothing():
    effects = imbalance_effects(0.0, rotation_hz=24.0, mount_gain=1.3)
    assert effects.order_gains_db == (0.0, 0.0, 0.0)
    assert effects.modulation_depth == effects.load_ratio == effects.speed_ripple == 0.0


def test_severity_1_has_the_size_of_grade_g63():
    effects = imbalance_effects(1.0, rotation_hz=24.0, mount_gain=1.0)
    assert effects.order_gains_db[0] == pytest.approx(20.0)  # ten times the force
    assert effects.modulation_depth == pytest.approx(0.35)
    assert effects.load_ratio == pytest.approx(0.063 * 2 * np.pi * 24.0 / 9.81)
    assert effects.speed_ripple == pytest.approx(0.001)


@pytest.mark.parametrize("field", ["modulation_depth", "load_ratio", "speed_ripple", "order_gains_db"])
def test_every_effect_grows_with_severity(field):
    values = [getattr(imbalance_effects(u, rotation_hz=24.0, mount_gain=1.2), field) for u in np.linspace(0, 1, 6)]
    assert all(a < b for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("severity", [-0.1, 1.1, float("nan")])
def test_a_severity_out_of_range_is_refused(severity):
    with pytest.raises(OptionError, match="severity"):
        imbalance_effects(severity, rotation_hz=24.0, mount_gain=1.0)


def test_imbalance_raises_the_line_at_1x_and_the_sidebands_of_blade_pass_as_theory_says():
    fan = loud_bladed_fan()
    severities = (0.0, 0.3, 0.6, 1.0)
    mean_shaft_db, mean_sideband_db = [], []
    for severity in severities:
        clips = [
            render_fan(fan, duration_s=DURATION_S, sr=SR, rng=np.random.default_rng(clip), imbalance=severity)
            for clip in range(8)
        ]
        mean_shaft_db.append(np.mean([band_db(y, fan.rotation_hz, 1.0) for y in clips]))
        sidebands_db = [[band_db(y, order * fan.rotation_hz) - band_db(y, 288) for order in (11, 13)] for y in clips]
        mean_sideband_db.append(np.mean(sidebands_db))
    assert np.all(np.diff(mean_shaft_db) > 0)
    assert np.all(np.diff(mean_sideband_db) > 0)
    mount_gain = transmissibility(24.0, mount_hz=12.0, mount_damping=fan.mount_damping)
    for severity, level_db in list(zip(severities, mean_sideband_db, strict=True))[1:]:
        depth = 0.03 + 0.35 * severity * mount_gain
        assert level_db == pytest.approx(20 * np.log10(depth / 2), abs=2.0)  # a sideband of amplitude modulation


def test_normal_and_severity_0_are_the_same_clip():
    fan = draw_fan(np.random.default_rng(3))
    clips = [
        render_fan(fan, duration_s=1, sr=SR, rng=np.random.default_rng(5)),
        render_fan(fan, duration_s=1, sr=SR, rng=np.random.default_rng(5), imbalance=0.0),
    ]
    np.testing.assert_array_equal(*clips)
