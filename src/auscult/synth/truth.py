"""Recipe of a data set -> its takes, and its table of truth with a row a clip, known before anything is rendered."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from auscult.synth.clip import N_SCENES, draw_scenes
from auscult.synth.machines import MACHINES, Nameplate
from auscult.synth.place import draw_place, machine_id
from auscult.synth.processes import child_rng
from auscult.synth.recipe import Recipe, faults_of

SEVERITY_BETA = (3.0, 1.8)  # mean 0.62; one fault in ten is milder than 0.35, among the normal clips
TAKES_A_STATE = 10  # so many takes in a row are recorded in one operating state


@dataclass(frozen=True)
class Take:
    """One underlying recording of one machine, remixed at each SNR.

    Parameters
    ----------
    machine_type : str
    machine_number : int
    label : {"normal", "anomalous"}
    number : int
    state : str
        Operating state.
    fault : str
        Empty if normal.
    severity : float in [0, 1]
    """

    machine_type: str
    machine_number: int
    label: str
    number: int
    state: str
    fault: str
    severity: float

    @property
    def key(self) -> str:
        """Folder and file name below the machine's, without the suffix."""
        return take_key(self.label, self.number)

    @property
    def name(self) -> str:
        """Folder and file name within one SNR, which name the take as well."""
        return f"{self.machine_type}/{machine_id(self.machine_number)}/{self.key}"

    def path(self, snr_db: float) -> str:
        """Path of a clip relative to the data set's root, as in MIMII: ``6_dB_fan/fan/id_00/normal/00000000.wav``."""
        return f"{snr_db:g}_dB_{self.machine_type}/{self.name}.wav"


@dataclass(frozen=True)
class Truth:
    """One row of truth.csv; what does not apply is empty.

    Parameters
    ----------
    path : str
        Of the clip, relative to the data set's root, with forward slashes.
    machine_type, machine_id : str
        ``fan``, ``pump``, ``slider`` or ``valve``; ``id_00``, ``id_02``, ...
    snr_db : float, dB
        Mean power of the machine's normal sound over that of the noise.
    label : {"normal", "anomalous"}
    state : str
        Operating state.
    fault : str
        Several at a time are joined by ``+``.
    severity : float in [0, 1]
    take : str
        The same for the remixes of one recording: keep them on one side of a split.
    scene : str
        Where the noise was recorded: kind and number.
    true_snr_db : float or None, dB
        Power of the machine over that of the noise in this very clip; None before it is rendered.
    kind, mains_hz, rotation_hz, n_blades, period_s
        `Nameplate` of the machine.
    level_db : float, dB re full scale
        How the recorder was set for this machine.
    seed : int
        Of the whole data set.
    """

    path: str
    machine_type: str
    machine_id: str
    snr_db: float
    label: str
    state: str
    fault: str
    severity: float
    take: str
    scene: str
    true_snr_db: float | None
    kind: str | None
    mains_hz: float | None
    rotation_hz: float | None
    n_blades: int | None
    period_s: float | None
    level_db: float
    seed: int


def take_key(label: str, number: int) -> str:
    """Folder and file name of a take below its machine's: ``abnormal/00000000``, as MIMII calls it."""
    return f"{'normal' if label == 'normal' else 'abnormal'}/{number:08d}"


def list_takes(recipe: Recipe) -> list[Take]:
    """All takes of a data set, machine by machine, normal before anomalous."""
    return [
        _draw_take(recipe, machine_type, machine_number, label, number)
        for machine_type in recipe.machine_types
        for machine_number in range(recipe.n_ids)
        for label, n_takes in (("normal", recipe.n_normal), ("anomalous", recipe.n_anomalous))
        for number in range(n_takes)
    ]


def _draw_take(recipe: Recipe, machine_type: str, machine_number: int, label: str, number: int) -> Take:
    """State, fault and severity of one take, drawn so that they depend on nothing else."""
    key = (machine_type, machine_number, take_key(label, number))
    states = MACHINES[machine_type].states
    state_rng = child_rng(recipe.seed, "state", machine_type, machine_number, label, number // TAKES_A_STATE)
    state = str(state_rng.choice(states))
    if label == "normal":
        return Take(machine_type, machine_number, label, number, state, "", 0.0)
    fault = str(child_rng(recipe.seed, "fault", *key).choice(faults_of(recipe, machine_type)))
    severity_rng = child_rng(recipe.seed, "severity", *key)
    low, high = recipe.severity or (0, 0)
    severity = severity_rng.uniform(low, high) if recipe.severity else severity_rng.beta(*SEVERITY_BETA)
    return Take(machine_type, machine_number, label, number, state, fault, float(severity))


def scene_number(recipe: Recipe, path: str) -> int:
    """Number of the place whose noise a clip is mixed with."""
    return int(child_rng(recipe.seed, "scene of", path).integers(N_SCENES))


def list_truth(recipe: Recipe) -> list[Truth]:
    """The rows of truth.csv, by machine type, SNR, machine, label and number; without the true SNR."""
    takes = list_takes(recipe)
    scenes = draw_scenes(recipe.seed)
    return [
        _truth(recipe, take, snr_db, [scene.kind for scene in scenes])
        for machine_type in recipe.machine_types
        for snr_db in sorted(recipe.snr_db)
        for take in takes
        if take.machine_type == machine_type
    ]


def _truth(recipe: Recipe, take: Take, snr_db: float, scene_kinds: Sequence[str]) -> Truth:
    place = draw_place(take.machine_type, take.machine_number, n_channels=recipe.n_channels, seed=recipe.seed)
    plate: Nameplate = MACHINES[take.machine_type].nameplate(place.machine)
    number = scene_number(recipe, take.path(snr_db))
    return Truth(
        path=take.path(snr_db),
        machine_type=take.machine_type,
        machine_id=machine_id(take.machine_number),
        snr_db=snr_db,
        label=take.label,
        state=take.state,
        fault=take.fault,
        severity=take.severity,
        take=take.name,
        scene=f"{scene_kinds[number]} {number}",
        true_snr_db=None,
        **asdict(plate),
        level_db=place.level_db,
        seed=recipe.seed,
    )


def truth_csv(rows: Sequence[Truth]) -> bytes:
    """Text of truth.csv, UTF-8, numbers in full precision."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Truth)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue().encode()


def is_truth_csv(path: Path) -> bool:
    """Whether a file is the table of a synthetic data set."""
    columns = ",".join(field.name for field in fields(Truth)).encode()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(columns)) == columns
