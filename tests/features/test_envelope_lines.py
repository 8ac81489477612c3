import numpy as np
import pytest

from auscult.features.bearing import Bearing
from auscult.features.envelope_lines import bearing_evidence
from auscult.synth.shaft import draw_bearing, render_defect

SR = 16000
ROTATION_HZ = 24.3
BEARING = Bearing(9, 0.2)
TIME_S = np.arange(10 * SR) / SR


def struck(order, rng, *, level_db=0.0):
    """Noise, and a resonance at 3 kHz that is struck so many times per revolution."""
    blows = np.zeros(TIME_S.size)
    blows[(np.arange(1 / (order * ROTATION_HZ), 10, 1 / (order * ROTATION_HZ)) * SR).astype(int)] = 1
    ring = np.exp(-TIME_S[: SR // 50] * 500) * np.sin(2 * np.pi * 3000 * TIME_S[: SR // 50])
    y = np.convolve(blows, ring)[: TIME_S.size]
    return (10 ** (level_db / 20) * y / y.std() + rng.standard_normal(y.size)).astype(np.float32)


@pytest.mark.parametrize("part", ["outer race", "inner race", "roller", "cage"])
def test_the_part_that_is_struck_stands_out(rng, part):
    evidence = bearing_evidence(struck(BEARING.defect_orders()[part], rng), SR, ROTATION_HZ, BEARING)
    assert list(evidence) == ["outer race", "inner race", "roller", "cage"]
    assert max(evidence, key=evidence.__getitem__) == part
    assert evidence[part] > 6


def test_a_struck_outer_race_shows_elsewhere_only_where_multiples_meet(rng):
    """Of a 6205, 3 x the roller's order is 2 x the outer race's within the tolerance, and 2 x the inner's 3 x."""
    bearing = Bearing(9, 0.2032)
    evidence = bearing_evidence(struck(bearing.outer_race_order(), rng), SR, ROTATION_HZ, bearing)
    assert evidence["outer race"] > 20
    assert evidence["cage"] < 3
    assert max(evidence["inner race"], evidence["roller"]) < evidence["outer race"] / 2


def test_noise_has_no_lines_and_loudness_does_not_matter(rng):
    noise = rng.standard_normal(10 * SR).astype(np.float32)
    evidence = bearing_evidence(noise, SR, ROTATION_HZ, BEARING)
    assert 0 < min(evidence.values()) <= max(evidence.values()) < 3
    louder = bearing_evidence(1000 * noise, SR, ROTATION_HZ, BEARING)
    assert list(louder.values()) == pytest.approx(list(evidence.values()), abs=0.01)


def test_what_turns_with_the_shaft_is_no_bearing(rng):
    """A bearing whose outer race is struck 3.96 times per revolution beside something that rubs 4 times."""
    bearing = Bearing(10, 0.208)
    assert bearing.outer_race_order() == pytest.approx(3.96)
    rubbing = bearing_evidence(struck(4.0, rng), SR, ROTATION_HZ, bearing)
    assert max(rubbing.values()) < 3


@pytest.mark.parametrize("seed", range(3))
def test_a_synthetic_spall_stands_out_though_balls_slip(rng, seed):
    bearing = draw_bearing(np.random.default_rng(seed), level_db=(-20, -20))
    n_rollers = next(n for n in range(7, 13) if 0.15 <= 1 - 2 * bearing.pass_order / n <= 0.25)
    geometry = Bearing(n_rollers, 1 - 2 * bearing.pass_order / n_rollers)
    angle = 2 * np.pi * ROTATION_HZ * TIME_S
    y = render_defect(bearing, angle, level_db=0.0, load_depth=0.1, sr=SR, rng=np.random.default_rng(seed))
    mixed = (y + rng.standard_normal(y.size)).astype(np.float32)
    evidence = bearing_evidence(mixed, SR, ROTATION_HZ, geometry)
    assert evidence["outer race"] == max(evidence.values()) > 4


@pytest.mark.parametrize("n_samples", [0, 1, 300, 3 * SR])
def test_silence_and_short_clips_say_nothing(n_samples):
    evidence = bearing_evidence(np.zeros(n_samples, np.float32), SR, ROTATION_HZ, BEARING)
    assert set(evidence.values()) == {0.0}
