"""The live monitor: many machines on one core, and how long from the end of a window to its event.

The bundle of a few machines is made one of many, each of which replays recordings of one of the few in real time,
over sockets as a sender of raw PCM would: `python benchmarks/monitor.py BUNDLE DATA --streams 100 --seconds 120`.
"""

import argparse
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import auscult
from auscult.bundle.bundle import DETECTOR
from auscult.bundle.making import new_bundle
from auscult.bundle.npz import write_npz
from auscult.detect.detector import Detector

CHUNK_S = 0.1
SR = 16000


def bundle_of_many(bundle, n, path):
    """The same bundle with so many machines; their names, and of which of the few each is a copy."""
    few = list(bundle.detector.machines)
    names = {f"machine/{number:03d}": few[number % len(few)] for number in range(n)}
    machines = {name: bundle.detector.machines[known] for name, known in names.items()}
    thresholds = {name: bundle.manifest.thresholds[known] for name, known in names.items()}
    members = {
        name: content
        for name, content in bundle.members.items()
        if not name.startswith("golden/") and name not in ("MODEL_CARD.md", DETECTOR)
    }
    members[DETECTOR] = write_npz(Detector(machines).to_arrays())
    new_bundle(replace(bundle.manifest, thresholds=thresholds), members).save(path)
    return names


def sounds_of(data, machines):
    """A minute of normal sound of each machine."""
    found = {}
    for machine in machines:
        kind, _, number = machine.partition("/")
        files = sorted(Path(data).glob(f"**/{kind}/{number}/normal/*.wav"))[:6]
        clips = [auscult.read_audio(file) for file in files]
        assert clips, f"no recordings of {machine} in {data}"
        assert all(sr == SR for _, sr in clips), "16 kHz is expected"
        pcm = np.concatenate([y for y, _ in clips])
        found[machine] = (pcm * 32767).astype("<i2")
    return found


def send(ports, sounds, seconds):
    """Send to all ports what they are to hear, in real time; how late the sender itself was at most."""
    senders = [socket.create_connection(("127.0.0.1", port)) for port, _ in ports]
    n, late = round(CHUNK_S * SR), 0.0
    began = time.monotonic()
    for number in range(round(seconds / CHUNK_S)):
        due = began + number * CHUNK_S
        time.sleep(max(0.0, due - time.monotonic()))
        late = max(late, time.monotonic() - due)
        for sender, (_, known) in zip(senders, ports, strict=True):
            sound = sounds[known]
            start = number * n % (len(sound) - n)
            sender.sendall(sound[start : start + n].tobytes())
    for sender in senders:
        sender.close()
    return late


def settings_text(bundle, ports, step_s):
    lines = [
        f"bundle: {bundle}",
        "http: null",
        "log: {level: warning}",
        "decisions:",
        f"  step_s: {step_s}",
        "sources:",
    ]
    for number, (name, port) in enumerate(ports):
        lines += [f"  s{number:03d}:", f"    machine: {name}", "    kind: socket", f"    port: {port}"]
    return "\n".join(lines).replace("log: {level: warning}", "log:\n  level: warning") + "\n"


def free_ports(n):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def processor_s(pid):
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(bundle_path, data, n_streams, seconds, step_s):
    bundle = auscult.load(bundle_path)
    folder = Path(tempfile.mkdtemp(prefix="auscult-benchmark-"))
    names = bundle_of_many(bundle, n_streams, folder / "many.auscult")
    sounds = sounds_of(data, bundle.detector.machines)
    ports = list(zip(names, free_ports(n_streams), strict=True))
    (folder / "auscult.yaml").write_text(settings_text(folder / "many.auscult", ports, step_s))
    command = [sys.executable, "-m", "auscult", "monitor", str(folder / "auscult.yaml")]
    os.sched_setaffinity(0, {0})  # which the monitor inherits
    process = subprocess.Popen(command)
    os.sched_setaffinity(0, {os.cpu_count() - 1})  # the senders are not what is measured
    try:
        wait_for(ports[-1][1], process)
        time.sleep(2)
        before_s, began = processor_s(process.pid), time.monotonic()
        late = []
        thread = threading.Thread(
            target=lambda: late.append(send([(port, names[name]) for name, port in ports], sounds, seconds))
        )
        thread.start()
        thread.join()
        took_s, busy_s = time.monotonic() - began, processor_s(process.pid) - before_s
        memory_mb = resident_mb(process.pid)
        time.sleep(2)
    finally:
        process.terminate()
        process.wait()
    print(f"monitor: {n_streams} streams of 16 kHz for {seconds:g} s, a score every {step_s:g} s, one core")
    print(f"  core in use               {busy_s / took_s:6.0%}   ({n_streams * seconds / busy_s:.0f} x real time)")
    print(f"  resident memory           {memory_mb:6.0f} MB")
    report(folder, seconds)
    print(f"  the sender was late by    {1000 * late[0]:6.0f} ms at most")


def wait_for(port, process):
    for _ in range(600):
        assert process.poll() is None, "the monitor ended"
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        if any(line[1].endswith(f":{port:04X}") and line[3] == "0A" for line in lines):
            return
        time.sleep(0.1)
    raise AssertionError("the monitor does not listen")


def report(folder, seconds):
    with sqlite3.connect(folder / "events" / "monitor.sqlite") as database:
        counts = [n for (n,) in database.execute("SELECT count(*) FROM detections GROUP BY machine")]
        n_alarms = database.execute("SELECT count(*) FROM events WHERE what = 'raised'").fetchone()[0]
    print(f"  decisions a machine       {min(counts)} to {max(counts)} of {int(seconds / 10)}, {len(counts)} machines")
    print(f"  alarms                    {n_alarms:6d} (synthetic normal sound)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", help="with a model of normal sound, at 16 kHz")
    parser.add_argument("data", help="its recordings, in MIMII's layout")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--step", type=float, default=2.0, help="seconds between scores")
    arguments = parser.parse_args()
    run(arguments.bundle, arguments.data, arguments.streams, arguments.seconds, arguments.step)


if __name__ == "__main__":
    main()
