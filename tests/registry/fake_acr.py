"""The token protocol of Azure Container Registry as it is documented, and its blobs on another host: a test double.

https://azure.github.io/acr/AAD-OAuth.html, https://azure.github.io/acr/Token-BasicAuth.html. It shows whether a client
keeps to the documents, and nothing of how Azure itself behaves.
"""

import base64
import hashlib
import json
import re
import ssl
import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NO_NAME = "00000000-0000-0000-0000-000000000000"
"""Username that ACR takes with a refresh token for a password."""


class FakeAcr:
    """What the two servers know, and what they were asked."""

    def __init__(self, ca_file):
        self.ca_file = ca_file
        self.passwords = {"robot": "secret/of:the robot"}
        self.refresh_tokens = {"refresh-me"}
        self.uses_a_token = 100
        self.tokens = {}  # token -> [scope, uses that are left]
        self.ranges = "right"  # or "ignored", or "wrong" once
        self.granted = "pull,push"  # at most, whatever is asked for
        self.kept_digest = ""  # of whatever is pushed; the right one where empty
        self.blobs = {}
        self.manifests = {}
        self.asked = []  # (host, method, path, kind of Authorization)
        self.host = self.storage = ""

    def new_token(self, scope):
        token = f"token-{len(self.tokens)}.of.three~parts"
        self.tokens[token] = [scope, self.uses_a_token]
        return token

    def allows(self, authorization, repository, action):
        granted = self.tokens.get(authorization.removeprefix("Bearer "), ["", 0])
        granted[1] -= 1
        is_asked = re.fullmatch(rf"repository:{repository}:.*\b{action}\b.*", granted[0])
        return granted[1] >= 0 and is_asked and action in self.granted


def handler(acr, name):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, body=b"", **headers):
            self.send_response(status)
            for key, value in {"Content-Length": len(body), **headers}.items():
                self.send_header(key.replace("_", "-"), str(value))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def error(self, status, code, **headers):
            self.answer(
                status, json.dumps({"errors": [{"code": code, "message": "as the fake says"}]}).encode(), **headers
            )

        def handle_all(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url, authorization = urlsplit(self.path), self.headers.get("Authorization", "")
            acr.asked.append((name, self.command, url.path, authorization.partition(" ")[0]))
            if name == "storage":
                return self.storage(url)
            if url.path == "/oauth2/token":
                return self.token(url, body, authorization)
            repository, kind, rest = re.fullmatch(r"/v2/(.+)/(blobs|manifests)/(.+)?", url.path).groups()
            action = "pull" if self.command in ("GET", "HEAD") else "push"
            if not acr.allows(authorization, repository, action):
                scope = f"repository:{repository}:{'pull' if action == 'pull' else 'push,pull'}"
                wanted = f'Bearer realm="https://{acr.host}/oauth2/token",service="{acr.host}",scope="{scope}"'
                return self.error(401, "UNAUTHORIZED", Www_Authenticate=wanted)
            return self.manifest(rest, body) if kind == "manifests" else self.blob(repository, rest, url, body)

        do_GET = do_HEAD = do_POST = do_PUT = handle_all  # noqa: N815

        def token(self, url, body, authorization):
            if self.command == "POST":
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                asked = parse_qs(body.decode())
                is_right = asked["grant_type"] == ["refresh_token"] and asked["refresh_token"][0] in acr.refresh_tokens
            else:
                asked = parse_qs(url.query)
                username, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
                is_right = (
                    password in acr.refresh_tokens if username == NO_NAME else acr.passwords.get(username) == password
                )
            if not is_right or asked["service"] != [acr.host]:
                return self.error(401, "UNAUTHORIZED")
            return self.answer(200, json.dumps({"access_token": acr.new_token(asked["scope"][0])}).encode())

        def manifest(self, name_or_digest, body):
            if self.command == "PUT":
                digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
                acr.manifests[name_or_digest] = acr.manifests[digest] = body
                return self.answer(201, Docker_Content_Digest=acr.kept_digest or digest)
            if name_or_digest not in acr.manifests:
                return self.error(404, "MANIFEST_UNKNOWN")
            return self.answer(200, acr.manifests[name_or_digest])

        def blob(self, repository, rest, url, body):
            if self.command == "POST":
                return self.answer(
                    202, Location=f"/v2/{repository}/blobs/uploads/1?_nouploadcache=false&_state=a-b_c%3D"
                )
            if self.command == "PUT":
                query = parse_qs(url.query)
                assert query["_state"] == ["a-b_c="]
                acr.blobs[query["digest"][0]] = body
                return self.answer(201)
            if rest not in acr.blobs:
                return self.error(404, "BLOB_UNKNOWN")
            if self.command == "HEAD":
                return self.answer(200)
            return self.answer(307, Location=f"https://{acr.storage}/{rest}?sig=abc%2Fdef")

        def storage(self, url):
            if self.headers.get("Authorization") or url.query != "sig=abc%2Fdef":
                return self.answer(400, b"<Error>InvalidAuthenticationInfo</Error>")  # as Azure's storage does
            content = acr.blobs[url.path.removeprefix("/")]
            start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if start is None or acr.ranges == "ignored":
                return self.answer(200, content)
            if int(start[1]) >= len(content):
                return self.answer(416)
            if acr.ranges == "wrong":
                acr.ranges = "right"
                return self.answer(206, content[5:], Content_Range=f"bytes 5-{len(content) - 1}/{len(content)}")
            end = f"{len(content) - 1}/{len(content)}"
            return self.answer(206, content[int(start[1]) :], Content_Range=f"bytes {start[1]}-{end}")

    return Handler


@contextmanager
def fake_acr(certificates):
    """Start both servers; the folder has been given certificates."""
    acr = FakeAcr(certificates / "ca.crt")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    with ExitStack() as stack:
        for name in ("host", "storage"):
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), handler(acr, name)))
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
            stack.callback(server.shutdown)
            setattr(acr, name, f"localhost:{server.server_port}")
        yield acr
