"""What the documentation promises is there, and what is there is documented."""

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
import typer

from auscult.cli import app
from auscult.synth import MACHINES
from auscult.synth.truth import Truth

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
DOCS = "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
VERBS = sorted(typer.main.get_command(app).commands)


@pytest.mark.parametrize("path", sorted((ROOT / "src").glob("auscult/**/*.py")), ids=lambda path: path.name)
def test_tree_in_the_readme_names_every_module(path):
    if not path.name.startswith("__"):
        assert re.search(rf"\b{path.name}\b", README), f"{path} is not in the README's tree"


def test_tree_in_the_readme_names_no_other_module():
    tree = README[README.index("src/auscult/\n") : README.index("tests/  ")]
    names = {path.name for path in (ROOT / "src").glob("auscult/**/*.py")}
    assert set(re.findall(r"\b\w+\.py\b", tree)) <= names


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented(verb):
    assert f"auscult {verb}" in DOCS


def test_every_command_in_the_readme_is_a_verb():
    used = set(re.findall(r"^auscult (\w+)", README, re.MULTILINE))
    assert used <= set(VERBS)
    assert used >= {"train", "predict", "serve"}


def test_every_option_of_the_server_is_documented():
    options = [
        option for parameter in typer.main.get_command(app).commands["serve"].params for option in parameter.opts
    ]
    page = (ROOT / "docs" / "http.md").read_text()
    for option in options:
        if option.startswith("--") and option != "--help":
            assert option in page


def test_every_route_is_documented(server_paths):
    page = (ROOT / "docs" / "http.md").read_text()
    for path in server_paths:
        assert f" {path}`" in page


@pytest.fixture
def server_paths(trained_bundle):
    import auscult
    from auscult.server import create_app

    return sorted(create_app(auscult.load(trained_bundle)).openapi()["paths"])


def test_every_extra_is_documented():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in extras:
        assert f"`{extra}`" in DOCS


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda page: page.name
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?:^|`)make ([\w-]+)", README + CONTRIBUTING, re.MULTILINE)))
)
def test_make_targets_exist(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("machine_type", "fault"), [(name, fault) for name, kind in MACHINES.items() for fault in kind.faults]
)
def test_every_fault_has_a_page_with_a_picture(machine_type, fault):
    page = ROOT / "docs" / "faults" / f"{machine_type}-{fault}.md"
    text = page.read_text()
    for part in ("## What happens", "## What changes in the sound", "## What it may be mistaken for", "## Hear it"):
        assert part in text
    assert f"images/{machine_type}-{fault}.png" in text
    assert f"--machine {machine_type} --faults {fault}`" in text
    assert f"({page.name})" in (page.parent / "README.md").read_text()


def test_every_option_of_synth_is_documented():
    page = (ROOT / "docs" / "synthetic.md").read_text()
    for parameter in typer.main.get_command(app).commands["synth"].params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert f"`{option}" in page


def test_every_column_of_the_truth_is_documented():
    page = (ROOT / "docs" / "synthetic.md").read_text()
    for field in dataclasses.fields(Truth):
        assert f"`{field.name}`" in page


@pytest.mark.parametrize(("name", "least"), [("docs/reliability.md", 20), ("SECURITY.md", 25)])
def test_every_proof_is_a_test(name, least):
    page = (ROOT / name).read_text()
    file, n_proofs = "", 0
    for path, test in re.findall(r"`(tests/[\w/]+\.py)?(?:::)?(test_\w+)?`", page):
        file = path or file
        if not (path or test):
            continue
        n_proofs += 1
        assert (ROOT / file).exists(), f"there is no {file}"
        assert not test or f"def {test}(" in (ROOT / file).read_text(), f"{file} has no {test}"
    assert n_proofs > least
