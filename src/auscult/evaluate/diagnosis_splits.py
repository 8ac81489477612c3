"""Clips whose faults are known -> what a network learns from and what it is tested on, in turn.

Three splits answer three questions: by take, how well new recordings of these machines are named; leave one machine
out, how well those of a machine are whose faults were never heard; random by clip, by how much one would flatter
oneself, since remixes of a take are then on both sides (S. Kaufman et al., "Leakage in data mining", ACM Transactions
on Knowledge Discovery from Data 6, 2012).
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auscult.audio.splits import leave_one_machine_out
from auscult.errors import DataError, OptionError

Split = Literal["naive", "grouped", "machine"]
SPLIT_NAMES: dict[Split, str] = {
    "naive": "random by clip",
    "grouped": "by take",
    "machine": "leave one machine out",
}
"""All splits, in the order in which figures are given."""
HELD_OUT_SHARE = 0.2
"""Of the takes that a network may learn from."""


class Fold(NamedTuple):
    """What is learnt from and what is tested on: places of clips, ascending. Clips may be in neither."""

    learnt: NDArray[np.intp]
    """Clips of at least two faults."""
    tested: NDArray[np.intp]
    """At least one clip; of faults that some learnt clip has."""


def folds(
    split: Split,
    labels: ArrayLike,
    takes: Sequence[str],
    machines: Sequence[str],
    *,
    n_folds: int = 3,
    seed: int = 0,
) -> list[Fold]:
    """Divide clips for cross-validation.

    A clip is tested at most once. A fault that one take only has is learnt in every fold and never tested: tested, it
    would not be known; and left out, the network would not have to tell it from the others.

    Parameters
    ----------
    split : {"naive", "grouped", "machine"}
        ``naive``: the clips of each fault are dealt out at random, whatever take they are of. ``grouped``: the takes of
        each fault are. ``machine``: one machine is tested at a time, on the faults that the others have too.
    labels : array-like, shape (n_clips,)
        Fault of each clip. A take whose clips differ is dealt out with the fault that the fewest takes have.
    takes : sequence of str, length n_clips
        The underlying recording of every clip, of another name on every machine.
    machines : sequence of str, length n_clips
    n_folds : int >= 2
        Of naive and grouped; fewer where no fault has so many clips or takes.
    seed : int >= 0

    Returns
    -------
    list of Fold, at least 1

    Raises
    ------
    DataError
        If clips cannot be divided so, with the split's name as ``where``; or if labels, takes and machines are not of
        the same number.
    OptionError
        If there are fewer than 2 folds.
    """
    labels = np.asarray(labels)
    if not len(labels) == len(takes) == len(machines):
        problem = f"{len(labels)} labels, {len(takes)} takes and {len(machines)} machines do not belong together"
        raise DataError(SPLIT_NAMES[split], problem, "Give one of each for every clip.")
    if not len(labels):
        raise DataError(SPLIT_NAMES[split], "no recording has a fault's name", "Name recordings.")
    if n_folds < 2:
        raise OptionError("n_folds", f"expected a whole number from 2, got {n_folds}", "3 is usual.")
    if split == "machine":
        return _by_machine(labels, machines)
    units = np.arange(len(labels)) if split == "naive" else np.asarray(takes)
    unit_of, label_of = _labelled_takes(labels, units)
    n_units = np.bincount(label_of)
    if np.count_nonzero(n_units >= 2) < 2:
        what = "clips" if split == "naive" else "takes"
        problem = f"fewer than 2 faults have at least 2 {what}"
        raise DataError(SPLIT_NAMES[split], problem, "Name more recordings.")
    fold_of = _dealt_out(label_of, min(n_folds, int(n_units.max())), np.random.default_rng(seed))[unit_of]
    return [_fold(labels, fold_of == number) for number in range(fold_of.max() + 1)]


def held_out_takes(
    labels: ArrayLike, takes: Sequence[str], *, share: float = HELD_OUT_SHARE, seed: int
) -> NDArray[np.bool_]:
    """Mark clips of some takes, by which a network that learns from the others is stopped and calibrated.

    Parameters
    ----------
    labels : array-like, shape (n_clips,)
        Fault of each clip that may be learnt from.
    takes : sequence of str, length n_clips
    share : float in (0, 1)
        Of each fault's takes: at least one, never all, and none of a fault that one take only has.
    seed : int >= 0

    Returns
    -------
    ndarray of bool, shape (n_clips,)
        True for the held-out clips. Every fault keeps a clip to learn from.
    """
    labels = np.asarray(labels)
    take_of, label_of = _labelled_takes(labels, np.asarray(takes))
    rng = np.random.default_rng(seed)
    is_held_out = np.zeros(label_of.size, dtype=bool)
    for label in np.unique(label_of):
        own = rng.permutation(np.flatnonzero(label_of == label))
        is_held_out[own[: min(max(1, round(share * own.size)), own.size - 1)]] = True
    for label in np.unique(labels):  # it may have lost all where the clips of its takes differ in fault
        own = take_of[labels == label]
        if is_held_out[own].all():
            is_held_out[own] = False
    return np.asarray(is_held_out[take_of], dtype=np.bool_)


def _by_machine(labels: NDArray[Any], machines: Sequence[str]) -> list[Fold]:
    where, remedy = SPLIT_NAMES["machine"], "Name recordings of two faults on two machines."
    if len(set(machines)) < 2:
        raise DataError(where, "there is one machine only", remedy)
    pairs = set(zip(labels.tolist(), machines, strict=True))
    if len(pairs) == len(set(labels.tolist())):
        raise DataError(where, "no fault is known from two machines", remedy)
    found = [_fold(labels, is_tested) for _, is_tested in leave_one_machine_out(machines)]
    kept = [fold for fold in found if fold.tested.size and len(set(labels[fold.learnt].tolist())) >= 2]
    if not kept:
        raise DataError(where, "what remains has fewer than 2 faults, or none of the machine's", remedy)
    return kept


def _fold(labels: NDArray[Any], is_held_out: NDArray[np.bool_]) -> Fold:
    """Learn from what is not held out, and of what is, test the faults that are learnt."""
    is_tested = is_held_out & np.isin(labels, labels[~is_held_out])
    return Fold(np.flatnonzero(~is_held_out), np.flatnonzero(is_tested))


def _labelled_takes(labels: NDArray[Any], takes: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number of every clip's take, and number of every take's fault: of several the one that the fewest takes have."""
    names, take_of = np.unique(takes, return_inverse=True)
    faults, fault_of = np.unique(labels, return_inverse=True)
    has = np.zeros((names.size, faults.size), dtype=bool)
    has[take_of, fault_of] = True
    return take_of, np.where(has, has.sum(axis=0), names.size + 1).argmin(axis=1)


def _dealt_out(label_of: NDArray[np.intp], n_folds: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Fold in which each take is tested; -1 where it is the only one of its fault, which is always learnt."""
    fold_of = np.full(label_of.size, -1)
    n_dealt = 0
    for label in np.flatnonzero(np.bincount(label_of) >= 2):
        own = rng.permutation(np.flatnonzero(label_of == label))
        fold_of[own] = (n_dealt + np.arange(own.size)) % n_folds
        n_dealt += own.size
    return fold_of
