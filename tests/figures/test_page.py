import re

import plotly.graph_objects as go
import pytest

from auscult.errors import DataError
from auscult.figures import write_page

LIBRARY = "plotly.min.js"


def figure(title="a title"):
    return go.Figure(go.Scatter(x=[1, 2, 3], y=[3, 1, 2]), layout={"title": title})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_page_needs_nothing_but_the_library_beside_it(tmp_path):
    write_page(figure(), tmp_path / "new" / "folder" / "page.html")
    assert names(tmp_path / "new" / "folder") == ["page.html", LIBRARY]
    page = (tmp_path / "new" / "folder" / "page.html").read_text()
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*?(?:src|href)\s*=\s*[\"']([^\"']*)", page)
    assert loaded == [LIBRARY]
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?\s*(?:https?:)?//", page)
    assert "import(" not in page
    assert len(page) < 100_000, "the library is not in the page"


def test_library_is_written_once_for_all_pages(tmp_path):
    write_page(figure(), tmp_path / "one.html")
    before = (tmp_path / LIBRARY).stat()
    write_page(figure(), tmp_path / "two.html")
    after = (tmp_path / LIBRARY).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert before.st_size > 1_000_000
    assert names(tmp_path) == ["one.html", LIBRARY, "two.html"]


def test_pages_are_replaced(tmp_path):
    write_page(figure("before"), tmp_path / "page.html")
    write_page(figure("after"), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "after" in page
    assert "before" not in page


def test_names_do_not_end_the_script(tmp_path):
    """Titles hold names of files and machines, which anybody may give."""
    write_page(figure("</script><script>alert(1)</script>"), tmp_path / "page.html")
    assert "<script>alert(1)" not in (tmp_path / "page.html").read_text()


def test_names_in_any_script(tmp_path):
    write_page(figure("Lüfter 軸"), tmp_path / "Lüfter.html")
    page = (tmp_path / "Lüfter.html").read_text(encoding="utf-8")
    assert "Lüfter 軸" in page or r"L\u00fcfter \u8ef8" in page
    assert 'charset="utf-8"' in page


def test_what_the_disk_refuses_leaves_the_old_page(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(DataError, match=r"taken.*cannot be written"):
        write_page(figure(), tmp_path / "taken" / "page.html")
    (tmp_path / "page.html").mkdir()
    with pytest.raises(DataError, match=r"page\.html: cannot be written"):
        write_page(figure(), tmp_path / "page.html")
    assert not [name for name in names(tmp_path) if name.startswith(".")]


def test_page_opens_in_a_browser_without_network(tmp_path, opened):
    page = tmp_path / "page.html"
    write_page(figure("a title to be seen"), page)
    shown = opened(page)
    assert re.search(r"<svg[^>]*class=\"main-svg\"", shown)
    assert re.search(r"<text[^>]*class=\"gtitle\"[^>]*>a title to be seen", shown)
    assert 'class="trace scatter' in shown
    assert 'data-title="Download plot as a PNG"' in shown
    assert 'data-title="Share' not in shown, "nothing offers to send the picture to somebody's server"
