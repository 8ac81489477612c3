import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from auscult.evaluate.level_meter import LevelMeter

FAULTS = np.array(["clogging", "imbalance", "leak"])


def test_names_are_those_of_scikit_learns_discriminant_analysis(rng):
    for _ in range(20):
        faults = rng.choice(FAULTS, size=60, p=[0.2, 0.5, 0.3])
        levels_db = -30 + 3 * (faults == "leak") - 2 * (faults == "clogging") + 2 * rng.standard_normal(60)
        asked_db = rng.uniform(-40, -20, 200)
        wanted = LinearDiscriminantAnalysis(solver="lsqr").fit(levels_db[:, None], faults).predict(asked_db[:, None])
        assert LevelMeter().fit(levels_db, faults).name(asked_db).tolist() == wanted.tolist()


def test_of_faults_alike_in_number_the_nearest_mean_is_named():
    meter = LevelMeter().fit([-20, -22, -30, -32], ["leak", "leak", "clogging", "clogging"])
    assert meter.name([-10, -25.9, -26.1, -50]).tolist() == ["leak", "leak", "clogging", "clogging"]


def test_where_levels_say_nothing_the_most_frequent_fault_is_named(rng):
    faults = np.repeat(FAULTS, [10, 20, 10])
    assert set(LevelMeter().fit(np.tile([-20.0, -30.0], 20), faults).name([-20, -25, -30])) == {"imbalance"}


@pytest.mark.parametrize("n", [1, 3])
def test_levels_that_are_all_alike_within_their_faults(n):
    meter = LevelMeter().fit(np.repeat([-20.0, -30.0], n), np.repeat(["leak", "clogging"], n))
    assert meter.name([-20.1, -29.9]).tolist() == ["leak", "clogging"]


def test_one_fault_is_always_named():
    assert LevelMeter().fit([-20.0], ["leak"]).name([-20, 0, -90]).tolist() == ["leak"] * 3
