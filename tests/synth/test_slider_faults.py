from dataclasses import replace

import numpy as np
import pytest

from auscult.synth.slider import PARTS, STATES, carriage_motion, draw_slider, draw_slider_run, render_slider
from auscult.synth.slider_faults import FAULTS

SR = 16000
N = 10 * SR
CARRIAGE, FRAME, DRIVE = (PARTS.index(part) for part in ("carriage", "frame", "drive"))


def drawn(seed, state=STATES[0], **changes):
    rng = np.random.default_rng(seed)
    slider = draw_slider(rng)
    return slider, replace(draw_slider_run(slider, state, rng), **changes)


def render(slider, run, seed=0, sr=SR, n_samples=N):
    return render_slider(slider, run, n_samples, sr=sr, rng=np.random.default_rng(seed))


def faulty(name, slider, run, severity, seed=0):
    return FAULTS[name](slider, run, severity, np.random.default_rng(seed))


def is_cruising(slider, run, n_samples=N):
    pace = np.abs(carriage_motion(slider, run, n_samples, sr=SR)[1]) / (slider.speed_mps * run.speed)
    return pace > 0.98


def band_db(y, low_hz, high_hz):
    power = np.abs(np.fft.rfft(y)) ** 2 / y.size**2
    frequency_hz = np.fft.rfftfreq(y.size, 1 / SR)
    return 10 * np.log10(power[(frequency_hz >= low_hz) & (frequency_hz < high_hz)].sum())


def starts_of_strokes(slider, run):
    """Sample at which each stroke starts, with all of it in the clip."""
    is_moving = (np.abs(carriage_motion(slider, run, N, sr=SR)[1]) > 1e-9).astype(int)
    return np.flatnonzero(np.diff(is_moving) > 0) + 1


def depth_at(envelope, rate_hz, modulation_hz):
    """Depth of the modulation near a frequency, over the mean."""
    spectrum = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(envelope.size)))
    is_near = np.abs(np.fft.rfftfreq(envelope.size, 1 / rate_hz) - modulation_hz) < 2.5
    return 4 * spectrum[is_near].max() / envelope.size / envelope.mean()


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("seed", range(3))
def test_severity_0_changes_nothing(name, seed):
    slider, run = drawn(seed, STATES[seed])
    y = render(slider, run)
    rms = np.sqrt(np.mean(y**2))
    np.testing.assert_allclose(render(slider, faulty(name, slider, run, 0.0)), y, atol=1e-6 * rms)


@pytest.mark.parametrize("name", ["rail-damage", "dry-rail"])
def test_what_the_fault_adds_grows_with_its_severity(name):
    added = np.zeros(3)
    for seed in range(4):
        slider, run = drawn(seed)
        y = render(slider, run)
        for i, severity in enumerate((0.2, 0.6, 1.0)):
            added[i] += np.mean((render(slider, faulty(name, slider, run, severity, seed)) - y) ** 2) / np.mean(y**2)
    assert added[0] < added[1] / 3 < added[2] / 6


@pytest.mark.parametrize("name", FAULTS)
def test_level_alone_hardly_tells(name):
    rises_db = []
    for seed in range(5):
        slider, run = drawn(seed)
        y, y_faulty = (render(slider, r).sum(axis=0) for r in (run, faulty(name, slider, run, 0.6, seed)))
        rises_db.append(10 * np.log10(np.mean(y_faulty**2) / np.mean(y**2)))
    assert abs(np.mean(rises_db)) < 2


@pytest.mark.parametrize("seed", range(4))
def test_damage_strikes_once_per_stroke_where_it_is(seed):
    slider, run = drawn(seed)
    damaged = faulty("rail-damage", slider, run, 1.0, seed)
    at_m = damaged.damages[0].at_m
    added = (render(slider, damaged) - render(slider, run))[CARRIAGE]
    position_m, speed_mps = carriage_motion(slider, run, N, sr=SR)
    passes = np.flatnonzero(np.diff(position_m > at_m)) + 1
    assert passes.size == pytest.approx(10 / slider.stroke_s, abs=1.5)
    near = [np.sum(added[sample : sample + 160] ** 2) for sample in passes[1:-1]]
    assert sum(near) > 0.6 * np.sum(added[passes[1] - 1600 : passes[-2] + 1600] ** 2)
    is_far = np.abs(position_m - at_m) > 5 * slider.ball_m + 0.03 * slider.speed_mps  # balls, and 30 ms of ringing
    if is_far.any():
        assert np.sum(added[is_far] ** 2) < 0.01 * np.sum(added**2)
    assert np.all(np.abs(speed_mps[passes]) > 0)


