import dataclasses
import itertools

import numpy as np
import pytest

from auscult.synth.fan import PARTS, draw_fan, draw_fan_run, render_fan
from auscult.synth.fan_faults import FAULTS, bearing_wear, clogging, imbalance, transmissibility, voltage_change
from auscult.synth.motor import Supply

SR = 16000
N_SAMPLES = 8 * SR
IMPELLER, CASING, MOTOR = range(len(PARTS))


@pytest.fixture(scope="module")
def fan():
    """A fan whose first blade-pass tone, order 12, stands 12 dB above its flow noise and off its shaft orders."""
    fan = draw_fan(np.random.default_rng(11))
    motor = dataclasses.replace(fan.motor, mains_hz=50.0, n_pole_pairs=2, slip=0.04)
    return dataclasses.replace(
        fan,
        motor=motor,
        impeller="backward",
        n_blades=12,
        mount_hz=12.0,
        blade_levels_db=(12.0, *(0.0,) * 5),
        speed_sd=0.0005,
    )


@pytest.fixture(scope="module")
def run(fan):
    run = draw_fan_run(fan, "nominal", np.random.default_rng(1))
    return dataclasses.replace(run, speed=1.0, speed_drift=0.0, supply=Supply())


def render(fan, run):
    return render_fan(fan, run, N_SAMPLES, sr=SR, rng=np.random.default_rng(2))


def band_db(y, low_hz, high_hz):
    power = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    bins_hz = np.fft.rfftfreq(y.size, 1 / SR)
    return 10 * np.log10(power[(bins_hz >= low_hz) & (bins_hz <= high_hz)].sum())


def line_db(y, hz, half_width_hz=4.0):
    return band_db(y, hz - half_width_hz, hz + half_width_hz)


def mean_rise_db(fan, run, fault, severity, part, low_hz, high_hz, n=12):
    """How much a fault raises a band on average over its own chances."""
    before = band_db(render(fan, run)[part], low_hz, high_hz)
    runs = [fault(fan, run, severity, np.random.default_rng(seed)) for seed in range(n)]
    return np.mean([band_db(render(fan, it)[part], low_hz, high_hz) for it in runs]) - before


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_severity_0_is_no_fault(fan, run, fault):
    same = render(fan, fault(fan, run, 0.0, np.random.default_rng(3)))
    np.testing.assert_allclose(same, render(fan, run), atol=1e-6)


def third_octaves_db(y):
    """Levels of every part in bands from 50 Hz to 8 kHz."""
    power = np.abs(np.fft.rfft(y)) ** 2
    edges = np.geomspace(50, 8000, 23) * y.shape[1] / SR
    return [10 * np.log10(power[:, int(low) : int(high)].sum(axis=1)) for low, high in itertools.pairwise(edges)]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_worse_fault_changes_the_sound_more(fan, run, fault):
    normal = third_octaves_db(render(fan, run))
    changes = []
    for severity in (0.2, 0.5, 1.0):
        runs = [fault(fan, run, severity, np.random.default_rng(seed)) for seed in range(4)]
        changes.append(np.mean([np.abs(np.subtract(third_octaves_db(render(fan, it)), normal)) for it in runs]))
    assert changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize(("fault", "part"), [(imbalance, MOTOR), (bearing_wear, IMPELLER)])
def test_the_rest_of_the_recording_stays_as_it_was(fan, run, fault, part):
    """A fault changes what it acts on; the noise that was drawn is the same."""
    normal, faulty = render(fan, run), render(fan, fault(fan, run, 0.3, np.random.default_rng(3)))
    assert np.corrcoef(normal[part], faulty[part])[0, 1] > 0.99


def test_transmissibility_at_and_far_above_resonance():
    assert transmissibility(10, mount_hz=10, mount_damping=0.1) == pytest.approx(5.0)
    assert transmissibility(1000, mount_hz=10, mount_damping=0.1) == pytest.approx(1.0, rel=1e-3)


def test_imbalance_raises_1x_by_20_db_and_modulates_the_blade_tone_once_per_revolution(fan, run):
    normal, faulty = render(fan, run), render(fan, imbalance(fan, run, 1.0, np.random.default_rng(3)))
    rotation_hz = fan.motor.rotation_hz
    assert line_db(faulty[CASING], rotation_hz) - line_db(normal[CASING], rotation_hz) == pytest.approx(20, abs=4)
    tone_hz = 12 * rotation_hz
    sidebands = [line_db(y[IMPELLER], tone_hz + rotation_hz) - line_db(y[IMPELLER], tone_hz) for y in (normal, faulty)]
    assert sidebands[1] > sidebands[0] + 6
    assert sidebands[1] == pytest.approx(20 * np.log10(0.5 / 2), abs=5)  # depth m gives sidebands of 20 log(m / 2)


def test_imbalance_makes_the_casing_s_noise_come_and_go_once_per_revolution(fan, run):
    lines = []
    for severity in (0.0, 1.0):
        y = render(fan, imbalance(fan, run, severity, np.random.default_rng(3)))[CASING]
        envelope = np.abs(np.fft.rfft(y**2))
        at = round(fan.motor.rotation_hz * N_SAMPLES / SR)
        lines.append(envelope[at - 2 : at + 3].max() / envelope[0])
    assert lines[1] > 3 * lines[0]


