"""What a bundle says of itself: `manifest.json`, read back with care because it may come from anywhere."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from auscult.audio import ChannelPolicy, check_channel_policy
from auscult.errors import AuscultError, BundleError
from auscult.faults import Fault
from auscult.features import Recipe, recipe_from_dict, recipe_to_dict

SCHEMA_VERSION = 4
READABLE_VERSIONS = (1, 2, 3, 4)
"""Before version 3 a detector was one Mahalanobis distance: such bundles must be trained again. Those with a classifier
are read as before. Before version 4 there was no network beside a detector."""


@dataclass(frozen=True)
class Manifest:
    """Everything about a bundle but its weights."""

    features: Recipe
    channels: ChannelPolicy
    faults: tuple[Fault, ...]
    """The classes of a verdict in the order of its probabilities, normality first."""
    learnt_faults: tuple[Fault, ...] = ()
    """Where people named a network's faults since: the same faults as it learnt them, without normality and unknown."""
    thresholds: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Machine -> threshold, its false-alarm rate, the number of takes it was calibrated on, and its alarm rule."""
    network: dict[str, Any] = field(default_factory=dict)
    """Of the network that names faults: below which probability a fault is unknown, how it learnt, its numbers."""
    training_data: dict[str, Any] = field(default_factory=dict)
    """What was learnt from: counts, fingerprint, whether it was synthetic; or the model file imported."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """Figures on held-out clips with their intervals, and the split they were measured on."""
    versions: dict[str, str] = field(default_factory=dict)
    """Libraries the bundle was made with."""

    def to_dict(self) -> dict[str, Any]:
        """The manifest as JSON can hold it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "features": recipe_to_dict(self.features),
            "channels": self.channels,
            "faults": [_entry(fault) for fault in self.faults],
            "learnt_faults": [_entry(fault) for fault in self.learnt_faults],
            "thresholds": self.thresholds,
            "network": self.network,
            "training_data": self.training_data,
            "metrics": self.metrics,
            "versions": self.versions,
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any], where: str) -> Self:
        """Manifest of the bundle `where`.

        Raises
        ------
        BundleError
            If it was written by another version, or does not hold what a manifest holds.
        """
        version = content.get("schema_version")
        if version not in READABLE_VERSIONS:
            problem = f"has schema version {version!r}, this Auscult reads {SCHEMA_VERSION} and older"
            raise BundleError(where, problem, "Upgrade with: pip install -U auscult; or make the bundle again.")
        try:
            features = dict(content["features"])
            if version < 3 and features.get("recipe") == "log-mel":
                problem = f"has a detector of schema version {version}, and this Auscult learns normal sound better"
                raise BundleError(where, problem, "Train it again on the same recordings: auscult train DIR -o BUNDLE.")
            return cls(
                features=recipe_from_dict(features),
                channels=check_channel_policy(content["channels"]),
                faults=tuple(_fault(entry) for entry in content["faults"]),
                learnt_faults=_learnt_faults(content),
                thresholds={name: {"threshold": 0.0, **entry} for name, entry in content["thresholds"].items()},
                network=dict(content.get("network", {})),  # older bundles have none
                **{key: dict(content[key]) for key in ("training_data", "metrics", "versions")},
            )
        except BundleError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, AuscultError) as error:
            raise BundleError(where, f"its manifest.json is not valid ({error})", "Make the bundle again.") from None


def _entry(fault: Fault) -> dict[str, Any]:
    return asdict(fault) | {"exemplars": list(fault.exemplars)}


def _learnt_faults(content: dict[str, Any]) -> tuple[Fault, ...]:
    learnt = tuple(_fault(entry) for entry in content.get("learnt_faults", ()))  # older bundles have none
    if learnt and len(learnt) != len(content["faults"]) - 2:
        raise ValueError("the faults that its network learnt are not as many as it names")
    return learnt


def _fault(entry: dict[str, Any]) -> Fault:
    note = entry.get("note", "")  # older bundles have none
    fault = Fault(entry["id"], entry["name"], entry["message"], tuple(entry["exemplars"]), note)
    if not all(isinstance(text, str) for text in (fault.id, fault.name, fault.message, *fault.exemplars, fault.note)):
        raise TypeError("a fault's id, name, message, exemplars and note are texts")
    return fault
