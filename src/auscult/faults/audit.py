"""Do clusters follow what is known of clips besides their faults? Asked before anyone believes in a cluster.

A cluster that holds the clips of one machine, or the loud ones, is no fault. Agreement is measured as adjusted mutual
information (N. X. Vinh, J. Epps, J. Bailey, JMLR 11, 2010), and compared with that of clusters exchanged among takes.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.extras import require
from auscult.faults.categories import THIRDS, Categories
from auscult.faults.take_permutations import p_values

MOST_AMI = 0.1
"""More than that, and clusters follow the attribute: 0 is chance, 1 is the same groups. A tenth is what remains where a
fault happens to be commoner on one machine than on another."""
MOST_P = 0.01
"""Chance of such an agreement: one in a hundred, as several attributes are looked at."""
MOST_SHARE = 0.8
"""Share of a cluster's clips with one value that makes the cluster that value: four of five."""
LEAST_LIFT = 2.0
"""How many times its share of all clips that is: most of any cluster is of the commonest machine."""
LEAST_TAKES = 5
"""Takes of a cluster about which anything is said: two recordings may well be of one machine."""
LEAST_GROUP = 3
"""Clips whose mean says what an attribute's value adds: of one or two it would be their fault."""
LEAST_PERMUTATIONS = 99
"""Of fewer, no agreement could be as rare as one in a hundred."""
_KINDS = {"machine": "a machine", "SNR": "an SNR", "channel": "a channel", "day": "a day"}
Floating = TypeVar("Floating", bound=np.floating[Any])
LEVEL = "level"
"""The attribute that a fault itself may change: that clusters follow it speaks neither for them nor against them."""
LOUDNESSES = ("quiet", "middle", "loud")
_SPEAKING = ("machine",)
"""Attributes whose values are understood without the attribute's name."""


@dataclass(frozen=True)
class AuditRow:
    """How clusters agree with an attribute.

    Parameters
    ----------
    attribute : str
    ami : float
        Adjusted mutual information: 0 is chance (it may be slightly less), 1 means the same groups.
    p_value : float in (0, 1]
        Chance of clusters that have nothing to do with the attribute to agree with it as well.
    is_confounder : bool
        Whether clusters follow the attribute: `ami` above 0.1 and `p_value` at most 0.01.
    n_values : int
        Different values, or thirds of a measurement.
    is_decided : bool
        Whether enough takes, of different enough values, are there to tell.
    """

    attribute: str
    ami: float
    p_value: float
    is_confounder: bool
    n_values: int
    is_decided: bool


@dataclass(frozen=True)
class Audit:
    """What clusters follow.

    Parameters
    ----------
    rows : tuple of AuditRow
        One of each attribute that has two values at least.
    findings : tuple of str
        Clusters that are a value of an attribute, in words; of the level there are none.
    confounders : tuple of str
        Attributes that the clusters as a whole follow, without the level.
    verdict : str
        All of it in a sentence.
    """

    rows: tuple[AuditRow, ...]
    findings: tuple[str, ...]
    confounders: tuple[str, ...]
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "verdict": self.verdict,
            "confounders": list(self.confounders),
            "findings": list(self.findings),
            "rows": [asdict(row) for row in self.rows],
        }


