import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import numpy as np
import pytest
import soundfile

SR = 16000


@pytest.fixture
def settings(tmp_path, trained_bundle):
    """Writes settings that replay a recording, and gives their path."""
    soundfile.write(tmp_path / "played.wav", np.random.default_rng(1).normal(0, 0.01, 5 * SR), SR)

    def settings(http="{port: 0}", more=""):
        path = tmp_path / "auscult.yaml"
        source = f"{{machine: fan/id_00, kind: replay, path: {tmp_path / 'played.wav'}, speed: 20{more}}}"
        sources = f"sources:\n  hall: {source}\n"
        path.write_text(f"bundle: {trained_bundle}\n{sources}store: {{path: {tmp_path / 'events'}}}\nhttp: {http}\n")
        return str(path)

    return settings


def run(*arguments):
    command = [sys.executable, "-m", "auscult", "monitor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_settings_are_checked(settings):
    done = run(settings(), "--check")
    assert (done.returncode, "good, 1 source(s)" in done.stdout) == (0, True)
    assert "fan/id_00: 32 seconds of normal sound support no promise at all" in done.stdout
    done = run()
    assert (done.returncode, "auscult monitor --print-default" in done.stderr) == (2, True)


def test_it_ends_when_all_was_heard(settings):
    for http in ("null", "{port: 0}"):
        done = run(settings(http), "--until-finished")
        assert done.returncode == 0, done.stderr
        assert ("page on http://127.0.0.1:" in done.stderr) is (http != "null")
        assert "fan/id_00: 32 seconds of normal sound support no promise at all" in done.stderr


def test_the_page_is_served_until_sigterm_even_while_it_is_looked_at(settings):
    command = [sys.executable, "-m", "auscult", "monitor", settings(more=", is_repeated: true")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = next(found[1] for line in process.stderr if (found := re.search(r"page on (http://\S+)", line)))
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    assert httpx.get(f"{url}/v2/health/live", timeout=5).json() == {"live": True}
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            assert "auscult_audio_seconds_total" in httpx.get(f"{url}/metrics", timeout=20).text
            with httpx.stream("GET", f"{url}/events", timeout=20) as stream:
                lines = stream.iter_lines()
                assert next(line for line in lines if line.startswith("event: "))
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                list(lines)
            _, errors = process.communicate(timeout=20)
            assert process.returncode == 0, errors
            assert time.monotonic() - began < 10
            assert "Traceback" not in errors
            assert "monitor stopped" in errors
        finally:
            process.kill()


def test_a_port_that_is_taken_is_said_before_anything_is_begun(settings, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(settings(f"{{port: {port}}}"))
    assert done.returncode == 2
    assert f"127.0.0.1:{port}: cannot listen there" in done.stderr
    assert "http.port" in done.stderr
    assert not (tmp_path / "events").exists()
