"""The original's Keras model file -> a bundle that answers as the original did."""

import os
from collections.abc import Sequence
from pathlib import Path

from auscult.bundle.archive import sha256
from auscult.bundle.bundle import Bundle
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.keras_file import read_keras_file
from auscult.bundle.keras_onnx import to_onnx
from auscult.bundle.making import new_bundle
from auscult.bundle.manifest import Manifest
from auscult.bundle.versions import library_versions
from auscult.errors import BundleError, OptionError
from auscult.faults import ORIGINAL_FAULTS, Fault
from auscult.features import OriginalMfcc


def import_keras(path: str | os.PathLike[str], *, faults: Sequence[Fault] = ORIGINAL_FAULTS) -> Bundle:
    """Bundle with the network of a Keras 2 HDF5 file, for the original's features.

    Parameters
    ----------
    path : path
        HDF5 file of a whole sequential model (``model.save``), which takes patches ``(40, 433, 1)``.
    faults : sequence of Fault
        Its classes in the order of its outputs, normality first.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If the file is not such a model, has a layer that is not supported, or another number of classes.
    """
    where = os.fspath(path)
    if len(faults) < 2:
        raise OptionError("--fault", f"{len(faults)} class is named, expected at least 2", "Repeat it for every class.")
    model = read_keras_file(path)
    features = OriginalMfcc()
    expected = (features.n_mfcc, features.n_frames, 1)
    if model.input_shape != expected:
        problem = f"its network takes patches of shape {model.input_shape}, the original's features are {expected}"
        raise BundleError(where, problem, "Only models of the original's 40 MFCCs can be imported.")
    members = {CLASSIFIER: to_onnx(model)}
    manifest = Manifest(
        features=features,
        channels="mean",
        faults=tuple(faults),
        training_data={"imported_from": Path(path).name, "sha256": sha256(Path(path).read_bytes())},
        versions=library_versions(),
    )
    _check_classes(Bundle.from_members(manifest, members, where), where)
    return new_bundle(manifest, members, where)


def _check_classes(bundle: Bundle, where: str) -> None:
    assert bundle.classifier is not None
    n_classes = bundle.classifier.n_classes
    n_faults = len(bundle.manifest.faults)
    if n_classes != n_faults:
        problem = f"its network tells {n_classes} classes apart, but {n_faults} are named"
        raise BundleError(where, problem, "Name each, normality first: --fault NAME=MESSAGE --fault ...")
