"""Against a real server on the loopback, which does to each request what the test has told it to."""

import email.utils
import hashlib
import http.server
import json
import os
import re
import resource
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

import pytest

from auscult.audio.download import download
from auscult.errors import DataError
from auscult.patience import Patience

MIB = 1 << 20
CONTENT = bytes(range(256)) * 4096 * 3  # 3 MiB
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
ETAG = '"one"'
OTHER = CONTENT[::-1]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(dict(self.headers) | {"path": self.path})
        script = self.server.script
        behave = script.pop(0) if script else serve()
        behave(self)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script, self.requests, self.release = [], [], threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/6_dB_fan.zip"

    def handle_error(self, *_):
        pass  # clients that go away are what is tested


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def serve(content=CONTENT, n_sent=None, etag=ETAG, then=None, has_ranges=True, **more):
    """Answer as servers do, but send `n_sent` bytes of the body only, and then do something else."""

    def behave(handler):
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if asked and has_ranges and handler.headers.get("If-Range", etag) in (etag, more.get("Last-Modified")):
            start = int(asked[1])
            handler.send_response(206 if start < len(content) else 416)
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            handler.send_response(200)
        body = content[start:]
        if etag:
            handler.send_header("ETag", etag)
        for name, value in {"Content-Length": len(body), **more}.items():
            if value is not None:
                handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(body if n_sent is None else body[:n_sent])
        if then:
            then(handler)

    return behave


