import numpy as np
import pytest
import torch

from auscult.diagnose import Training, fit_network
from auscult.diagnose.epochs import one_cycle, repeatable


def test_one_cycle_is_pytorchs():
    n_steps = 1001
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.AdamW([weight], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=n_steps)
    optimizer.step()
    rates = []
    for _ in range(n_steps):
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step()
    found = [one_cycle((step + 0.5) / n_steps) for step in range(n_steps)]
    np.testing.assert_allclose(found, rates, atol=5e-3)


def test_repeatable_puts_everything_back_when_interrupted():
    determinism = torch.utils.deterministic

    def settings():
        is_filled = determinism.fill_uninitialized_memory
        return torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), is_filled

    before, drawn = settings(), torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt), repeatable(torch.device("cpu")):
        assert settings() == (1, True, False)
        torch.rand(3)
        raise KeyboardInterrupt
    assert settings() == before
    assert torch.equal(torch.get_rng_state(), drawn)


def test_loss_falls_and_small_tells_bands_and_modulation_apart(small, sides):
    assert small.history[-1].loss < 0.7 * small.history[0].loss
    is_right = small.probabilities(sides[2]).argmax(axis=1) == sides[2].labels
    assert [is_right[sides[2].labels == label].mean() >= 0.85 for label in range(3)] == [True] * 3


@pytest.mark.slow
def test_changes_of_descriptors_are_learnt_from(toy_examples, names):
    rng = np.random.default_rng(0)
    means = 200 * rng.standard_normal((3, 6))

    def clips(n, side):
        blank = toy_examples(rng, n, side=side, n_changes=6)
        changes = means[blank.labels] * rng.uniform(0.3, 3, (len(blank), 1))
        return type(blank)([0 * patch for patch in blank.patches], changes, blank.labels, blank.takes)

    learnt, held_out, new = clips(12, "a"), clips(5, "b"), clips(20, "c")
    fitted = fit_network(learnt, held_out, names, Training(n_epochs=20, device="cpu"))
    assert np.mean(fitted.probabilities(new).argmax(axis=1) == new.labels) > 0.95


def test_clips_of_many_lengths(toy_examples, names):
    rng = np.random.default_rng(0)
    pieces = [toy_examples(rng, 4, side=str(n), n_frames=n) for n in (24, 31, 48, 100)]
    learnt = type(pieces[0])(
        [patch for piece in pieces for patch in piece.patches],
        np.concatenate([piece.changes for piece in pieces]),
        np.concatenate([piece.labels for piece in pieces]),
        [take for piece in pieces for take in piece.takes],
    )
    fitted = fit_network(learnt, toy_examples(rng, 5, side="held", n_frames=70), names, Training(device="cpu"))
    new = toy_examples(rng, 10, n_frames=60)
    assert np.mean(fitted.probabilities(new).argmax(axis=1) == new.labels) > 0.6
