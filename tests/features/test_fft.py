import subprocess
import sys

import numpy as np
import scipy.fft

from auscult.features import fft


def test_scipys_is_taken_where_it_is_installed():
    assert fft.rfft is scipy.fft.rfft


def test_without_scipy_the_features_are_the_same(rng, tmp_path):
    """In a process in which SciPy cannot be imported."""
    y = (0.1 * rng.standard_normal(16000)).astype(np.float32)
    np.save(tmp_path / "y.npy", y)
    code = f"""
import sys
sys.modules["scipy"] = None
import numpy as np
from auscult.features import LogMel, fft
assert fft.rfft.__module__.startswith("numpy")
features = LogMel().features(np.load({str(tmp_path / "y.npy")!r}))
np.save({str(tmp_path / "patch.npy")!r}, features.patch)
np.save({str(tmp_path / "descriptors.npy")!r}, features.descriptors)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    from auscult.features import LogMel

    features = LogMel().features(y)
    np.testing.assert_allclose(np.load(tmp_path / "patch.npy"), features.patch, atol=1e-3)
    np.testing.assert_allclose(np.load(tmp_path / "descriptors.npy"), features.descriptors, atol=0.05)
