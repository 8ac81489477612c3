"""`auscult package --build`, with a real builder: the image serves the bundle and has this Auscult in it."""

import subprocess
import sys

import pytest

import auscult

pytestmark = [pytest.mark.slow, pytest.mark.image, pytest.mark.timeout(1800)]


def test_package_builds_an_image_that_answers(engine, base, one_fan, wav, tmp_path):
    package = [sys.executable, "-m", "auscult", "package", one_fan, "--tag", "localhost/fan:package", "--build"]
    done = subprocess.run(
        [*package, "--", *engine.builder_options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=engine.environment,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "localhost/fan:package: built with podman" in done.stdout
    assert "podman run --rm --read-only --cap-drop ALL -p 5010:5000 localhost/fan:package" in done.stdout
    labels = engine.inspect("localhost/fan:package")["Labels"]
    assert labels["org.opencontainers.image.version"] == auscult.__version__
    name = engine.start("localhost/fan:package", "-p", "5010:5000")
    try:
        engine.wait_until_ready()
        assert engine.curl("-F", f"file=@{wav}", "http://localhost:5010/inference")[0] == 200
    finally:
        engine.remove(name)
