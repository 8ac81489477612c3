"""A day of sound through the monitor, as fast as it can: its memory and its disk, hour by hour.

`python benchmarks/day.py` synthesises a fan at 8 kHz whose bearing is worn for a minute of each hour, learns it, and
plays 24 hours of it to `auscult monitor`, which tells a broker everything and may keep a few megabytes.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from delay import broker
from monitor import resident_mb

import auscult
from auscult.bundle.bundle import DETECTOR, Bundle
from auscult.bundle.making import new_bundle
from auscult.bundle.npz import write_npz
from auscult.detect.detector import Detector
from auscult.synth import write_dataset

SR = 8000
N_HOURS = 24
KEEP_MB = 4
"""Of disk: a day of descriptors is more."""
ALARM_AT = 1.4
"""Nats: of two windows that are as strange as can be for a machine of 20 learnt clips."""


@dataclass(frozen=True)
class Hour:
    """What a monitor needed while it heard an hour of sound.

    Parameters
    ----------
    memory_mb : float
        Resident memory, the median of the hour.
    disk_mb : float
        All of its folder at the end, the reserve included.
    took_s : float
    """

    memory_mb: float
    disk_mb: float
    took_s: float


def make(folder: Path) -> None:
    """Write a bundle and a day of recordings of a minute: the same hour 24 times."""
    options = {"n_ids": 1, "n_channels": 1, "sr": SR, "faults": ("bearing-wear",), "severity": 0.9}
    write_dataset(folder / "data", n_normal=20, n_anomalous=6, seed=1, **options)
    bundle = auscult.train(folder / "data", n_mels=32, labels="none")
    easily_alarming(bundle).save(folder / "fan.auscult")
    normal, worn = (_row(folder / "data", kind) for kind in ("normal", "abnormal"))
    n_normal = 3600 * SR - len(worn)
    hour = np.concatenate([np.tile(normal, 1 + n_normal // len(normal))[:n_normal], worn])
    (folder / "day").mkdir()
    for number, part in enumerate(np.split(hour, 60)):
        soundfile.write(folder / "hour.wav", part, SR, subtype="PCM_16")
        for hour_number in range(N_HOURS):
            (folder / "day" / f"{hour_number:02d}-{number:02d}.wav").hardlink_to(folder / "hour.wav")
        (folder / "hour.wav").unlink()


def easily_alarming(bundle: Bundle) -> Bundle:
    """The same bundle, alarming after two strange windows."""
    assert bundle.detector is not None
    machines = {
        name: replace(machine, rule=replace(machine.rule, threshold=ALARM_AT))
        for name, machine in bundle.detector.machines.items()
    }
    made = ("golden/", "MODEL_CARD.md")
    members = {name: content for name, content in bundle.members.items() if not name.startswith(made)}
    return new_bundle(bundle.manifest, members | {DETECTOR: write_npz(Detector(machines).to_arrays())})


def hear(folder: Path, mqtt_port: int) -> Iterator[Hour]:
    """Let a monitor hear the day; the hours as they have passed."""
    settings = {
        "bundle": str(folder / "fan.auscult"),
        "http": None,
        "log": {"level": "error"},
        "decisions": {"step_s": 10},
        "store": {"path": str(folder / "events"), "keep_mb": KEEP_MB},
        "mqtt": {"host": "127.0.0.1", "port": mqtt_port},
        "sources": {"hall": {"machine": "fan/id_00", "kind": "replay", "path": str(folder / "day"), "speed": 1e6}},
    }
    (folder / "auscult.yaml").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "auscult", "monitor", str(folder / "auscult.yaml"), "--until-finished"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            memory_mb: list[float] = []
            n_passed, began = 0, time.monotonic()
            while process.poll() is None:
                memory_mb.append(resident_mb(process.pid))
                if heard_s(folder) >= 3600 * (n_passed + 1) - 60 or process.poll() is not None:
                    yield Hour(float(np.median(memory_mb)), disk_mb(folder), time.monotonic() - began)
                    memory_mb, n_passed, began = [], n_passed + 1, time.monotonic()
                time.sleep(0.1)
            assert process.returncode == 0, "the monitor ended with an error"
        finally:
            process.kill()


def heard_s(folder: Path) -> float:
    """Sound that was decided on so far, in seconds; decisions are numbered, and the earliest may be forgotten."""
    database = folder / "events" / "monitor.sqlite"
    if not database.exists():
        return 0.0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return 10.0 * float(connection.execute("SELECT coalesce(max(id), 0) FROM detections").fetchone()[0])
        except sqlite3.OperationalError:  # it is just being made
            return 0.0


def disk_mb(folder: Path) -> float:
    """Size of all files of the store."""
    sizes = []
    for path in (folder / "events").rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:  # forgotten just now
            continue
    return sum(sizes) / 1e6


def _row(data: Path, kind: str) -> np.ndarray:
    """All recordings of a kind, one after the other."""
    files = sorted(data.glob(f"**/{kind}/*.wav"))
    return np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="auscult-day-") as name, broker(Path(name)) as port:
        make(Path(name))
        hours = list(hear(Path(name), port))
    print(f"{len(hours)} h of sound at {SR / 1000:g} kHz, one stream, {sum(hour.took_s for hour in hours):.0f} s")
    for number in (1, 6, 12, 24):
        hour = hours[number - 1]
        speed = 3600 / hour.took_s
        print(f"  hour {number:2d}: {hour.memory_mb:6.1f} MB of memory, {hour.disk_mb:5.1f} MB of disk, {speed:4.0f} x")


if __name__ == "__main__":
    main()
