import asyncio
from itertools import pairwise

import pytest
from fastapi import HTTPException, Request
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.server.forms import read_form


def parse(body, *, boundary="x", cuts=()):
    """Form of a body that arrives in pieces."""
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return messages.pop(0)

    headers = [(b"content-type", f"multipart/form-data; boundary={boundary}".encode())]
    return asyncio.run(read_form(Request({"type": "http", "headers": headers}, receive)))


@given(content=st.binary(max_size=400), cuts=st.lists(st.integers(0, 600), max_size=20))
@settings(deadline=None)
def test_content_is_what_was_sent_however_it_arrives(content, cuts):
    head = b'--BOUNDARY1\r\nContent-Disposition: form-data; name="file"; filename="a \xc3\xbc.wav"\r\n\r\n'
    other = b'\r\n--BOUNDARY1\r\ncontent-disposition: form-data; name="machine_id"\r\n\r\nid_00\r\n--BOUNDARY1--\r\n'
    if b"BOUNDARY1" in content:
        return
    form = parse(head + content + other, boundary="BOUNDARY1", cuts=cuts)
    assert form["file"].content == content
    assert form["file"].filename == "a ü.wav"
    assert form["machine_id"].content == b"id_00"
    assert form["machine_id"].filename is None


@given(body=st.binary(max_size=300))
@settings(deadline=None)
def test_anything_else_is_a_client_error(body):
    try:
        parse(body)
    except HTTPException as error:
        assert error.status_code == 400


def test_too_many_fields():
    with pytest.raises(HTTPException, match="more than 16 fields"):
        parse(b"--x\r\n\r\n\r\n" * 17 + b"--x--\r\n")


def test_the_log_says_nothing_of_what_the_client_is_told(caplog):
    with pytest.raises(HTTPException, match="damaged"):
        parse(b"--another\r\n")
    assert not caplog.records
