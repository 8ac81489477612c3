"""The tree's promises: imports point down, files stay short, heavy packages have one home."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
LAYERS = """
errors extras files patience yaml_tree products one_thread metrics workers audio synth features detect faults diagnose
bundle registry figures evaluate pipeline monitor server shipping cli
""".split()  # noqa: SIM905 - a list of words reads best as words
# The same within the monitor, whose parts are many.
MONITOR_LAYERS = """
settings_types settings settings_reference settings_words settings_file desired
event detection vitals commands problem_log logs live_bundle
sources decisions health store alarms past outputs
keeper live_view direct_methods telling shadow machine_watch present monitor microphone_desk feedback
settings_check supervisor
""".split()  # noqa: SIM905
HOMES = {
    "torch": {"diagnose"},
    "sklearn": {"detect", "faults"},
    "plotly": {"figures"},
    "onnxruntime": {"bundle"},
    "onnx": {"bundle", "diagnose"},
    "h5py": {"bundle"},
    "fastapi": {"server"},
    "prometheus_client": {"server"},
    "av": {"monitor"},
    "aiomqtt": {"monitor"},
    "azure": {"monitor"},
    "httpx": {"registry"},
    "typer": {"cli"},
    "soundfile": {"audio", "synth", "bundle"},
}
HEAVY = {"torch", "sklearn", "pandas", "plotly", "h5py", "onnx", "matplotlib", "librosa", "numba"}
FILES = sorted(SRC.glob("auscult/**/*.py"))


def imported(path):
    here = path.relative_to(SRC).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(here[: -node.level]) if node.level else []
            base += node.module.split(".") if node.module else []
            yield from (".".join([*base, a.name]) if base == ["auscult"] else ".".join(base) for a in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_file_keeps_the_promises(path):
    assert len(path.read_text().splitlines()) <= 300
    inside = path.relative_to(SRC / "auscult").with_suffix("").parts
    layer = inside[0]
    if layer in ("__init__", "__main__"):
        return
    assert layer in LAYERS
    for name in imported(path):
        top, *rest = name.split(".")
        if top == "auscult" and rest and rest[0] in LAYERS:
            assert LAYERS.index(rest[0]) <= LAYERS.index(layer), f"{path} imports upward: {name}"
            assert (layer, rest[0]) != ("synth", "features"), "what is synthesised must not know what is measured"
        if top in HOMES:
            assert layer in HOMES[top], f"{path} may not import {top}"


@pytest.mark.parametrize("path", sorted(SRC.glob("auscult/monitor/**/*.py")), ids=lambda path: path.stem)
def test_imports_point_down_within_the_monitor(path):
    part = path.relative_to(SRC / "auscult/monitor").with_suffix("").parts[0]
    for name in imported(path):
        top, *rest = name.split(".")
        if top == "auscult" and rest[0] == "monitor" and len(rest) > 1:
            assert MONITOR_LAYERS.index(rest[1]) <= MONITOR_LAYERS.index(part), f"{path} imports upward: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_functions_fit_on_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "create_app":
            body = node.body[1:] if ast.get_docstring(node) else node.body
            n_lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert n_lines <= 50, f"{node.name} has {n_lines} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_every_module_has_a_test_of_its_name(path):
    inside = path.relative_to(SRC / "auscult")
    if inside.name.startswith("__"):
        return
    tests = Path(__file__).parent
    wanted = tests / inside.parent / f"test_{inside.name}"
    if inside != Path("pipeline/demo.py"):  # each of its steps is run by the verb, in cli/test_demo.py
        assert wanted.exists(), f"there is no {wanted.relative_to(tests)}"


@pytest.mark.parametrize("module", ["auscult.server", "auscult.cli.serve", "auscult.cli", "auscult.bundle"])
def test_serving_imports_nothing_heavy(module, network_bundle, tmp_path):
    """Load a bundle with a network and judge a clip in a fresh interpreter, and see what came along."""
    network_bundle.save(tmp_path / "m.auscult")
    code = f"""
import json, sys
import {module}, auscult
from auscult.bundle.golden import self_check
bundle = auscult.load({str(tmp_path / "m.auscult")!r})
assert bundle.network is not None
self_check(bundle, "m")
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(done.stdout))
