import json
import re

import nbformat
import pytest
from nbclient import NotebookClient

from .conftest import EXAMPLES

TOUR = EXAMPLES / "tour.ipynb"


def test_it_is_kept_without_what_it_printed():
    text = TOUR.read_text()
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert len(text) < 100_000
    assert not re.search(r"/(?:home|Users|work|tmp|root)/", text), "a path of somebody's machine"
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}


def execute(notebook, folder):
    """Run the cells in a kernel of their own that works in a folder; what they printed, and what they showed."""
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    printed = "".join(output["text"] for output in outputs if output.get("name") == "stdout")
    return printed, [output["data"] for output in outputs if "data" in output]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_whole_story_is_told(tmp_path, monkeypatch):
    """From a folder far from the repository, where the original's model is not at hand."""
    monkeypatch.setenv("AUSCULT_REAL_DATA", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "here").mkdir()
    printed, shown = execute(nbformat.read(TOUR, 4), tmp_path / "here")
    assert "fan/id_06: 80 normal, 48 anomalous\n" in printed
    assert "problems: none" in printed
    assert re.search(r"cluster \d is \d+ % fan/id_0\d, .*: this is a machine, not a fault", printed), (
        "the original's way"
    )
    assert "clusters do not follow machine, SNR or level" in printed, "the default way"
    for question in ("random by clip", "by take", "leave one fan out"):
        assert re.search(rf"{question}: .* 0\.\d\d +0\.\d\d to [01]\.\d\d +0\.\d\d", printed)
    assert re.search(r"truth: (\S+) +said: \1", printed)
    assert "(normal clips: ±" in printed, "a verdict is explained"
    assert "the same as from Python: True" in printed
    assert "The original's model is not here" in printed
    assert re.search(r"\d MB, \d+\.\d ms a verdict", printed)
    assert sum("application/vnd.plotly.v1+json" in data for data in shown) == 7
    assert not list((tmp_path / "here").iterdir()), "nothing is left where it ran"


@pytest.mark.real
@pytest.mark.parametrize("folder", [EXAMPLES, EXAMPLES.parent], ids=lambda folder: folder.name)
@pytest.mark.slow
def test_original_answers_where_its_model_is(real_data, folder, monkeypatch):
    """Only the cells that this needs: the first one, the client, and the one on the original."""
    if real_data.resolve() == (EXAMPLES.parents[1] / "shared" / "data").resolve():
        monkeypatch.delenv("AUSCULT_REAL_DATA", raising=False)  # found from either folder without being told
    notebook = nbformat.read(TOUR, 4)
    wanted = ("import auscult\n", "def post(", "import_keras(weights)")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [cell for cell in code if any(words in cell.source for words in wanted)]
    printed, _ = execute(notebook, folder)
    assert re.search(r"^normal.wav \{'Anomaly': False, .*Component OK", printed, re.MULTILINE)
    assert re.search(r"^pb1.wav \{'Anomaly': True, .*Component is imbalanced", printed, re.MULTILINE)
