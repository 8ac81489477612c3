"""Names and messages of faults.

A fault belongs to the exemplar clips it was named on, by their hashes, and never to the index of a cluster: clusters
change places whenever they are found anew.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A named kind of malfunction, or normality itself, which stands first wherever there are several."""

    id: str
    """Stable identifier: stays when the name is changed."""
    name: str
    """What people call it; the label of its probability."""
    message: str
    """What a verdict says."""
    exemplars: tuple[str, ...] = ()
    """SHA-256 of the clips that the name was given to."""


NORMAL = Fault("normal", "normal", "Component OK")
ANOMALOUS = Fault("anomalous", "anomalous", "Component sounds anomalous")
"""What is known where only normal sound was learnt: that something changed, not what."""

ORIGINAL_FAULTS = (
    NORMAL,
    Fault("imbalance", "imbalance", "Component is imbalanced"),
    Fault("clogging", "clogging", "Component is clogged"),
    Fault("voltage-change", "voltage change", "Voltage change"),
)
"""The original model's classes in the order of its outputs. The names are signalML's for clusters of MIMII's abnormal
clips: a listener's names, not labels."""
