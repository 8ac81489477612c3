"""All benchmarks, each in a process of its own."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("auscult", "numpy", "onnxruntime", "librosa", "resampy", "keras", "tensorflow-cpu", "torch", "flask")


def main() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}; medians of rounds that measure both sides")
    print(", ".join(f"{name} {version(name)}" for name in LIBRARIES))
    for name in ("verdict", "features", "store", "server", "synth", "scan", "diagnosis"):
        print(flush=True)
        subprocess.run([sys.executable, Path(__file__).with_name(f"{name}.py")], check=True)
    print(flush=True)
    subprocess.run([sys.executable, Path(__file__).with_name("detection.py"), "--speed-only"], check=True)


if __name__ == "__main__":
    main()
