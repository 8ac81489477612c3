"""A discovery that nobody had to cluster anything for: short recordings of three tones, and a cluster of each."""

import dataclasses
import hashlib

import numpy as np

from auscult.audio.write import wav_bytes
from auscult.faults.discovery import Discovery, FoundClip, FoundCluster

SR = 16_000
TONES_HZ = (300, 900, 2500)
N_EXEMPLARS = 4


def made_up(folder, *, n_per_cluster=6, duration_s=0.4, seed=1):
    """A discovery of recordings that it writes to ``folder/clips``, not yet saved.

    Directions of cluster 0, 1 and 2 lie along an axis each. The first four clips of a cluster are its exemplars.
    """
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(duration_s * SR)) / SR
    clips, directions = [], []
    for number, tone_hz in enumerate(TONES_HZ):
        for n in range(n_per_cluster):
            y = 0.2 * np.sin(2 * np.pi * tone_hz * time_s) + 0.02 * rng.standard_normal(time_s.size)
            content = wav_bytes(y.astype(np.float32), SR)
            path = folder / "clips" / f"fan_{tone_hz}_{n:02}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            clips.append(
                FoundClip(
                    path=str(path),
                    content_hash=hashlib.sha256(content).hexdigest(),
                    machine=f"fan/id_0{n % 2}",
                    take=f"fan/id_0{n % 2}/{tone_hz}_{n:02}",
                    snr_db=(None, 6.0, 0.0, -6.0)[n % 4],
                    level_db=-17.0 - n,
                    channel=None,
                    day=None,
                    cluster=number,
                )
            )
            direction = np.eye(5)[number] + 0.05 * rng.standard_normal(5)
            directions.append(direction / np.linalg.norm(direction))
    return Discovery(
        root=str(folder / "clips"),
        bundle=None,
        names_file=str(folder / "faults.yaml"),
        recipe="signatures",
        seed=seed,
        n_components=2,
        reasons=("2 components: they hold 95 % of the variance", "3 clusters: further ones gain nothing"),
        clips=tuple(clips),
        clusters=tuple(_cluster(number, clips) for number in range(len(TONES_HZ))),
        audit={"verdict": "Clusters follow no attribute.", "confounders": [], "findings": [], "rows": []},
        left_out=(),
        arrays={
            "directions": np.array(directions),
            "points": np.array(directions)[:, :2],
            "centroids": np.eye(3)[:, :2],
        },
    )


def _cluster(number, clips):
    own = tuple(place for place, clip in enumerate(clips) if clip.cluster == number)
    return FoundCluster(
        number=number,
        n_clips=len(own),
        n_takes=len(own),
        exemplars=own[:N_EXEMPLARS],
        changes=(f"level around {TONES_HZ[number]} Hz +6.0", "modulation at 25 Hz +2.1"),
        physics="A line at the rotation rate: consistent with imbalance." if number == 0 else "",
        findings=("cluster 1 is a loudness: 5 of its 6 clips are loud",) if number == 1 else (),
    )


def renumbered(discovery, *numbers, first_exemplar=0):
    """The same clips found anew: what was cluster 0 is ``numbers[0]`` now, and so on.

    Their exemplars may begin with a later clip: the most typical ones are others then.
    """
    clips = tuple(dataclasses.replace(clip, cluster=numbers[clip.cluster]) for clip in discovery.clips)
    clusters = {}
    for number in range(len(discovery.clusters)):
        own = [place for place, clip in enumerate(clips) if clip.cluster == numbers[number]]
        exemplars = tuple(own[first_exemplar : first_exemplar + N_EXEMPLARS])
        clusters[numbers[number]] = dataclasses.replace(
            discovery.clusters[number], number=numbers[number], exemplars=exemplars
        )
    return dataclasses.replace(discovery, clips=clips, clusters=tuple(clusters[n] for n in sorted(clusters)))
