import subprocess
import sys

import numpy as np
import pytest

from auscult.audio.splits import contiguous_blocks
from auscult.detect import NormalityModel
from auscult.detect.normality import MAX_BANK, N_BLOCKS, N_SCORES
from auscult.errors import BundleError, DataError
from auscult.metrics import roc_auc

GROUPS = {"narrow": slice(0, 3), "wide": slice(3, 10)}


@pytest.fixture
def X(rng):
    return rng.standard_normal((60, 10)) @ rng.standard_normal((10, 10)) + 5


@pytest.fixture
def model(X):
    return NormalityModel(GROUPS).fit(X)


def auc_of(X, normal, anomalous):
    truth = np.repeat([False, True], [len(normal), len(anomalous)])
    return roc_auc(truth, NormalityModel().fit(X).anomaly_scores(np.concatenate([normal, anomalous])))


def cross_fitted_by_hand(X, blocks, is_strange):
    scores = np.empty((len(X), N_SCORES))
    for block in blocks:
        rest = NormalityModel()
        is_learnt = ~is_strange
        is_learnt[block] = False
        rest._learn(X[is_learnt], len(X) - max(map(len, blocks)))
        scores[block] = rest._view_scores(X[block])
    counted = scores[~is_strange]
    fused = ((scores - counted.mean(axis=0)) / counted.std(axis=0)).mean(axis=1)
    return fused / fused[~is_strange].std()


def test_fit_gives_the_model_and_takes_any_array(X):
    plain = NormalityModel()
    assert plain.fit(X) is plain
    expected = plain.anomaly_scores(X)
    assert expected.shape == (60,)
    for other in (X.tolist(), np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2]):
        np.testing.assert_allclose(NormalityModel().fit(other).anomaly_scores(other), expected, rtol=1e-5, atol=1e-5)
    single = X.astype(np.float32)
    np.testing.assert_allclose(NormalityModel().fit(single).anomaly_scores(single), expected, rtol=1e-3, atol=1e-3)
    whole = np.rint(10 * X).astype(int)
    assert np.isfinite(NormalityModel().fit(whole).anomaly_scores(whole)).all()


def test_fit_leaves_its_input_alone_and_forgets_what_it_learnt_before(X):
    before = X.copy()
    again = NormalityModel().fit(X * 3 - 7).fit(X)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(again.anomaly_scores(X), NormalityModel().fit(X).anomaly_scores(X))


def test_new_normal_clips_score_zero_give_or_take_one(rng):
    mixing = rng.standard_normal((8, 8))
    model = NormalityModel().fit(rng.standard_normal((400, 8)) @ mixing)
    scores = model.anomaly_scores(rng.standard_normal((2000, 8)) @ mixing)
    assert abs(scores.mean()) < 0.15
    assert scores.std() == pytest.approx(1, abs=0.15)
    counted = model.cross_fitted_scores_[~model.is_strange_]
    assert counted.mean() == pytest.approx(0, abs=1e-9)
    assert counted.std() == pytest.approx(1)


def test_what_is_far_scores_higher(X, rng):
    model = NormalityModel().fit(X)
    scores = model.anomaly_scores(X.mean(axis=0) + np.outer([0, 3, 10, 30, 1e4], rng.standard_normal(10)))
    assert scores.tolist() == sorted(scores)


def test_cross_fitted_scores_are_of_models_without_the_block(rng):
    X = rng.standard_normal((60, 4))
    model = NormalityModel().fit(X)
    expected = cross_fitted_by_hand(X, np.array_split(np.arange(60), N_BLOCKS), model.is_strange_)
    np.testing.assert_allclose(model.cross_fitted_scores_, expected, rtol=1e-6, atol=1e-6)


