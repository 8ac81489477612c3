import base64
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import plotly.graph_objects as go
import pytest

from auscult.errors import DataError, OptionError
from auscult.figures import Heading, Paragraph, Picture, Player, Section, Table, scatter_figure, write_report

SOUND = b"RIFF\x00\xff sound"
HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)>\"'&amp;"
LOADING = {"src", "href", "srcset", "poster", "action", "data", "background"}


class Tags(HTMLParser):
    """All tags of a page as (name, attributes), and the content of its scripts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.scripts, self.is_in_script = [], [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.is_in_script = tag == "script"
        if self.is_in_script:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.is_in_script = False

    def handle_data(self, data):
        if self.is_in_script:
            self.scripts[-1] += data

    def named(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def figure(name="a trace"):
    return go.Figure(go.Scatter(x=np.arange(3.0), y=np.array([3, np.nan, 2]), name=name), layout={"height": 333})


def sections(text="fan/id_00"):
    table = Table(["cluster", "clips", text], [[text, 12, 0.5], ["clogging", 3, None]], f"table {text}")
    return [
        Section("Pictures", [Paragraph("What is to be seen."), Picture(figure(text), f"picture {text}")]),
        Section(f"Sounds {text}", [Heading(f"heading {text}"), Player(SOUND, "audio/wav", f"sound {text}"), table]),
        Section("Nothing", []),
    ]


def written(tmp_path, parts=None, **changes):
    path = tmp_path / "report.html"
    write_report(path, **({"title": "Faults", "sections": sections() if parts is None else parts} | changes))
    return path.read_text(encoding="utf-8")


def own(page):
    """A page without the library."""
    return re.sub(r"<script>/\*\*.*?</script>", "", page, flags=re.DOTALL)


def test_report_holds_all_parts_in_order(tmp_path):
    page = own(written(tmp_path, intro="Said first."))
    texts = [
        "<h1>Faults</h1>",
        "Said first.",
        "What is to be seen.",
        "picture fan/id_00</fig",
        "<h3>heading fan/id_00</h3>",
    ]
    texts += ["sound fan/id_00</fig", "<figcaption>table fan/id_00", "<td>clogging</td>", "Nothing to show."]
    assert sorted(texts, key=page.index) == texts


def test_contents_lead_to_the_sections(tmp_path):
    page = own(written(tmp_path))
    links = dict(re.findall(r'<li><a href="#([^"]*)">([^<]*)</a></li>', page))
    assert list(links.values()) == ["Pictures", "Sounds fan/id_00", "Nothing"]
    for anchor, title in links.items():
        assert re.search(rf'<section id="{anchor}"[^>]*>\s*<h2[^>]*>{title}</h2>', page)


def test_report_loads_nothing(tmp_path):
    page = written(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html"]
    for tag, attributes in Tags(page).tags:
        for name in LOADING & set(attributes):
            assert attributes[name].startswith(("#", "data:")), f"<{tag} {name}={attributes[name][:80]}>"
        assert tag not in ("link", "iframe", "base", "object", "embed", "form")
    assert not re.search(r"https?:|url\(|@import", own(page))


def test_browser_may_run_the_own_scripts_only_and_load_nothing(tmp_path):
    tags = Tags(written(tmp_path))
    (policy,) = [meta["content"] for meta in tags.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    code = [text for text, script in zip(tags.scripts, tags.named("script"), strict=True) if "type" not in script]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code]
    assert rules["script-src"].split() == [f"'sha256-{value}'" for value in hashes]
    assert rules["default-src"] == "'none'"
    assert "http" not in policy


def test_same_input_same_bytes(tmp_path):
    assert written(tmp_path) == written(tmp_path)


def test_figures_arrive_whole_but_for_their_template(tmp_path):
    given = figure()
    tags = Tags(written(tmp_path, [Section("s", [Picture(given, "first"), Picture(figure("second"), "second")])]))
    data = {
        script["id"]: text for text, script in zip(tags.scripts, tags.named("script"), strict=True) if "id" in script
    }
    arrived = json.loads(data["picture-1-data"])
    assert arrived["data"] == json.loads(given.to_json())["data"]
    assert arrived["layout"] == {"height": 333}
    assert given.layout.template.layout.font.color, "the given figure is left as it was"
    assert json.loads(data["picture-2-data"])["data"][0]["name"] == "second"
    assert [place["id"] for place in tags.named("div") if place.get("class") == "plot"] == ["picture-1", "picture-2"]


def test_names_are_texts_only(tmp_path):
    page = written(tmp_path, sections(HOSTILE), title=HOSTILE, intro=HOSTILE)
    tags, harmless = Tags(page), Tags(written(tmp_path))
    assert [tag for tag, _ in tags.tags if tag != "p"] == [tag for tag, _ in harmless.tags if tag != "p"]
    assert [set(attributes) for _, attributes in tags.tags if "onerror" in attributes] == []
    assert f"<h1>{HOSTILE}</h1>" in unescape(own(page))
    (player,) = tags.named("audio")
    assert player["aria-label"] == f"sound {HOSTILE}"


def test_names_that_are_no_text(tmp_path):
    page = written(tmp_path, sections("Lüfter 軸 \udcff"))
    assert "heading Lüfter 軸 \\udcff" in page


def test_players_hold_their_sounds(tmp_path):
    (player,) = Tags(written(tmp_path)).named("audio")
    head, _, content = player["src"].partition(",")
    assert head == "data:audio/wav;base64"
    assert base64.b64decode(content) == SOUND
    assert "controls" in player


def test_numbers_are_aligned_and_empty_cells_dashes(tmp_path):
    page = own(written(tmp_path))
    assert re.findall(r'<td class="number">([^<]*)</td>', page) == ["12", "0.5", "3", "–"]
    assert "<td>clogging</td>" in page
    assert re.findall(r'<th scope="col" class="number">([^<]*)</th>', page) == ["clips", "fan/id_00"]


def test_a_table_without_rows_and_a_page_without_sections(tmp_path):
    assert "<figcaption>none</figcaption>" in written(tmp_path, [Section("s", [Table(["a", "b"], [], "none")])])
    page = written(tmp_path, [])
    assert "<nav" not in page
    assert len(page) < 20_000, "what draws pictures is left out where there are none"


def test_a_row_of_another_length_is_refused():
    with pytest.raises(OptionError, match=r"table 'clusters': row 2 has 1 cells, and there are 2 headings"):
        Table(["cluster", "clips"], [["a", 1], ["b"]], "clusters")


def test_report_can_be_used_by_keyboard_on_phones_and_on_paper(tmp_path):
    page = written(tmp_path)
    tags = Tags(page)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in tags.named("meta")
    (wide,) = [place for place in tags.named("div") if place.get("class") == "scroll"]
    assert wide["tabindex"] == "0", "what scrolls can be reached by keyboard"
    assert wide["aria-label"]
    assert tags.named("a")[0]["href"] == "#content"
    assert "@media print" in page
    assert "prefers-color-scheme: dark" in page


def test_what_the_disk_refuses(tmp_path):
    (tmp_path / "report.html").mkdir()
    with pytest.raises(DataError, match=r"report\.html: cannot be written"):
        write_report(tmp_path / "report.html", title="t", sections=[])


def test_report_opens_in_a_browser_without_network(tmp_path, opened):
    points, hover = np.eye(4), ["a", "b", "c", "d"]
    space = scatter_figure(points, np.array([0, 0, 1, -1]), names=["x", "y"], hover=hover)
    parts = [*sections(HOSTILE), Section("In space", [Picture(space, "turn it")])]
    written(tmp_path, parts, title="Faults to be seen")
    shown = own(opened(tmp_path / "report.html"))
    assert "<title>Faults to be seen</title>" in shown, "no name has become a script"
    pictures = re.findall(r'<div class="plot[^"]*js-plotly-plot[^"]*" id="(picture-\d)"', shown)
    assert pictures == ["picture-1", "picture-2"]
    assert 'class="trace scatter' in shown
    assert '<div id="scene"' in shown
    assert len(re.findall(r"<audio [^>]*src=\"data:audio/wav", shown)) == 1
    assert 'data-title="Download plot as a PNG"' in shown
    assert 'data-title="Share' not in shown
