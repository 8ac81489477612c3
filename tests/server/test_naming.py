import dataclasses
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from made_up_discovery import made_up, renumbered

from auscult.audio import read_audio
from auscult.audio.write import wav_bytes
from auscult.errors import DataError
from auscult.faults.names_file import read_names, write_names
from auscult.server.json_body import MAX_BODY_BYTES
from auscult.server.naming import create_naming_app

from .asgi_client import AsgiClient
from .test_app import problem

HERE = {"Origin": "http://127.0.0.1:5001"}


@pytest.fixture
def found(tmp_path):
    found = made_up(tmp_path)
    found.save(tmp_path / "found")
    return found


@pytest.fixture
def names_file(tmp_path):
    return tmp_path / "faults.yaml"


@pytest.fixture
def client(found, tmp_path, names_file):
    return AsgiClient(create_naming_app(tmp_path / "found", names_file))


def name(client, number, **body):
    return client.post(f"/api/clusters/{number}/name", json=body, headers=HERE)


def test_page_and_what_it_needs(client):
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    links = [part.split('"')[1] for part in page.text.split() if part.startswith(("src=", "href=")) and '"/' in part]
    assert sorted(links) == ["/naming.css", "/naming.js"]
    assert "://" not in page.text
    assert client.get("/naming.css").headers["content-type"] == "text/css; charset=utf-8"
    script = client.get("/naming.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert not any(word in script.text for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"))
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_clusters(client, names_file):
    answer = client.get("/api/clusters")
    assert answer.headers["content-type"] == "application/json"
    state = answer.json()
    assert [cluster["number"] for cluster in state["clusters"]] == [0, 1, 2]
    assert state["names_file"] == str(names_file)


def test_naming_writes_the_file_and_says_what_there_is_now(client, names_file, found):
    answer = name(client, 1, name=" loose  belt ", message="Belt is\nloose ", note="heard in May\n")
    assert answer.status_code == 200
    assert answer.json()["saved"] == "Saved: cluster 1 is called 'loose belt'."
    assert answer.json()["state"] == client.get("/api/clusters").json()
    assert answer.json()["state"]["clusters"][1]["fault"] == "loose-belt"
    (fault,) = read_names(names_file).faults
    assert (fault.name, fault.message, fault.note) == ("loose belt", "Belt is loose", "heard in May")
    assert fault.exemplars == tuple(clip.content_hash for clip in found.exemplars(1))


def test_what_is_left_out_stays_with_its_name_and_what_is_emptied_is_empty(client, names_file):
    def fault():
        return read_names(names_file).faults[0]

    name(client, 0, name="imbalance", message="It shakes", note="a note")
    name(client, 0, name="Imbalance")
    assert (fault().name, fault().message, fault().note) == ("Imbalance", "It shakes", "a note")
    saved = name(client, 0, name="dry bearing").json()["saved"]
    assert "'Imbalance' was renamed. Dropped, as said of the old name: its message 'It shakes' and its note" in saved
    assert (fault().id, fault().message, fault().note) == ("imbalance", "Fault: dry bearing", "")
    name(client, 0, name="dry bearing", message="It squeals", note="another")
    name(client, 0, name="dry bearing", message=" ", note="")
    assert (fault().message, fault().note) == ("Fault: dry bearing", "")


def test_names_are_read_anew_for_every_answer(client, names_file):
    """Another browser, an editor, the command line."""
    name(client, 0, name="imbalance")
    names_file.write_text(names_file.read_text().replace("name: imbalance", "name: Unwucht"))
    assert client.get("/api/clusters").json()["faults"][0]["name"] == "Unwucht"
    names_file.unlink()
    assert client.get("/api/clusters").json()["faults"] == []
    names_file.write_text("faults: none")
    assert "line 1: 'faults' is no list" in problem(client.get("/api/clusters"), 500)
    assert "line 1" in problem(name(client, 0, name="imbalance"), 500)
    assert names_file.read_text() == "faults: none", "what cannot be read is not replaced"


def test_a_discovery_made_anew_is_seen_and_its_numbers_are_not_mixed_up(client, found, tmp_path, names_file):
    before = client.get("/api/clusters").json()["discovery"]
    assert name(client, 0, name="imbalance", discovery=before).status_code == 200
    renumbered(found, 2, 0, 1).save(tmp_path / "found")
    assert "the clusters were found anew" in problem(name(client, 1, name="clogging", discovery=before), 409)
    assert [fault.name for fault in read_names(names_file).faults] == ["imbalance"]
    state = client.get("/api/clusters").json()
    assert state["discovery"] != before
    assert state["clusters"][2]["fault"] == "imbalance"


