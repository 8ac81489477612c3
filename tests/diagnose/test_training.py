import dataclasses

import numpy as np
import pytest
import torch

from auscult.diagnose import RECIPES, Examples, Training, epochs, fit_network
from auscult.diagnose.training import Recipe
from auscult.errors import DataError, OptionError


def quick(**options):
    return Training(**({"device": "cpu", "n_epochs": 2} | options))


def are_equal(one, other):
    return all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_recipes():
    assert RECIPES["small"] == Recipe(20, 15, 128, 3e-3, 32, True, True, True, 0.1)
    assert RECIPES["original"] == Recipe(150, 1, None, 1e-3, 256, False, False, False, 0.0)
    assert Training().recipe == RECIPES["small"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_epochs", 3), ("learning_rate", 0.5), ("batch_size", 7), ("is_augmented", False), ("has_class_weights", False)],
)
def test_what_is_said_goes_before_the_recipe(name, value):
    training = Training(**{name: value})
    assert training.recipe == dataclasses.replace(RECIPES["small"], **{name: value})
    assert training.resolved().recipe == training.recipe
    assert getattr(training.resolved(), name) == value
    assert None not in dataclasses.astuple(training.resolved())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("network", "large"),
        ("device", "tpu"),
        ("n_epochs", 0),
        ("n_epochs", 2.5),
        ("batch_size", 1),
        ("seed", -1),
        ("patience", 0),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", "fast"),
    ],
)
def test_options_out_of_range(name, value):
    with pytest.raises(OptionError, match=f"{name}: expected"):
        Training(**{name: value})


def test_learning_rate_is_the_one_used(sides, names):
    """The first step of Adam moves each weight that has a slope by the rate, whatever the slope."""
    one, two = (
        fit_network(*sides[:2], names, quick(network="original", n_epochs=1, learning_rate=rate))
        for rate in (1e-3, 3e-3)
    )
    moved = np.abs(two.weights["output.weight"] - one.weights["output.weight"])
    np.testing.assert_allclose(moved, 2e-3, rtol=1e-2)
    assert two.history[0].learning_rate == 3e-3


def test_learning_rate_of_small_rises_to_the_one_asked_for_and_falls(sides, names):
    rates = [
        epoch.learning_rate for epoch in fit_network(*sides[:2], names, quick(n_epochs=10, learning_rate=0.01)).history
    ]
    assert max(rates) == pytest.approx(0.01, rel=0.02)
    assert rates.index(max(rates)) == 2
    assert rates[-1] < 1e-4


@pytest.fixture
def seen(monkeypatch):
    """Shapes of the patches that networks learn from, one after the other."""
    shapes = []
    for name in RECIPES:

        class Watched(epochs.NETWORKS[name]):
            def forward(self, patches, changes):
                if self.training:
                    shapes.append(tuple(patches.shape))
                return super().forward(patches, changes)

        monkeypatch.setitem(epochs.NETWORKS, name, Watched)
    return shapes


@pytest.mark.parametrize(("size", "sizes"), [(25, [25, 25, 10]), (59, [59]), (60, [60]), (None, [60])])
def test_batch_size_is_the_one_used(sides, names, seen, size, sizes):
    fit_network(*sides[:2], names, quick(network="original", batch_size=size))
    assert [n_clips for n_clips, *_ in seen] == 2 * sizes


def test_an_epoch_of_small_takes_few_clips_several_times(sides, names, seen):
    fit_network(*sides[:2], names, quick())
    assert [n_clips for n_clips, *_ in seen] == 2 * [*7 * [32, 28], 32]  # 15 steps
    seen.clear()
    fit_network(*sides[:2], names, quick(batch_size=3))
    assert len(seen) == 2 * 20  # each clip once


def test_small_learns_from_cuts_and_original_from_whole_clips(rng, names, toy_examples, seen):
    learnt, held_out = (toy_examples(rng, 2, side=side, n_frames=200) for side in ("learnt", "held"))
    for network in RECIPES:
        fit_network(learnt, held_out, names, quick(network=network, n_epochs=1))
    assert {n_frames for *_, n_frames in seen[:1]} == {200}
    assert {n_frames for *_, n_frames in seen[1:]} == {128}


