"""One clip: a machine in a state, with a fault or none, alone or mixed with a factory's noise."""

import math

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.synth.array import MOST_CHANNELS
from auscult.synth.machines import check_fault, check_machine_type
from auscult.synth.noise import Scene, draw_scene, render_noise
from auscult.synth.place import draw_place, normal_power, render_machine
from auscult.synth.processes import child_rng, from_db

N_SCENES = 4  # places whose noise a data set is mixed with
FULL_SCALE = 0.99
LOWEST_SR = 8000
SHORTEST_S = 0.5


def mix(
    y: NDArray[np.float32], noise: NDArray[np.float32], *, snr_db: float, power: float, level_db: float
) -> tuple[NDArray[np.float32], float]:
    """Mix a machine and noise as MIMII was mixed, at the level of a recording.

    Parameters
    ----------
    y : ndarray, shape (n_channels, n_samples)
        The machine alone.
    noise : ndarray, shape (n_channels, n_samples)
        Of unit power.
    snr_db : float, dB
        Of the machine's normal sound on average; a louder clip stands out more.
    power : float
        Mean power of the machine's normal sound, which the noise is set against.
    level_db : float, dB re full scale
        Mean level of machine and noise together.

    Returns
    -------
    clip : ndarray, shape (n_channels, n_samples), float32
        Within full scale: a peak 34 dB or more above the mean level is cut, as a recorder cuts it.
    true_snr_db : float
        Power of the machine over that of the noise in this very clip.

    References
    ----------
    Purohit et al., "MIMII Dataset", DCASE Workshop 2019, section 3.
    """
    noise_gain = math.sqrt(power * 10 ** (-snr_db / 10))
    scale = from_db(level_db) / math.sqrt(power * (1 + 10 ** (-snr_db / 10)))
    clip = np.float32(scale) * (y + np.float32(noise_gain) * noise)
    noise_power = noise_gain**2 * float(np.mean(np.square(noise, dtype=np.float64)))
    true_snr_db = 10 * math.log10(max(float(np.mean(np.square(y, dtype=np.float64))), 1e-20) / noise_power)
    return cut(clip), true_snr_db


def render_clip(
    machine_type: str = "fan",
    *,
    fault: str = "",
    severity: float = 0.6,
    snr_db: float | None = None,
    machine_number: int = 0,
    take_number: int = 0,
    state: str | None = None,
    scene_number: int = 0,
    n_channels: int = 8,
    duration_s: float = 10.0,
    sr: int = 16000,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Render one synthetic clip.

    Parameters
    ----------
    machine_type : {"fan", "pump", "slider", "valve"}
    fault : str
        One of ``MACHINES[machine_type].faults``, several joined by ``+``, or empty for a normal machine.
    severity : float in [0, 1]
        From inaudible to gross. Clips that differ in fault and severity only are the same recording with and without.
    snr_db : float or None, dB
        Of the machine's normal sound over the factory's noise; None leaves the noise out.
    machine_number, take_number, scene_number : int >= 0
        Which individual, which of its recordings, and which of the 4 places in the factory.
    state : str or None
        Operating state, None for the type's first.
    n_channels : int in [1, 16]
        Microphones, evenly on a circle of 68 mm.
    duration_s : float > 0, s
    sr : int >= 8000, Hz
    seed : int >= 0

    Returns
    -------
    ndarray, shape (n_channels, n_samples), float32 in [-1, 1]

    Raises
    ------
    OptionError
        If an argument is out of its range.

    Examples
    --------
    >>> render_clip("fan", fault="imbalance", severity=0.5, snr_db=6, duration_s=1).shape
    (8, 16000)
    """
    kind = check_machine_type(machine_type)
    if fault:
        check_fault([machine_type], fault)
    state = kind.states[0] if state is None else state
    n_samples = round(duration_s * sr) if math.isfinite(duration_s) else 0
    for name, is_right, expected, value in [
        ("severity", 0 <= severity <= 1, "a number in [0, 1]", severity),
        ("snr_db", snr_db is None or math.isfinite(snr_db), "a number of dB, or None", snr_db),
        ("state", state in kind.states, f"one of {', '.join(kind.states)}", state),
        ("scene_number", 0 <= scene_number < N_SCENES, f"0 to {N_SCENES - 1}", scene_number),
        ("n_channels", 1 <= n_channels <= MOST_CHANNELS, f"1 to {MOST_CHANNELS}", n_channels),
        ("sr", sr >= LOWEST_SR, f"{LOWEST_SR} Hz or more", sr),
        ("duration_s", n_samples >= SHORTEST_S * sr, f"{SHORTEST_S} s or more", duration_s),
        ("seed", min(seed, machine_number, take_number) >= 0, "numbers of 0 or more", seed),
    ]:
        if not is_right:
            raise OptionError(name, f"expected {expected}, got {value}", f"Give another value for {name}.")
    place = draw_place(machine_type, machine_number, n_channels=n_channels, seed=seed)
    y = render_machine(
        place, f"{take_number}", state=state, n_samples=n_samples, sr=sr, seed=seed, fault=fault, severity=severity
    )
    power = normal_power(machine_type, machine_number, n_channels=n_channels, sr=sr, seed=seed)
    if snr_db is None:
        return cut(np.float32(from_db(place.level_db) / math.sqrt(power)) * y)
    noise_rng = child_rng(seed, "noise", machine_type, machine_number, take_number, scene_number)
    scene = draw_scenes(seed)[scene_number]
    noise = render_noise(scene, n_channels=n_channels, n_samples=n_samples, sr=sr, rng=noise_rng)
    return mix(y, noise, snr_db=snr_db, power=power, level_db=place.level_db)[0]


def draw_scenes(seed: int) -> list[Scene]:
    """The places whose noise clips of this seed are mixed with."""
    return [draw_scene(child_rng(seed, "scene", number)) for number in range(N_SCENES)]


def cut(y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Waveform within full scale, cut where it would go beyond, as a recorder cuts it."""
    return np.clip(y, -FULL_SCALE, FULL_SCALE)
