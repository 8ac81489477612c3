"""What may happen between a client and a registry, with a real one and over real lines."""

import http.server
import socket
import ssl
import subprocess
import sys
import threading

import pytest

from auscult.errors import DataError, OptionError
from auscult.patience import PassingError, Patience
from auscult.registry import Login, RegistryClient


def ping(client, url="v2/"):
    with client.ask("GET", url, where="m", expected=(200,)) as response:
        return response.read()


@pytest.fixture
def server(certificates):
    """Start a server that answers as it is told: path -> (status, headers, body); requests are kept."""
    servers = []

    def start(answers, *, tls=True):
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                asked.append((self.path, self.headers.get("Authorization")))
                status, headers, body = answers[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        asked = []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"localhost:{server.server_port}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def to(certificates):
    """Make a client that trusts the servers' authority."""
    return lambda host, **options: RegistryClient(host, **{"ca_file": certificates / "ca.crt", **options})


def test_right_password(client):
    with client() as registry:
        assert ping(registry) == b"{}"


def test_wrong_password_is_said_without_it(client):
    with (
        client(login=Login("pusher", "hunter2")) as registry,
        pytest.raises(DataError, match="not accept the") as caught,
    ):
        ping(registry)
    assert "(user 'pusher' from --username and --password-stdin; 401, UNAUTHORIZED" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_no_login(client):
    with (
        client(login=None) as registry,
        pytest.raises(DataError, match=r"wants a login, and none is known.*docker login"),
    ):
        ping(registry)


def test_login_from_the_environment(client, registry, monkeypatch):
    monkeypatch.setenv("AUSCULT_REGISTRY_USERNAME", registry.username)
    monkeypatch.setenv("AUSCULT_REGISTRY_PASSWORD", registry.password)
    with client(login=None) as connected:
        assert ping(connected) == b"{}"


def test_unknown_authority_is_not_asked_again(client):
    with client(ca_file=None) as registry, pytest.raises(DataError, match=r"certificate cannot be trusted.*--ca-file"):
        ping(registry)


def test_certificate_of_another_host(client, registry):
    with client(f"127.0.0.2:{registry.port}") as other, pytest.raises((DataError, PassingError)) as caught:
        ping(other)  # it listens on 127.0.0.1 only where Linux does not route the whole block
    assert "cannot be trusted" in str(caught.value) or "refused" in str(caught.value)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_ca_file_that_is_none(client, tmp_path, content):
    if content is not None:
        (tmp_path / "ca.crt").write_text(content)
    with client(ca_file=tmp_path / "ca.crt") as registry, pytest.raises(OptionError, match="--ca-file"):
        ping(registry)


def test_plain_http_only_if_asked_for(server, to):
    host, _ = server({"/v2/": (200, {}, b"ok")}, tls=False)
    with to(host) as client, pytest.raises(DataError, match=r"speaks no TLS.*--plain-http"):
        ping(client)
    with to(host, plain_http=True) as client:
        assert ping(client) == b"ok"


def test_plain_http_where_there_is_tls(client):
    """Go's servers answer 400 with a sentence, as nginx does."""
    with client(plain_http=True) as registry, pytest.raises(DataError, match=r"speaks TLS.*Leave --plain-http out"):
        ping(registry)


def test_nobody_there(client):
    with client("localhost:1") as registry, pytest.raises(PassingError, match="the connection failed"):
        ping(registry)
    with client("nowhere.invalid") as registry, pytest.raises(PassingError, match="the connection failed"):
        ping(registry)


def test_silence_is_not_waited_for_for_long(client):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"localhost:{silent.getsockname()[1]}"
        with (
            client(host, patience=Patience(timeout_s=0.2)) as registry,
            pytest.raises(PassingError, match=r"nothing came for 0\.2 s"),
        ):
            ping(registry)


def test_cut_line_may_be_mended(client, line):
    line.cuts = [500]  # in the middle of the handshake
    with client(f"localhost:{line.port}") as registry:
        with pytest.raises(PassingError, match="the connection failed"):
            ping(registry)
        assert ping(registry) == b"{}"


@pytest.mark.parametrize(
    ("status", "problem"),
    [(403, "this login may not do that"), (404, "nothing of that name"), (418, "answers 418"), (200, "")],
)
def test_what_a_registry_says_is_shown_as_far_as_it_is_text(server, to, status, problem):
    body = b'{"errors": [{"code": "SO", "message": "it is\\u001b[2J"}, {"code": "X"}]}'
    host, _ = server({"/v2/": (status, {}, body)})
    with to(host) as client:
        if status == 200:
            assert ping(client) == body
            return
        with pytest.raises(DataError, match=problem) as caught:
            ping(client)
    assert "SO: it is [2J; X" in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"errors": [1]}', b"x" * (1 << 20)])
def test_what_cannot_be_shown_is_not(server, to, body):
    host, _ = server({"/v2/": (418, {}, body)})
    with to(host) as client, pytest.raises(DataError, match=r"the registry answers 418\. "):
        ping(client)


def test_overloaded_registry_says_when_to_come_again(server, to):
    host, _ = server({"/v2/": (503, {"Retry-After": "7"}, b"")})
    with to(host) as client, pytest.raises(PassingError, match="answers 503") as caught:
        ping(client)
    assert caught.value.wait_s == 7


def test_login_is_not_given_to_whom_the_registry_sends_us(server, to):
    elsewhere, asked_elsewhere = server({"/blob": (200, {}, b"content")})
    challenge = {"WWW-Authenticate": 'Basic realm="r"'}
    answers = {"/v2/": (401, challenge, b"")}
    host, asked = server(answers)
    with to(host, login=Login("me", "secret")) as client:
        with pytest.raises(DataError):
            ping(client)
        answers["/v2/"] = (307, {"Location": f"https://{elsewhere}/blob"}, b"")
        assert ping(client) == b"content"
        assert ping(client, f"https://{elsewhere}/blob") == b"content"
    assert [login is not None for _, login in asked] == [False, True, True]
    assert asked_elsewhere == [("/blob", None), ("/blob", None)]


def test_other_host_that_wants_a_login_gets_none(server, to):
    elsewhere, asked_elsewhere = server({"/blob": (401, {"WWW-Authenticate": 'Basic realm="r"'}, b"")})
    host, _ = server({"/v2/": (307, {"Location": f"https://{elsewhere}/blob"}, b"")})
    with to(host, login=Login("me", "secret")) as client, pytest.raises(DataError, match="401"):
        ping(client)
    assert asked_elsewhere == [("/blob", None)]


def test_way_out_of_tls_is_refused(server, to):
    elsewhere, asked = server({"/blob": (200, {}, b"content")}, tls=False)
    host, _ = server({"/v2/": (307, {"Location": f"http://{elsewhere}/blob"}, b"")})
    with to(host) as client, pytest.raises(DataError, match="from https to localhost in plain http"):
        ping(client)
    assert asked == []


def test_circle_of_redirections_ends(server, to):
    host, asked = server({"/v2/": (307, {"Location": "/v2/"}, b"")})
    with to(host) as client, pytest.raises(DataError, match="redirected without an end"):
        ping(client)
    assert len(asked) < 10


def test_proxy_that_is_not_understood(to, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy:70")
    with to("a.b") as client, pytest.raises(OptionError, match="HTTPS_PROXY"):
        ping(client)


def test_nothing_is_imported_before_the_first_question():
    code = (
        "import sys; from auscult.registry import RegistryClient; RegistryClient('a.b'); print('httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_without_the_extra(to, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with to("a.b") as client, pytest.raises(Exception, match=r"pip install 'auscult\[registry\]'"):
        ping(client)
