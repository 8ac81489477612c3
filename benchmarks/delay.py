"""From sound to event: how long after the last sample of a window its score and its alarm are with a subscriber.

A monitor hears copies of a few machines over sockets in real time, as in `benchmarks/monitor.py`, and now and then one
window of each is strange: `python benchmarks/delay.py BUNDLE DATA --streams 50 --seconds 120`. They begin at moments of
their own, with `--together` all at once: then all windows end together, which no real plant is so unlucky to have. An
alarm is due with the first strange window, so that there are many. What is measured begins when a window has been sent,
and ends when mosquitto_sub has the message.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from monitor import CHUNK_S, SR, bundle_of_many, free_ports, processor_s, settings_text, sounds_of, wait_for

import auscult
from auscult.bundle import Bundle
from auscult.detect.detector import Detector
from auscult.features.stream import feature_stream
from auscult.monitor.settings import machine_slug

WINDOW_S = 10.0
EVERY = 4
"""Of so many windows one is strange."""
ALARM_AT = 1.0
"""Nats: the evidence of one window that is as strange as can be, of 60 learnt clips 1.4."""
SETTINGS = """mqtt:
  host: 127.0.0.1
  port: {port}
alarms:
  off_delay_s: 0
  clear_below: 0.9
"""


def easily_alarming(bundle: Bundle) -> Bundle:
    """The same bundle, whose alarms are due with the first strange window."""
    assert bundle.detector is not None
    machines = {
        name: replace(machine, rule=replace(machine.rule, threshold=ALARM_AT))
        for name, machine in bundle.detector.machines.items()
    }
    return replace(bundle, detector=Detector(machines))


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Port of a Mosquitto that has only this to do."""
    (port,) = free_ports(1)
    config = f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
    (folder / "mosquitto.conf").write_text(config)
    with subprocess.Popen(["mosquitto", "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL) as process:
        wait_for(port, process)
        yield port
        process.terminate()


def told(port: int, messages: list[tuple[float, str, dict[str, str]]]) -> "subprocess.Popen[str]":
    """Collect when which score or event came, until the subscriber is ended."""
    options = ["-h", "127.0.0.1", "-p", str(port), "-t", "+/+/+/score", "-t", "+/+/+/event", "-F", "%U %t %p"]
    process = subprocess.Popen(["mosquitto_sub", *options], stdout=subprocess.PIPE, text=True)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            at, topic, content = line.split(" ", 2)
            messages.append((float(at), topic, json.loads(content)))

    threading.Thread(target=read, daemon=True).start()
    return process


def send(ports: list[int], sounds: list[np.ndarray], seconds: float, *, is_together: bool) -> np.ndarray:
    """Send to all ports in real time; Unix time at which each chunk (row) of each stream (column) was sent."""
    senders = [socket.create_connection(("127.0.0.1", port)) for port in ports]
    n, n_chunks, n_window = round(CHUNK_S * SR), round(seconds / CHUNK_S), round(WINDOW_S / CHUNK_S)
    first = np.random.default_rng(0).integers(0, 1 if is_together else n_window, len(ports))
    tone = (0.2 * 32767 * np.sin(2 * np.pi * 3000 * np.arange(n) / SR)).astype("<i2")
    sent, began = np.zeros((n_chunks, len(ports))), time.monotonic()
    for tick in range(n_chunks + n_window):
        time.sleep(max(0.0, began + tick * CHUNK_S - time.monotonic()))
        for stream, (sender, sound) in enumerate(zip(senders, sounds, strict=True)):
            number = tick - first[stream]
            if not 0 <= number < n_chunks:
                continue
            is_strange = number // n_window % EVERY == EVERY - 1
            start = number * n % (len(sound) - n)
            chunk = np.clip(sound[start : start + n].astype(np.int32) + tone * is_strange, -32768, 32767)
            sender.sendall(chunk.astype("<i2").tobytes())
            sent[number, stream] = time.time()
    for sender in senders:
        sender.close()
    return sent


def delays(
    messages: list[tuple[float, str, dict[str, str]]], sent: dict[str, np.ndarray], *, is_event: bool
) -> np.ndarray:
    """Of each score, or of each alarm, from its window's last sample to its coming, in seconds.

    A window is known by its end, as the message says it: the time at which the chunk that ended it was heard.
    """
    found, known = [], set()
    for came_at, topic, content in messages:
        slug, what = topic.split("/")[-2:]
        if (what == "event") != is_event or (is_event and content["what"] != "raised"):
            continue
        at = datetime.fromisoformat(content["at"]).timestamp()
        ends = sent[slug]
        if (slug, at) not in known:  # said again with another fault or alarm, a score is no new one
            known.add((slug, at))
            found.append(came_at - ends[np.argmin(np.abs(ends - at))])
    return np.array(found)


def run(bundle_path: str, data: str, n_streams: int, seconds: float, step_s: float, *, is_together: bool) -> None:
    bundle = easily_alarming(auscult.load(bundle_path))
    assert bundle.detector is not None
    with tempfile.TemporaryDirectory(prefix="auscult-delay-") as name, broker(Path(name)) as mqtt_port:
        folder = Path(name)
        names = bundle_of_many(bundle, n_streams, folder / "many.auscult")
        learnt = sounds_of(data, bundle.detector.machines)
        windows = feature_stream(bundle.manifest.features, SR, window_s=WINDOW_S, step_s=step_s)
        ports = dict(zip(names, free_ports(n_streams), strict=True))
        text = settings_text(folder / "many.auscult", list(ports.items()), step_s)
        (folder / "auscult.yaml").write_text(text + SETTINGS.format(port=mqtt_port))
        messages: list[tuple[float, str, dict[str, str]]] = []
        subscriber = told(mqtt_port, messages)
        os.sched_setaffinity(0, {0})  # which the monitor inherits
        process = subprocess.Popen([sys.executable, "-m", "auscult", "monitor", str(folder / "auscult.yaml")])
        os.sched_setaffinity(0, {os.cpu_count() - 1})  # the senders are not what is measured
        try:
            wait_for(list(ports.values())[-1], process)
            time.sleep(2)
            before_s, began = processor_s(process.pid), time.monotonic()
            heard = [learnt[known] for known in names.values()]
            sent = send(list(ports.values()), heard, seconds, is_together=is_together)
            in_use = (processor_s(process.pid) - before_s) / (time.monotonic() - began)
            time.sleep(3)
        finally:
            process.terminate()
            process.wait()
            subscriber.terminate()
            subscriber.wait()
    last = np.ceil(np.arange(windows.window_s, seconds, windows.step_s) / CHUNK_S - 1e-6).astype(int) - 1
    ends = {machine_slug(machine): sent[last, stream] for stream, machine in enumerate(ports)}
    how = ", all at once" if is_together else ""
    print(f"{n_streams} streams of 16 kHz for {seconds:g} s{how}, a score every {step_s:g} s, {in_use:.0%} of one core")
    for what, is_event in (("score", False), ("alarm", True)):
        taken = delays(messages, ends, is_event=is_event)
        middle, most = np.quantile(taken, [0.5, 0.95])
        print(
            f"  last sample to {what}: median {middle:5.2f} s, 95 % within {most:5.2f} s, worst {taken.max():5.2f} s "
            f"({len(taken)} of them)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", help="with a model of normal sound, of clips of 10 s at 16 kHz")
    parser.add_argument("data", help="its recordings, in MIMII's layout")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 50])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--together", action="store_true", help="let all windows end at the same moment")
    parser.add_argument("--step", type=float, default=2.0, help="seconds between scores")
    arguments = parser.parse_args()
    for n_streams in arguments.streams:
        run(
            arguments.bundle,
            arguments.data,
            n_streams,
            arguments.seconds,
            arguments.step,
            is_together=arguments.together,
        )


if __name__ == "__main__":
    main()
