import numpy as np
import pytest
import torch

from auscult.diagnose import augmentation
from auscult.diagnose.augmentation import augmented, mixed, rolled, shifted, striped


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.randn(32, 16, 40), torch.randn(32, 6), torch.eye(4).repeat(8, 1)


def test_shapes_and_seed(batch):
    one, same, other = (augmented(*batch, np.random.default_rng(seed)) for seed in (1, 1, 2))
    for before, after, again, differently in zip(batch, one, same, other, strict=True):
        assert after.shape == before.shape
        assert after.dtype == torch.float32
        assert torch.equal(after, again)
        assert not torch.equal(after, differently)


def test_the_batch_itself_stays_as_it_is(batch, rng):
    before = [values.clone() for values in batch]
    augmented(*batch, rng)
    assert all(torch.equal(*pair) for pair in zip(batch, before, strict=True))


def test_rolled(rng):
    patches = torch.arange(40.0).repeat(64, 2, 1)
    starts = set()
    for patch in rolled(patches, rng):
        start = int(patch[0, 0])
        starts.add(start)
        assert torch.equal(patch, patches[0].roll(-start, 1))
    assert len(starts) > 20


def test_shifted(batch, rng):
    gains = shifted(batch[0], rng) - batch[0]
    torch.testing.assert_close(gains, gains[:, :1, :1].expand_as(gains), atol=1e-5, rtol=0)
    gains = gains[:, 0, 0]
    assert gains.abs().max() <= augmentation.MOST_GAIN_DB
    assert gains.min() < 0 < gains.max()


def test_striped(rng):
    patches = torch.ones(200, 16, 40)
    found = striped(patches, rng)
    is_blank = (found == 0).numpy()
    assert ((found == 0) | (found == 1)).all()
    n_bands, n_frames = is_blank.all(axis=2).sum(axis=1), is_blank.all(axis=1).sum(axis=1)
    assert (set(n_bands), set(n_frames)) == ({0, 1, 2}, set(range(6)))  # an eighth of 16, and of 40
    for blank, bands, frames in zip(is_blank, n_bands, n_frames, strict=True):
        assert blank.sum() == bands * 40 + frames * 16 - bands * frames
        edges = np.diff(np.pad(blank.all(axis=0).astype(int), 1))
        assert (edges == 1).sum() <= 1  # side by side
    assert set(np.flatnonzero(is_blank.all(axis=2).any(axis=0))) == set(range(16))  # anywhere


def test_mixed_by_one_share_in_everything(batch, rng):
    patches, changes, targets = batch
    patches[:, 0, 0] = changes[:, 0] = torch.arange(32.0)
    found, found_changes, found_targets = mixed(patches, changes, targets, rng)
    torch.testing.assert_close(found[:, 0, 0], found_changes[:, 0])
    torch.testing.assert_close(found_targets.sum(dim=1), torch.ones(32))
    largest = found_targets.max(dim=1).values
    assert (largest > 0.99).any()
    assert (largest < 0.9).any()


def test_noise_on_changes(rng, monkeypatch):
    monkeypatch.setattr(augmentation, "MIXTURE", 1e-9)  # shares are 0 or 1 then
    changes = torch.zeros(64, 500)
    found = augmented(torch.zeros(64, 8, 8), changes, torch.ones(64, 2), rng)[1]
    assert found.std().item() == pytest.approx(augmentation.NOISE, rel=0.05)


def test_without_changes_and_of_one_frame(batch, rng):
    patches, changes, _ = augmented(batch[0][:, :, :1], torch.empty(32, 0), batch[2], rng)
    assert (patches.shape, changes.shape) == ((32, 16, 1), (32, 0))
