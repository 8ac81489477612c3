"""An individual machine where it stands: in its room, with an array of microphones and a recorder before it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.synth.array import Array, draw_array, sensitivity
from auscult.synth.machines import MACHINES
from auscult.synth.processes import child_rng
from auscult.synth.room import Room, draw_room, responses

N_REFERENCES = 24  # normal clips that set a machine's mean power, of REFERENCE_S each
REFERENCE_S = 5.0
LEVEL_DB = -38.0  # re full scale, of machine and noise together: MIMII's recordings lie between -45 and -35


@dataclass(frozen=True)
class Place:
    """An individual machine where it stands: its room, the array before it, and how the recorder is set.

    Parameters
    ----------
    machine_type : str
    machine_number : int
    machine : Fan, Pump, Slider or Valve
    room : Room
    array : Array
    level_db : float, dB
        Mean level of its recordings re full scale.
    """

    machine_type: str
    machine_number: int
    machine: Any
    room: Room
    array: Array
    level_db: float


def machine_id(machine_number: int) -> str:
    """Name of a machine: MIMII numbers its machines 00, 02, 04, 06."""
    return f"id_{2 * machine_number:02d}"


@lru_cache(maxsize=64)
def draw_place(machine_type: str, machine_number: int, *, n_channels: int, seed: int) -> Place:
    """An individual machine and where it stands; the same for the same number and seed.

    Parameters
    ----------
    machine_type : {"fan", "pump", "slider", "valve"}
    machine_number : int >= 0
    n_channels : int
    seed : int >= 0

    Returns
    -------
    Place
    """
    kind = MACHINES[machine_type]
    machine_rng, room_rng, array_rng, level_rng = child_rng(seed, "machine", machine_type, machine_number).spawn(4)
    return Place(
        machine_type=machine_type,
        machine_number=machine_number,
        machine=kind.draw(machine_rng),
        room=draw_room(room_rng, n_parts=kind.n_parts, distance_m=kind.distance_m, azimuth_deg=kind.azimuth_deg),
        array=draw_array(array_rng, n_channels),
        level_db=LEVEL_DB + level_rng.uniform(-4, 4),
    )


def render_machine(
    place: Place, key: str, *, state: str, n_samples: int, sr: int, seed: int, fault: str = "", severity: float = 0.0
) -> NDArray[np.float32]:
    """Sound of a machine at the microphones, without background noise.

    Parameters
    ----------
    place : Place
    key : str
        Names the clip among those of its machine: another key is another recording. The same key with another fault or
        severity is the same recording but for the fault.
    state : str
        Operating state.
    fault : str
        Name of a fault, several joined by ``+``, or empty.
    severity : float in [0, 1]
    n_samples : int
    sr : int, Hz
    seed : int >= 0

    Returns
    -------
    ndarray, shape (n_channels, n_samples), float32
        Not scaled to full scale.
    """
    kind = MACHINES[place.machine_type]
    run_rng, fault_rng, sound_rng = child_rng(seed, "clip", place.machine_type, place.machine_number, key).spawn(3)
    run = kind.draw_run(place.machine, state, run_rng)
    if fault:
        run = kind.apply(place.machine, run, fault, severity, fault_rng)
    parts = kind.render(place.machine, run, n_samples, sr=sr, rng=sound_rng)
    spectra = np.fft.rfft(parts.astype(np.float32)).astype(np.complex64)
    heard = responses(place.room, place.array.n_channels, n_samples, sr=sr)
    mixed = np.zeros(heard.shape[1:], dtype=np.complex64)
    for spectrum, response in zip(spectra, heard, strict=True):
        mixed += spectrum * response
    return np.asarray(np.fft.irfft(mixed * sensitivity(place.array).astype(np.complex64), n_samples), np.float32)


@lru_cache(maxsize=64)
def normal_power(machine_type: str, machine_number: int, *, n_channels: int, sr: int, seed: int) -> float:
    """Mean power of a machine's normal sound at the microphones, over its operating states.

    It is measured on clips of its own, so that it does not depend on how many clips a data set has, or how long.

    Parameters
    ----------
    machine_type : str
    machine_number, n_channels : int
    sr : int, Hz
    seed : int >= 0

    Returns
    -------
    float > 0
    """
    place = draw_place(machine_type, machine_number, n_channels=n_channels, seed=seed)
    states = MACHINES[place.machine_type].states
    n_samples = round(REFERENCE_S * sr)
    powers = []
    for number in range(N_REFERENCES):
        state = states[number % len(states)]
        y = render_machine(place, f"reference/{number}", state=state, n_samples=n_samples, sr=sr, seed=seed)
        powers.append(np.mean(np.square(y, dtype=np.float64)))
    return float(np.mean(powers))
