import json

import numpy as np
import pytest

from auscult.errors import DataError
from auscult.monitor.health.baseline import HealthBaseline
from auscult.monitor.health.sound_second import SecondMeter

SR = 8000


@pytest.fixture
def seconds(rng):
    meter = SecondMeter(SR, 50)
    return [meter.measure(rng.normal(0.01, 0.02 * (1 + n % 5), (2, SR)).astype(np.float32)) for n in range(40)]


@pytest.fixture
def baseline(seconds):
    return HealthBaseline.learn(SR, seconds)


def test_is_the_middle_of_what_was_heard_and_its_spread(baseline, seconds):
    levels_db = np.array([one.bands_db for one in seconds])
    assert baseline.levels_db == pytest.approx(np.quantile(levels_db, 0.5, axis=0))
    low, high = np.quantile(levels_db, 0.05, axis=0), np.quantile(levels_db, 0.95, axis=0)
    assert baseline.spreads_db == pytest.approx((high - low) / 2)
    assert baseline.dc == pytest.approx([0.01, 0.01], abs=1e-3)
    assert baseline.n_channels == 2


def test_survives_a_restart(baseline):
    again = HealthBaseline.from_dict(json.loads(json.dumps(baseline.to_dict())))
    assert again.to_dict() == baseline.to_dict()
    assert again.sr == SR


@pytest.mark.parametrize(
    "change",
    [
        {"levels_db": None},
        {"levels_db": [[1.0, 2.0], [3.0]]},
        {"levels_db": []},
        {"spreads_db": [[1.0]]},
        {"mains_db": [0.0]},
        {"dc": [float("nan"), 0.0]},
        {"sr": "fast"},
        {"sr": 0},
        {"sr": 16000},
        {"levels_db": 3.0},
    ],
)
def test_what_is_no_baseline_is_refused_with_a_remedy(baseline, change):
    with pytest.raises(DataError, match="learnt anew"):
        HealthBaseline.from_dict(baseline.to_dict() | change)
    with pytest.raises(DataError):
        HealthBaseline.from_dict({})
