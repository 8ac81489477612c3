"""What is wrong with a microphone: named rightly, how soon, from what size on; what is blamed though nothing is wrong.

Synthetic machines, 4 of each type at two SNRs, commissioned for 4 minutes; then a minute of other takes with each fault
of a microphone, an hour of normal sound, and clips with the machine's own faults. Printed for each limit of a change
of gain that is asked for.

``python benchmarks/microphone.py [--seeds 313 314 315 316] [--gain-change-db 9 12]``
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.monitor.health.baseline import HealthBaseline
from auscult.monitor.health.sensor_health import SensorHealth
from auscult.monitor.settings import HealthSettings
from auscult.synth import MACHINES, render_clip

SR = 16000
BLOCK = SR // 10
COMMISSIONED_S = 240
Sound = NDArray[np.float32]


def tone(y: Sound, frequencies_hz: list[float], gain_db: float) -> Sound:
    """Lines of equal amplitude, so loud beside the sound."""
    time_s = np.arange(y.size) / SR
    lines = sum(np.sin(2 * np.pi * hz * time_s) for hz in frequencies_hz)
    return y + (y.std() * 10 ** (gain_db / 20) * lines / np.std(lines)).astype(np.float32)


def without_highs(y: Sound, cutoff_hz: float, loss_db: float | None = None) -> Sound:
    """Low-pass of third order, or a shelf that takes so much."""
    spectrum, ratio = np.fft.rfft(y), np.fft.rfftfreq(y.size, 1 / SR) / cutoff_hz
    gain = 1 / np.sqrt(1 + ratio**6)
    if loss_db is not None:
        floor = 10 ** (-loss_db / 20)
        gain = floor + (1 - floor) * gain
    return np.fft.irfft(spectrum * gain, y.size).astype(np.float32)


def amplified(gain_db: float) -> Callable[[Sound], Sound]:
    return lambda y: (10 ** (gain_db / 20) * y).astype(np.float32)


def clipped(n_rms: float) -> Callable[[Sound], Sound]:
    return lambda y: np.clip(y, -n_rms * y.std(), n_rms * y.std())


FAULTS: dict[str, tuple[str, list[Callable[[Sound], Sound]]]] = {
    "digital silence, noise of a dead input": (
        "dead",
        [lambda y: 0 * y, lambda y: (2e-5 * np.random.default_rng(1).standard_normal(y.size)).astype(np.float32)],
    ),
    "cut at full scale, at twice its rms": ("clipped", [lambda y: np.clip(0.5 * y / y.std(), -1, 1), clipped(2)]),
    "offset as large as its rms": ("DC offset", [lambda y: y + y.std()]),
    "hum 4 dB above the machine, 5 dB below it": (
        "hum",
        [lambda y: tone(y, [50, 150, 250], 4), lambda y: tone(y, [50, 150, 250], -5)],
    ),
    "low-pass at 600 and 900 Hz": ("covered", [lambda y: without_highs(y, 600), lambda y: without_highs(y, 900)]),
    "gain +15, -15 dB": ("gain change", [amplified(15), amplified(-15)]),
    "gain -13 dB": ("gain change", [amplified(-13)]),
    "gain +10, -10 dB": ("gain change", [amplified(10), amplified(-10)]),
}
"""What is to be named, and the ways to have it."""

SIZES: dict[str, tuple[str, dict[str, list[Callable[[Sound], Sound]]]]] = {
    "offset, over the sound's rms": (
        "DC offset",
        {f"{share}": [lambda y, share=share: y + share * y.std()] for share in (0.1, 0.2, 0.5)},
    ),
    "hum, beside the sound's level": (
        "hum",
        {f"{db} dB": [lambda y, db=db: tone(y, [50, 150, 250], db)] for db in (-20, -15, -10, -5)},
    ),
    "loss above 1 kHz": (
        "covered",
        {f"{db} dB": [lambda y, db=db: without_highs(y, 1000, db)] for db in (3, 6, 9, 12)},
    ),
    "gain, up or down": ("gain change", {f"{db} dB": [amplified(db), amplified(-db)] for db in (3, 6, 8, 9, 10, 12)}),
    "cut at so many times its rms": ("clipped", {f"{n}": [clipped(n)] for n in (4, 3, 2.5)}),
}


NOTHING = {
    "100 and 200 Hz, 6 dB above the machine": lambda y: tone(y, [100, 200], 6),
    "a shaft at 49.3 Hz, as loud as the machine": lambda y: tone(y, [49.3], 0),
}
"""What a machine's own sound may be."""


