import re
from importlib.resources import files

import pytest

import auscult
from auscult.server import create_app

from .asgi_client import AsgiClient

UI = files("auscult.server") / "ui"


@pytest.fixture(scope="module")
def client(trained_bundle):
    return AsgiClient(create_app(auscult.load(trained_bundle)))


def test_the_page_and_its_files(client):
    assert client.get("/ui").headers["location"] == "/ui/"
    page = client.get("/ui/")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    for name in re.findall(r'(?:src|href)="([a-z_]+\.[a-z]+)"', page.text):
        assert client.get(f"/ui/{name}").status_code == 200


def test_the_page_can_be_asked_for_without_its_content(client):
    assert client.request("HEAD", "/ui/").status_code == 200
    assert client.request("HEAD", "/ui").headers["location"] == "/ui/"


def test_every_file_is_short_and_every_import_is_there():
    for file in UI.iterdir():
        text = file.read_text()
        assert len(text.splitlines()) <= 300, file.name
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), file.name
        assert "https://" not in text, file.name
        for name in re.findall(r'from "\./([a-z_]+\.js)"', text):
            assert (UI / name).is_file()


def test_what_the_page_has_to_know(client, asked):
    assert client.get("/ui/about.json").json() == {"is_monitor": False, "machines": ["fan/id_00", "fan/id_02"]}
    assert asked.json("/ui/about.json")["is_monitor"] is True


@pytest.mark.parametrize("path", ["nothing.js", "..%2fapp.py", "%2e%2e/app.py", "ui/index.html", "__init__.py"])
def test_nothing_else_is_there(client, path):
    assert client.get(f"/ui/{path}").status_code == 404
