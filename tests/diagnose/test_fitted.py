import dataclasses

import numpy as np
import pytest
import torch

from auscult.diagnose import Epoch, softmax
from auscult.diagnose.networks import NETWORKS
from auscult.errors import DataError


@pytest.fixture(params=["small", "original"])
def fitted(request):
    return request.getfixturevalue(request.param)


def test_what_it_says_of_itself(fitted, names):
    assert fitted.class_names == names
    assert fitted.n_bands == 16
    assert fitted.n_changes == (5 if fitted.network == "small" else 0)
    network = NETWORKS[fitted.network](16, fitted.n_changes, 3)
    assert fitted.n_parameters == sum(parameter.numel() for parameter in network.parameters())
    assert set(fitted.weights) == set(network.state_dict())
    assert all(isinstance(value, np.ndarray) for value in fitted.weights.values())
    assert fitted.duration_s > 0
    assert (fitted.device, fitted.warning) == ("cpu", None)
    assert 1 / 3 <= fitted.unknown_below <= 1
    best = fitted.history[fitted.best_epoch - 1]
    assert not any(epoch.is_better_than(best) for epoch in fitted.history)


def test_better_is_by_score_and_then_by_loss():
    one = Epoch(1, 1.0, 0.5, 0.8, 0.1)
    assert one._replace(macro_f1=0.9, held_out_loss=2.0).is_better_than(one)
    assert one._replace(held_out_loss=0.4).is_better_than(one)
    assert not one._replace(number=2).is_better_than(one)
    assert not one._replace(macro_f1=0.7, held_out_loss=0.1).is_better_than(one)


def test_probabilities_are_logits_over_the_temperature(fitted, sides):
    logits, probabilities = fitted.logits(sides[2]), fitted.probabilities(sides[2])
    assert probabilities.shape == (60, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities, softmax(logits, fitted.temperature))
    hotter = dataclasses.replace(fitted, temperature=10 * fitted.temperature)
    assert hotter.probabilities(sides[2]).max() < probabilities.max()


def test_neither_other_clips_nor_their_order_matter(fitted, sides, toy_examples, rng):
    long = toy_examples(rng, 2, n_frames=100)
    both = type(long)(
        [*sides[2].patches, *long.patches],
        np.concatenate([sides[2].changes, long.changes]),
        np.concatenate([sides[2].labels, long.labels]),
        sides[2].takes + long.takes,
    )
    order = rng.permutation(len(both))
    found = np.empty((len(both), 3))
    found[order] = fitted.probabilities(both.subset(order))
    np.testing.assert_allclose(found[:60], fitted.probabilities(sides[2]), atol=1e-5)
    np.testing.assert_allclose(found[60:], fitted.probabilities(long), atol=1e-5)


def test_it_leaves_pytorch_as_it_was(small, sides):
    state, n_threads = torch.get_rng_state(), torch.get_num_threads()
    small.logits(sides[2])
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == n_threads


def test_no_clips(fitted, sides):
    assert fitted.probabilities(sides[2].subset([])).shape == (0, 3)


def test_clips_of_another_recipe(small, original, toy_examples, rng):
    with pytest.raises(DataError, match="clips: n_bands is 20, and the network has learnt from 16"):
        small.probabilities(toy_examples(rng, 1, n_bands=20))
    without = toy_examples(rng, 1, n_changes=0)
    with pytest.raises(DataError, match="clips: n_changes is 0, and the network has learnt from 5"):
        small.probabilities(without)
    assert original.probabilities(without).shape == (3, 3)  # it reads none


def test_as_sure_as_it_is_right(small, sides):
    probabilities = small.probabilities(sides[1])
    is_right = probabilities.argmax(axis=1) == sides[1].labels
    assert np.mean(probabilities.max(axis=1)[is_right] >= small.unknown_below) >= 0.95
    assert small.calibration_error < 0.2
