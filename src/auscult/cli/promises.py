"""What can be expected of a machine's detector, in words."""

import math
from collections.abc import Iterable

from auscult.bundle import Bundle
from auscult.detect import MachineDetector
from auscult.detect.alarm_budget import describe_time

N_NAMED = 3
"""Strange recordings that are named."""
FEW_CLIPS = 50
"""With fewer takes than this it is said what so few can and cannot do."""


def machine_line(name: str, machine: MachineDetector, asked_for: float) -> str:
    """Threshold for single clips, and what it is expected to do to normal ones.

    Parameters
    ----------
    name : str
    machine : MachineDetector
    asked_for : float
        The false-alarm rate that was asked for.
    """
    calibration = machine.calibration
    rate, n_takes = calibration.false_alarm_rate, calibration.n_takes
    line = f"  {name}: threshold {calibration.threshold:.3f}, expects to call {rate:.1%} of normal clips anomalous"
    if rate > asked_for:
        line += f" ({n_takes} recordings support no less; {asked_for:.1%} takes {math.ceil(1 / asked_for) - 1})"
    return line


def broken_promises(bundle: Bundle, machines: Iterable[str]) -> list[str]:
    """Machines whose false alarms cannot be promised to be as rare as was asked for, and what is promised instead.

    Parameters
    ----------
    bundle : Bundle
        With a model of normal sound.
    machines : iterable of str
        Their full names.
    """
    assert bundle.detector is not None
    rules = {name: bundle.detector.machines[name].rule for name in machines}
    return [f"{name}: {rule}" for name, rule in rules.items() if rule.promised_s < rule.asked_s]


def promise_lines(machine: MachineDetector) -> list[str]:
    """What is promised where clips follow each other, how soon faults are announced, and what few clips cannot do."""
    lines = [f"    alarms: {machine.rule}"]
    announced = [
        f"{describe_time(delay_s) if delay_s else 'never'} (AUC {auc:g})" for auc, delay_s in machine.delays_s.items()
    ]
    lines.append(f"    a fault is announced after, from the faintest to the clearest: {', '.join(announced)}")
    if machine.strange:
        named = ", ".join(machine.strange[:N_NAMED]) + ", ..." * (len(machine.strange) > N_NAMED)
        n_strange = len(machine.strange)
        lines.append(f"    among them, unlike all others and not learnt ({n_strange}), listen to them: {named}")
    if machine.calibration.n_takes < FEW_CLIPS:
        lines.append(
            f"    {machine.calibration.n_takes} recordings are few: states, loads and noises that are not among them "
            "will be called anomalous (auscult commission says how many it takes)"
        )
    return lines