def test_remixes_of_a_take_are_left_out_together(rng):
    """Takes come at two SNRs and in no order; blocks are made of the takes in the order of their names."""
    X = rng.standard_normal((40, 3))
    numbers = rng.permutation(np.repeat(np.arange(20), 2))
    model = NormalityModel().fit(X, [f"take_{number}" for number in numbers])
    blocks = [np.flatnonzero(numbers // 4 == block) for block in range(N_BLOCKS)]
    expected = cross_fitted_by_hand(X, blocks, model.is_strange_)
    np.testing.assert_allclose(model.cross_fitted_scores_, expected, rtol=1e-6, atol=1e-6)


def test_a_leak_would_show(rng):
    """With more descriptors than clips, learnt clips score far lower than new ones; cross-fitted scores must not."""
    X = rng.standard_normal((15, 100))
    model = NormalityModel().fit(X)
    new = model.anomaly_scores(rng.standard_normal((200, 100)))
    assert np.median(model.anomaly_scores(X)) < np.median(new) - 5
    assert np.median(model.cross_fitted_scores_) > np.median(new) - 1


def test_a_remix_that_was_learnt_would_show(rng):
    """Near-copies of every clip: as takes of their own they are found again, as remixes of one take they are not."""
    once = rng.standard_normal((40, 30))
    X = np.concatenate([once, once + 1e-3 * rng.standard_normal(once.shape)])
    shared = NormalityModel().fit(X, [f"{number:02d}" for number in range(40)] * 2)
    expected = NormalityModel().fit(once).cross_fitted_scores_
    assert np.corrcoef(shared.cross_fitted_scores_[:40], expected)[0, 1] > 0.7
    blocks = contiguous_blocks([f"{number:02d}" for number in range(40)] * 2, N_BLOCKS)
    assert all(set(block % 40) == set(block[block < 40]) for block in blocks)


def test_scale_and_offset_of_descriptors_do_not_matter(X, rng):
    scales, new = 10.0 ** np.arange(-5, 5), rng.standard_normal((30, 10)) + 5
    expected = NormalityModel().fit(X).anomaly_scores(new)
    moved = NormalityModel().fit(scales * (X + 7)).anomaly_scores(scales * (new + 7))
    np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-3)


def test_groups_scores_have_the_anomaly_score_as_their_mean(model, X, rng):
    new = X + 3 * rng.standard_normal(X.shape)
    scores = model.group_scores(new)
    assert list(scores) == ["narrow", "wide"]
    np.testing.assert_allclose(np.mean(list(scores.values()), axis=0), model.anomaly_scores(new))
    plain = NormalityModel().fit(X)
    np.testing.assert_allclose(plain.group_scores(new)["all"], plain.anomaly_scores(new))


def test_group_that_changed_scores_highest(model, X):
    changed = X[:10].copy()
    changed[:, :3] += 50
    scores = model.group_scores(changed)
    assert np.all(scores["narrow"] > 10)
    assert np.all(scores["narrow"] > scores["wide"] + 10)


def test_narrow_groups_count_as_much_as_wide_ones(rng):
    X = rng.standard_normal((200, 44))
    groups = {"narrow": slice(0, 4), "wide": slice(4, 44)}
    changed = rng.standard_normal((100, 44))
    changed[:, :4] *= 3
    truth = np.repeat([False, True], 100)
    new = np.concatenate([rng.standard_normal((100, 44)), changed])
    apart, together = (roc_auc(truth, NormalityModel(own).fit(X).anomaly_scores(new)) for own in (groups, None))
    assert apart > together + 0.02


def test_coordinates_in_which_groups_count_alike(model, X):
    coordinates = model.coordinates(X)
    variances = np.square(coordinates).sum(axis=0) / len(X)
    assert variances.sum() == pytest.approx(2, rel=1e-4)
    halves = variances[variances > 0]
    np.testing.assert_allclose(halves[:3].sum(), 1, rtol=1e-4)


def test_between_two_operating_states_is_far_from_both(rng):
    states = np.array([np.zeros(6), np.full(6, 20.0)])
    X = rng.standard_normal((300, 6)) + states[np.arange(300) % 2]
    model = NormalityModel().fit(X)
    for state in states:
        scores = model.anomaly_scores(rng.standard_normal((200, 6)) + state)
        assert abs(scores.mean()) < 1
        assert np.quantile(scores, 0.99) < 5
    half_way = model.anomaly_scores(states.mean(axis=0) + 0.5 * rng.standard_normal((50, 6)))
    assert half_way.min() > 10
    assert np.linalg.norm(states.mean(axis=0) - X.mean(axis=0)) < 0.5, "the mean is what it is nearest to"


def test_sessions_that_were_appended_are_all_normal(rng):
    """The machine sounds a little different each day."""
    days = rng.standard_normal((4, 6)) * 5
    X = np.concatenate([day + rng.standard_normal((60, 6)) for day in days])
    model = NormalityModel().fit(X)
    new = [model.anomaly_scores(day + rng.standard_normal((100, 6))) for day in days]
    assert all(scores.mean() < 1 for scores in new)
    first_only = NormalityModel().fit(X[:60]).anomaly_scores(X[60:])
    assert np.median(first_only) > 10


@pytest.mark.parametrize("n_clips", [5, 6, 8, 10, 12, 17])
@pytest.mark.parametrize("n_descriptors", [1, 4, 200])
def test_few_clips_are_enough_for_what_is_gross(rng, n_clips, n_descriptors):
    model = NormalityModel().fit(rng.standard_normal((n_clips, n_descriptors)))
    normal = model.anomaly_scores(rng.standard_normal((50, n_descriptors)))
    gross = model.anomaly_scores(rng.standard_normal((50, n_descriptors)) + 20)
    assert np.isfinite(normal).all()
    assert np.isfinite(model.cross_fitted_scores_).all()
    assert gross.min() > normal.max()


@pytest.mark.parametrize(
    ("takes", "said"), [(list("abcd"), "4 normal recordings are"), (["a"] * 30, "1 normal recording is")]
)
def test_too_few_takes(takes, said):
    with pytest.raises(DataError, match=f"{said} too few to learn from, expected at least 5"):
        NormalityModel().fit(np.ones((len(takes), 3)), takes)


@pytest.mark.parametrize("n_clips", [0, 1, 4])
def test_too_few_clips(n_clips):
    with pytest.raises(DataError, match=f"{n_clips} normal recording"):
        NormalityModel().fit(np.ones((n_clips, 4)))


def test_takes_of_other_clips(X):
    with pytest.raises(DataError, match="7 takes and 60 clips"):
        NormalityModel().fit(X, list("abcdefg"))


def test_identical_clips(rng):
    same = np.tile(rng.standard_normal(5), (12, 1))
    model = NormalityModel().fit(same)
    assert np.isfinite(model.cross_fitted_scores_).all()
    scores = model.anomaly_scores(same[:1] + np.array([[0.0], [1], [10]]))
    assert np.isfinite(scores).all()
    assert scores.tolist() == sorted(set(scores))


def test_a_constant_descriptor_is_no_alarm_when_it_first_varies(X, rng):
    X[:, 3] = -80
    model = NormalityModel().fit(X)
    new = X[:30].copy()
    new[:, 3] += 0.1
    np.testing.assert_allclose(model.anomaly_scores(new), model.anomaly_scores(X[:30]), atol=1)
    new[:, 3] += 100
    assert model.anomaly_scores(new).min() > 10, "but it is one when it changes altogether"


def test_clips_that_are_there_several_times(X):
    scores = NormalityModel().fit(np.concatenate([X, X, X[:1].repeat(30, axis=0)])).anomaly_scores(X + 1)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_none_is_named(X, model, value):
    X[4, 2] = value
    for refuse in (NormalityModel().fit, model.anomaly_scores, model.group_scores):
        with pytest.raises(DataError, match="descriptor 2 of clip 4 is NaN or infinite"):
            refuse(X)


def test_a_column_without_values_is_to_be_left_out(X):
    X[:, 6] = np.nan
    with pytest.raises(DataError, match=r"descriptor 6 is NaN or infinite in all 60 clips\. Leave that column out"):
        NormalityModel().fit(X)


@pytest.mark.parametrize("shape", [(5,), (5, 0), (2, 3, 4)])
def test_shape_is_named(shape):
    with pytest.raises(DataError, match="expected shape"):
        NormalityModel().fit(np.ones(shape))


@pytest.mark.parametrize("width", [1, 9, 11])
def test_other_number_of_descriptors(model, width):
    for refuse in (model.anomaly_scores, model.group_scores):
        with pytest.raises(DataError, match=f"{width} descriptors a clip, expected 10"):
            refuse(np.ones((4, width)))


def test_different_faults_hidden_among_normal_clips_hardly_harm(rng):
    """5 % of the clips have a fault, each another one: 10 deviations in 3 of 20 descriptors."""

    def faulty(n):
        clips = rng.standard_normal((n, 20))
        for clip in clips:
            clip[rng.permutation(20)[:3]] += rng.choice([-10, 10], 3)
        return clips

    X, normal, anomalous = rng.standard_normal((400, 20)), rng.standard_normal((300, 20)), faulty(300)
    hidden = X.copy()
    hidden[rng.permutation(400)[:20]] = faulty(20)
    assert auc_of(X, normal, anomalous) > 0.99
    assert auc_of(hidden, normal, anomalous) > auc_of(X, normal, anomalous) - 0.05


def test_one_fault_hidden_among_normal_clips_looks_like_a_rare_state(rng):
    """The very fault that is to be found, in 5 % of the clips: neighbours call it normal, the other views do not."""
    fault = np.zeros(20)
    fault[:3] = 10
    X, normal = rng.standard_normal((400, 20)), rng.standard_normal((300, 20))
    anomalous = rng.standard_normal((300, 20)) + fault
    hidden = X.copy()
    hidden[rng.permutation(400)[:20]] += fault
    assert auc_of(X, normal, anomalous) > 0.99
    assert auc_of(hidden, normal, anomalous) > 0.7


def test_clips_unlike_all_others_are_set_aside_and_still_count_for_thresholds(rng):
    X = rng.standard_normal((200, 10))
    X[[20, 90, 150]] += 15 * rng.standard_normal((3, 10))
    model = NormalityModel().fit(X)
    assert {20, 90, 150} <= set(np.flatnonzero(model.is_strange_))
    assert model.is_strange_.sum() < 10
    assert not set(np.flatnonzero(model.is_strange_)) & set(model.bank_places_)
    np.testing.assert_array_equal(model.bank_, X[model.bank_places_].astype(np.float32))
    assert set(np.argsort(model.cross_fitted_scores_)[-3:]) == {20, 90, 150}


def test_a_rare_state_is_not_set_aside(rng):
    """One clip in ten is of another state, far away."""
    X = rng.standard_normal((300, 10))
    rare = np.arange(300) % 10 == 0
    X[rare] += 10
    assert NormalityModel().fit(X).is_strange_[rare].mean() < 0.2


def test_more_clips_than_are_kept(rng):
    X = rng.standard_normal((MAX_BANK + 200, 5))
    model = NormalityModel().fit(X)
    assert model.bank_.shape == (MAX_BANK, 5)
    assert np.all(np.diff(model.bank_places_) > 0)
    np.testing.assert_array_equal(model.bank_, X[model.bank_places_].astype(np.float32))
    assert model.cross_fitted_scores_.shape == (len(X),)
    is_kept = np.isin(np.arange(len(X)), model.bank_places_)
    assert 0.7 < is_kept[::2].sum() / is_kept[1::2].sum() < 1.4, "of both SNRs where they take turns"
    new = model.anomaly_scores(rng.standard_normal((1000, 5)))
    assert abs(new.mean()) < 0.2


def test_fewer_clips_than_are_kept_are_all_kept_in_order(X):
    model = NormalityModel().fit(X)
    assert model.bank_places_.tolist() == list(range(60))


@pytest.mark.parametrize("groups", [None, GROUPS])
@pytest.mark.parametrize("n_clips", [6, 60])
def test_what_was_learnt_goes_through_a_file(X, rng, tmp_path, groups, n_clips):
    model = NormalityModel(groups).fit(X[:n_clips])
    np.savez(tmp_path / "model.npz", **model.to_arrays())
    with np.load(tmp_path / "model.npz", allow_pickle=False) as arrays:
        again = NormalityModel.from_arrays(dict(arrays), groups)
    new = np.concatenate([X, X + 5 * rng.standard_normal(X.shape)])
    expected = model.anomaly_scores(new)
    np.testing.assert_allclose(again.anomaly_scores(new), expected, rtol=1e-5, atol=1e-5)
    one_by_one = [again.anomaly_scores(clip[None]).item() for clip in new]
    np.testing.assert_allclose(one_by_one, expected, rtol=1e-4, atol=1e-4)


def test_missing_arrays(model):
    for name in model.to_arrays():
        arrays = model.to_arrays()
        del arrays[name]
        with pytest.raises(BundleError, match="unexpected arrays"):
            NormalityModel.from_arrays(arrays, GROUPS)


def test_arrays_of_other_models(model, X):
    other = NormalityModel(GROUPS).fit(X[:20]).to_arrays()
    for name, array in model.to_arrays().items():
        if array.shape != other[name].shape and "Mixture" not in name and "whitening" not in name:
            with pytest.raises(BundleError):
                NormalityModel.from_arrays(model.to_arrays() | {name: other[name]}, GROUPS)
    for groups in (None, {"all": slice(0, 10)}, {"a": slice(0, 3), "b": slice(3, 12)}):
        with pytest.raises(BundleError):
            NormalityModel.from_arrays(model.to_arrays(), groups)


@pytest.mark.parametrize(
    "name", ["mean", "scale", "bank", "centre", "spread", "Neighbours/radii", "WhitenedNeighbours/whitening"]
)
@pytest.mark.parametrize("n_left", [0, 1])
def test_arrays_that_were_cut(model, name, n_left):
    arrays = model.to_arrays()
    with pytest.raises(BundleError):
        NormalityModel.from_arrays(arrays | {name: arrays[name][:n_left]}, GROUPS)


def test_scoring_needs_numpy_alone(model, X, tmp_path):
    np.savez(tmp_path / "model.npz", **model.to_arrays())
    np.save(tmp_path / "X.npy", X)
    code = """
import sys
import numpy as np
import auscult.detect
from auscult.detect import NormalityModel
with np.load("model.npz", allow_pickle=False) as arrays:
    model = NormalityModel.from_arrays(dict(arrays), {"narrow": slice(0, 3), "wide": slice(3, 10)})
print(*model.anomaly_scores(np.load("X.npy")))
assert not {"sklearn", "scipy", "threadpoolctl", "joblib"} & {name.partition(".")[0] for name in sys.modules}
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = np.array(done.stdout.split(), float)
    np.testing.assert_allclose(found, model.anomaly_scores(X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", [0, 15, 19, 21])
def test_thresholds_hold_for_new_normal_clips(seed):
    """A mixture of as many components as the clips allow must not be another one in the last fit."""
    rng = np.random.default_rng(seed)
    model = NormalityModel().fit(rng.standard_normal((600, 64)))
    threshold = np.quantile(model.cross_fitted_scores_, 0.95)
    assert 0.01 < np.mean(model.anomaly_scores(rng.standard_normal((1000, 64))) > threshold) < 0.1


def test_thresholds_hold_where_clips_were_set_aside(rng):
    X = rng.standard_normal((600, 20))
    X[::40] += 12 * rng.standard_normal((15, 20))
    model = NormalityModel().fit(X)
    assert model.is_strange_.sum() >= 12
    new = rng.standard_normal((4000, 20))
    new[::40] += 12 * rng.standard_normal((100, 20))
    share = np.mean(model.anomaly_scores(new) > np.quantile(model.cross_fitted_scores_, 0.9))
    assert share == pytest.approx(0.1, abs=0.03)


def test_numbers_of_any_size_are_scored(rng):
    X = rng.standard_normal((60, 5))
    far = NormalityModel().fit(X).anomaly_scores(np.full((1, 5), 1e300))
    assert np.isfinite(far).all()
    assert far > 1000


def test_takes_of_any_kind(rng):
    X = rng.standard_normal((40, 3))
    numbers = np.arange(40) // 2
    by_number, by_name = (NormalityModel().fit(X, takes) for takes in (numbers, [str(number) for number in numbers]))
    np.testing.assert_array_equal(by_number.cross_fitted_scores_, by_name.cross_fitted_scores_)
