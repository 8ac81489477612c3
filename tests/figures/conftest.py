"""Fixtures that the pictures' tests share."""

import shutil
import subprocess

import pytest


@pytest.fixture
def opened(tmp_path):
    """Function that opens a page in a browser without network and gives what its scripts made of it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here")

    def opened(page):
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000", "--no-first-run"]
        offline = ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}"]
        command = [chromium, *options, *offline, "--dump-dom", page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout

    return opened
