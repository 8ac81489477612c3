"""The 2021 demonstration's own model, served, and asked as its client asked.

    python examples/original_model.py                                 # looks where AUSCULT_REAL_DATA says
    python examples/original_model.py weightsMulti.hdf5 clip.wav ...

The file is in https://github.com/ALaks96/signalML. The bundle goes to examples/out/original.auscult.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from auscult.bundle.import_keras import import_keras

OUT = Path(__file__).parent / "out"
REAL_DATA = Path(os.environ.get("AUSCULT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))

WHERE = "Get weightsMulti.hdf5 from https://github.com/ALaks96/signalML and name it."


def post(url: str, clip: Path) -> dict[str, object]:
    """Post a recording in the field `file` of a form, as `requests.post(url, files={"file": ...})` does."""
    head = f'--clip\r\nContent-Disposition: form-data; name="file"; filename="{clip.name}"\r\n\r\n'
    body = head.encode() + clip.read_bytes() + b"\r\n--clip--\r\n"
    request = urllib.request.Request(url, body, {"Content-Type": "multipart/form-data; boundary=clip"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def main() -> None:
    """Import, serve, post."""
    parser = argparse.ArgumentParser(description="The original's answers, from a bundle.")
    parser.add_argument("weights", type=Path, nargs="?", default=REAL_DATA / "signalml" / "weightsMulti.hdf5")
    parser.add_argument("clips", type=Path, nargs="*", help="recordings; those beside the model if left out")
    options = parser.parse_args()
    if not options.weights.exists():
        sys.exit(f"error: {options.weights}: the original's model is not there. {WHERE}")

    path = OUT / "original.auscult"
    path.parent.mkdir(exist_ok=True)
    import_keras(options.weights).save(path)
    command = [sys.executable, "-m", "auscult", "serve", str(path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            url = re.search(r"http://[\w.:]+", server.stderr.readline())[0]  # the first thing that it says
            for clip in options.clips or sorted(options.weights.parent.glob("*.wav")):
                print(clip.name, json.dumps(post(f"{url}/inference", clip)))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
