import numpy as np
import pytest
import torch
from torch.nn import functional

from auscult.diagnose import RECIPES
from auscult.diagnose.networks import NETWORKS, Original, Small, at_least, pooled
from auscult.errors import DataError


def n_parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_each_has_a_recipe():
    assert set(NETWORKS) == set(RECIPES)


def test_original_has_the_demonstrations_layers():
    network = Original(128, 0, 4)
    kinds = [(layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding)
             for layer in network.convolutions]  # fmt: skip
    assert kinds == [
        (1, 16, (2, 2), (1, 1), (0, 0)),
        (16, 32, (2, 2), (1, 1), (0, 0)),
        (32, 64, (2, 2), (1, 1), (0, 0)),
    ]
    assert network.dropout.p == 0.2
    # (2 x 2 x in + 1) x out for each convolution, and 64 averages to 4 faults.
    assert n_parameters(network) == 5 * 16 + 65 * 32 + 129 * 64 + 65 * 4 == 10676


def test_original_is_equal_to_rectifying_before_pooling():
    torch.manual_seed(0)
    network = Original(20, 0, 3).eval()
    patches = 10 * torch.randn(2, 20, 30)
    maps = patches[:, None]
    for layer in network.convolutions:
        maps = functional.max_pool2d(functional.conv2d(maps, layer.weight, layer.bias).relu(), 2)
    torch.testing.assert_close(network(patches, torch.empty(2, 0)), network.output(maps.mean(dim=(2, 3))))


def test_original_passes_changes_over_and_needs_fifteen_bands():
    network = Original(15, 3, 2).eval()
    patches = torch.randn(2, 15, 40)
    assert torch.equal(network(patches, torch.zeros(2, 3)), network(patches, torch.ones(2, 3)))
    assert network.n_changes == 0
    with pytest.raises(DataError, match=r"have 14 bands, and the network 'original' needs 15. Use the network 'small'"):
        Original(14, 0, 2)


def test_small_is_small():
    assert n_parameters(Small(128, 1200, 8)) <= 300_000


@pytest.mark.parametrize("n_bands", [1, 2, 15, 64, 65])
@pytest.mark.parametrize("n_changes", [0, 3])
@pytest.mark.parametrize("n_frames", [1, 7, 8, 33])
def test_small_takes_any_number_of_bands_and_frames(n_bands, n_changes, n_frames):
    network = Small(n_bands, n_changes, 3).eval()
    logits = network(torch.randn(2, n_bands, n_frames), torch.randn(2, n_changes))
    assert logits.shape == (2, 3)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_short_clips_count_as_if_they_began_anew(name):
    torch.manual_seed(0)
    network = NETWORKS[name](16, 0, 3).eval()
    patch = torch.randn(1, 16, 5)
    again = patch.repeat(1, 1, 3)[..., : network.LEAST]
    assert torch.equal(network(patch, torch.empty(1, 0)), network(again, torch.empty(1, 0)))


def test_small_does_not_tell_changes_beyond_the_largest_apart():
    network = Small(8, 0, 2).eval()
    loud = torch.full((1, 8, 20), 24.0)
    assert torch.equal(network(loud, torch.empty(1, 0)), network(10 * loud, torch.empty(1, 0)))
    assert not torch.equal(network(loud, torch.empty(1, 0)), network(0.9 * loud, torch.empty(1, 0)))


def test_small_keeps_bands_apart_and_does_not_care_when_something_happens():
    torch.manual_seed(0)
    network = Small(16, 0, 2).eval()
    patch = torch.zeros(1, 16, 64)
    patch[:, 3, 16:32] = 12
    later, higher = patch.roll(16, 2), patch.roll(8, 1)
    there, then, elsewhere = (network(one, torch.empty(1, 0)) for one in (patch, later, higher))
    torch.testing.assert_close(there, then, atol=1e-5, rtol=0)
    assert (there - elsewhere).abs().max() > 0.01


def test_the_slope_is_finite_where_nothing_moves():
    network = Small(8, 2, 2)
    network(torch.zeros(4, 8, 1), torch.zeros(4, 2)).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in network.parameters())


def test_what_did_not_move_in_learning_does_not_decide():
    torch.manual_seed(0)
    network = Small(8, 1, 2)
    for _ in range(3):
        network(torch.randn(8, 8, 20), torch.zeros(8, 1))
    network.eval()
    patches = torch.zeros(1, 8, 20)
    moved = network(patches, torch.full((1, 1), 0.1)) - network(patches, torch.zeros(1, 1))
    torch.testing.assert_close(moved, network.changes.weight.T.detach(), atol=1e-4, rtol=0)


def test_pooled_are_mean_and_deviation():
    maps = torch.randn(2, 3, 4, 9, dtype=torch.float64)
    found = pooled(maps).numpy()
    wanted = np.concatenate([maps.mean(3).flatten(1), maps.numpy().std(axis=3).reshape(2, -1)], axis=1)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_at_least():
    values = torch.arange(3.0)[None, None]
    assert at_least(values, 7)[0, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert at_least(values, 3) is values