def status(code, **headers):
    def behave(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return behave


def hang_up(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()  # a reset, not an orderly end


def stall(handler):
    handler.wfile.flush()
    handler.server.release.wait(20)


@pytest.fixture
def waits():
    return []


@pytest.fixture
def patience(waits):
    return Patience(n_attempts=4, timeout_s=5, first_wait_s=1, longest_wait_s=8, sleep=waits.append)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "6_dB_fan.zip.part"


def test_file_arrives_and_progress_is_told(server, part, patience, waits):
    told, checked = [], []
    download(
        server.url,
        part,
        size=len(CONTENT),
        checksum=MD5,
        patience=patience,
        on_progress=lambda *done: told.append(done),
        on_check=lambda *done: checked.append(done),
    )
    assert part.read_bytes() == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == checked[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)
    assert not waits
    assert "Range" not in server.requests[0]
    assert server.requests[0]["User-Agent"].startswith("auscult/")


@pytest.mark.parametrize("checksum", [MD5, None])
@pytest.mark.parametrize("then", [None, hang_up])
def test_goes_on_where_the_connection_was_lost(server, part, patience, waits, checksum, then):
    server.script = [serve(n_sent=MIB + 5, then=then), serve(n_sent=MIB, then=then)]
    notes = []
    download(server.url, part, size=len(CONTENT), checksum=checksum, patience=patience, on_note=notes.append)
    assert part.read_bytes() == CONTENT
    starts = [int(each["Range"].removeprefix("bytes=").rstrip("-")) for each in server.requests[1:]]
    assert len(waits) == len(notes) == 2
    if then is None:  # what a reset takes along is the kernel's affair
        assert starts == [MIB + 5, 2 * MIB + 5]
    assert all(each["If-Range"] == ETAG for each, start in zip(server.requests[1:], starts, strict=True) if start)


def test_goes_on_in_the_next_process(server, part, patience):
    server.script = [serve(n_sent=MIB), status(404)]
    with pytest.raises(DataError, match="404"):
        download(server.url, part, patience=patience)
    assert part.stat().st_size == MIB
    download(server.url, part, patience=patience)
    assert part.read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == f"bytes={MIB}-"


def test_whole_part_asks_the_server_nothing(server, part, patience):
    part.write_bytes(CONTENT)
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert not server.requests


def test_server_that_ignores_ranges_starts_anew(server, part, patience):
    server.script = [serve(n_sent=MIB), serve(has_ranges=False)]
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT


def test_server_that_ignores_ranges_and_always_drops_is_given_up(server, part, patience, waits):
    server.script = [serve(n_sent=MIB + 9, has_ranges=False) for _ in range(50)]
    with pytest.raises(DataError, match=r"4 attempts in a row.*kept"):
        download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert len(server.requests) == 4


def test_attempts_that_bring_something_are_not_counted(server, part, patience, waits):
    server.script = [serve(n_sent=MIB // 2, then=None) for _ in range(5)]
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT
    assert len(waits) == 5


@pytest.mark.parametrize("checksum", [f"md5:{hashlib.md5(OTHER).hexdigest()}", None])
def test_file_that_changes_meanwhile_is_never_joined(server, part, patience, checksum):
    """If-Range makes the server answer 200 with all of the new file."""
    server.script = [serve(n_sent=MIB), serve(OTHER, etag='"two"')]
    download(server.url, part, size=len(OTHER), checksum=checksum, patience=patience)
    assert part.read_bytes() == OTHER


@pytest.mark.parametrize(
    "other",
    [
        serve(OTHER, etag='W/"two"'),  # a server that does not know If-Range
        serve(OTHER + b"more", etag=None),  # another length
    ],
)
def test_changed_file_behind_a_careless_server_is_never_joined(server, part, patience, other):
    def careless(handler):
        del handler.headers["If-Range"]
        other(handler)

    server.script = [serve(n_sent=MIB, etag='W/"one"'), careless, other]
    download(server.url, part, patience=patience)
    assert part.read_bytes() in (OTHER, OTHER + b"more")
    assert "If-Range" not in server.requests[1]  # a weak one may not be used
    assert "Range" not in server.requests[2]


def test_last_modified_serves_where_there_is_no_etag(server, part, patience):
    date = {"Last-Modified": "Wed, 25 Sep 2019 10:00:00 GMT"}
    server.script = [serve(n_sent=MIB, etag=None, **date), serve(etag=None, **date)]
    download(server.url, part, patience=patience)
    assert part.read_bytes() == CONTENT
    assert server.requests[1]["If-Range"] == date["Last-Modified"]


def test_without_any_mark_and_checksum_it_starts_anew(server, part, patience):
    server.script = [serve(n_sent=MIB, etag=None), serve(OTHER, etag=None)]
    download(server.url, part, patience=patience)
    assert part.read_bytes() == OTHER
    assert "Range" not in server.requests[1]


def test_part_from_another_server_goes_on_if_the_checksum_will_tell(server, part, patience):
    part.write_bytes(CONTENT[:MIB])
    part.with_name(f"{part.name}.json").write_text(
        json.dumps({"url": "http://elsewhere/", "n_bytes": 7, "etag": '"x"', "last_modified": None})
    )
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT
    assert server.requests[0]["Range"] == f"bytes={MIB}-"
    assert "If-Range" not in server.requests[0]


@pytest.mark.parametrize("note", [b"", b"[]", b'{"url": 3}', b"\xff"])
def test_damaged_note_is_no_note(server, part, patience, note):
    part.write_bytes(OTHER[:MIB])
    part.with_name(f"{part.name}.json").write_bytes(note)
    download(server.url, part, patience=patience)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("n_bytes", [len(CONTENT) + 1, len(CONTENT)])
def test_part_that_is_too_long_or_wrong_starts_anew(server, part, patience, n_bytes):
    part.write_bytes(b"x" * n_bytes)
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT


def test_range_that_is_refused_starts_anew(server, part, patience):
    part.write_bytes(CONTENT[:MIB])
    server.script = [status(416, Content_Range="bytes */5")]
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT


def test_range_that_was_not_asked_for_is_not_joined(server, part, patience):
    def wrong_range(handler):
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()

    server.script = [serve(n_sent=MIB), wrong_range]
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT


def test_wrong_bytes_are_fetched_once_more(server, part, patience):
    server.script = [serve(OTHER)]
    notes = []
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience, on_note=notes.append)
    assert part.read_bytes() == CONTENT
    assert "checksum is wrong" in notes[0]


def test_bytes_that_stay_wrong_are_refused(server, part, patience, tmp_path):
    server.script = [serve(OTHER), serve(OTHER)]
    with pytest.raises(DataError, match=f"expected {MD5}, twice got another file"):
        download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert list(tmp_path.iterdir()) == []


def test_page_in_place_of_the_file_costs_nothing_of_the_part(server, part, patience):
    part.write_bytes(CONTENT[:MIB])
    server.script = [serve(b"<html>Log in to this network</html>", has_ranges=False)]
    with pytest.raises(DataError, match="the server has 35: another file, or a page"):
        download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT[:MIB]


def test_server_that_sends_too_much(server, part, patience):
    server.script = [serve(CONTENT + b"more", **{"Content-Length": None})]
    with pytest.raises(DataError, match="sends more than its"):
        download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.stat().st_size <= len(CONTENT)


@pytest.mark.parametrize("more", [{"Content-Length": None}, {"Content-Encoding": "gzip"}])
def test_answers_that_cannot_be_measured_are_refused(server, part, patience, more):
    server.script = [serve(**more)]
    with pytest.raises(DataError, match="does not say how large it is, or sends it encoded"):
        download(server.url, part, patience=patience)
    assert not part.exists()


@pytest.mark.parametrize("code", [429, 500, 502, 503, 408])
def test_failures_that_pass_are_waited_for_longer_and_longer(server, part, patience, waits, code):
    server.script = [status(code)] * 3
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT
    assert all(0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(waits))
    assert len(waits) == 3


def test_waits_are_by_chance(server, part, patience, waits):
    for _ in range(4):
        server.script = [status(500)]
        download(server.url, part, patience=patience)
        part.unlink()
    assert len(set(waits)) > 1


def test_server_says_how_long_to_wait(server, part, patience, waits):
    soon = email.utils.formatdate(time.time() + 30, usegmt=True)
    server.script = [status(429, Retry_After="17"), status(503, Retry_After=soon), status(429, Retry_After="soon")]
    download(server.url, part, patience=patience)
    assert waits[0] == 17
    assert 25 < waits[1] <= 30
    assert waits[2] <= 4


def test_server_that_wants_too_long_a_wait_is_not_waited_for(server, part, patience, waits):
    server.script = [status(429, Retry_After="86400")]
    with pytest.raises(DataError, match="429 Too Many Requests, and asks to be left alone for 86400 s"):
        download(server.url, part, patience=patience)
    assert not waits


def test_patience_ends_and_the_message_says_what_is_kept(server, part, patience):
    server.script = [serve(n_sent=MIB), *[status(500)] * 9]
    with pytest.raises(DataError) as caught:
        download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert caught.value.problem == "the server answers 500 Internal Server Error (4 attempts in a row)"
    assert caught.value.remedy == f"1.0 MB are kept in {part}: run it again, and it goes on there."
    server.script = []
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("code", [401, 403, 404, 410, 204, 206])
def test_refusals_are_not_repeated(server, part, patience, code, waits):
    server.script = [status(code)]
    with pytest.raises(DataError, match=f"the server answers {code}"):
        download(server.url, part, patience=patience)
    assert not waits
    assert not part.exists()


@pytest.mark.parametrize("where", ["before the headers", "in the middle"])
def test_stalls_are_given_up_and_tried_again(server, part, where):
    server.script = [stall if where == "before the headers" else serve(n_sent=MIB, then=stall)]
    waits = []
    patience = Patience(timeout_s=0.2, sleep=waits.append)
    notes = []
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience, on_note=notes.append)
    assert part.read_bytes() == CONTENT
    assert "nothing came for 0.2 s; attempt 2 of 8" in notes[0]
    assert len(waits) == 1


def test_nobody_listens(part, patience, server, waits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x.zip"
        with pytest.raises(DataError, match=r"Connection refused \(4 attempts in a row\). Check the network"):
            download(url, part, patience=patience)
    assert len(waits) == 3


def test_what_is_not_http_at_all(part, patience):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            for _ in range(patience.n_attempts):
                with listener.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(DataError, match="the connection failed"):
            download(f"http://127.0.0.1:{listener.getsockname()[1]}/x.zip", part, patience=patience)
        thread.join()


def test_redirections_are_followed_with_the_range(server, part, patience):
    part.write_bytes(CONTENT[:MIB])
    server.script = [status(302, Location="/elsewhere")]
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT
    assert server.requests[1]["path"] == "/elsewhere"
    assert server.requests[1]["Range"] == f"bytes={MIB}-"


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_redirections_elsewhere_are_refused(server, part, patience, target):
    server.script = [status(302, Location=target)]
    with pytest.raises(DataError, match=r"not safe to follow|redirected without an end"):
        download(server.url, part, patience=patience)


def test_redirections_in_a_circle(server, part, patience):
    server.script = [status(302, Location=server.url) for _ in range(30)]
    with pytest.raises(DataError, match="redirected without an end"):
        download(server.url, part, patience=patience)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_only_http(part, patience, url):
    with pytest.raises(DataError, match="is no http or https address"):
        download(url, part, patience=patience)


def test_proxy_of_the_environment_is_used(server, part, patience, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    download("http://mimii.invalid/6_dB_fan.zip", part, patience=patience)
    assert server.requests[0]["path"] == "http://mimii.invalid/6_dB_fan.zip"


@pytest.fixture
def tls_server(server, tmp_path):
    """The same server under a certificate that only its own authority trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    try:
        command = [*made, *names, "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server, certificate


def test_certificates_are_verified(tls_server, part, patience, monkeypatch, waits):
    server, certificate = tls_server
    url = server.url.replace("http:", "https:")
    with pytest.raises(DataError, match="its certificate cannot be trusted"):
        download(url, part, patience=patience)
    assert not waits
    assert not server.requests
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    download(url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT
    server.script = [status(302, Location=server.url)]
    part.unlink()
    with pytest.raises(DataError, match="not safe to follow"):
        download(url, part, patience=patience)


def test_interrupt_keeps_what_has_come(server, part, patience):
    def interrupt(n_done, _):
        if n_done >= MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(server.url, part, patience=patience, on_progress=interrupt)
    n_bytes = part.stat().st_size
    assert part.read_bytes() == CONTENT[:n_bytes]
    assert n_bytes >= MIB
    download(server.url, part, patience=patience)
    assert part.read_bytes() == CONTENT
    assert server.requests[1]["Range"] == f"bytes={n_bytes}-"


def test_killed_process_is_run_again(server, part, patience, tmp_path):
    server.script = [serve(n_sent=2 * MIB, then=stall)]
    code = f"from auscult.audio.download import download; download({server.url!r}, {str(part)!r})"
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) as process:
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size >= MIB) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    n_bytes = part.stat().st_size
    assert MIB <= n_bytes <= 2 * MIB
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT
    assert server.requests[1]["Range"] == f"bytes={n_bytes}-"


def test_disk_that_is_full(server, part, patience, tmp_path):
    """The kernel itself refuses every byte beyond 1.5 MB, as a full disk does."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))

    code = f"""
from auscult.audio.download import download
from auscult.errors import DataError
try:
    download({server.url!r}, {str(part)!r})
except DataError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], preexec_fn=limit, capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert f"{part}: the disk refuses it: File too large. Free the disk" in done.stdout, done.stderr
    n_bytes = part.stat().st_size
    assert n_bytes == 1_500_000
    download(server.url, part, size=len(CONTENT), checksum=MD5, patience=patience)
    assert part.read_bytes() == CONTENT
    assert server.requests[1]["Range"] == f"bytes={n_bytes}-"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written(server, tmp_path, patience):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="Permission denied"):
        download(server.url, tmp_path / "x.part", patience=patience)


def test_folder_that_is_not_there(server, tmp_path, patience):
    with pytest.raises(DataError, match="No such file or directory"):
        download(server.url, tmp_path / "none" / "x.part", patience=patience)


def test_checksum_of_an_unknown_kind(server, part, patience):
    with pytest.raises(DataError, match="checksum is of an unknown kind"):
        download(server.url, part, checksum="crc32:12345678", patience=patience)