def test_damage_on_the_way_back_mirrors_the_way_out():
    slider, run = drawn(2, scatter=(0.0,) * 8, start=0.0)
    damaged = faulty("rail-damage", slider, run, 1.0)
    added = (render(slider, damaged) - render(slider, run))[CARRIAGE] ** 2
    starts, position_m = starts_of_strokes(slider, run), carriage_motion(slider, run, N, sr=SR)[0]
    move = np.flatnonzero(np.abs(np.diff(position_m[starts[0] :])) < 1e-12)[0]  # samples that a stroke takes
    is_out = position_m[starts[:2]] < slider.stroke_m / 2
    out, back = (starts[:2][is_out == way][0] for way in (True, False))
    out_at, back_at = (np.argmax(np.convolve(added[s : s + move], np.ones(80))[:move]) for s in (out, back))
    assert out_at + back_at == pytest.approx(move, abs=0.02 * SR)


def test_damage_rings_in_the_contact_and_not_below():
    for seed in range(4):
        slider, run = drawn(seed)
        added = (render(slider, faulty("rail-damage", slider, run, 1.0, seed)) - render(slider, run))[CARRIAGE]
        assert band_db(added, 800, 6000) > band_db(added, 0, 8001) - 1
        assert band_db(added, 0, 400) < band_db(added, 0, 8001) - 13


@pytest.mark.parametrize("seed", range(4))
def test_damage_stands_out_of_the_noise_around_it(seed):
    slider, run = drawn(seed)
    damaged = faulty("rail-damage", slider, run, 1.0, seed)
    position_m = carriage_motion(slider, run, N, sr=SR)[0]
    passes = np.flatnonzero(np.diff(position_m > damaged.damages[0].at_m))[1:-1]
    y, y_damaged = (render(slider, r)[CARRIAGE] for r in (run, damaged))
    rises_db = [band_db(y_damaged[s : s + 160], 1000, 5000) - band_db(y[s : s + 160], 1000, 5000) for s in passes]
    assert np.mean(rises_db) > 8