def test_names_given_at_the_same_time_are_all_there(client, names_file, monkeypatch):
    def write_slowly(path, names):
        time.sleep(0.1)  # without a lock the others read the old names meanwhile
        write_names(path, names)

    monkeypatch.setattr("auscult.server.naming.write_names", write_slowly)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda n: name(client, n, name=f"fault {n}"), range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(fault.name for fault in read_names(names_file).faults) == ["fault 0", "fault 1", "fault 2"]


def test_who_wants_to_know_is_told_after_the_file_is_written(found, tmp_path, names_file):
    told = []

    def on_named(names):
        told.append((threading.get_ident(), names))
        assert read_names(names_file) == names
        if len(told) == 2:
            raise DataError("bundle.auscult", "cannot be written", "Free the disk.")
        return ["bundle.auscult does not say 'imbalance': why"]

    client = AsgiClient(create_naming_app(tmp_path / "found", names_file, on_named=on_named))
    answer = name(client, 0, name="imbalance")
    assert answer.status_code == 200
    assert answer.json()["told"] == ["bundle.auscult does not say 'imbalance': why"]
    assert [fault.name for fault in told[0][1].faults] == ["imbalance"]
    assert told[0][0] != threading.get_ident(), "other answers need not wait"
    detail = problem(name(client, 1, name="clogging"), 500)
    assert detail.startswith("the name is saved, and what follows from it is not: bundle.auscult: cannot be written")
    assert [fault.name for fault in read_names(names_file).faults] == ["imbalance", "clogging"]
    problem(name(client, 1, name="normal"), 422)
    assert len(told) == 2


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ({"name": " "}, "name: is blank"),
        ({"name": "Unknown fault"}, "is no name for a fault"),
        ({"name": "x" * 101}, "has 101 characters"),
        ({}, "name: Field required"),
        ({"name": 3}, "name: Input should be a valid string"),
        ({"name": "a", "colour": "red"}, "colour: Extra inputs"),
        ([], "the body: Input should be an object"),
    ],
)
def test_names_that_are_refused(client, names_file, body, match):
    answer = client.post("/api/clusters/0/name", json=body, headers=HERE)
    assert match in problem(answer, 422)
    assert not names_file.exists()


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\\ud800"}', b'{"name": "\xff"}', b"[" * 9000])
def test_bodies_that_are_no_json(client, names_file, body):
    answer = client.post("/api/clusters/0/name", content=body, headers=HERE | {"Content-Type": "application/json"})
    assert "the body: Invalid JSON" in problem(answer, 422)
    assert not names_file.exists()


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_forms_of_other_pages_are_refused(client, names_file, content_type):
    """A page elsewhere can send those without asking, JSON it cannot."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.post("/api/clusters/0/name", content=b'{"name": "imbalance"}', headers=headers)
    assert "expected application/json" in problem(answer, 415)
    assert not names_file.exists()


def test_other_sites_are_refused(client, names_file):
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
        answer = client.post("/api/clusters/0/name", json={"name": "imbalance"}, headers=headers)
        problem(answer, 403)
    assert not names_file.exists()
    for path in ("/", "/api/clusters", "/clips/0/audio"):
        problem(client.get(path, headers={"Host": "evil.example"}), 403)


def test_a_name_that_is_too_long_to_be_read(client, names_file):
    answer = name(client, 0, name="imbalance", note="x" * MAX_BODY_BYTES)
    assert "Write a shorter note" in problem(answer, 413)
    assert not names_file.exists()


def test_what_there_is_not(client):
    assert "there is no cluster 3" in problem(name(client, 3, name="imbalance"), 404)
    for path in ("/nowhere", "/clips/-1/audio", "/clips/..%2fpyproject.toml/audio", "/clips/a/audio", "/docs"):
        problem(client.get(path), 404)
    problem(client.get("/api/clusters/0/name"), 405)
    problem(name(client, 10**30, name="imbalance"), 404)


def test_audio_is_the_recording(client, found):
    answer = client.get("/clips/7/audio")
    assert answer.headers["content-type"] == "audio/wav"
    y, sr = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert sr == 16_000
    assert np.allclose(y, read_audio(found.clips[7].path)[0], atol=1 / 32768)


def test_players_may_jump(client):
    whole = client.get("/clips/7/audio").content
    part = client.get("/clips/7/audio", headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, whole[1000:2000])
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
    problem(client.get("/clips/7/audio", headers={"Range": f"bytes={len(whole)}-"}), 416)


def test_quiet_recordings_may_be_played_at_full_level(client):
    y, _ = soundfile.read(io.BytesIO(client.get("/clips/7/audio?level=full").content))
    assert np.abs(y).max() == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("place", [4, 5, 10, 17, 18, 10**30])
def test_only_exemplars_are_served(client, place):
    """The first four clips of each six are exemplars."""
    for what in ("audio", "spectrogram"):
        assert "is no exemplar of a cluster" in problem(client.get(f"/clips/{place}/{what}"), 404)


def replace_recording(found, tmp_path, place, content, suffix="wav"):
    """Save a discovery with another file as its clip."""
    path = tmp_path / f"other.{suffix}"
    path.write_bytes(content)
    clips = list(found.clips)
    clips[place] = dataclasses.replace(clips[place], path=str(path), content_hash=hashlib.sha256(content).hexdigest())
    dataclasses.replace(found, clips=tuple(clips)).save(tmp_path / "found")


def test_several_channels_and_other_formats_become_what_browsers_play(client, found, tmp_path, rng):
    y = (0.1 * rng.standard_normal((4, 44_100))).astype(np.float32)
    flac = io.BytesIO()
    soundfile.write(flac, y.T, 44_100, format="FLAC", subtype="PCM_24")
    replace_recording(found, tmp_path, 7, flac.getvalue(), "flac")
    info = soundfile.info(io.BytesIO(client.get("/clips/7/audio").content))
    assert (info.format, info.subtype, info.channels, info.samplerate) == ("WAV", "PCM_16", 1, 44_100)
    assert client.get("/clips/7/spectrogram").json()["fmax_hz"] == 22_050


def test_a_recording_that_is_gone_or_another(client, found):
    path = Path(found.clips[7].path)
    path.write_bytes(Path(found.clips[8].path).read_bytes())
    assert problem(client.get("/clips/7/audio"), 404) == f"{path}: another recording is there now"
    path.unlink()
    for what in ("audio", "spectrogram"):
        assert problem(client.get(f"/clips/7/{what}"), 404) == f"{path}: the recording is not there any more"


def test_a_recording_that_is_none_or_too_short(client, found, tmp_path):
    replace_recording(found, tmp_path, 7, b"These are notes, not sound.")
    assert problem(client.get("/clips/7/audio"), 422).startswith(f"{tmp_path / 'other.wav'}: is not audio")
    replace_recording(found, tmp_path, 7, wav_bytes(np.zeros(100, np.float32), 16_000))
    assert client.get("/clips/7/audio").status_code == 200
    assert "shorter than one frame" in problem(client.get("/clips/7/spectrogram"), 422)


def test_names_of_files_that_are_no_unicode(client, found, tmp_path):
    clips = list(found.clips)
    clips[0] = dataclasses.replace(clips[0], path="L\udcfcfter.wav", take="L\udcfcfter")
    dataclasses.replace(found, clips=tuple(clips)).save(tmp_path / "found")
    assert client.get("/api/clusters").json()["clusters"][0]["exemplars"][0]["file"] == "L\udcfcfter.wav"
    assert problem(client.get("/clips/0/audio"), 404).startswith("L\\udcfcfter.wav: the recording is not there")
    assert name(client, 0, name="imbalance").status_code == 200


def test_spectrogram(client):
    picture = client.get("/clips/7/spectrogram").json()
    assert (picture["n_bands"], picture["duration_s"]) == (64, 0.4)


def test_a_folder_without_a_discovery_or_names_that_are_damaged(found, tmp_path, names_file):
    with pytest.raises(DataError, match=r"holds no discovery: discovery\.json is missing"):
        create_naming_app(tmp_path, names_file)
    names_file.write_text("faults: none")
    with pytest.raises(DataError, match="line 1"):
        create_naming_app(tmp_path / "found", names_file)


def test_a_discovery_that_is_gone_meanwhile(client, tmp_path):
    (tmp_path / "found" / "discovery.npz").unlink()
    assert "holds no discovery: discovery.npz is missing. Make it again" in problem(client.get("/api/clusters"), 500)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(found, tmp_path, names_file, number):
    code = "import sys; from auscult.server.naming import serve_naming; "
    code += "serve_naming(*sys.argv[1:], on_listening=lambda url: print(url, flush=True))"
    command = [sys.executable, "-c", code, str(tmp_path / "found"), str(names_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            answer = httpx.post(f"{url}/api/clusters/0/name", json={"name": "imbalance"}, headers={"Origin": url})
            assert answer.status_code == 200
            process.send_signal(number)
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
    assert [fault.name for fault in read_names(names_file).faults] == ["imbalance"]


@pytest.mark.slow
def test_serving_verdicts_does_not_load_the_page():
    code = "import sys, auscult.server, auscult.cli.serve; print([n for n in sys.modules if 'naming' in n])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert json.loads(done.stdout.replace("'", '"')) == []
