"""A file from which learning goes on where it was interrupted, and ends as it would have ended.

All that is drawn by chance in an epoch is drawn from the seed and the epoch's number, so that no state of a generator
needs to be kept. The file holds tensors, numbers and text only, and is read as such: nothing in it is executed.
"""

import hashlib
import io
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from auscult.diagnose.examples import Examples
from auscult.diagnose.training import Training
from auscult.files import write_whole

FORMAT = 2
"""Raised when anything about learning changes: what an older version began is not gone on with."""

State = dict[str, Any]


def fingerprint(
    learnt: Examples, held_out: Examples, class_names: Sequence[str], training: Training, device: str
) -> str:
    """Text that differs if any clip, name or option does, or the kind of device.

    Parameters
    ----------
    learnt, held_out : Examples
    class_names : sequence of str
    training : Training
        With nothing left to the recipe.
    device : str
        ``cpu`` or ``cuda``: they round differently.
    """
    options = asdict(training) | {"device": device}
    digest = hashlib.blake2b(repr((FORMAT, torch.__version__, tuple(class_names), sorted(options.items()))).encode())
    for examples in (learnt, held_out):
        digest.update(repr((examples.takes, examples.n_frames.tolist(), examples.changes.shape)).encode())
        for array in (examples.labels, examples.changes, *examples.patches):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def save_checkpoint(path: Path, state: State, mark: str) -> None:
    """Write the state of learning, whole or not at all.

    Parameters
    ----------
    path : Path
    state : dict
        Tensors, numbers, text, and lists and dicts of them.
    mark : str
        As `fingerprint` gives it.

    Raises
    ------
    DataError
        If the disk refuses it.
    """
    content = io.BytesIO()
    torch.save({"fingerprint": mark, "state": state}, content)
    write_whole(path, content.getvalue())


def load_checkpoint(path: Path, mark: str) -> State | None:
    """State, on the processor; None if there is no such file, it is damaged, or of other data or options."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch warns of files that are not its own before it refuses them
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError):
        return None
    if not isinstance(content, dict) or content.get("fingerprint") != mark:
        return None
    state: State = content["state"]
    return state
