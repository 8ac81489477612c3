import dataclasses
import io
import json
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import soundfile

import auscult
from auscult.bundle.golden import EXPECTED

from .conftest import started


def problem(response, status):
    """Detail of the answer's problem details, whose form is checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    content = response.json()
    assert content.keys() == {"type", "title", "status", "detail"}
    assert content["status"] == status
    return content["detail"]


def test_server_is_up(server):
    response = server.get("/")
    assert (response.status_code, response.text) == (200, "server is up")


def test_health(server):
    assert server.get("/v2/health/live").json() == {"live": True}
    assert server.get("/v2/health/ready").json() == {"ready": True}


def test_verdict_is_the_bundles(server, trained_bundle, clip):
    response = server.post(clip, machine_id="fan/id_00")
    assert response.status_code == 200
    expected = auscult.load(trained_bundle).predict(clip, machine_id="fan/id_00").to_dict()
    assert response.json() == json.loads(json.dumps(expected))


@pytest.mark.real
def test_the_originals_client(real_data, original_bundle):
    """Both requests of the original's README, with the same client, to the letter."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed; .ci/run installs it")
    expected = json.loads((real_data / "signalml" / "expected.json").read_text())
    with started(original_bundle) as server:

        def ask(*arguments):
            return subprocess.run([curl, "--silent", *arguments], capture_output=True, text=True, check=True).stdout

        assert ask(server.url) == "server is up"
        for name in ("normal", "pb1", "pb2", "pb3"):
            clip = real_data / "signalml" / f"{name}.wav"
            answer = json.loads(ask("-X", "POST", "-F", f"file=@{clip}", f"{server.url}/inference"))
            assert answer["Anomaly"] is expected[name]["Anomaly"]
            assert answer["Details"]["Message"] == expected[name]["Details"]["Message"]
            probabilities = expected[name]["Details"]["Probabilities"]
            assert answer["Details"]["Probabilities"] == pytest.approx(probabilities, abs=0.001)


def encode(y, **options):
    buffer = io.BytesIO()
    soundfile.write(buffer, y, options.pop("sr", 16000), **({"format": "WAV", "subtype": "PCM_16"} | options))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "the file is empty"),
        (b"These are notes, not sound.", "is not audio"),
        (b"RIFF", "WAV header is truncated"),
        (encode(np.zeros(16000))[:-1000], "truncated"),
        (encode(np.zeros(0)), "holds no samples"),
        (encode(np.zeros(100)), "shorter than one frame"),
        (encode(np.zeros(8000), sr=8000), "recorded at 8000 Hz"),
        (encode(np.full(16000, np.nan), subtype="FLOAT"), "NaN"),
        (encode(np.zeros(1_000_000), sr=1000), "lasts 1000.0 s, the limit is 600 s"),
        (encode(np.zeros((600 * 16000, 8)), format="FLAC"), "unpacks to 76800000 samples"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_clips_are_the_clients_fault(server, content, match):
    detail = problem(server.post(content, name="Lüfter 3.wav", machine_id="id_00"), 422)
    assert match in detail
    assert detail.startswith("Lüfter 3.wav: ")


def test_missing_field(server, clip):
    detail = problem(httpx.post(f"{server.url}/inference", files={"clip": clip}), 422)
    assert "there is no file in the field 'file'. Send the recording as" in detail


def test_text_instead_of_a_file(server):
    text = {"file": (None, "clip.wav")}  # a field without a file name
    problem(httpx.post(f"{server.url}/inference", files=text), 422)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("audio/wav", b"RIFF", 415),
        ("application/x-www-form-urlencoded", b"file=clip.wav", 415),
        ("", b"", 415),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"--y\r\n", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nabc", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 20 + b"--x--\r\n", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nabc\r\n--x--\r\n", 422),
    ],
)
def test_body_that_is_not_the_form(server, content_type, body, status):
    response = httpx.post(f"{server.url}/inference", content=body, headers={"Content-Type": content_type})
    assert "Send the recording as the multipart field 'file'" in problem(response, status)


def test_machine_not_said_or_not_known(server, clip):
    assert "The bundle knows fan/id_00, fan/id_02" in problem(server.post(clip), 422)
    assert "id_44: this machine is not in the bundle" in problem(server.post(clip, machine_id="id_44"), 422)


def test_unknown_path_and_method(server):
    problem(server.get("/nowhere"), 404)
    response = server.get("/inference")
    problem(response, 405)
    assert response.headers["allow"] == "POST"
    assert response.json()["detail"] == "/inference: GET is not for this path. Use POST."


def test_load_balancers_may_ask_for_the_head_only(server):
    response = httpx.head(server.url)
    assert (response.status_code, response.text) == (200, "")


def test_two_files_are_not_silently_one(server, clip):
    response = httpx.post(f"{server.url}/inference", files=[("file", clip), ("file", clip)])
    assert "two fields of the same name" in problem(response, 400)


def test_tiny_clip_at_an_odd_rate_costs_little(original_server):
    """One sample at 999983 Hz: as many filter phases as 22050, of which one is needed."""
    start = time.monotonic()
    assert original_server.post(encode(np.full(1, 0.5), sr=999_983)).status_code == 200
    assert original_server.post(b"RIFF" + bytes(4) + b"WAVE" + bytes(8_000_000)).status_code == 422
    assert time.monotonic() - start < 5


@pytest.fixture(scope="module")
def original_server(original_bundle):
    with started(original_bundle) as server:
        yield server


def test_documentation_works_without_the_internet(server):
    page = server.get("/docs")
    assert page.status_code == 200
    links = [word.split('"')[1] for word in page.text.split() if word.startswith(("src=", "href="))]
    assert links
    for link in links:
        assert link.startswith("/"), f"{link} is on another server"
        assert server.get(link).status_code == 200
    assert "/inference" in server.get("/openapi.json").json()["paths"]


def test_concurrent_clients_get_the_same_answer(server, clip):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: server.post(clip, machine_id="id_00").json(), range(40)))
    assert all(answer == answers[0] for answer in answers)


def test_bundle_whose_golden_samples_disagree_is_live_and_not_ready(trained_bundle, tmp_path, clip):
    bundle = auscult.load(trained_bundle)
    expected = json.loads(bundle.members[EXPECTED])
    expected[0]["score"] += 1
    members = bundle.members | {EXPECTED: json.dumps(expected).encode()}
    dataclasses.replace(bundle, members=members).save(tmp_path / "moved.auscult")
    with started(tmp_path / "moved.auscult") as server:
        assert server.get("/v2/health/live").status_code == 200
        assert "gives another verdict here" in problem(server.get("/v2/health/ready"), 503)
        assert "gives another verdict here" in problem(server.post(clip, machine_id="id_00"), 503)