def test_small_learns_from_few_clips_in_few_epochs(sides, names):
    """Four clips a fault: once in each epoch, they would make 8 steps."""
    few = sides[0].subset([*range(4), *range(20, 24), *range(40, 44)])
    fitted = fit_network(few, sides[1], names, quick(n_epochs=8))
    assert np.mean(fitted.probabilities(sides[2]).argmax(axis=1) == sides[2].labels) > 0.8


@pytest.mark.parametrize("network", RECIPES)
def test_what_others_draw_does_not_matter_and_theirs_is_left_alone(sides, names, network):
    torch.manual_seed(5)
    wanted, n_threads = torch.rand(3), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.manual_seed(5)
        one = fit_network(*sides[:2], names, quick(network=network, batch_size=32))
        assert torch.equal(torch.rand(3), wanted)
        other = fit_network(*sides[:2], names, quick(network=network, batch_size=32))
        assert are_equal(one, other)
        assert torch.get_num_threads() == 2
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        torch.set_num_threads(n_threads)


def test_augmentation_is_on_or_off(sides, names, monkeypatch):
    calls = []
    monkeypatch.setattr(epochs, "augmented", lambda *batch: calls.append(batch) or batch[:3])
    fit_network(*sides[:2], names, quick(is_augmented=False))
    fit_network(*sides[:2], names, quick(network="original"))
    assert not calls
    fit_network(*sides[:2], names, quick())
    assert len(calls) == 2 * 15


@pytest.mark.parametrize(("has_weights", "rare"), [(True, 0.5), (False, 0.25)])
def test_class_weights_make_up_for_rare_faults(rng, has_weights, rare):
    """Patches that say nothing: what is left to learn is how often a fault is, or that all count the same."""
    labels = np.repeat([0, 1], [30, 10])
    alike = [np.zeros((15, 20))] * 40
    learnt = Examples(alike, np.empty((40, 0)), labels, tuple(map(str, range(40))))
    held_out = Examples(alike[:2], np.empty((2, 0)), [0, 1], ("x", "y"))
    training = quick(
        network="original", n_epochs=150, learning_rate=0.02, has_class_weights=has_weights, patience=150, batch_size=40
    )
    fitted = fit_network(learnt, held_out, ("often", "rare"), training)
    last = fitted.history[-1]
    # Held out are both once: the loss of a prior of p is the mean of -log(p) and -log(1 - p).
    assert last.held_out_loss == pytest.approx(-(np.log(rare) + np.log(1 - rare)) / 2, abs=0.02)


def test_patience_ends_learning(sides, names):
    fitted = fit_network(*sides[:2], names, quick(n_epochs=60, patience=2, learning_rate=0.05))
    assert len(fitted.history) == fitted.best_epoch + 2 < 60


def test_the_best_epoch_is_kept(sides, names, monkeypatch):
    """Score high in the second epoch, and see that its weights are those handed back."""
    seen = []

    class Watched(epochs.NETWORKS["small"]):
        def train(self, mode=True):
            if not mode:
                seen.append(self.output.weight.detach().numpy().copy())
            return super().train(mode)

    scores = iter([0.5, 0.9, 0.9, 0.7])
    monkeypatch.setitem(epochs.NETWORKS, "small", Watched)
    monkeypatch.setattr(epochs, "macro_f1", lambda *_: next(scores))
    monkeypatch.setattr(torch.nn.functional, "cross_entropy", lambda *_: torch.tensor(1.0))
    fitted = fit_network(*sides[:2], names, quick(n_epochs=4))
    assert fitted.best_epoch == 2  # as good later is no better
    np.testing.assert_array_equal(fitted.weights["output.weight"], seen[1])
    assert not np.array_equal(seen[1], seen[3])


