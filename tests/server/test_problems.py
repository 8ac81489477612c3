import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI

from auscult.errors import AudioError, BundleError
from auscult.server.problems import answer_errors_with_problems, documented, problem_response


def test_response_has_the_form_of_the_standard():
    response = problem_response(422, "clip.wav: holds no samples.", {"Retry-After": "1"})
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "1"
    content = json.loads(response.body)
    assert (content["type"], content["status"], content["detail"]) == (
        "about:blank",
        422,
        "clip.wav: holds no samples.",
    )


@pytest.mark.parametrize(
    ("error", "status"), [(AudioError("a", "b", "c."), 422), (BundleError("a", "b", "c."), 500), (ValueError("x"), 500)]
)
def test_client_errors_and_server_errors_are_told_apart(error, status):
    app = FastAPI()
    answer_errors_with_problems(app)

    @app.get("/")
    def fail():
        raise error

    async def ask():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.get("/")

    response = asyncio.run(ask())
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_documented_statuses_have_the_problem_as_content():
    assert list(documented(404, 413)) == [404, 413]
    assert "application/problem+json" in documented(404)[404]["content"]
