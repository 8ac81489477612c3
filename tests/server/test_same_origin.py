import socket

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from auscult.server.same_origin import SameOrigin

from .asgi_client import AsgiClient


def client(host="127.0.0.1"):
    async def answer(request):
        return PlainTextResponse(request.method)

    app = Starlette(routes=[Route("/", answer, methods=["GET", "POST", "PUT", "DELETE"])])
    return AsgiClient(SameOrigin(app, host))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:5001", "127.8.8.8", "localhost:5001", "LOCALHOST", "[::1]:5001"]
)
def test_this_machine_by_its_names(host):
    assert client().get("/", headers={"Host": host}).text == "GET"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:5001",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.1.5",
        "[::",
        "",
        "a:b:c",
    ],
)
def test_other_names_are_refused(host):
    """A name of somebody's that points to 127.0.0.1 makes his page one of this server's."""
    for method in ("GET", "POST"):
        answer = client().request(method, "/", headers={"Host": host})
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert "this server is not called so. Open the page" in answer.json()["detail"]


def test_the_address_that_it_listens_on():
    assert client("fan.factory").get("/", headers={"Host": "Fan.Factory:80"}).status_code == 200
    assert client("192.168.1.5").get("/", headers={"Host": "192.168.1.5"}).status_code == 200
    assert client("192.168.1.5").get("/", headers={"Host": "192.168.1.6"}).status_code == 403


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_every_address_and_no_strange_name(everywhere):
    here = client(everywhere)
    for host in ("192.168.1.5:5001", "[fe80::1]:5001", socket.gethostname(), "localhost"):
        assert here.get("/", headers={"Host": host}).status_code == 200
    assert here.get("/", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:5002"},
        {"Origin": "http://localhost:5001"},
        {"Origin": "http://[::"},
        {"Origin": "ftp://127.0.0.1:5001"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_what_other_pages_send_is_refused(method, headers):
    answer = client().request(method, "/", headers=headers)
    assert answer.status_code == 403
    assert "a page from there may change nothing here" in answer.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://127.0.0.1:5001"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)
def test_its_own_page_and_programs_may_send(headers):
    assert client().post("/", headers=headers).text == "POST"


def test_other_pages_may_link_here():
    assert client().get("/", headers={"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}).text == "GET"


def test_browsers_are_told_to_load_nothing_from_elsewhere():
    for answer in (client().get("/"), client().get("/", headers={"Host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
