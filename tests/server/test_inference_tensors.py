"""Bodies whose JSON and bytes do not fit together."""

import json

import httpx
import pytest

from auscult.server.inference_tensors import JSON_LENGTH, MAX_JSON_BYTES


@pytest.fixture
def send(server):
    def send(content, length=None):
        headers = {} if length is None else {JSON_LENGTH: str(length)}
        return httpx.post(f"{server.url}/v2/models/auscult/infer", content=content, headers=headers, timeout=60)

    return send


def recording(n_bytes):
    tensor = {"name": "recording", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": n_bytes}}
    return json.dumps({"inputs": [tensor]}).encode()


@pytest.mark.parametrize("length", ["-1", "1e3", "999999", "12_0"])
def test_length_that_is_none(send, length):
    assert send(recording(8), length).status_code == 400


@pytest.mark.parametrize("rest", [b"", b"12", b"\x01\0\0\0xy", b"\xff\xff\xff\xffab"])
def test_bytes_that_do_not_fit(send, rest):
    head = recording(6)
    answer = send(head + rest, len(head))
    assert answer.status_code == 400
    assert "bytes" in answer.json()["error"]


def test_waveform_of_another_length(send):
    tensor = {"name": "waveform", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": 8}}
    head = json.dumps({"inputs": [tensor], "parameters": {"sr": 16000}}).encode()
    answer = send(head + bytes(8), len(head))
    assert (answer.status_code, "shape [3]" in answer.json()["detail"]) == (422, True)


def test_json_is_short(send):
    answer = send(b" " * (MAX_JSON_BYTES + 1))
    assert (answer.status_code, "16 MB of JSON" in answer.json()["error"]) == (413, True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null"])
def test_what_is_no_request(send, content):
    assert send(content).status_code == 422
