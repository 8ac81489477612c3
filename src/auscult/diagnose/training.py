"""How a network learns to name faults, and what it may learn from."""

import math
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from auscult.diagnose.device import DEVICES, choose_device
from auscult.diagnose.examples import Examples
from auscult.errors import DataError, OptionError
from auscult.extras import require

if TYPE_CHECKING:
    from auscult.diagnose.fitted import Epoch, Fitted


@dataclass(frozen=True)
class Recipe:
    """Options that go with a network where no others are given, and how its weights are moved."""

    n_epochs: int
    least_steps: int
    """Of an epoch: few clips are taken several times over, until there are so many."""
    most_frames: int | None
    """To which clips are cut, anew each time; None leaves them as long as the median clip."""
    learning_rate: float
    batch_size: int
    is_augmented: bool
    has_class_weights: bool
    is_annealed: bool
    """Whether the learning rate rises and falls over the epochs, or stays."""
    weight_decay: float


RECIPES = {
    # The 2021 demonstration's, which trained for 150 epochs on what it had.
    "original": Recipe(
        n_epochs=150,
        least_steps=1,
        most_frames=None,
        learning_rate=1e-3,
        batch_size=256,
        is_augmented=False,
        has_class_weights=False,
        is_annealed=False,
        weight_decay=0.0,
    ),
    "small": Recipe(
        n_epochs=20,
        # A step of Adam moves a weight by about the rate, over all steps half the highest: 300 of them by up to 0.45.
        # First weights are within 0.2 (of 25 inputs) of 0, so that fewer steps could hardly turn them round.
        least_steps=15,
        # 4 s of frames of 32 ms. Of time remain mean and deviation, for which a cut does, and is another each time.
        most_frames=128,
        learning_rate=3e-3,
        batch_size=32,
        is_augmented=True,
        has_class_weights=True,
        is_annealed=True,
        weight_decay=0.1,
    ),
}


@dataclass(frozen=True)
class Training:
    """How a network learns. What is None is as the network's recipe in `RECIPES` has it.

    Raises
    ------
    OptionError
        If an option is out of range.
    """

    network: str = "small"
    """``small``, or ``original``: the 2021 demonstration's, which reads patches only."""
    n_epochs: int | None = None
    """Most epochs: each takes all clips once, or few clips several times (`Recipe.least_steps`)."""
    learning_rate: float | None = None
    """Of AdamW; the highest where it rises and falls."""
    batch_size: int | None = None
    """Clips a step, at least 2: nothing can be standardised over one."""
    seed: int = 0
    """What the first weights, the order, and all variations are drawn from."""
    device: str = "auto"
    """``auto``, ``cpu`` or ``cuda``."""
    patience: int = 20
    """Epochs without a better one after which learning ends."""
    is_augmented: bool | None = None
    """Whether batches are varied (`auscult.diagnose.augmentation`)."""
    has_class_weights: bool | None = None
    """Whether all faults count the same, however few clips have them."""

    def __post_init__(self) -> None:
        if self.network not in RECIPES:
            problem = f"expected one of {', '.join(RECIPES)}, got {self.network!r:.40}"
            raise OptionError("network", problem, "Use small.")
        if self.device not in DEVICES:
            problem = f"expected one of {', '.join(DEVICES)}, got {self.device!r:.40}"
            raise OptionError("device", problem, "Use auto.")
        for name, least in (("n_epochs", 1), ("batch_size", 2), ("seed", 0), ("patience", 1)):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < least):
                problem = f"expected a whole number from {least}, got {value!r:.40}"
                raise OptionError(name, problem, "Leave it out to use the recipe's.")
        rate = self.learning_rate
        if rate is not None and not (isinstance(rate, int | float) and 0 < rate < math.inf):
            problem = f"expected a number above 0, got {rate!r:.40}"
            raise OptionError("learning_rate", problem, "0.003 is usual for small, 0.001 for original.")

    @property
    def recipe(self) -> Recipe:
        """The network's recipe, with what this says otherwise."""
        recipe = RECIPES[self.network]
        names = ("n_epochs", "learning_rate", "batch_size", "is_augmented", "has_class_weights")
        return replace(recipe, **{name: getattr(self, name) for name in names if getattr(self, name) is not None})

    def resolved(self) -> Self:
        """The same with nothing left to the recipe."""
        names = ("n_epochs", "learning_rate", "batch_size", "is_augmented", "has_class_weights")
        return replace(self, **{name: getattr(self.recipe, name) for name in names})


