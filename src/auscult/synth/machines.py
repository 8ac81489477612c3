"""The types of machine there are, by name: how an individual is drawn, how it runs, sounds and fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auscult.errors import OptionError
from auscult.synth import fan, fan_faults, pump, pump_faults, slider, slider_faults, valve, valve_faults
from auscult.synth.processes import FloatArray

COMPOUND = "+"
"""Between the names of faults that are present at the same time."""


@dataclass(frozen=True)
class Nameplate:
    """What somebody standing before a machine can read off or count; what does not apply to its type is None.

    Parameters
    ----------
    kind : str
        Impeller of a fan, drive of a slide rail, ...
    mains_hz : float, Hz
    rotation_hz : float, Hz
        Nominal rotation frequency; each clip runs within a few percent of it.
    n_blades : int
        Of a fan's impeller; vanes of a pump's.
    period_s : float, s
        Of a valve's cycle, of a slide rail's stroke.
    """

    kind: str | None = None
    mains_hz: float | None = None
    rotation_hz: float | None = None
    n_blades: int | None = None
    period_s: float | None = None


@dataclass(frozen=True)
class MachineType:
    """One type of machine, as functions on an individual of it and on how that one runs during a clip.

    Parameters
    ----------
    draw : callable (rng) -> individual
    draw_run : callable (individual, state, rng) -> run
    render : callable (individual, run, n_samples, *, sr, rng) -> ndarray, shape (n_parts, n_samples)
    faults : mapping of name -> callable (individual, run, severity, rng) -> run
    states : tuple of str
        Operating states.
    n_parts : int
        Parts that radiate.
    distance_m, azimuth_deg : float
        Where it stands before the array, as in MIMII (Purohit et al. 2019).
    nameplate : callable (individual) -> Nameplate
    """

    draw: Callable[[np.random.Generator], Any]
    draw_run: Callable[[Any, str, np.random.Generator], Any]
    render: Callable[..., FloatArray]
    faults: Mapping[str, Callable[[Any, Any, float, np.random.Generator], Any]]
    states: tuple[str, ...]
    n_parts: int
    distance_m: float
    azimuth_deg: float
    nameplate: Callable[[Any], Nameplate]

    def apply(self, machine: Any, run: Any, fault: str, severity: float, rng: np.random.Generator) -> Any:
        """How a machine runs with a fault, or with several joined by ``+``, each of the same severity."""
        for name, fault_rng in zip(fault.split(COMPOUND), rng.spawn(1 + fault.count(COMPOUND)), strict=True):
            run = self.faults[name](machine, run, severity, fault_rng)
        return run


MACHINES = {
    "fan": MachineType(
        draw=fan.draw_fan,
        draw_run=fan.draw_fan_run,
        render=fan.render_fan,
        faults=fan_faults.FAULTS,
        states=fan.STATES,
        n_parts=len(fan.PARTS),
        distance_m=0.5,
        azimuth_deg=180,
        nameplate=lambda it: Nameplate(it.impeller, it.motor.mains_hz, it.motor.rotation_hz, it.n_blades),
    ),
    "pump": MachineType(
        draw=pump.draw_pump,
        draw_run=pump.draw_pump_run,
        render=pump.render_pump,
        faults=pump_faults.FAULTS,
        states=pump.STATES,
        n_parts=len(pump.PARTS),
        distance_m=0.5,
        azimuth_deg=90,
        nameplate=lambda it: Nameplate("centrifugal", it.motor.mains_hz, it.motor.rotation_hz, it.n_vanes),
    ),
    "slider": MachineType(
        draw=slider.draw_slider,
        draw_run=slider.draw_slider_run,
        render=slider.render_slider,
        faults=slider_faults.FAULTS,
        states=slider.STATES,
        n_parts=len(slider.PARTS),
        distance_m=0.5,
        azimuth_deg=270,
        nameplate=lambda it: Nameplate(it.drive, period_s=it.stroke_s),
    ),
    "valve": MachineType(
        draw=valve.draw_valve,
        draw_run=valve.draw_valve_run,
        render=valve.render_valve,
        faults=valve_faults.FAULTS,
        states=valve.STATES,
        n_parts=len(valve.PARTS),
        distance_m=0.1,
        azimuth_deg=0,
        nameplate=lambda it: Nameplate("solenoid", period_s=it.period_s),
    ),
}


def check_machine_type(machine_type: str) -> MachineType:
    """The type of this name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if machine_type not in MACHINES:
        expected = f"expected {', '.join(MACHINES)}, got {machine_type!r}"
        raise OptionError("machine_type", expected, "Choose among them.")
    return MACHINES[machine_type]


def check_fault(machine_types: Sequence[str], fault: str) -> None:
    """Check that one of some types of machine has a fault, or all those that are joined by ``+``.

    Raises
    ------
    OptionError
        If none has, or a fault is named twice.
    """
    names = fault.split(COMPOUND)
    known = {name: tuple(MACHINES[name].faults) for name in machine_types}
    if len(set(names)) < len(names) or not any(set(names) <= set(faults) for faults in known.values()):
        expected = "; ".join(f"{name}: {', '.join(faults)}" for name, faults in known.items())
        remedy = f"Choose among them; several at the same time are joined by {COMPOUND}."
        raise OptionError("faults", f"expected a fault of {expected}; got {fault!r}", remedy)
