"""``auscult fetch mimii`` against a mirror on the loopback that can go silent in the middle of a file.

What ends a process is done to a process; the rest runs in this one, because each start takes a second.
"""

import hashlib
import http.server
import io
import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from rich.console import Console

from auscult.cli import app, main

CLIPS = [
    f"id_0{machine}/{label}/{n:08}.wav" for machine in (0, 2) for label in ("normal", "abnormal") for n in range(2)
]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(has_body=False)

    def do_GET(self):
        self.server.requests.append((self.path, self.headers.get("Range")))
        self.answer(has_body=True)

    def answer(self, has_body):
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if has_body and self.path == self.server.silent_in_the_middle_of:
            self.wfile.write(content[start : len(content) // 2])
            self.wfile.flush()
            self.server.release.wait(60)
        elif has_body:
            self.wfile.write(content[start:])

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.requests, self.release = {}, [], threading.Event()
        self.silent_in_the_middle_of = None
        self.url = f"http://127.0.0.1:{self.server_port}/mimii"

    def handle_error(self, *_):
        pass  # a client that was killed is what is tested


def archive(machine_type, snr_db):
    stream, rng = io.BytesIO(), random.Random(f"{machine_type}{snr_db}")
    with zipfile.ZipFile(stream, "w") as opened:
        for clip in CLIPS:
            opened.writestr(f"{machine_type}/{clip}", rng.randbytes(200_000))
    return stream.getvalue()


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def auscult(tmp_path, monkeypatch, capsys):
    """Run the command line in an empty folder as a process would, without making one."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["auscult", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        done = Done(code, *capsys.readouterr())
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def mirror(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server, files = Server(), []
    for machine_type in ("fan", "pump", "slider", "valve"):
        for snr_db in (-6, 0, 6):
            name, content = f"{snr_db}_dB_{machine_type}.zip", archive(machine_type, snr_db)
            server.files[f"/mimii/{name}"] = content
            files.append({"key": name, "size": len(content), "checksum": f"md5:{hashlib.md5(content).hexdigest()}"})
    server.files["/mimii/record.json"] = json.dumps({"files": files}).encode()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_several_types_and_snrs(auscult, tmp_path, mirror):
    options = ["--machine", "fan", "pump", "--snr", -6, 6, "--mirror", mirror.url, "-o", "data"]
    done = auscult("fetch", "mimii", *options)
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "data") == ["-6_dB_fan", "-6_dB_pump", "6_dB_fan", "6_dB_pump"]
    assert (tmp_path / "data" / "-6_dB_fan" / "fan" / "id_02" / "abnormal" / "00000001.wav").stat().st_size == 200_000
    assert "data/-6_dB_fan: fetched" in done.stdout
    assert re.search(r"Next: .*auscult train data -o machines.auscult", done.stdout)
    done = auscult("fetch", "mimii", *options, "--snr", 0)
    assert done.returncode == 0, done.stderr
    assert "data/-6_dB_fan: was there" in done.stdout
    assert "data/0_dB_fan: fetched" in done.stdout


def test_fan_at_6_db_where_nothing_is_said(auscult, tmp_path, mirror):
    done = auscult("fetch", "mimii", "-o", "my data", "--mirror", mirror.url, "--keep-archives")
    assert done.returncode == 0, done.stderr
    assert names(tmp_path / "my data") == ["6_dB_fan", "6_dB_fan.zip"]
    assert re.search(r"Next: .*auscult train 'my data' -o fan.auscult", done.stdout)


def test_json(auscult, mirror):
    options = ["fetch", "mimii", "-o", "data", "--mirror", mirror.url, "--json"]
    assert json.loads(auscult(*options).stdout) == {"root": "data", "fetched": ["data/6_dB_fan"], "skipped": []}
    assert json.loads(auscult(*options).stdout) == {"root": "data", "fetched": [], "skipped": ["data/6_dB_fan"]}


def test_list(auscult, tmp_path, mirror):
    done = auscult("fetch", "mimii", "--list", "--mirror", mirror.url)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(\S+\.zip) +1\.6 MB", done.stdout) == [
        f"{snr}_dB_{machine}.zip" for machine in ("fan", "pump", "slider", "valve") for snr in (-6, 0, 6)
    ]
    assert auscult("fetch", "mimii", "--mirror", mirror.url, "-o", "data").returncode == 0
    (tmp_path / "data" / "0_dB_fan.zip.part").write_bytes(b"12345")
    options = ["fetch", "mimii", "--list", "-o", "data", "--machine", "fan", "--mirror", mirror.url]
    done = auscult(*options)
    assert re.search(r"^6_dB_fan.zip +1\.6 MB +there +1\.6 MB$", done.stdout, re.MULTILINE)
    assert re.search(r"^0_dB_fan.zip +1\.6 MB +in part +5 B$", done.stdout, re.MULTILINE)
    rows = json.loads(auscult(*options, "--json").stdout)["archives"]
    assert [row["state"] for row in rows] == ["missing", "part", "whole"]
    assert rows[0]["name"] == "-6_dB_fan.zip"
    assert rows[0]["checksum"].startswith("md5:")
    assert names(tmp_path / "data") == ["0_dB_fan.zip.part", "6_dB_fan"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "--output: is missing"),
        (["-o", "data", "--machine", "lathe"], "--machine: expected fan, pump, slider, valve, got 'lathe'"),
        (["-o", "data", "--snr", 3], "--snr: expected -6, 0, 6, got 3"),
        (["-o", "data", "--snr", "loud"], "--snr"),
        (["-o", "data", "--snr", 6, 6], "--snr: expected some of -6, 0, 6, each once"),
        (["-o", "data", "--mirror", "file:///srv"], "--mirror: expected the address of a folder, http or https"),
    ],
)
def test_bad_options_are_named_as_typed_and_write_nothing(auscult, tmp_path, options, says):
    done = auscult("fetch", "mimii", *options)
    assert done.returncode == 2
    assert says in done.stderr
    assert names(tmp_path) == []


def test_mirror_without_checksums_is_said(auscult, tmp_path, mirror):
    del mirror.files["/mimii/record.json"]
    done = auscult("fetch", "mimii", "-o", "data", "--mirror", mirror.url)
    assert done.returncode == 0, done.stderr
    assert "has neither record.json nor MD5SUMS" in done.stderr
    assert names(tmp_path / "data") == ["6_dB_fan"]


def test_archive_that_is_not_there(auscult, tmp_path, mirror):
    del mirror.files["/mimii/6_dB_fan.zip"]
    done = auscult("fetch", "mimii", "-o", "data", "--mirror", mirror.url)
    assert done.returncode == 3
    assert "6_dB_fan.zip: the server answers 404 Not Found" in done.stderr
    assert names(tmp_path / "data") == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_ended_in_the_middle_and_run_again(auscult, tmp_path, mirror, how):
    mirror.silent_in_the_middle_of = "/mimii/6_dB_fan.zip"
    content = mirror.files["/mimii/6_dB_fan.zip"]
    command = ["-m", "auscult", "fetch", "mimii", "-o", "data", "--mirror", mirror.url, "--keep-archives"]
    part = tmp_path / "data" / "6_dB_fan.zip.part"
    process = subprocess.Popen(
        [sys.executable, *command], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= len(content) // 4) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(how)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == (130 if how == signal.SIGINT else -how), stderr
    assert "Traceback" not in stderr
    left = [name for name in names(tmp_path / "data") if not name.startswith(".")]
    assert left == ["6_dB_fan.zip.part", "6_dB_fan.zip.part.json"]
    n_bytes = part.stat().st_size
    mirror.silent_in_the_middle_of = None
    done = auscult(*command[2:])
    assert done.returncode == 0, done.stderr
    assert mirror.requests[-1] == ("/mimii/6_dB_fan.zip", f"bytes={n_bytes}-")
    assert names(tmp_path / "data") == ["6_dB_fan", "6_dB_fan.zip"]
    assert (tmp_path / "data" / "6_dB_fan.zip").read_bytes() == content


def test_bar_counts_bytes(auscult, mirror, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr("auscult.cli.fetch.err", Console(file=screen, force_terminal=True, width=120))
    assert auscult("fetch", "mimii", "-o", "data", "--mirror", mirror.url).returncode == 0
    for stage in ("fetch", "check", "unpack"):
        assert f"{stage} 6_dB_fan.zip" in screen.getvalue()
    assert "1.6/1.6 MB" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())


def test_every_option_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "fetch.md").read_text()
    for parameter in typer.main.get_command(app).commands["fetch"].commands["mimii"].params:
        for option in parameter.opts:
            assert f"`{option}" in page or option == "--help"


def test_help_says_the_size(auscult):
    done = auscult("fetch", "mimii", "--help")
    assert "about 10 GB" in " ".join(done.stdout.split())