@pytest.mark.parametrize("network", RECIPES)
def test_interrupted_and_gone_on_with_is_as_if_in_one_go(sides, names, tmp_path, network):
    training = quick(network=network, n_epochs=5, batch_size=32, patience=9)
    path, told = tmp_path / "new" / "learning.pt", []

    def interrupt(epoch):
        told.append(epoch.number)
        if epoch.number in (2, 3):
            raise KeyboardInterrupt

    n_threads = torch.get_num_threads()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fit_network(*sides[:2], names, training, checkpoint=path, on_epoch=interrupt)
    assert torch.get_num_threads() == n_threads
    gone_on = fit_network(*sides[:2], names, training, checkpoint=path, on_epoch=interrupt)
    assert told == [1, 2, 3, 4, 5]
    whole = fit_network(*sides[:2], names, training)
    assert are_equal(gone_on, whole)
    assert gone_on.history == whole.history
    assert (gone_on.best_epoch, gone_on.temperature) == (whole.best_epoch, whole.temperature)
    over = fit_network(*sides[:2], names, training, checkpoint=path, on_epoch=interrupt)
    assert told == [1, 2, 3, 4, 5]
    assert are_equal(over, whole)


def test_a_checkpoint_of_something_else_is_not_gone_on_with(sides, names, tmp_path):
    path, told = tmp_path / "learning.pt", []
    fit_network(*sides[:2], names, quick(), checkpoint=path)
    fit_network(*sides[:2], names, quick(seed=1), checkpoint=path, on_epoch=told.append)
    assert [epoch.number for epoch in told] == [1, 2]


@pytest.mark.parametrize("network", RECIPES)
def test_a_loss_that_is_no_number(sides, names, network, tmp_path):
    path = tmp_path / "learning.pt"
    with pytest.raises(DataError, match=r"the loss is not a number any more, in epoch \d .* Lower the learning rate"):
        fit_network(*sides[:2], names, quick(network=network, n_epochs=9, learning_rate=1e25), checkpoint=path)


def test_two_clips_of_a_fault_are_enough_to_run(sides, names, toy_examples):
    learnt = sides[0].subset([0, 1, 20, 21, 40, 41])
    fitted = fit_network(learnt, sides[1], names, quick(n_epochs=4))
    assert np.mean(fitted.probabilities(sides[2]).argmax(axis=1) == sides[2].labels) > 0.4
    fit_network(sides[0].subset([0, 20]), sides[1].subset([0]), names[:2], quick())


def test_one_fault(sides):
    with pytest.raises(DataError, match="there is nothing to tell apart"):
        fit_network(sides[0].subset(range(20)), sides[1].subset([0]), ("low",), quick())


def test_a_fault_without_a_clip(sides, names):
    with pytest.raises(DataError, match="throbbing: has no clip to learn from"):
        fit_network(sides[0].subset(range(40)), sides[1], names, quick())


def test_a_take_on_both_sides(sides, names):
    shared = dataclasses.replace(sides[1], takes=("learnt 3", *sides[1].takes[1:]))
    with pytest.raises(DataError, match=r"take learnt 3: is both learnt from and held out \(1 such takes\)"):
        fit_network(sides[0], shared, names, quick())


def test_sides_that_do_not_belong_together(sides, names, toy_examples, rng):
    with pytest.raises(DataError, match="n_bands is 20, and 16 in learning"):
        fit_network(sides[0], toy_examples(rng, 2, n_bands=20), names, quick())
    with pytest.raises(DataError, match="n_changes is 0, and 5 in learning"):
        fit_network(sides[0], toy_examples(rng, 2, n_changes=0), names, quick())
    with pytest.raises(DataError, match="held-out clips: there are none"):
        fit_network(sides[0], sides[1].subset([]), names, quick())
    with pytest.raises(DataError, match="a label is 2, and there are 2 names"):
        fit_network(*sides[:2], names[:2], quick())
    with pytest.raises(DataError, match="low: is the name of two faults"):
        fit_network(*sides[:2], ("low", "low", "high"), quick())


def test_a_device_that_does_not_compute_is_said(sides, names, monkeypatch):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    fitted = fit_network(*sides[:2], names, Training(n_epochs=1))
    assert fitted.device == "cpu"
    assert "CUDA does not compute" in fitted.warning
    with pytest.raises(OptionError, match="cuda does not compute"):
        fit_network(*sides[:2], names, Training(n_epochs=1, device="cuda"))
