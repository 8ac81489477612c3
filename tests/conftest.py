"""Fixtures that several stages' tests share."""

import os
from pathlib import Path

import numpy as np
import pytest

import auscult

REAL_DATA = Path(os.environ.get("AUSCULT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20210)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real recordings and the original's model."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real recordings in {REAL_DATA}; set AUSCULT_REAL_DATA to where they are")
    return REAL_DATA


@pytest.fixture(scope="session")
def original_bundle(real_data, tmp_path_factory) -> Path:
    """The original's model as a bundle file."""
    from auscult.bundle.import_keras import import_keras

    path = tmp_path_factory.mktemp("original") / "original.auscult"
    import_keras(real_data / "signalml" / "weightsMulti.hdf5").save(path)
    return path


@pytest.fixture(scope="session")
def synthetic_data(tmp_path_factory) -> Path:
    """A small synthetic data set of two fans in MIMII's layout."""
    from auscult.synth import write_dataset

    root = tmp_path_factory.mktemp("synthetic")
    write_dataset(root, n_ids=2, n_normal=20, n_anomalous=8, duration_s=2.0, seed=1)
    return root


@pytest.fixture(scope="session")
def trained_bundle(synthetic_data, tmp_path_factory) -> Path:
    """A bundle trained on the synthetic data set."""
    path = tmp_path_factory.mktemp("trained") / "fan.auscult"
    auscult.train(synthetic_data, n_mels=32).save(path)
    return path
