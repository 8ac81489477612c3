"""Pins: one version of everything, and of what serves the hashes of its files."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
EXTRAS = ("registry", "monitor", "azure")
"""Those of the image."""


def pins(name):
    found = re.findall(r"^([\w.-]+)==([^\s\\;]+)", (ROOT / name).read_text(), re.M)
    return {canonicalize_name(package): version for package, version in found}


def needed(package, extras=(), seen=()):
    """Everything that a package needs here, of the versions that are installed."""
    found = set()
    try:
        requires = distribution(package).requires or ()
    except PackageNotFoundError:
        return found  # of another platform
    for line in requires:
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            name = canonicalize_name(requirement.name)
            if name not in seen and name not in found:
                found |= {name} | needed(name, tuple(requirement.extras), (*seen, *found, name))
    return found


def test_the_lock_has_everything_that_serves_and_its_hashes():
    locked = pins("serving.lock")
    assert needed("auscult", EXTRAS) <= set(locked)
    blocks = re.split(r"^(?=\S)", (ROOT / "serving.lock").read_text(), flags=re.M)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_the_lock_agrees_with_the_constraints():
    constraints = pins("constraints.txt")
    assert {name: constraints.get(name) for name in pins("serving.lock")} == pins("serving.lock")


def test_the_lock_has_nothing_that_only_training_needs():
    assert not {"torch", "scikit-learn", "pandas", "plotly", "scipy", "onnx"} & set(pins("serving.lock"))
