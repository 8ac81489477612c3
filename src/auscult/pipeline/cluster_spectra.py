"""Spectra of clusters: how far, in dB, the level of each band is from that of the nearest normal clips."""

import numpy as np
from numpy.typing import NDArray

from auscult.features.filters import mel_centres_hz
from auscult.pipeline.anomalous_clips import AnomalousClips
from auscult.pipeline.described_clips import by_machine


def cluster_spectra(there: AnomalousClips, labels: NDArray[np.intp], n_clusters: int) -> dict[str, NDArray[np.generic]]:
    """Median and quartiles of the clips of each cluster, and how normal clips differ from each other.

    Parameters
    ----------
    there : AnomalousClips
    labels : ndarray of int, shape (n_clips,)
        -1: of no cluster.
    n_clusters : int

    Returns
    -------
    dict of str -> ndarray
        ``centres_hz`` (n_mels,); ``change_db``, ``low_db``, ``high_db``, ``usual_db`` (n_clusters, n_mels). Empty if
        the features have no mean over time.
    """
    features = there.features
    slices = features.descriptor_groups
    if "mean" not in slices:
        return {}
    changes, usual = np.zeros((2, len(there.clips), features.n_mels))
    place_of = {id(clip): place for place, clip in enumerate(there.clips)}
    for name, own in by_machine(there.clips).items():
        surroundings = there.machines[name].surroundings
        places = [place_of[id(clip)] for clip in own]
        levels, normal = (_levels(X, slices) for X in (np.stack([clip.descriptors for clip in own]), surroundings.bank))
        nearest = surroundings.nearest_to(np.stack([clip.descriptors for clip in own]))
        changes[places] = levels - np.median(normal[nearest], axis=1)
        usual[places] = surroundings.compare(own[0].descriptors).usual(normal)
    spectra = np.zeros((4, n_clusters, features.n_mels))
    for number in range(n_clusters):
        if (is_own := labels == number).any():
            spectra[:3, number] = np.percentile(changes[is_own], (50, 25, 75), axis=0)
            spectra[3, number] = usual[is_own].mean(axis=0)
    centres_hz = mel_centres_hz(n_mels=features.n_mels, fmin=features.fmin, fmax=features.fmax)
    return {"centres_hz": centres_hz, **dict(zip(("change_db", "low_db", "high_db", "usual_db"), spectra, strict=True))}


def _levels(X: NDArray[np.floating], slices: dict[str, slice]) -> NDArray[np.float64]:
    """Mean level of each band, which is kept relative to the clip's level if there is one."""
    mean = np.asarray(X, np.float64)[:, slices["mean"]]
    return mean + X[:, slices["level"]] if "level" in slices else mean
