import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile


def test_a_recording_takes_a_microphones_place(auscult_cli, tmp_path, rng):
    soundfile.write(tmp_path / "long.wav", rng.uniform(-0.1, 0.1, 8000 * 5), 8000)
    options = [
        "-o",
        "mine",
        "--machine-id",
        "press_3",
        "--clip",
        1,
        "--device",
        "file:long.wav",
        "--note",
        "by the door",
    ]
    done = auscult_cli("record", *options)
    assert done.returncode == 0, done.stderr
    assert "mine/press_3/normal: 5 clips" in done.stdout
    assert "train mine -o press_3.auscult" in done.stdout
    assert len(list((tmp_path / "mine" / "press_3" / "normal").glob("*.wav"))) == 5


def test_a_synthetic_machine_takes_a_microphones_place(auscult_cli, tmp_path):
    options = ["--device", "synth:valve", "--minutes", 0.4, "--channels", 2, "--json"]
    done = auscult_cli("record", *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_clips"] == 2
    clips = sorted((tmp_path / "recordings" / "machine" / "normal").glob("*.wav"))
    sounds = [soundfile.read(clip)[0] for clip in clips]
    assert all(y.shape == (160000, 2) for y in sounds)
    assert not np.array_equal(*sounds)


def test_loud_and_silent_clips_are_pointed_out(auscult_cli, tmp_path):
    y = np.concatenate([np.zeros(8000), np.tile([1.0, -1.0], 4000)])
    soundfile.write(tmp_path / "odd.wav", y, 8000)
    done = auscult_cli("record", "--device", "file:odd.wav", "--clip", 1)
    assert "silence: is the microphone on?" in done.stderr
    assert "too loud: turn the gain down" in done.stderr


def test_bad_options(auscult_cli):
    for options, code, says in [
        (["--device", "synth:lathe"], 2, "--device: expected synth: and one of fan, pump, slider, valve"),
        (["--device", "file:missing.wav"], 3, "missing.wav"),
        (["--device", "synth:fan", "--label", "fine"], 2, "--label: expected normal or anomalous, got 'fine'"),
        (["--device", "synth:fan", "--bits", 8], 2, "--bits: expected 16 or 24, got 8"),
        (["--device", "synth:fan", "--machine-id", "a/b"], 2, "--machine-id: expected a name that a folder can have"),
    ]:
        done = auscult_cli("record", *options)
        assert done.returncode == code, done.stderr
        assert says in done.stderr


def test_a_microphone_is_listed_and_recorded_until_ctrl_c(microphone, tmp_path):
    command = [sys.executable, "-m", "auscult", "record"]
    listed = subprocess.run(
        [*command, "--list"], capture_output=True, text=True, check=True, env=microphone, cwd=tmp_path
    )
    assert "testmic" in listed.stdout
    with subprocess.Popen(
        [*command, "--device", "testmic", "--clip", "1", "--minutes", "1000"],
        env=microphone, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        folder = tmp_path / "recordings" / "machine" / "normal"
        deadline = time.monotonic() + 30
        while len(list(folder.glob("*.wav"))) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGINT)
        stdout, stderr = run.communicate(timeout=30)
    assert run.returncode == 0, stderr
    assert "recordings/machine/normal: " in stdout
    (conditions,) = folder.glob("*.json")
    clips = json.loads(conditions.read_text())["clips"]
    assert len(clips) == len(list(folder.glob("*.wav")))
    assert clips[0]["peak_db"] == pytest.approx(20 * np.log10(0.25), abs=0.1)


def test_without_a_microphone_it_says_what_else_to_give(tmp_path):
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-m", "auscult", "record", "--device", "no such"], capture_output=True, text=True, check=False,
        env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert not (tmp_path / "recordings").exists()
    assert (
        "--device file:RECORDING.wav" in done.stderr or "libportaudio2" in done.stderr or "pip install" in done.stderr
    )