def fit_network(
    learnt: Examples,
    held_out: Examples,
    class_names: Sequence[str],
    training: Training | None = None,
    *,
    on_epoch: "Callable[[Epoch], None] | None" = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> "Fitted":
    """Learn to name faults.

    On the processor the same arguments give the same weights, to the bit: PyTorch computes on one thread while this
    lasts.

    Parameters
    ----------
    learnt : Examples
        Of every fault at least one clip.
    held_out : Examples
        Clips of other takes. They say which epoch was the best (by macro F1, then by loss), when to stop, and how far
        probabilities can be believed. So figures on them flatter: what the network is worth is measured on others.
    class_names : sequence of str
        What `labels` are places in.
    training : Training, optional
    on_epoch : callable, optional
        Gets each `Epoch` when it is over and in the checkpoint. What it raises ends learning.
    checkpoint : path, optional
        File that is written whole after each epoch, and gone on from where it is of the same data and options: to the
        result that learning in one go has. Any other file there is written over.

    Returns
    -------
    Fitted

    Raises
    ------
    DataError
        If there are fewer than two faults, a fault without a clip, a take on both sides, nothing held out; if the bands
        or changes differ, or are too few for the network; or if the loss is no longer a number.
    OptionError
        If the device does not compute.
    MissingExtraError
        Without PyTorch.
    """
    training = (training or Training()).resolved()
    names = tuple(class_names)
    check_examples(learnt, held_out, names)
    require("torch", extra="train")
    from auscult.diagnose.epochs import learn

    device, warning = choose_device(training.device)
    path = None if checkpoint is None else Path(checkpoint)
    return learn(learnt, held_out, names, training, device=device, warning=warning, on_epoch=on_epoch, path=path)


def check_examples(learnt: Examples, held_out: Examples, class_names: Sequence[str]) -> None:
    """Check that a network can learn from these clips, and be measured on those.

    Raises
    ------
    DataError
        As `fit_network`.
    """
    twice = [name for name, n in Counter(class_names).items() if n > 1]
    if twice:
        raise DataError(twice[0], "is the name of two faults", "Give each fault a name of its own.")
    if len(class_names) < 2:
        problem = f"there is nothing to tell apart: {len(class_names)} fault has a name"
        raise DataError("faults", problem, "Name clips of at least two faults.")
    for side, examples in (("clips to learn from", learnt), ("held-out clips", held_out)):
        if not len(examples):
            raise DataError(side, "there are none", "Name more clips, of several takes.")
        if examples.labels.max() >= len(class_names):
            problem = f"a label is {examples.labels.max()}, and there are {len(class_names)} names"
            raise DataError(side, problem, "Give every fault a name.")
    for label, name in enumerate(class_names):
        if label not in learnt.labels:
            remedy = "Name clips of other takes so, hold out fewer, or leave the fault out."
            raise DataError(name, "has no clip to learn from", remedy)
    shared = sorted(set(learnt.takes) & set(held_out.takes))
    if shared:
        problem = f"is both learnt from and held out ({len(shared)} such takes)"
        raise DataError(f"take {shared[0]}", problem, "Put all clips of a take on one side.")
    for name in ("n_bands", "n_changes"):
        if getattr(learnt, name) != getattr(held_out, name):
            problem = f"{name} is {getattr(held_out, name)}, and {getattr(learnt, name)} in learning"
            raise DataError("held-out clips", problem, "Compute all features with one recipe.")
