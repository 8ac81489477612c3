"""Which libraries a bundle was made with."""

from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("auscult", "numpy", "onnxruntime", "soundfile", "soxr", "scikit-learn", "onnx")


def library_versions() -> dict[str, str]:
    """Installed versions of the libraries that can move a bundle's figures."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
