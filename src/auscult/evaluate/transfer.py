"""How well machines and SNRs are known that were not learnt: descriptors of a whole data set -> figures.

Every figure is on takes that its model has not heard: of a machine's normal takes the last are for testing, at every
SNR, and anomalous ones are never learnt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.audio import hold_out_last
from auscult.audio.splits import time_order
from auscult.detect import NormalityModel
from auscult.detect.normality import MIN_CLIPS
from auscult.metrics import roc_auc

TEST_SHARE = 0.3
"""Of each machine's normal takes, the last ones."""
SIZES = (10, 20, 50, 100, 200, 500)
"""Numbers of normal takes that a machine is enrolled with."""


@dataclass(frozen=True)
class LabelledDescriptors:
    """A data set that nothing was learnt from.

    Parameters
    ----------
    X : ndarray, shape (n_clips, n_descriptors)
    is_anomalous : ndarray of bool, shape (n_clips,)
    machines, takes : ndarray of str, shape (n_clips,)
    snrs_db : ndarray, shape (n_clips,)
        NaN where it is not known.
    """

    X: NDArray[np.float64]
    is_anomalous: NDArray[np.bool_]
    machines: NDArray[np.str_]
    takes: NDArray[np.str_]
    snrs_db: NDArray[np.float64]

    def series(self) -> list[tuple[str, float]]:
        """Machine and SNR of which there are anomalous and enough normal clips."""
        found = []
        for machine in np.unique(self.machines).tolist():
            for snr_db in np.unique(self.snrs_db[self.machines == machine]).tolist():
                learn, test = self.split(machine, snr_db)
                kinds = self.is_anomalous[test]
                if len(set(self.takes[learn])) >= MIN_CLIPS and kinds.any() and not kinds.all():
                    found.append((machine, snr_db))
        return found

    def split(self, machine: str, snr_db: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Clips of a machine at an SNR to learn from, in the order of time, and to test on."""
        normal = np.flatnonzero((self.machines == machine) & ~self.is_anomalous)
        if not normal.size:
            return normal, normal
        order = np.argsort(time_order(self.takes[normal].tolist()), kind="stable")
        normal = normal[order]
        is_test = hold_out_last(self.takes[normal].tolist(), TEST_SHARE)
        is_wanted = self._at(snr_db)
        anomalous = np.flatnonzero((self.machines == machine) & self.is_anomalous & is_wanted)
        learn = normal[~is_test]
        return learn[is_wanted[learn]], np.concatenate([normal[is_test & is_wanted[normal]], anomalous])

    def _at(self, snr_db: float) -> NDArray[np.bool_]:
        return np.isnan(self.snrs_db) if np.isnan(snr_db) else self.snrs_db == snr_db


def enrolment_curve(data: LabelledDescriptors, groups: Mapping[str, slice]) -> list[dict[str, Any]]:
    """Leave one machine out, then enrol it with more and more of its normal takes.

    With none, its clips are scored by the models of the other machines at that SNR, and the one to which a clip is
    least strange counts: there is no other way, and it says why enrolment is necessary.

    Parameters
    ----------
    data : LabelledDescriptors
    groups : mapping of str -> slice
        As in `NormalityModel`.

    Returns
    -------
    list of dict
        ``machine``, ``snr_db``, ``n_takes`` (0: the others' models), ``auc``.
    """
    series = data.series()
    models = {one: NormalityModel(groups).fit(*_learnt(data, data.split(*one)[0])) for one in series}
    rows = []
    for machine, snr_db in series:
        learn, test = data.split(machine, snr_db)
        truth = data.is_anomalous[test]

        own = {"machine": machine, "snr_db": _number(snr_db)}
        others = [model for (name, snr), model in models.items() if name != machine and _same(snr, snr_db)]
        if others:
            strangers = np.min([model.anomaly_scores(data.X[test]) for model in others], axis=0)
            rows.append(own | {"n_takes": 0, "auc": round(roc_auc(truth, strangers), 4)})
        takes = list(dict.fromkeys(data.takes[learn].tolist()))
        for size in [*(size for size in SIZES if size < len(takes)), len(takes)]:
            last = learn[np.isin(data.takes[learn], takes[-size:])]  # nearest in time to what is tested
            model = models[machine, snr_db] if size == len(takes) else NormalityModel(groups).fit(*_learnt(data, last))
            scores = model.anomaly_scores(data.X[test])
            rows.append(own | {"n_takes": size, "auc": round(roc_auc(truth, scores), 4)})
    return rows


def snr_transfer(data: LabelledDescriptors, groups: Mapping[str, slice]) -> list[dict[str, Any]]:
    """Learn each machine at one SNR and judge it at another.

    Parameters
    ----------
    data : LabelledDescriptors
    groups : mapping of str -> slice

    Returns
    -------
    list of dict
        ``learnt_db``, ``tested_db``, ``auc``: the mean over machines that are there at both; nothing for data of one
        SNR.
    """
    by_pair: dict[tuple[float, float], list[float]] = {}
    series = [one for one in data.series() if not np.isnan(one[1])]
    for machine, learnt_db in series:
        model = NormalityModel(groups).fit(*_learnt(data, data.split(machine, learnt_db)[0]))
        for tested_db in (snr_db for name, snr_db in series if name == machine):
            _, test = data.split(machine, tested_db)
            auc = roc_auc(data.is_anomalous[test], model.anomaly_scores(data.X[test]))
            by_pair.setdefault((learnt_db, tested_db), []).append(auc)
    if len({snr_db for _, snr_db in series}) < 2:
        return []
    return [
        {"learnt_db": learnt_db, "tested_db": tested_db, "auc": round(float(np.mean(aucs)), 4)}
        for (learnt_db, tested_db), aucs in sorted(by_pair.items())
    ]


def _learnt(data: LabelledDescriptors, places: NDArray[np.intp]) -> tuple[NDArray[np.float64], list[str]]:
    return data.X[places], data.takes[places].tolist()


def _same(one: float, other: float) -> bool:
    return one == other or bool(np.isnan(one) and np.isnan(other))


def _number(snr_db: float) -> float | None:
    return None if np.isnan(snr_db) else snr_db