def audit(
    labels: NDArray[np.integer],
    takes: Sequence[Hashable],
    attributes: Mapping[str, Sequence[object]],
    *,
    seed: int = 0,
    n_permutations: int = 999,
) -> Audit:
    """Look for attributes that clusters follow.

    Parameters
    ----------
    labels : ndarray of int, shape (n_clips,)
        Cluster of every clip; -1 of none, which is left out.
    takes : sequence, length n_clips
        The underlying recording of every clip.
    attributes : mapping of str -> sequence of length n_clips
        Values of "machine", "SNR", "level" (in dB), "channel", "day", ... of every clip; see `Categories.of`.
    seed : int
        Of the permutations.
    n_permutations : int
        At least 99.

    Returns
    -------
    Audit
        Other numbers of clusters and other names of values and takes change nothing but those.

    Raises
    ------
    OptionError
        If there are too few permutations.
    ValueError
        If the arguments differ in length.
    MissingExtraError
        If scikit-learn is not installed.
    """
    labels = np.asarray(labels)
    for name, column in (("takes", takes), *attributes.items()):
        if labels.shape != (len(column),):
            raise ValueError(f"labels of shape {labels.shape} and {len(column)} {name} do not belong together")
    if n_permutations < LEAST_PERMUTATIONS:
        problem = f"expected at least {LEAST_PERMUTATIONS}, got {n_permutations}"
        raise OptionError("permutations", problem, "Leave it out for 999.")
    is_in = labels >= 0
    n_clusters = np.unique(labels[is_in]).size
    rows, findings = [], []
    for attribute, values in attributes.items():
        known = [value if there else None for value, there in zip(values, is_in.tolist(), strict=True)]
        is_level = attribute == LEVEL
        categories = Categories.of(known, thirds=LOUDNESSES if is_level else THIRDS, unit="dB" if is_level else "")
        if len(categories.names) < 2:
            continue
        case = _Case.of(attribute, categories, labels, takes)
        rows.append(case.row(seed, n_permutations))
        if rows[-1].p_value <= MOST_P and not is_level:
            findings += case.findings()
    findings.sort(key=lambda finding: finding[0])
    suspects = list(dict.fromkeys(cluster for cluster, _ in findings))
    return Audit(
        tuple(rows),
        tuple(words for _, words in findings),
        tuple(row.attribute for row in rows if row.is_confounder and row.attribute != LEVEL),
        _verdict(rows, n_clusters, suspects),
    )


def without(vectors: NDArray[Floating], values: Sequence[object]) -> NDArray[Floating]:
    """Vectors of clips without what an attribute adds to them, to be clustered again.

    Every value's mean is taken from its clips, and the mean of all clips put in its place. A fault that only clips of
    one value have is lost in part: what is left is what tells the clips of each value apart.

    Parameters
    ----------
    vectors : ndarray of float32 or float64, shape (n_clips, n)
    values : sequence, length n_clips
        As in `audit`: measurements in thirds. Clips whose value is unknown, or is that of fewer than 3 clips, are left
        as they are.

    Returns
    -------
    ndarray, shape (n_clips, n)
        Of the same kind.

    Raises
    ------
    ValueError
        If the arguments differ in length.
    """
    changed = np.array(vectors)
    if len(values) != len(changed):
        raise ValueError(f"{len(changed)} vectors and {len(values)} values do not belong together")
    categories = Categories.of(values)
    mean = changed.mean(axis=0, dtype=np.float64) if len(changed) else 0.0
    for code in range(len(categories.names)):
        own = np.flatnonzero(categories.codes == code)
        if own.size >= LEAST_GROUP:
            changed[own] += (mean - vectors[own].mean(axis=0, dtype=np.float64)).astype(changed.dtype)
    return changed


