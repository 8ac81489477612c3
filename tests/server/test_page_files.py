import pytest

from auscult.server.page_files import page_file


def test_files_of_the_package_with_their_policy():
    for name, folder, media_type in (("index.html", "ui", "text/html"), ("naming.css", "", "text/css")):
        found = page_file(name, folder)
        assert found.headers["content-type"] == f"{media_type}; charset=utf-8"
        policy = found.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["", "..", "../app.py", "app.py", "../naming.css", "/etc/passwd", "ui", "nothing.html"]
)
def test_nothing_else(name):
    assert page_file(name, "ui") is None
