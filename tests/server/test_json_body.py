import json

import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict

from auscult.server.json_body import MAX_BODY_BYTES, json_response, read_json
from auscult.server.problems import answer_errors_with_problems

from .asgi_client import AsgiClient


class Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    first: int
    second: str = ""


@pytest.fixture
def client():
    app = FastAPI()
    answer_errors_with_problems(app)

    @app.post("/")
    async def pair(request: Request):
        return (await read_json(request, Pair)).model_dump()

    return AsgiClient(app)


def test_json_is_read(client):
    assert client.post("/", json={"first": 1}).json() == {"first": 1, "second": ""}
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/", content=b'{"first": 2}', headers=headers).status_code == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_is_refused(client, media_type):
    answer = client.post("/", content=b'{"first": 1}', headers={"Content-Type": media_type})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"{", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        (b"{}", "first: Field required"),
        (b'{"first": 1, "third": 3}', "third: Extra inputs"),
        (b'{"first": "x"}', "Send JSON with first and second"),
    ],
)
def test_what_is_not_expected_is_named(client, content, match):
    answer = client.post("/", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert match in answer.json()["detail"]


def test_too_much_is_refused(client):
    assert client.post("/", json={"first": 1, "second": "x" * MAX_BODY_BYTES}).status_code == 413


def test_answers_are_ascii_and_strict():
    assert json.loads(json_response({"name": "\udcff ü"}).body) == {"name": "\udcff ü"}
    with pytest.raises(ValueError, match="JSON compliant"):
        json_response({"score": float("nan")})
