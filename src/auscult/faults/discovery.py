"""What a discovery found, in a folder of its own: clips, their clusters, and why anyone should believe them.

Names are not in it. They are in the names file, by the clips they were given to, so that they outlive every discovery.
"""

import hashlib
import io
import json
import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Self, TypeVar, get_args, get_origin

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError
from auscult.faults.matching import Matching, match_names
from auscult.faults.names_file import Names
from auscult.files import disk_errors, write_whole

DISCOVERY = "discovery.json"
ARRAYS = "discovery.npz"
VERSION = 1
NONE = -1
"""Cluster of a clip that belongs to none."""

_Record = TypeVar("_Record", bound="FoundClip | FoundCluster | Discovery")


@dataclass(frozen=True)
class FoundClip:
    """An anomalous clip.

    Parameters
    ----------
    path : str
        Where it was when it was found.
    content_hash : str
        SHA-256 of its file.
    machine : str
        Full name.
    take : str
        Underlying recording.
    snr_db : float or None
    level_db : float
        RMS re full scale.
    channel, day : str or None
        Where its name or the table says one.
    cluster : int
        -1: none.
    """

    path: str
    content_hash: str
    machine: str
    take: str
    snr_db: float | None
    level_db: float
    channel: str | None
    day: str | None
    cluster: int


