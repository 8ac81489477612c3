"""Machines that nobody had to record: descriptors drawn at random, and changes planted in them."""

import numpy as np

from auscult.detect import AlarmBudget, MachineDetector, NormalClips, groups_of
from auscult.features import LogMel

FEATURES = LogMel.for_rate(16000, n_mels=32, groups=("level", "mean", "std", "modulation"))


def made_up_machine(seed, *, n=60, spread=1.0):
    """A machine of which so many normal clips are known, each a take, about a mean of its own."""
    return machine_of(normal_clips(seed, n, spread=spread), [str(k) for k in range(n)])


def machine_of(X, takes):
    """A machine that these normal clips are known of."""
    n = len(X)
    return MachineDetector.fit(
        NormalClips(X, takes, np.zeros(n, np.intp), [""] * n, 10.0),
        groups_of(FEATURES.descriptor_groups),
        false_alarm_rate=0.05,
        budget=AlarmBudget.parse("1/week"),
    )


def normal_clips(seed, n, *, draw=0, spread=1.0):
    """Descriptors of normal clips of the machine of this seed, that differ so much from each other."""
    own = 5 * np.random.default_rng(seed).standard_normal(FEATURES.n_descriptors)
    return own + spread * np.random.default_rng((seed, draw)).standard_normal((n, FEATURES.n_descriptors))


def planted(X, group, *, by=6.0):
    """The same clips with all descriptors of a group raised."""
    changed = X.copy()
    changed[:, FEATURES.descriptor_groups[group]] += by
    return changed
