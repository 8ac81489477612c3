"""The server keeps what its OpenAPI document promises, whatever schemathesis thinks of sending."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_document_is_kept(server, tmp_path):
    """Run by its command line: schemathesis' pytest plugin does not go with every pytest."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    options = ["--max-examples=100", "--seed=1", "--phases=examples,coverage,fuzzing", "--no-color", "--checks=all"]
    options += ["--exclude-checks=positive_data_acceptance"]  # no schema can say that a file must be a recording
    done = subprocess.run(
        [schemathesis, "run", f"{server.url}/openapi.json", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
