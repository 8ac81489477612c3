import asyncio
import json

import pytest
import uvicorn
from uvicorn.server import ServerState

from auscult.server import bounded_http
from auscult.server.bounded_http import MAX_HEAD_BYTES, BoundedHttp

LINE = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def echo(scope, receive, send):
    """Answer with the length of the body; /long with more than a socket holds, /early before the body."""
    n = 0
    while scope["path"] != "/early":
        message = await receive()
        n += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    body = bytes(1 << 20) if scope["path"] == "/long" else str(n).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(64 if scope["path"] == "/long" else 1):
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def talk(conversation):
    """Run a conversation with a server of its own."""

    async def run():
        config = uvicorn.Config(echo, lifespan="off", log_level="critical")
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        server = await loop.create_server(lambda: BoundedHttp(config, state, {}), "127.0.0.1", 0)
        async with server:
            connection = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                return await asyncio.wait_for(conversation(*connection), 20)
            finally:
                connection[1].close()

    return asyncio.run(run())


def answer_to(*pieces):
    async def conversation(reader, writer):
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            pass
        answer = b""
        try:
            while piece := await reader.read(1 << 16):
                answer += piece
        except ConnectionError:
            pass
        return answer

    return talk(conversation)


def refused(answer, status):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status}".encode()), answer[:200]
    assert b"application/problem+json" in head
    return json.loads(body)["detail"]


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(bounded_http, "HEAD_S", 0.3)
    monkeypatch.setattr(bounded_http, "READ_S", 0.3)
    monkeypatch.setattr(bounded_http, "DISCARD_S", 0.3)


@pytest.mark.parametrize(
    "pieces",
    [
        [LINE, *(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(1000))],
        [LINE, b"X: ", *[b"a" * 10_000] * 100],
        [b"GET /", *[b"a" * 10_000] * 100],
    ],
    ids=["many headers", "a long header", "a long path"],
)
def test_a_head_without_an_end_is_refused(pieces):
    answer = answer_to(*pieces)
    assert not answer or "A head of more than 65536 bytes" in refused(answer, 431)  # the rest may reset the connection


def test_a_head_that_is_long_but_not_too_long_is_read():
    filler = b"".join(b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(MAX_HEAD_BYTES // 1200))
    assert answer_to(LINE + filler + b"Content-Length: 3\r\nConnection: close\r\n\r\nabc").endswith(b"3\r\n0\r\n\r\n")


def test_bodies_are_not_counted():
    whole = [LINE + b"Content-Length: 1000000\r\nConnection: close\r\n\r\n", *[bytes(10_000)] * 100]
    assert b"1000000" in answer_to(*whole)
    pieces = [LINE + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n", b"1\r\nx\r\n" * 100_000, b"0\r\n\r\n"]
    assert b"100000" in answer_to(*pieces)


def test_a_trailer_without_an_end_is_refused():
    flood = [b"X-%d: %s\r\n" % (n, b"a" * 1000) for n in range(1000)]
    answer = answer_to(LINE + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n0\r\n", *flood)
    assert b"200 OK" not in answer


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("sent", [b"", b"GET", LINE, LINE + b"X: a"])
def test_a_head_that_does_not_come_is_given_up(sent):
    assert "No whole head within 0.3 s" in refused(answer_to(sent), 408)


@pytest.mark.usefixtures("hasty")
def test_the_next_head_has_its_own_time():
    async def conversation(reader, writer):
        for _ in range(3):
            writer.write(LINE + b"Content-Length: 1\r\n\r\na")
            await reader.readuntil(b"0\r\n\r\n")
            await asyncio.sleep(0.2)
        writer.write(LINE)
        return await reader.read()

    assert "No whole head" in refused(talk(conversation), 408)


@pytest.mark.usefixtures("hasty")
def test_a_slow_body_is_not_this_ones_matter():
    async def conversation(reader, writer):
        writer.write(LINE + b"Content-Length: 2\r\nConnection: close\r\n\r\na")
        await asyncio.sleep(0.6)
        writer.write(b"b")
        return await reader.read()

    assert b"200 OK" in talk(conversation)


@pytest.mark.usefixtures("hasty")
def test_a_client_that_does_not_read_is_given_up():
    async def conversation(reader, writer):
        writer.transport.pause_reading()
        writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(1.0)
        writer.transport.resume_reading()
        n = 0
        try:
            while piece := await reader.read(1 << 20):
                n += len(piece)
        except ConnectionError:
            pass
        return n

    assert talk(conversation) < 64 << 20


@pytest.mark.usefixtures("hasty")
def test_the_rest_of_a_body_is_not_waited_for_for_ever():
    """A client that goes on sending after an early answer, a byte now and then."""

    async def conversation(reader, writer):
        writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        await reader.readuntil(b"0\r\n\r\n")
        for n in range(50):
            writer.write(b"a")
            await asyncio.sleep(0.05)
            if reader.at_eof():
                return n
        return None

    assert 3 < talk(conversation) < 20


@pytest.mark.usefixtures("hasty")
def test_a_body_that_ends_in_time_keeps_the_connection():
    async def conversation(reader, writer):
        writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n")
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"a" + LINE + b"Content-Length: 1\r\nConnection: close\r\n\r\n")
        await asyncio.sleep(0.5)
        writer.write(b"b")
        return await reader.read()

    assert b"200 OK" in talk(conversation)
