"""How far clusters of anomalous clips agree with the faults of synthetic machines, and with machine and noise.

Four machines of a type, three SNRs; adjusted mutual information (AMI; 0 is chance, 1 the same groups) of clusters with
fault, machine and SNR, over all anomalous clips; a clip that belongs to no cluster counts as a cluster of its own kind.
Signatures (the default) beside the original's recipe. Everything printed is synthetic. Then whether names stay on their
faults when a fifth more takes come and another seed is used.

``python benchmarks/faults.py [--machine fan ...] [--seed S] [--names] [--data DIR]``
"""

import argparse
import csv
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from auscult.faults.audit import audit
from auscult.faults.clustering import cluster_signatures
from auscult.faults.discovery import Discovery
from auscult.faults.found_exemplars import faults_of_clips
from auscult.faults.matching import match_names
from auscult.faults.names import Fault
from auscult.pipeline.fault_discovery import Way, discover
from auscult.synth import write_dataset

SNRS_DB = (6, 0, -6)
N_IDS, N_NORMAL, N_ANOMALOUS = 4, 100, 60
FAULTS = {"fan": ("imbalance", "clogging", "voltage-change"), "pump": (), "slider": (), "valve": ()}
"""Three of a fan; all of the others."""
N_TRIALS = 20
SHARE = 1 / 1.2


def truth_of(root: Path, found: Discovery) -> dict[str, np.ndarray]:
    """What is true of each clip found."""
    rows = {str(root / row["path"]): row for row in csv.DictReader((root / "truth.csv").open())}
    clips = [rows[clip.path] for clip in found.clips]
    return {name: np.array([row[name] for row in clips]) for name in ("fault", "machine_id", "snr_db", "take")}


def agreement(root: Path, recipe: str) -> str:
    """One line of the table."""
    start = time.perf_counter()
    found = discover(root, way=Way(recipe=recipe))  # type: ignore[arg-type]
    took_s = time.perf_counter() - start
    truth, labels = truth_of(root, found), found.labels
    amis = [adjusted_mutual_info_score(truth[name], labels) for name in ("fault", "machine_id", "snr_db")]
    parts = " ".join(f"{ami:>9.2f}" for ami in amis)
    none = f"{np.mean(labels < 0):.0%}"
    n_true = len(np.unique(truth["fault"]))
    null = found.reasons[-1] if recipe == "signatures" else ""
    audit_says = ", ".join(found.audit["confounders"]) or "nothing"
    head = f"  {recipe:<12} {len(found.clusters):>3} ({n_true} faults) {parts} {none:>6}"
    return f"{head}   audit: follow {audit_says}; {took_s:.0f} s\n{'':15}{null}"


def names_kept(root: Path) -> str:
    """Name faults on five sixths of the takes; find again on all, with another seed, and see whose names clips have."""
    found = discover(root)
    truth = truth_of(root, found)
    takes = np.unique(truth["take"], return_inverse=True)[1]
    machines = np.unique(truth["machine_id"], return_inverse=True)[1]
    signatures, (normal, normal_machines) = _signatures_of(root)
    of_normal = {"normal_machines": normal_machines}
    hashes = [clip.content_hash for clip in found.clips]
    kept, of_all, right = 0, 0, []
    for trial in range(N_TRIALS):
        rng = np.random.default_rng(trial)
        drawn = np.isin(takes, rng.permutation(takes.max() + 1)[: round(SHARE * (takes.max() + 1))])
        renumbered = np.unique(takes[drawn], return_inverse=True)[1]
        before = cluster_signatures(
            signatures[drawn], renumbered, normal, machines=machines[drawn], **of_normal, seed=trial
        )
        faults = _named(before, truth["fault"][drawn], [h for h, own in zip(hashes, drawn, strict=True) if own])
        named = faults_of_clips(faults, hashes)
        after = cluster_signatures(
            signatures, takes, normal, machines=machines, **of_normal, named=named, seed=1000 + trial
        )
        matching = match_names(faults, hashes, after.labels, signatures, takes.tolist())
        own = np.array([fault or "" for fault in matching.names_of_clips])
        fault_of = {cluster: Counter(truth["fault"][after.labels == cluster]) for cluster in matching.fault_of_cluster}
        are_right = all(fault_of[c].most_common(1)[0][0] == name for c, name in matching.fault_of_cluster.items())
        names = set(matching.fault_of_cluster.values())
        is_kept = are_right and names == {fault.name for fault in faults}
        kept += is_kept
        of_all += is_kept and names == set(truth["fault"].tolist())
        right.append(float(np.mean(own[own != ""] == truth["fault"][own != ""])))
    share = f"{np.mean(right):.0%} of the clips that have a name have the right one"
    all_named = f"in {of_all} of them every fault had one"
    return f"every name given stays, on the right fault: {kept} of {N_TRIALS} trials, {all_named}; {share}"