@dataclass(frozen=True)
class FoundCluster:
    """Clips that changed in the same way.

    Parameters
    ----------
    number : int
    n_clips, n_takes : int
    exemplars : tuple of int
        Places of its clips in the discovery, the most typical first, each of another take.
    changes : tuple of str
        What changed, in words.
    physics : str
        What it is consistent with, in words; empty where nothing is known of the machine's rotation.
    physics_kind : str or None
        The same as `auscult.faults.physics.Physics.kind`.
    findings : tuple of str
        What speaks against its being a fault.
    aspects : dict of str -> float
        Mean aspects of its clips in which most changed, in deviations of normal clips (`auscult.faults.aspects`).
    """

    number: int
    n_clips: int
    n_takes: int
    exemplars: tuple[int, ...]
    changes: tuple[str, ...] = ()
    physics: str = ""
    physics_kind: str | None = None
    findings: tuple[str, ...] = ()
    aspects: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Discovery:
    """Clusters of the anomalous clips of a data set.

    Parameters
    ----------
    root : str
        Folder or table that was looked at.
    bundle : str or None
        Bundle whose normal sound the clips were compared with; None: it was learnt for this discovery.
    names_file : str
        Where the names of its faults are.
    recipe : {"signatures", "original"}
    seed : int
    n_components : int
    reasons : tuple of str
        Why so many components and clusters, and what the same way finds among normal clips.
    clips : tuple of FoundClip
    clusters : tuple of FoundCluster
    audit : dict
        What `auscult.faults.audit.Audit.to_dict` gives.
    features : dict
        Recipe of the descriptors that the signatures are made of.
    left_out : tuple of str
    arrays : dict of str -> ndarray
        ``aspects`` (n_clips, n), means of the takes', their ``whitening`` into signatures, ``directions`` of those;
        ``points`` (n_clips, n_components), ``centroids``, ``shares``, ``inertias``, ``stabilities``; of the clusters
        ``centres_hz``, ``change_db``, ``low_db``, ``high_db``, ``usual_db``.
    """

    root: str
    bundle: str | None
    names_file: str
    recipe: str
    seed: int
    n_components: int
    reasons: tuple[str, ...]
    clips: tuple[FoundClip, ...]
    clusters: tuple[FoundCluster, ...]
    audit: dict[str, Any]
    features: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    arrays: dict[str, NDArray[np.generic]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def labels(self) -> NDArray[np.intp]:
        """Cluster of every clip, -1 of none."""
        return np.array([clip.cluster for clip in self.clips], np.intp)

    @property
    def directions(self) -> NDArray[np.float64]:
        """In which direction every clip changed, shape (n_clips, n)."""
        return np.asarray(self.arrays["directions"], np.float64)

    def exemplars(self, number: int) -> list[FoundClip]:
        """The most typical clips of a cluster.

        Raises
        ------
        DataError
            If there is no such cluster.
        """
        if not 0 <= number < len(self.clusters):
            known = "there are none" if not self.clusters else f"there are 0 to {len(self.clusters) - 1}"
            raise DataError(
                f"cluster {number}", f"is not among those found, {known}", "Give the number of one of them."
            )
        return [self.clips[place] for place in self.clusters[number].exemplars]

    def matching(self, names: Names) -> Matching:
        """Which of the clusters has which name."""
        hashes = [clip.content_hash for clip in self.clips]
        takes = [(clip.machine, clip.take) for clip in self.clips]
        return match_names(names.faults, hashes, self.labels, self.directions, takes)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write it: arrays first, so that what can be read is whole.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        folder = Path(folder)
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        content = {key: value for key, value in asdict(replace(self, arrays={})).items() if key != "arrays"}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **self.arrays)
        write_whole(folder / ARRAYS, buffer.getvalue())
        stamp = {"version": VERSION, "arrays_sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}
        write_whole(folder / DISCOVERY, json.dumps(stamp | content, indent=1).encode())  # names may be no UTF-8

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read what a discovery wrote.

        Raises
        ------
        DataError
            If there is none, it is damaged, or another version wrote it.
        """
        folder = Path(folder)
        remedy = "Make it again with: auscult faults discover DIR -o FOLDER."
        try:
            content = json.loads((folder / DISCOVERY).read_bytes())
            if content.pop("version") != VERSION:
                raise DataError(str(folder), "was written by another version", remedy)
            stored = (folder / ARRAYS).read_bytes()
            if hashlib.sha256(stored).hexdigest() != content.pop("arrays_sha256"):
                raise ValueError(f"{ARRAYS} is damaged, or of another discovery")
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                content["arrays"] = dict(arrays)
            content["clips"] = tuple(_checked(FoundClip, clip) for clip in content["clips"])
            content["clusters"] = tuple(_checked(FoundCluster, cluster) for cluster in content["clusters"])
            found = _checked(cls, content)
            _check_places(found)
        except FileNotFoundError as error:
            missing = Path(str(error.filename)).name
            raise DataError(str(folder), f"holds no discovery: {missing} is missing", remedy) from None
        except KeyError as error:
            raise DataError(str(folder), f"its discovery cannot be read ({error} is missing)", remedy) from None
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(str(folder), f"its discovery cannot be read ({error})", remedy) from None
        return found


def _checked(kind: type[_Record], content: dict[str, Any]) -> _Record:
    """Record made of what JSON gave: lists become tuples, and every value is of the kind that it has to be.

    Raises
    ------
    TypeError
        If one is not, is missing without being optional, or is not known.
    """
    content = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
    for one in fields(kind):
        if one.name in content and not _is_of(content[one.name], one.type):
            raise TypeError(f"{one.name} is {content[one.name]!r:.80}")
    return kind(**content)


def _is_of(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return any(_is_of(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_of(one, inner[0]) for one in value)
    if kind in (int, float):
        return isinstance(value, int | kind) and not isinstance(value, bool)
    return isinstance(value, origin or kind)


def _check_places(found: Discovery) -> None:
    """Check that clips, clusters and directions belong together.

    Raises
    ------
    ValueError
        If they do not.
    """
    directions, n_clips, n_clusters = found.arrays.get("directions"), len(found.clips), len(found.clusters)
    if directions is None or directions.ndim != 2 or len(directions) != n_clips:
        raise ValueError("clips and their directions differ in number")
    if directions.dtype.kind != "f" or not np.isfinite(directions).all():
        raise ValueError("a direction that is no number")
    if not all(NONE <= clip.cluster < n_clusters for clip in found.clips):
        raise ValueError("a clip of a cluster that there is not")
    for number, cluster in enumerate(found.clusters):
        if cluster.number != number:
            raise ValueError("clusters out of order")
        if not all(0 <= place < n_clips and found.clips[place].cluster == number for place in cluster.exemplars):
            raise ValueError("an exemplar that is no clip of its cluster")
