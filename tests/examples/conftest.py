"""Examples as their readers run them: scripts in processes of their own, warnings being errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def run_example(tmp_path):
    """Run a script of examples/ with these arguments in an empty folder; environment variables by name."""

    def run(name, *arguments, **environment):
        command = [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, arguments)]
        env = os.environ | environment
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env)

    return run
