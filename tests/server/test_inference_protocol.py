"""The Open Inference Protocol v2, as Triton's own client speaks it, and as JSON."""

import base64

import httpx
import numpy as np
import pytest
import tritonclient.http as triton

import auscult

MODEL = "auscult"


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.url.removeprefix("http://"), network_timeout=60) as client:
        yield client


@pytest.fixture
def infer(server):
    def infer(body, **headers):
        return httpx.post(f"{server.url}/v2/models/{MODEL}/infer", json=body, headers=headers, timeout=60)

    return infer


def recording(clip):
    return {"name": "recording", "datatype": "BYTES", "shape": [1], "data": [base64.b64encode(clip).decode()]}


def test_health_and_metadata(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert not client.is_model_ready("another")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata(MODEL)
    assert [tensor["name"] for tensor in metadata["inputs"]] == ["recording", "waveform"]
    shapes = {tensor["name"]: tensor["shape"] for tensor in metadata["outputs"]}
    assert (shapes["is_anomalous"], shapes["probabilities"]) == ([1], [2])


def test_verdict_on_a_recording(client, trained_bundle, clip):
    tensor = triton.InferInput("recording", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([clip], dtype=object))
    answer = client.infer(MODEL, [tensor], request_id="7", parameters={"machine_id": "id_00"})
    verdict = auscult.load(trained_bundle).predict(clip, machine_id="id_00")
    assert answer.get_response()["id"] == "7"
    assert answer.as_numpy("is_anomalous").tolist() == [verdict.is_anomalous]
    assert answer.as_numpy("message").tolist() == [verdict.message]
    assert answer.as_numpy("labels").tolist() == list(verdict.probabilities)
    np.testing.assert_allclose(answer.as_numpy("probabilities"), list(verdict.probabilities.values()))
    np.testing.assert_allclose(answer.as_numpy("score"), [verdict.score])
    assert answer.as_numpy("machine_id").tolist() == ["fan/id_00"]


@pytest.mark.parametrize("is_binary", [True, False])
def test_verdict_on_a_waveform(client, trained_bundle, clip, is_binary):
    y, sr = auscult.read_audio(clip)
    tensor = triton.InferInput("waveform", list(y.shape), "FP32")
    tensor.set_data_from_numpy(y, binary_data=is_binary)
    wanted = [triton.InferRequestedOutput("score", binary_data=False)]
    answer = client.infer(MODEL, [tensor], outputs=wanted, parameters={"machine_id": "id_00", "sr": sr})
    verdict = auscult.load(trained_bundle).predict(y, sr=sr, machine_id="id_00")
    np.testing.assert_allclose(answer.as_numpy("score"), [verdict.score])
    assert [tensor["name"] for tensor in answer.get_response()["outputs"]] == ["score"]


def test_verdict_as_json(infer, clip):
    answer = infer({"inputs": [recording(clip)], "parameters": {"machine_id": "id_00"}}).json()
    outputs = {tensor["name"]: tensor for tensor in answer["outputs"]}
    assert answer["model_name"] == MODEL
    assert outputs["message"] == {"name": "message", "datatype": "BYTES", "shape": [1], "data": ["Component OK"]}
    assert "fault" not in outputs


def test_clients_are_told_what_is_wrong(client, clip):
    tensor = triton.InferInput("recording", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([b"notes, not sound"], dtype=object))
    with pytest.raises(triton.InferenceServerException, match="recording: is not audio"):
        client.infer(MODEL, [tensor], parameters={"machine_id": "id_00"})
    tensor.set_data_from_numpy(np.array([clip], dtype=object))
    with pytest.raises(triton.InferenceServerException, match="id_00"):
        client.infer(MODEL, [tensor])
    with pytest.raises(triton.InferenceServerException, match="no such output"):
        client.infer(MODEL, [tensor], outputs=[triton.InferRequestedOutput("colour")])
    with pytest.raises(triton.InferenceServerException, match="no such model"):
        client.infer("another", [tensor])


WAVEFORM = {"name": "waveform", "datatype": "FP32", "shape": [4], "data": [0.0, 0.1, 0.0, -0.1]}


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ({}, "inputs"),
        ({"inputs": [WAVEFORM, WAVEFORM]}, "at most 1"),
        ({"inputs": [WAVEFORM | {"name": "colour"}]}, "'recording' or 'waveform'"),
        ({"inputs": [WAVEFORM]}, "sr"),
        ({"inputs": [WAVEFORM | {"shape": [5]}]}, "shape"),
        ({"inputs": [WAVEFORM | {"shape": [-4]}]}, "greater than"),
        ({"inputs": [WAVEFORM | {"data": ["loud"] * 4}]}, "no FP32 numbers"),
        ({"inputs": [WAVEFORM | {"data": None}]}, "no FP32 numbers"),
        ({"inputs": [WAVEFORM | {"datatype": "BYTES"}]}, "expected FP32"),
        ({"inputs": [recording(b"x") | {"data": ["%"]}]}, "no base64"),
        ({"inputs": [recording(b"x") | {"data": []}]}, "one string"),
        ({"inputs": [recording(b"x") | {"shape": [2]}]}, "BYTES"),
        ({"inputs": [recording(b"x") | {"datatype": "FP32"}]}, "or samples as the input waveform"),
        ({"inputs": [WAVEFORM], "parameters": {"sr": 0}}, "whole number of Hz from 1000 to 1000000, got '0'"),
        ({"inputs": [WAVEFORM], "parameters": {"sr": "16000.5"}}, "whole number of Hz"),
        ({"inputs": [WAVEFORM], "parameters": {"sr": 1e308}}, "whole number of Hz"),
        ({"inputs": [WAVEFORM]}, 'in the request\'s parameters, not in the tensor\'s: "parameters": {"sr": 16000}'),
        ({"inputs": [WAVEFORM | {"parameters": {"sr": 16000}}]}, "parameters.sr: is a parameter of the request"),
        ({"inputs": [recording(b"x") | {"parameters": {"machine_id": "a"}}]}, "machine_id: is a parameter of the"),
        ({"inputs": [WAVEFORM | {"data": [1e300] * 4}], "parameters": {"sr": 16000, "machine_id": "id_00"}}, "4 of"),
    ],
)
def test_bad_requests_are_the_clients_fault(infer, body, match):
    answer = infer(body)
    assert answer.status_code == 422
    assert match in answer.json()["error"]
    assert answer.json()["detail"] == answer.json()["error"]