@dataclass(frozen=True)
class Machine:
    """A machine, what its microphone was like, and a minute of it that was not heard then."""

    type: str
    seed: int
    snr_db: int
    baseline: HealthBaseline
    y: Sound

    def render(self, take_number: int, **more: object) -> Sound:
        """Sound of one take, in one of the machine's states."""
        state = MACHINES[self.type].states[take_number % 3]
        options = {"state": state, "snr_db": self.snr_db, "seed": self.seed, "n_channels": 1, "sr": SR} | more
        return render_clip(self.type, take_number=take_number, **options)[0]


def said_of(machine: Machine, y: Sound, settings: HealthSettings) -> list[tuple[float, str]]:
    """Each cause that is said, and after how many seconds."""
    health = SensorHealth(SR, settings, machine.baseline)
    said: list[tuple[float, str]] = []
    for start in range(0, y.size, BLOCK):
        ended_s = (start + BLOCK) / SR
        cause = health.hear(y[start : start + BLOCK], ended_s).cause
        if cause and (not said or said[-1][1] != cause):
            said.append((ended_s, cause))
    return said


def commissioned(machine_type: str, seed: int, snr_db: int) -> Machine:
    blank = Machine(machine_type, seed, snr_db, HealthBaseline(SR, *(np.zeros((0, 0)),) * 2, *(np.zeros(0),) * 2), None)
    health = SensorHealth(SR, HealthSettings(), learn_s=COMMISSIONED_S - 10)
    y = np.concatenate([blank.render(take) for take in range(COMMISSIONED_S // 10)])
    for start in range(0, y.size, BLOCK):
        health.hear(y[start : start + BLOCK], (start + BLOCK) / SR)
    assert health.baseline is not None, f"{machine_type} of seed {seed} is not well when nothing is wrong"
    return Machine(
        machine_type, seed, snr_db, health.baseline, np.concatenate([blank.render(t) for t in range(50, 56)])
    )


def compare(machines: list[Machine], gain_change_db: float) -> None:
    """Print all that is found with one limit."""
    settings = HealthSettings(gain_change_db=gain_change_db)
    print(f"\ngain_change_db {gain_change_db:g}; {len(machines)} machines and SNRs")
    for name, (cause, ways) in FAULTS.items():
        firsts = [said_of(machine, way(machine.y), settings)[:1] for machine in machines for way in ways]
        right = [first[0][0] for first in firsts if first and first[0][1] == cause]
        others = sorted({first[0][1] for first in firsts if first and first[0][1] != cause})
        latest = f", at the latest after {max(right):.0f} s" if right else ""
        print(f"  {name:44s} {len(right)} of {len(firsts)}{latest}{'; others: ' + ', '.join(others) if others else ''}")
    loud = [machine for machine in machines if machine.snr_db == max(one.snr_db for one in machines)]
    for name, (cause, sizes) in SIZES.items():
        shares = {
            size: np.mean(
                [cause in dict(map(reversed, said_of(one, way(one.y), settings))) for one in loud for way in ways]
            )
            for size, ways in sizes.items()
        }
        print(f"  {name:44s} " + ", ".join(f"{size}: {share:.0%}" for size, share in shares.items()))
    quiet = [(one.type, one.seed, said) for one in machines for said in said_of(one, normal_sound(one), settings)]
    print(f"  blamed in {len(machines) * NORMAL_S / 60:.0f} minutes of normal sound: {quiet or 'nothing'}")
    for name, way in NOTHING.items():
        lines = [(one.type, one.seed, said) for one in machines for said in said_of(one, way(one.y), settings)]
        print(f"  blamed for {name}: {lines or 'nothing'}")
    clips = [(one, fault, y) for one in machines for fault, y in faulty_clips(one)]
    blamed = [(one.type, fault, said) for one, fault, y in clips for said in said_of(one, y, settings)]
    print(f"  blamed in {len(clips)} stretches of 20 s of machines' faults: {blamed or 'nothing'}")


NORMAL_S = 140


def normal_sound(machine: Machine) -> Sound:
    return np.concatenate([machine.render(take) for take in range(100, 100 + NORMAL_S // 10)])


def faulty_clips(machine: Machine) -> list[tuple[str, Sound]]:
    """Each fault of the machine, at three severities: two takes behind each other, so that it may last."""
    return [
        (f"{fault} {severity}", np.concatenate([machine.render(t, fault=fault, severity=severity) for t in (200, 203)]))
        for fault in MACHINES[machine.type].faults
        for severity in (0.4, 0.6, 0.8, 1.0)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[313, 314, 315, 316])
    parser.add_argument("--gain-change-db", type=float, nargs="+", default=[9.0, 12.0])
    asked = parser.parse_args()
    print("Synthetic machines of seeds " + ", ".join(map(str, asked.seeds)))
    machines = [commissioned(kind, seed, snr_db) for kind in MACHINES for seed in asked.seeds for snr_db in (6, 0)]
    for gain_change_db in asked.gain_change_db:
        compare(machines, gain_change_db)


if __name__ == "__main__":
    main()
