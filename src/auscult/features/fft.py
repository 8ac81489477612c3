"""The fast Fourier transform in use: SciPy's where it is installed, else numpy's (docs/decisions/0002-fft.md)."""

try:  # takes several frames at a time: a sixth to a third of numpy's time
    from scipy.fft import irfft, rfft
except ImportError:  # the core install goes without its 110 MB
    from numpy.fft import irfft, rfft

__all__ = ["irfft", "rfft"]