@dataclass(frozen=True)
class _Case:
    """Clips of clusters of which an attribute is known."""

    attribute: str
    names: tuple[str, ...]
    codes: NDArray[np.intp]
    labels: NDArray[np.intp]
    takes: NDArray[np.intp]
    numbers: NDArray[np.integer]
    """Numbers of the clusters that `labels` counts from 0."""

    @classmethod
    def of(
        cls, attribute: str, categories: Categories, labels: NDArray[np.integer], takes: Sequence[Hashable]
    ) -> "_Case":
        places = np.flatnonzero(categories.codes >= 0)
        numbering: dict[Hashable, int] = {}  # in the order of clips: names of takes must not change permutations
        own_takes = [numbering.setdefault(takes[place], len(numbering)) for place in places.tolist()]
        numbers, own_labels = np.unique(labels[places], return_inverse=True)
        return cls(attribute, categories.names, categories.codes[places], own_labels, np.array(own_takes), numbers)

    def row(self, seed: int, n_permutations: int) -> AuditRow:
        """How clusters agree with the attribute; decided only if takes suffice to see clusters that were its values."""
        if self.numbers.size < 2:  # there is no information in one cluster
            return AuditRow(self.attribute, 0.0, 1.0, False, len(self.names), False)
        score = require("sklearn.metrics", extra="train").adjusted_mutual_info_score
        ami = float(score(self.codes, self.labels))
        p_value, least_p = p_values(
            [self.labels, self.codes], self.codes, self.takes, n_permutations=n_permutations, seed=seed
        )
        is_confounder = ami > MOST_AMI and p_value <= MOST_P
        is_decided = is_confounder or (ami <= MOST_AMI and least_p <= MOST_P)
        return AuditRow(self.attribute, ami, p_value, is_confounder, len(self.names), is_decided)

    def findings(self) -> list[tuple[int, str]]:
        """Clusters that are one of the values: their numbers, and words."""
        counts = np.zeros((self.numbers.size, len(self.names)), np.intp)
        np.add.at(counts, (self.labels, self.codes), 1)
        shares, overall = counts / counts.sum(axis=1, keepdims=True), counts.sum(axis=0) / counts.sum()
        found = []
        for place, code in np.argwhere((shares >= MOST_SHARE) & (shares >= LEAST_LIFT * overall)).tolist():
            if np.unique(self.takes[self.labels == place]).size < LEAST_TAKES:
                continue
            number = int(self.numbers[place])
            value = self.names[code] if self.attribute in _SPEAKING else f"{self.attribute} {self.names[code]}"
            share = f"{100 * shares[place, code]:.0f} % {value}, which is {100 * overall[code]:.0f} % of all clips"
            kind = _KINDS.get(self.attribute, f"the {self.attribute}")
            found.append((number, f"cluster {number} is {share}: this is {kind}, not a fault"))
        return found


def _verdict(rows: list[AuditRow], n_clusters: int, suspects: list[int]) -> str:
    if n_clusters < 2:
        return f"there is {'one cluster only' if n_clusters else 'no cluster'}: nothing to compare"
    if not rows:
        return "nothing is known that differs among the clips: nothing to compare"
    level = [row for row in rows if row.attribute == LEVEL and row.is_confounder]
    others = [row for row in rows if row not in level]
    sentences = [_of_confounders(others) or _of_others(others)] if others else []
    sentences += [
        f"clusters differ in level (AMI {row.ami:.2f}), which a louder fault does as well as a closer microphone: "
        "--without level shows whether they remain"
        for row in level
    ]
    if suspects and not any(row.is_confounder for row in others):
        sentences.append(f"but see cluster{'s' * (len(suspects) > 1)} {_listed(list(map(str, suspects)), 'and')}")
    return "; ".join(sentences)


def _of_confounders(rows: list[AuditRow]) -> str:
    """What clusters follow and must not; empty if nothing."""
    confounders = [row for row in rows if row.is_confounder]
    if not confounders:
        return ""
    followed = _listed([f"{row.attribute} (AMI {row.ami:.2f})" for row in confounders], "and")
    options = _listed([f"--without {row.attribute}" for row in confounders], "or")
    return f"clusters follow {followed}: cluster again {options}"


def _of_others(rows: list[AuditRow]) -> str:
    """What clusters do not follow, or of what it cannot be told."""
    unclear = [
        f"{row.attribute} (AMI {max(row.ami, 0):.2f}, p {row.p_value:.2g})" for row in rows if not row.is_decided
    ]
    clear = [row for row in rows if row.is_decided]
    names = _listed([row.attribute for row in clear], "or")
    sentence = f"too few takes to tell whether clusters follow {_listed(unclear, 'or')}" if unclear else ""
    if clear:
        sentence += "; they do not follow " if unclear else "clusters do not follow "
        highest = max(0.0, *(row.ami for row in clear))
        sentence += f"{names}: AMI {'at most ' if len(clear) > 1 else ''}{highest:.2f}, where 1 is the same groups"
    return sentence


def _listed(words: list[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