def _signatures_of(root: Path) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Signatures of anomalous clips and of normal takes, as `discover` computes them."""
    from auscult.faults.signatures import SignatureSpace
    from auscult.pipeline.anomalous_clips import anomalous_clips
    from auscult.pipeline.fault_discovery import aspects_of, normal_takes

    there = anomalous_clips(root)
    space = SignatureSpace(there.features).fit(there.machines)
    return space.signatures(aspects_of(space, there)), normal_takes(space, there)


def _named(clustering, truth: np.ndarray, hashes: list[str]) -> list[Fault]:
    """Each cluster named after the commonest fault of its twelve most typical takes: what a good listener would say."""
    faults = {}
    for number in range(len(clustering.centroids)):
        own = np.flatnonzero(clustering.labels == number)
        distances = np.linalg.norm(clustering.points[own] - clustering.centroids[number], axis=1)
        typical = own[np.argsort(distances, kind="stable")[:36:3]]
        fault = Counter(truth[typical]).most_common(1)[0][0]
        exemplars = tuple(hashes[place] for place in typical)
        before = faults[fault].exemplars if fault in faults else ()
        faults[fault] = Fault(fault, fault, fault, (*before, *exemplars))
    return list(faults.values())


def speed() -> str:
    """Time to cluster and audit 5,000 clips of 1,700 takes."""
    rng = np.random.default_rng(0)
    kinds, takes = rng.standard_normal((5, 38)), np.repeat(np.arange(1667), 3)[:5000]
    signatures = 3 * kinds[takes % 5] + rng.standard_normal((5000, 38))
    start = time.perf_counter()
    found = cluster_signatures(signatures, takes, rng.standard_normal((2000, 38)))
    clustered_s = time.perf_counter() - start
    machines = (takes % 7).tolist()
    audit(found.labels, takes.tolist(), {"machine": machines, "level": rng.standard_normal(5000).tolist()})
    audited_s = time.perf_counter() - start - clustered_s
    return f"5,000 clips: clusters {clustered_s:.1f} s, audit {audited_s:.1f} s"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--machine", nargs="+", default=list(FAULTS))
    parser.add_argument("--seed", type=int, default=303)
    parser.add_argument("--names", action="store_true", help="also whether names stay")
    parser.add_argument("--data", type=Path, help="a data set of auscult synth, instead of new ones")
    options = parser.parse_args()
    print(speed(), flush=True)
    for machine in options.machine:
        with tempfile.TemporaryDirectory() as folder:
            root = options.data or Path(folder)
            if options.data is None:
                write_dataset(
                    folder,
                    machine_types=[machine],
                    n_ids=N_IDS,
                    snr_db=SNRS_DB,
                    n_normal=N_NORMAL,
                    n_anomalous=N_ANOMALOUS,
                    faults=FAULTS[machine],
                    n_channels=1,
                    seed=options.seed,
                    n_jobs=os.cpu_count() or 1,
                )
            where = options.data or f"seed {options.seed}"
            print(f"synthetic {machine}, {where}: clusters, AMI with fault, machine, SNR; of none")
            for recipe in ("signatures", "original"):
                print(agreement(root.resolve(), recipe), flush=True)
            if options.names:
                print(f"  {names_kept(root.resolve())}", flush=True)


if __name__ == "__main__":
    main()
