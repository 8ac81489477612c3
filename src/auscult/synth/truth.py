"""Recipe of a data set -> its table of truth: one row a clip, all known before anything is rendered."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from auscult.synth.fan import Fan, draw_fan

MACHINE_TYPE = "fan"
FAULT = "imbalance"
SEVERITY_BETA = (2.5, 2.0)  # mean 0.56; one fault in seven is milder than 0.3, among the normal clips


@dataclass(frozen=True)
class Recipe:
    """What a data set is made from; `write_dataset` describes the fields. Equal recipes give equal bytes."""

    n_ids: int
    snr_db: tuple[float, ...]
    n_normal: int
    n_anomalous: int
    duration_s: float
    sr: int
    severity: float | None
    seed: int


@dataclass(frozen=True)
class Take:
    """One underlying recording of one machine, remixed at each SNR."""

    machine_number: int
    is_normal: bool
    number: int

    @property
    def machine_id(self) -> str:
        """MIMII numbers its machines 00, 02, 04, 06."""
        return f"id_{2 * self.machine_number:02d}"

    @property
    def name(self) -> str:
        """Folder and file name within one SNR, which name the take as well."""
        return f"{MACHINE_TYPE}/{self.machine_id}/{'normal' if self.is_normal else 'abnormal'}/{self.number:08d}"


@dataclass(frozen=True)
class Truth:
    """One row of truth.csv.

    Parameters
    ----------
    path : str
        Of the clip, relative to the data set's root, with forward slashes.
    machine_type, machine_id : str
        ``fan``; ``id_00``, ``id_02``, ...
    snr_db : float, dB
        Mean power of the machine's normal takes over that of the noise.
    label : {"normal", "anomalous"}
    fault : str
        ``imbalance``; empty if normal.
    severity : float in [0, 1]
    take : str
        The same for the remixes of one recording: keep them on one side of a split.
    rotation_hz : float, Hz
        Nominal; each clip runs within about 1 % of it.
    n_blades : int
    seed : int
        Of the whole data set.
    """

    path: str
    machine_type: str
    machine_id: str
    snr_db: float
    label: str
    fault: str
    severity: float
    take: str
    rotation_hz: float
    n_blades: int
    seed: int


def child_rng(seed: int, *key: int | str) -> np.random.Generator:
    """Independent random stream named by a key, the same in whatever order the streams are used.

    Parameters
    ----------
    seed : int >= 0
    *key : int or str
        What the stream is for.

    Returns
    -------
    Generator
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple("/".join(map(str, key)).encode())))


def list_takes(recipe: Recipe) -> list[Take]:
    """All takes of a data set, machine by machine, normal before anomalous."""
    return [
        Take(machine_number, is_normal, number)
        for machine_number in range(recipe.n_ids)
        for is_normal, n_takes in ((True, recipe.n_normal), (False, recipe.n_anomalous))
        for number in range(n_takes)
    ]


def fan_of(recipe: Recipe, take: Take) -> Fan:
    """The individual that a take was recorded from."""
    return draw_fan(child_rng(recipe.seed, "fan", take.machine_id))


def severity_of(recipe: Recipe, take: Take) -> float:
    """Severity of the fault in a take: 0 if normal, else the recipe's own, else drawn so that mild cases are common."""
    if take.is_normal:
        return 0.0
    if recipe.severity is not None:
        return float(recipe.severity)
    return float(child_rng(recipe.seed, "severity", take.name).beta(*SEVERITY_BETA))


def clip_path(take: Take, snr_db: float) -> str:
    """Path of a clip relative to the data set's root, as in MIMII: ``6_dB_fan/fan/id_00/normal/00000000.wav``."""
    return f"{snr_db:g}_dB_{MACHINE_TYPE}/{take.name}.wav"


def list_truth(recipe: Recipe) -> list[Truth]:
    """The rows of truth.csv, by SNR, machine, label and number."""
    takes = list_takes(recipe)
    fans = {take.machine_id: fan_of(recipe, take) for take in takes if take.number == 0}
    severities = [severity_of(recipe, take) for take in takes]
    return [
        Truth(
            path=clip_path(take, snr_db),
            machine_type=MACHINE_TYPE,
            machine_id=take.machine_id,
            snr_db=snr_db,
            label="normal" if take.is_normal else "anomalous",
            fault="" if take.is_normal else FAULT,
            severity=severity,
            take=take.name,
            rotation_hz=fans[take.machine_id].rotation_hz,
            n_blades=fans[take.machine_id].n_blades,
            seed=recipe.seed,
        )
        for snr_db in sorted(recipe.snr_db)
        for take, severity in zip(takes, severities, strict=True)
    ]


def truth_csv(rows: Sequence[Truth]) -> bytes:
    """Text of truth.csv, UTF-8, numbers in full precision."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Truth)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue().encode()