@pytest.mark.parametrize("seed", range(4))
def test_dry_rail_is_rough_from_1_to_6_khz_while_it_moves(seed):
    slider, run = drawn(seed)
    dry = faulty("dry-rail", slider, run, 1.0, seed)
    moving = is_cruising(slider, run)
    y, y_dry = render(slider, run)[CARRIAGE], render(slider, dry)[CARRIAGE]
    rise_db = band_db(y_dry[moving], 1500, 5000) - band_db(y[moving], 1500, 5000)
    assert 2.5 < rise_db < 8.2
    assert band_db(y_dry[moving], 50, 400) - band_db(y[moving], 50, 400) < 0.5
    standing = np.abs(carriage_motion(slider, run, N, sr=SR)[1]) < 1e-9
    np.testing.assert_allclose(np.std(y_dry[standing]), np.std(y[standing]), atol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_dry_rail_squeals_only_where_it_is_slow(seed):
    slider, run = drawn(seed)
    dry = faulty("dry-rail", slider, run, 1.0, seed)
    added = (render(slider, dry) - render(slider, replace(dry, squeal=0.0)))[CARRIAGE]
    pace = np.abs(carriage_motion(slider, run, N, sr=SR)[1]) / slider.speed_mps
    assert np.all(np.abs(added[pace > 0.5]) < 1e-9)
    slow = added * ((pace > 0.05) & (pace < 0.45))
    frequency_hz = np.fft.rfftfreq(N, 1 / SR)
    power = np.abs(np.fft.rfft(slow)) ** 2
    assert np.sum(power * frequency_hz * (frequency_hz < 1.3 * dry.squeal_hz)) / np.sum(
        power[frequency_hz < 1.3 * dry.squeal_hz]
    ) == pytest.approx(dry.squeal_hz, rel=0.05)
    assert 0.8e3 <= dry.squeal_hz <= 3e3
    ratio = np.std(slow[slow != 0]) / np.std(render(slider, run)[CARRIAGE][(pace > 0.05) & (pace < 0.45)])
    assert ratio > 0.3


@pytest.mark.parametrize("seed", range(6))
def test_loose_belt_makes_drive_and_carriage_flutter(seed):
    slider, run = drawn(seed)
    loose = faulty("loose-belt", slider, run, 1.0, seed)
    assert 3 <= loose.flutter_hz <= 15
    depths = []
    for r in (run, loose):
        cruising = is_cruising(slider, r)
        edges = np.flatnonzero(np.diff(cruising.astype(int), prepend=0, append=0))
        longest = np.argmax(edges[1::2] - edges[::2])
        part = render(slider, r)[CARRIAGE, edges[::2][longest] : edges[1::2][longest]]
        envelope = np.sqrt(np.mean(part[: part.size // 160 * 160].reshape(-1, 160) ** 2, axis=1))
        depths.append(depth_at(envelope, 100, loose.flutter_hz))
    assert depths[1] > depths[0] + 0.08
    assert depths[1] == pytest.approx(loose.flutter / 2, abs=0.2)


def test_loose_belt_moves_power_from_the_mesh_tone_to_its_sidebands():
    shares = []
    for name in ("", "loose"):
        slider, run = drawn(1, scatter=(0.0,) * 8)
        slider = replace(slider, motor_levels_db=(-60.0,) * 4, mesh_levels_db=(0.0, *(-60.0,) * 5), turn_depth=0.0)
        run = faulty("loose-belt", slider, run, 1.0, 3) if name else run
        cruising = is_cruising(slider, run)
        mesh_hz = slider.speed_mps * run.speed / slider.mesh_m
        drive = render(slider, run)[DRIVE] * cruising
        power = np.abs(np.fft.rfft(drive)) ** 2
        distance_hz = np.abs(np.fft.rfftfreq(N, 1 / SR) - mesh_hz)
        flutter_hz = faulty("loose-belt", slider, run, 1.0, 3).flutter_hz
        sidebands = power[np.abs(distance_hz - flutter_hz) < 1.5].sum()
        shares.append(sidebands / power[distance_hz < 40].sum())
    assert shares[1] > shares[0] + 0.2


@pytest.mark.parametrize("seed", range(4))
def test_loose_belt_takes_longer_and_clacks_after_reversals(seed):
    slider, run = drawn(seed, scatter=(0.0,) * 8, start=0.9)
    loose = faulty("loose-belt", slider, run, 1.0, seed)
    times_s = [np.mean(np.diff(starts_of_strokes(slider, r))) / SR for r in (run, loose)]
    assert 1.018 * slider.stroke_s <= times_s[1] - times_s[0] + slider.stroke_s <= 1.082 * slider.stroke_s
    after = starts_of_strokes(slider, loose)[1:-1] + int(0.02 * SR)
    y = render(slider, loose)[FRAME]
    without = render(slider, replace(loose, clack=0.0))[FRAME]
    rises = [np.std(y[s : s + 240]) / np.std(without[s : s + 240]) for s in after]
    assert np.mean(20 * np.log10(rises)) > 6


@pytest.mark.parametrize("names", [("rail-damage", "dry-rail"), ("dry-rail", "loose-belt"), ("rail-damage",) * 2])
def test_faults_compose(names):
    slider, run = drawn(5)
    for seed, name in enumerate(names):
        run = faulty(name, slider, run, 0.8, seed)
    first = faulty(names[0], slider, drawn(5)[1], 0.8, 0)
    y = render(slider, run)
    assert np.all(np.isfinite(y))
    assert not np.allclose(y, render(slider, first), atol=1e-4)
    if names[0] == names[1]:
        assert len(run.damages) == 2
        assert run.damages[0] == first.damages[0]
    else:
        assert (run.friction_db, run.squeal) != (drawn(5)[1].friction_db, 0.0)


@pytest.mark.parametrize("sr", [8000, 44100])
@pytest.mark.parametrize("name", FAULTS)
def test_every_rate_and_length_is_rendered(name, sr):
    slider, run = drawn(1)
    y = render(slider, faulty(name, slider, run, 1.0), sr=sr, n_samples=4000)
    assert y.shape == (len(PARTS), 4000)
    assert np.all(np.isfinite(y))


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_drawn_from_its_own_rng(name):
    slider, run = drawn(0)
    assert faulty(name, slider, run, 0.5, 1) == faulty(name, slider, run, 0.5, 1)
    assert faulty(name, slider, run, 0.5, 1) != faulty(name, slider, run, 0.5, 2)
