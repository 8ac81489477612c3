"""Made-up clips whose faults differ by the band they change, and by whether the change comes and goes."""

from collections.abc import Callable

import numpy as np
import pytest

from auscult.diagnose import Examples, Fitted, Training, fit_network

NAMES = ("low", "high", "throbbing")
N_BANDS, N_FRAMES = 16, 48


def _toy_examples(rng, n_per_fault, *, side="", n_changes=5, n_frames=N_FRAMES, n_bands=N_BANDS) -> Examples:
    """Clips of each fault; `low` and `throbbing` raise the same bands by the same mean. Changes say nothing."""
    labels = np.repeat(np.arange(len(NAMES)), n_per_fault)
    patches = []
    for label in labels:
        patch = 3 * rng.standard_normal((n_bands, n_frames))
        throb = 2 * (np.sin(2 * np.pi * (np.arange(n_frames) / 12 + rng.uniform())) > 0)
        start = n_bands // 2 if NAMES[label] == "high" else 0
        patch[start : start + n_bands // 4] += 5 * (throb if NAMES[label] == "throbbing" else 1)
        patches.append(patch)
    changes = 30 * rng.standard_normal((labels.size, n_changes))
    return Examples(patches, changes, labels, tuple(f"{side} {place}" for place in range(labels.size)))


@pytest.fixture(scope="session")
def names() -> tuple[str, ...]:
    return NAMES


@pytest.fixture(scope="session")
def toy_examples() -> Callable[..., Examples]:
    return _toy_examples


@pytest.fixture(scope="session")
def sides() -> tuple[Examples, Examples, Examples]:
    """Clips to learn from, held-out clips, and clips to measure on."""
    rng = np.random.default_rng(1)
    return tuple(_toy_examples(rng, n, side=side) for n, side in ((20, "learnt"), (8, "held"), (20, "new")))


@pytest.fixture(scope="session")
def small(sides) -> Fitted:
    return fit_network(*sides[:2], NAMES, Training(n_epochs=8, device="cpu"))


@pytest.fixture(scope="session")
def original(sides) -> Fitted:
    return fit_network(*sides[:2], NAMES, Training(network="original", n_epochs=3, batch_size=16, device="cpu"))
