"""One recording -> its features and those of its augmented copies: the function that workers run, here or anywhere."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.audio.channels import ChannelPolicy
from auscult.audio.read import read_audio
from auscult.audio.storage import open_recording
from auscult.errors import AudioError, AuscultError
from auscult.features.augment import AUGMENTATIONS, BACKGROUND, ORIGINAL_AUGMENTATIONS, Background
from auscult.features.nameplate import Nameplate
from auscult.features.recipe import Features, Recipe

Waveform = NDArray[np.float32]


@dataclass(frozen=True)
class ExtractTask:
    """A recording and what is wanted of it.

    Parameters
    ----------
    location : str
        Path or URL.
    state : str
        `auscult.audio.storage.state_of` it, which comes back with the result: for whoever wants to know whether it has
        changed since.
    augmentations : tuple of str
        Copies that are wanted, by their names; an empty name is the recording itself.
    others : tuple of str
        Recordings to mix in as background: the first that can be read is taken.
    nameplate : Nameplate, optional
    """

    location: str
    state: str = ""
    augmentations: tuple[str, ...] = ("",)
    others: tuple[str, ...] = ()
    nameplate: Nameplate | None = None


@dataclass(frozen=True)
class Extracted:
    """Features of a recording.

    Parameters
    ----------
    content : str
        SHA-256 of the file's bytes.
    features : dict of str -> Features
        By the name of the augmentation.
    """

    content: str
    features: dict[str, Features]


@dataclass(frozen=True)
class Extraction:
    """How features are extracted, of every recording alike.

    Parameters
    ----------
    recipe : Recipe
    channels : ChannelPolicy
    seed : int
        Of the augmented copies: each depends on this, on the recording's bytes and on its own name, on nothing else.
    """

    recipe: Recipe
    channels: ChannelPolicy
    seed: int

    def __call__(self, task: ExtractTask) -> Extracted | AuscultError:
        """Extract the features of a recording.

        Returns
        -------
        Extracted, or AuscultError
            The error is returned and not raised, so that one bad recording does not stop the others.
        """
        try:
            with open_recording(task.location) as (file, _):
                data = file.read()
            y, content = self._waveform(data), hashlib.sha256(data).hexdigest()
            features: dict[str, Features] = {}
            for name in task.augmentations:
                changed = self._augmented(y, name, content, task)
                if changed is y and "" in features:
                    features[name] = features[""]
                elif changed is not None:
                    features[name] = self.recipe.features(changed, task.nameplate)
            return Extracted(content, features)
        except AuscultError as error:
            return error
        except MemoryError:
            return AudioError(task.location, "does not fit into memory", "Cut it into shorter clips.")

    def _waveform(self, data: bytes) -> Waveform:
        return self.recipe.at_own_rate(*read_audio(data, channels=self.channels))

    def _augmented(self, y: Waveform, name: str, content: str, task: ExtractTask) -> Waveform | None:
        """A copy of the waveform, itself for an empty name, or None if there is nothing to mix in."""
        if not name:
            return y
        digest = hashlib.sha256(f"{self.seed}/{content}/{name}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:16], "little"))
        if name == BACKGROUND:
            other = self._background(y, task.others)
            return None if other is None else Background()(y, self.recipe.sr, rng, other=other)
        augmentation = (AUGMENTATIONS | ORIGINAL_AUGMENTATIONS)[name]
        return augmentation(y, self.recipe.sr, rng)

    def _background(self, y: Waveform, locations: tuple[str, ...]) -> Waveform | None:
        for location in locations:
            try:
                with open_recording(location) as (file, _):
                    other = self._waveform(file.read())
            except AuscultError:
                continue  # it is named when its own turn comes
            return other if other.ndim == 1 or other.shape[0] == y.shape[0] else other.mean(axis=0)
        return None


def content_of(location: str) -> str | AuscultError:
    """SHA-256 of a file's bytes, or why it cannot be read."""
    try:
        digest = hashlib.sha256()
        with open_recording(location) as (file, _):
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()
    except AuscultError as error:
        return error
