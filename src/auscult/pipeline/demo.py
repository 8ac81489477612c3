"""The demonstration's steps: synthetic machines, a bundle trained on them, and a really served request."""

import csv
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from auscult.audio.scan import Progress
from auscult.bundle import Bundle
from auscult.errors import BundleError, DataError
from auscult.extras import require
from auscult.pipeline.training import train
from auscult.synth import write_dataset

FALSE_ALARM_RATE = 0.05
START_TIMEOUT_S = 30.0
OWN = ("data", "fan.auscult", "fan.auscult.unfinished", "report.html")
"""What a demonstration leaves in its folder."""


def check_folder(root: Path) -> None:
    """Check that a folder holds nothing but an earlier demonstration, and that training is installed.

    Raises
    ------
    DataError
        If it is a file, or has something of somebody else's in it.
    MissingExtraError
        If the extra `train` is not installed.
    """
    require("sklearn", extra="train")
    if root.exists() and not root.is_dir():
        raise DataError(str(root), "is a file", "Name a folder: auscult demo FOLDER")
    others = sorted(path.name for path in root.glob("*") if path.name not in OWN)
    if others:
        problem = f"holds other things ({others[0]}, ...)"
        raise DataError(str(root), problem, "Name an empty folder: auscult demo FOLDER")


def synthesise(root: Path, *, seed: int, on_progress: Progress) -> None:
    """Write a small synthetic data set to ``root/data``.

    Raises
    ------
    DataError
        If the folder holds something else, or cannot be written.
    """
    write_dataset(
        root / "data",
        n_ids=2,
        n_normal=100,
        n_anomalous=20,
        n_channels=1,
        seed=seed,
        n_jobs=os.cpu_count() or 1,
        on_progress=lambda n_done, n_total: on_progress("synth", n_done, n_total),
    )


def learn(root: Path, bundle_path: Path, report: Path, *, on_progress: Progress) -> Bundle:
    """Train on ``root/data``, whose table says which fault each clip has, save the bundle and write the report."""
    return train(
        root / "data" / "truth.csv",
        false_alarm_rate=FALSE_ALARM_RATE,
        report=report,
        output=bundle_path,
        n_jobs=os.cpu_count() or 1,
        on_progress=on_progress,
    )


def held_out_clips(root: Path) -> list[Path]:
    """For each machine a normal clip that was not learnt from, and the one with its grossest fault.

    Every anomalous clip is held out; the mild ones are meant to be missed by many a detector.
    """
    data = root / "data"
    with (data / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    clips = []
    for machine_id in sorted({row["machine_id"] for row in rows}):
        own = [row for row in rows if row["machine_id"] == machine_id]
        normal = [row for row in own if row["label"] == "normal"][-1]  # training holds out the last takes
        grossest = max(own, key=lambda row: float(row["severity"]))
        clips += [data / normal["path"], data / grossest["path"]]
    return clips


def served_answer(bundle_path: Path, clip: Path) -> tuple[str, dict[str, Any]]:
    """Serve a bundle in a process of its own, post a clip to it as any client would, and stop it.

    Returns
    -------
    url : str
        Where it was served.
    answer : dict
        What it answered.

    Raises
    ------
    BundleError
        If the server did not start.
    """
    command = [sys.executable, "-m", "auscult", "serve", str(bundle_path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            url = _url_of(server)
            _wait_until_ready(url)
            return url, _post(url, clip, machine_id="/".join(clip.parts[-4:-2]))
        finally:
            server.terminate()


def _url_of(server: "subprocess.Popen[str]") -> str:
    assert server.stderr is not None
    said = ""
    for line in server.stderr:
        said += line
        if match := re.search(r"on (http://\S+)", line):
            return match[1]
    raise BundleError("auscult serve", f"did not start: {said.strip()}", "Start it by hand to see more.")


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/v2/health/ready", timeout=START_TIMEOUT_S):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise BundleError("auscult serve", f"was not ready in time ({error})", "Start it by hand.") from None
            time.sleep(0.05)


def _post(url: str, clip: Path, *, machine_id: str) -> dict[str, Any]:
    boundary = uuid.uuid4().hex
    field = f'--{boundary}\r\nContent-Disposition: form-data; name="machine_id"\r\n\r\n{machine_id}\r\n'
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{clip.name}"\r\n\r\n'
    body = field.encode() + file.encode() + clip.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{url}/inference", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=START_TIMEOUT_S) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
