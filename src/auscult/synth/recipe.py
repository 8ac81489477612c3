"""What a synthetic data set is made from, and what it may be made from."""

import math
from dataclasses import dataclass

from auscult.errors import OptionError
from auscult.synth.array import MOST_CHANNELS
from auscult.synth.clip import LOWEST_SR, SHORTEST_S
from auscult.synth.machines import COMPOUND, MACHINES, check_fault, check_machine_type

MOST_IDS = 50  # two digits, even numbers
LARGEST_SNR_DB = 60.0  # beyond, 16 bits do not hold the weaker part


@dataclass(frozen=True)
class Recipe:
    """What a data set is made from; `auscult.synth.write_dataset` describes the fields. Equal recipes, equal bytes."""

    machine_types: tuple[str, ...]
    n_ids: int
    snr_db: tuple[float, ...]
    n_normal: int
    n_anomalous: int
    faults: tuple[str, ...]
    severity: tuple[float, float] | None
    n_channels: int
    duration_s: float
    sr: int
    seed: int

    @property
    def n_samples(self) -> int:
        """Samples of a clip."""
        return round(self.duration_s * self.sr)


def faults_of(recipe: Recipe, machine_type: str) -> list[str]:
    """Faults of a type in this recipe: those asked for that it has, or all its own, one at a time."""
    own = MACHINES[machine_type].faults
    return [fault for fault in recipe.faults or own if set(fault.split(COMPOUND)) <= set(own)]


def check_recipe(recipe: Recipe) -> None:
    """Refuse a recipe that is out of range; comparisons are written so that nan is refused as well.

    Raises
    ------
    OptionError
        Naming the field.
    """
    names = [f"{snr:g}" for snr in recipe.snr_db]
    low, high = recipe.severity or (0.0, 0.0)
    checks = [
        ("n_ids", recipe.n_ids, 1 <= recipe.n_ids <= MOST_IDS, f"a whole number from 1 to {MOST_IDS}"),
        ("n_normal", recipe.n_normal, recipe.n_normal >= 1, "a whole number, 1 or more"),
        ("n_anomalous", recipe.n_anomalous, recipe.n_anomalous >= 0, "a whole number, 0 or more"),
        (
            "n_channels",
            recipe.n_channels,
            1 <= recipe.n_channels <= MOST_CHANNELS,
            f"a whole number, 1 to {MOST_CHANNELS}",
        ),
        ("duration_s", recipe.duration_s, SHORTEST_S <= recipe.duration_s < math.inf, f"{SHORTEST_S} s or more"),
        ("sr", recipe.sr, recipe.sr >= LOWEST_SR, f"a whole number of Hz, {LOWEST_SR} or more"),
        ("seed", recipe.seed, recipe.seed >= 0, "a whole number, 0 or more"),
        ("severity", recipe.severity, 0 <= low <= high <= 1, "a number in [0, 1], or a lower and a higher one"),
        ("snr_db", recipe.snr_db, len(names) > 0, "at least one SNR"),
        ("snr_db", recipe.snr_db, len(set(names)) == len(names), "each SNR once"),
    ]
    checks += [("snr_db", snr, abs(snr) <= LARGEST_SNR_DB, f"{LARGEST_SNR_DB} dB at most") for snr in recipe.snr_db]
    for name, value, is_right, expected in checks:
        if not is_right or (expected.startswith("a whole") and not isinstance(value, int)):
            raise OptionError(name, f"expected {expected}, got {value}", f"Give another value for {name}.")
    _check_machines(recipe)


def _check_machines(recipe: Recipe) -> None:
    """Every type is known and has a fault to draw; every fault is one of a type that is asked for."""
    types = recipe.machine_types
    if not types or len(set(types)) < len(types):
        raise OptionError(
            "machine_types", f"expected each type once, got {types}", f"Choose among {', '.join(MACHINES)}."
        )
    for machine_type in types:
        check_machine_type(machine_type)
    for fault in recipe.faults:
        check_fault(types, fault)
    for machine_type in types:
        if recipe.n_anomalous and not faults_of(recipe, machine_type):
            has = ", ".join(MACHINES[machine_type].faults)
            raise OptionError(
                "faults", f"none of them is a fault of a {machine_type}", f"It has {has}: add one of them."
            )
