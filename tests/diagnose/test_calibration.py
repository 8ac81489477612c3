import subprocess
import sys

import numpy as np
import pytest

from auscult.diagnose import calibrate, calibration_bins, calibration_error, softmax
from auscult.diagnose.calibration import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE, fit_temperature, unknown_limit


def drawn(rng, n, n_classes=4, spread=2.0):
    """Logits, and labels drawn with their probabilities: they are calibrated as they are."""
    logits = spread * rng.standard_normal((n, n_classes))
    probabilities = softmax(logits)
    labels = (probabilities.cumsum(axis=1) > rng.uniform(size=(n, 1))).argmax(axis=1)
    return logits, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0, 8.0])
def test_temperature_undoes_what_logits_were_multiplied_by(rng, factor):
    logits, labels = drawn(rng, 20_000)
    assert fit_temperature(factor * logits, labels) == pytest.approx(factor, rel=0.05)


def test_temperature_has_the_least_loss_of_all(rng):
    logits, labels = drawn(rng, 50)
    targets = np.full((50, 4), 1 / 52 / 3)
    targets[np.arange(50), labels] = 51 / 52
    losses = {t: -(targets * np.log(softmax(logits, t))).sum() for t in np.geomspace(0.1, 10, 5001)}
    assert fit_temperature(logits, labels) == pytest.approx(min(losses, key=losses.get), rel=1e-3)


def test_few_clips_that_are_all_named_rightly_make_no_certainty():
    logits = np.eye(3)[[0, 1, 2, 0, 1]] * 10
    for n in (2, 5):
        probabilities = softmax(logits, fit_temperature(logits[:n], [0, 1, 2, 0, 1][:n]))
        assert probabilities.max() == pytest.approx((n + 1) / (n + 2), abs=1e-6)


def test_temperature_has_bounds():
    assert fit_temperature(np.eye(2) * 1e-6, [0, 1]) == pytest.approx(LOWEST_TEMPERATURE)
    assert fit_temperature(np.eye(2) * 1e6, [1, 0]) == pytest.approx(HIGHEST_TEMPERATURE)


def test_calibration_error_of_what_is_calibrated_and_of_what_is_not(rng):
    logits, labels = drawn(rng, 20_000)
    assert calibration_error(softmax(logits), labels) < 0.02
    assert calibration_error(softmax(5 * logits), labels) > 0.15
    assert calibration_error(softmax(5 * logits, fit_temperature(5 * logits, labels)), labels) < 0.02


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.92, 0.08], [0.4, 0.6], [1.0, 0.0]])
    # Bins of a 15th: 0.9 and 0.92 together, one right; 0.6 right; 1 right.
    assert calibration_error(probabilities, [0, 1, 1, 0]) == pytest.approx((abs(0.91 * 2 - 1) + 0.4 + 0) / 4)
    assert calibration_error(probabilities, [0, 1, 1, 0], n_bins=1) == pytest.approx(abs(0.9 + 0.92 + 0.6 + 1 - 3) / 4)


def test_calibration_bins_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.94, 0.06], [0.4, 0.6], [1.0, 0.0]])
    sixth, ninth = calibration_bins(probabilities, [0, 1, 1, 0], n_bins=10)
    assert sixth == pytest.approx((0.6, 0.7, 1, 0.6, 1.0))
    assert ninth == pytest.approx((0.9, 1.0, 3, 2.84 / 3, 2 / 3))


def test_calibration_bins_hold_every_clip_once(rng):
    logits, labels = drawn(rng, 500)
    bins = calibration_bins(softmax(logits), labels)
    assert sum(one.n_clips for one in bins) == 500
    assert sum(one.n_clips * one.right for one in bins) == pytest.approx((logits.argmax(axis=1) == labels).sum())
    for one in bins:
        assert one.n_clips > 0
        assert one.low <= one.confidence <= one.high == pytest.approx(one.low + 1 / 15)


@pytest.mark.parametrize("n", [1, 10, 19, 20, 21, 400])
def test_limit_keeps_95_of_100_rightly_named_clips(rng, n):
    sure = rng.uniform(0.5, 1, n)
    probabilities = np.stack([sure, 1 - sure], axis=1)
    limit = unknown_limit(probabilities, np.zeros(n, int))
    assert np.mean(sure >= limit) >= 0.95
    assert np.mean(sure >= limit + 2e-4) < 1 - np.floor(0.05 * n) / n + 1e-9  # and no fewer can be kept


def test_limit_is_not_moved_by_clips_named_wrongly():
    right = np.tile([0.8, 0.2], (10, 1))
    wrong = np.tile([0.51, 0.49], (10, 1))
    assert unknown_limit(np.concatenate([right, wrong]), np.repeat([0, 1], 10)) == pytest.approx(0.8, abs=1e-4)


def test_limit_is_at_least_chance_and_1_where_no_clip_was_named_rightly():
    assert unknown_limit(np.full((5, 3), 1 / 3), np.zeros(5, int)) == 1 / 3
    assert unknown_limit(np.array([[0.9, 0.1]]), [1]) == 1


def test_calibrate_gives_all_three(rng):
    logits, labels = drawn(rng, 300)
    found = calibrate(3 * logits, labels)
    probabilities = softmax(3 * logits, found.temperature)
    assert found.temperature == fit_temperature(3 * logits, labels)
    assert found.unknown_below == unknown_limit(probabilities, labels)
    assert found.calibration_error == calibration_error(probabilities, labels)


def test_softmax_of_large_logits():
    np.testing.assert_allclose(softmax(np.array([[1e5, 0.0], [0.0, np.log(3)]])), [[1, 0], [0.25, 0.75]])


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        (np.empty((0, 2)), []),
        (np.ones((2, 2)), [0]),
        (np.ones(2), [0, 1]),
        (np.ones((1, 2)), [2]),
        (np.ones((1, 2)), [-1]),
        (np.full((1, 2), np.nan), [0]),
    ],
)
def test_what_does_not_belong_together(logits, labels):
    with pytest.raises(ValueError, match=r"belong together|classes"):
        calibrate(logits, labels)


def test_importing_the_package_imports_nothing_heavy():
    code = """
import sys
import auscult.diagnose
from auscult.diagnose import *
assert not {"torch", "onnx", "sklearn", "scipy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
