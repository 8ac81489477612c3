import subprocess
import sys

import auscult
from auscult.shipping.wheel import write_wheel


def test_wheel_installs_and_is_this_auscult(tmp_path):
    """pip, which checks every sum, installs it; what is installed runs, and is the code that runs here."""
    wheel = write_wheel(tmp_path)
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel]
    subprocess.run(pip, check=True, capture_output=True)
    code = "import auscult.cli, importlib.metadata as m; print(auscult.__file__, m.version('auscult'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=target, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{target}/auscult/__init__.py ")
    assert (target / "bin" / "auscult").exists()
    here = auscult.__file__.removesuffix("__init__.py")
    compared = ["diff", "--recursive", "--exclude=__pycache__", here, str(target / "auscult")]
    assert subprocess.run(compared, capture_output=True, text=True, check=False).stdout == ""


def test_same_code_gives_the_same_bytes(tmp_path):
    assert write_wheel(tmp_path / "a").read_bytes() == write_wheel(tmp_path / "b").read_bytes()