def test_imbalance_shows_most_near_the_resonance_of_the_mount(fan, run):
    near = dataclasses.replace(fan, mount_hz=fan.motor.rotation_hz / 1.2)
    far, close = (imbalance(it, run, 0.5, np.random.default_rng(3)).load_ratio for it in (fan, near))
    assert close > 1.5 * far


def test_clogging_raises_low_flow_noise_and_the_higher_blade_tones(fan, run):
    assert mean_rise_db(fan, run, clogging, 1.0, IMPELLER, 60, 250) > 2
    blade_pass_hz = 12 * fan.motor.rotation_hz
    low, high = 3 * blade_pass_hz * 0.97, 3 * blade_pass_hz * 1.03
    assert mean_rise_db(fan, run, clogging, 1.0, IMPELLER, low, high) > 2
    assert mean_rise_db(fan, run, clogging, 1.0, IMPELLER, 3000, 7000) < 1.5


def test_clogging_speeds_a_centrifugal_fan_up_and_an_axial_one_down(fan, run):
    for impeller, is_faster in (("backward", True), ("axial", False)):
        it = dataclasses.replace(fan, impeller=impeller)
        changed = [clogging(it, run, 1.0, np.random.default_rng(seed)).speed > run.speed for seed in range(10)]
        assert all(value is is_faster for value in changed)


def test_clogging_makes_the_flow_swell(fan, run):
    faulty = render(fan, dataclasses.replace(run, unsteady_db=2.0))[IMPELLER]
    levels_db = [
        10 * np.log10(np.mean(y.reshape(-1, SR // 5) ** 2, axis=1)) for y in (render(fan, run)[IMPELLER], faulty)
    ]
    assert np.std(levels_db[1]) > np.std(levels_db[0]) + 0.5
    assert clogging(fan, run, 1.0, np.random.default_rng(0)).unsteady_db >= 1


def test_a_low_voltage_slows_the_fan_and_takes_more_from_its_hum(fan, run):
    low = dataclasses.replace(run, supply=Supply((0.8, 0.8)))
    normal, faulty = render(fan, run), render(fan, low)
    assert line_db(faulty[MOTOR], 100, 2) - line_db(normal[MOTOR], 100, 2) == pytest.approx(-3.9, abs=0.3)
    bins_hz = np.fft.rfftfreq(N_SAMPLES, 1 / SR)
    peaks_hz = []
    for y in (normal, faulty):
        power = np.abs(np.fft.rfft(y[IMPELLER]))
        near = np.abs(bins_hz - 12 * fan.motor.rotation_hz) < 0.06 * 12 * fan.motor.rotation_hz
        peaks_hz.append(bins_hz[near][np.argmax(power[near])])
    assert peaks_hz[1] / peaks_hz[0] == pytest.approx(1 - 0.025, abs=0.004)  # three-phase, slip 4 %


def test_voltages_are_mostly_low_sometimes_high_and_may_step_within_the_clip(fan, run):
    runs = [voltage_change(fan, run, 1.0, np.random.default_rng(seed)) for seed in range(200)]
    after = np.array([it.supply.voltages[1] for it in runs])
    assert np.all((after >= 0.6) & (after <= 1.15))
    assert 0.6 < np.mean(after < 1) < 0.8
    is_step = np.array([it.supply.voltages[0] != it.supply.voltages[1] for it in runs])
    assert 0.1 < np.mean(is_step) < 0.3
    assert all(it.hum_gains_db == run.hum_gains_db for it in runs if it.supply.voltages[1] < 1)
    assert all(it.hum_gains_db[2] >= 3 for it in runs if it.supply.voltages[1] > 1)  # saturation
    assert all(it.slot_gain_db > run.slot_gain_db + 5 for it in runs)


def test_the_speed_follows_a_step_of_the_voltage_slowly(fan, run):
    step = dataclasses.replace(run, supply=Supply((1.0, 0.7), step_at=0.25, run_up_s=1.0))
    y = render(fan, step)[IMPELLER]
    tones_hz = []
    for start_s in (0, 2.2, 6):
        power = np.abs(np.fft.rfft(y[start_s * SR if start_s == 0 else round(start_s * SR) :][:SR] * np.hanning(SR)))
        tones_hz.append(250 + np.argmax(power[250:320]))
    assert tones_hz[0] > tones_hz[1] > tones_hz[2]


def test_worn_bearings_ring_from_2_to_6_khz_at_the_ball_pass_frequency(fan, run):
    worn = bearing_wear(fan, run, 1.0, np.random.default_rng(3))
    normal, faulty = render(fan, run)[CASING], render(fan, worn)[CASING]
    assert band_db(faulty, 2000, 6500) > band_db(normal, 2000, 6500) + 5
    assert abs(band_db(faulty, 60, 1000) - band_db(normal, 60, 1000)) < 3.5
    spectrum = np.fft.rfft(faulty)
    spectrum[: 2000 * 8] = 0
    envelope = np.abs(np.fft.rfft(np.abs(np.fft.irfft(spectrum))))
    at = fan.bearing.pass_order * fan.motor.rotation_hz * 8
    near = envelope[round(at * 0.97) : round(at * 1.03)]
    assert near.max() > 3 * np.median(envelope[round(at * 0.8) : round(at * 1.2)])


def test_two_faults_add_up(fan, run):
    rng = np.random.default_rng(3)
    both = bearing_wear(fan, imbalance(fan, run, 0.8, rng), 0.8, rng)
    assert both.defect_db is not None
    assert both.shaft_depth > run.shaft_depth
