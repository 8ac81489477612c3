"""Training that is interrupted at any stage leaves no bundle, and goes on to the same one."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import auscult
from auscult.bundle import Bundle
from auscult.diagnose import Fitted, Training, epochs
from auscult.pipeline import described_clips, fault_learning
from auscult.pipeline import training as training_module
from auscult.pipeline.kept import FILE

FAST = Training(network="original", n_epochs=2, device="cpu")
N_CLIPS, N_NETWORKS = 20, 4
"""What there is to compute: networks of three folds by take, and the bundle's."""


def train(press, output, **options):
    return auscult.train(press, n_mels=16, training=FAST, output=output, **options)


@pytest.fixture(scope="module")
def in_one_go(press, tmp_path_factory):
    """Bytes of the bundle that nobody interrupted."""
    output = tmp_path_factory.mktemp("whole") / "press.auscult"
    train(press, output)
    assert list(output.parent.iterdir()) == [output]
    return output.read_bytes()


@pytest.fixture
def computed(monkeypatch):
    """How often each thing that takes long was computed."""
    counts = Counter()

    def counted(module, name):
        function = getattr(module, name)

        def count(*arguments, **options):
            found = function(*arguments, **options)
            counts[name] += 1
            return found

        monkeypatch.setattr(module, name, count)

    counted(described_clips, "check_sound")
    counted(training_module, "learn_machine")
    counted(fault_learning, "fit_network")
    return counts


def interrupt(*arguments, **options):
    raise KeyboardInterrupt


def interrupt_at(stage, n_done):
    """Progress that ends in Ctrl-C."""

    def on_progress(name, n, n_all):
        if (name, n) == (stage, n_done):
            raise KeyboardInterrupt

    return on_progress


def interrupted(press, output, **options):
    output.write_bytes(b"the old one")
    with pytest.raises(KeyboardInterrupt):
        train(press, output, **options)
    assert output.read_bytes() == b"the old one"
    assert sorted(path.name for path in output.parent.iterdir()) == ["press.auscult", "press.auscult.unfinished"]


def goes_on(press, output, in_one_go):
    train(press, output)
    assert output.read_bytes() == in_one_go
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize(
    ("stage", "n_done", "n_machines", "n_networks"),
    [("normality", 1, 1, 0), ("changes", 5, 1, 0), ("faults", 2, 1, 2), ("faults", 4, 1, 4)],
)
def test_after_each_stage(press, tmp_path, in_one_go, computed, stage, n_done, n_machines, n_networks):
    output = tmp_path / "press.auscult"
    interrupted(press, output, on_progress=interrupt_at(stage, n_done))
    before = {"check_sound": N_CLIPS, "learn_machine": n_machines, "fit_network": n_networks}
    assert computed == {name: n for name, n in before.items() if n}
    goes_on(press, output, in_one_go)
    assert computed == {"check_sound": N_CLIPS, "learn_machine": 1, "fit_network": N_NETWORKS}


def test_where_it_goes_on_is_said(press, tmp_path):
    output, notes = tmp_path / "press.auscult", []
    interrupted(press, output, on_progress=interrupt_at("faults", 2), on_note=notes.append)
    counts = "press: 8 normal clips, 12 anomalous; of faults: hiss 6, hum 6"
    assert notes == [counts]
    train(press, output, on_note=notes.append)
    assert notes[1:] == [
        f"goes on where it was interrupted: {N_CLIPS} of {N_CLIPS} clips had been described",
        counts,
        f"goes on where it was interrupted: 2 of {N_NETWORKS} networks had learnt",
    ]


def test_a_copy_is_no_interruption(press, tmp_path):
    data, notes = shutil.copytree(press, tmp_path / "data"), []
    shutil.copy(data / "press/good/0.wav", data / "press/good/copy.wav")
    auscult.train(data, n_mels=8, labels="none", output=tmp_path / "press.auscult", on_note=notes.append)
    assert not any("interrupted" in note for note in notes)


def test_a_second_training_of_one_output_is_refused(press, tmp_path):
    """While the first is at work, which then ends as if nothing had been."""
    output, refused = tmp_path / "press.auscult", []

    def begin_another(stage, n_done, n_all):
        if stage == "normality":
            with pytest.raises(auscult.AuscultError, match="another training of this output is running"):
                auscult.train(press, n_mels=8, labels="none", output=output)
            refused.append(n_done)

    auscult.train(press, n_mels=8, labels="none", output=output, on_progress=begin_another)
    assert refused == [1]
    assert list(tmp_path.iterdir()) == [output]


def test_amid_the_features(press, tmp_path, in_one_go, computed, monkeypatch):
    """Threads are ahead of what is reported, so not all is kept; what is, is not computed again."""
    output = tmp_path / "press.auscult"
    interrupted(press, output, on_progress=interrupt_at("features", 5))
    n_before = computed["check_sound"]
    assert n_before >= 5
    goes_on(press, output, in_one_go)
    assert computed["check_sound"] == N_CLIPS


@pytest.mark.parametrize(
    ("owner", "name", "n_networks"),
    [(Fitted, "to_onnx", 3), (training_module, "write_training_report", 4), (Bundle, "save", 4)],
    ids=["the final network", "the report", "saving"],
)
@pytest.mark.slow
def test_amid_the_last_steps(press, tmp_path, in_one_go, computed, monkeypatch, owner, name, n_networks):
    output = tmp_path / "press.auscult"
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupt)
        interrupted(press, output, report=tmp_path / "report.html" if "report" in name else None)
    computed.clear()
    goes_on(press, output, in_one_go)
    assert computed == ({"fit_network": N_NETWORKS - n_networks} if n_networks < N_NETWORKS else {})


def test_a_network_goes_on_with_its_next_epoch(press, tmp_path, in_one_go, monkeypatch):
    output = tmp_path / "press.auscult"
    save, n_epochs = epochs.save_checkpoint, 0

    def interrupt_third(*arguments):
        nonlocal n_epochs
        save(*arguments)
        n_epochs += 1
        if n_epochs == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(epochs, "save_checkpoint", interrupt_third)
    interrupted(press, output)
    goes_on(press, output, in_one_go)
    assert n_epochs == 2 * N_NETWORKS, "of 2 epochs each, none twice"


def test_what_was_begun_with_other_options_goes_too(press, tmp_path, monkeypatch):
    """The checkpoint of the first attempt is of no use to the second, and does not stay."""
    output = tmp_path / "press.auscult"
    with monkeypatch.context() as patch:
        patch.setattr(Fitted, "to_onnx", interrupt)
        interrupted(press, output)
    assert list((tmp_path / "press.auscult.unfinished" / "scratch").glob("*.pt"))
    auscult.train(press, n_mels=16, labels="none", output=output)
    assert output.read_bytes().startswith(b"PK")
    assert [path.name for path in tmp_path.iterdir()] == ["press.auscult"]


def test_a_failed_attempt_is_gone_on_from_as_well(press, tmp_path, computed, monkeypatch):
    output = tmp_path / "press.auscult"
    with pytest.raises(auscult.AuscultError, match="Lower the learning rate"):
        auscult.train(press, n_mels=16, training=Training(learning_rate=1e30, n_epochs=1), output=output)
    assert not output.exists()
    computed.clear()
    train(press, output)
    assert computed == {"fit_network": N_NETWORKS}


SLOWLY = """
import sys, time
import auscult.cli
from auscult.diagnose import epochs
from auscult.pipeline import described_clips

def slowed(module, name, seconds):
    function = getattr(module, name)
    def slow(*arguments, **options):
        time.sleep(seconds)
        return function(*arguments, **options)
    setattr(module, name, slow)

slowed(described_clips, "check_sound", 0.2)
slowed(epochs, "save_checkpoint", 0.2)
sys.argv = ["auscult", *sys.argv[1:]]
auscult.cli.main()
"""


def n_results(folder: Path) -> int:
    if not (folder / FILE).exists():
        return 0
    database = sqlite3.connect(folder / FILE)
    try:
        return database.execute("SELECT COUNT(*) FROM results").fetchone()[0]
    except sqlite3.OperationalError:  # there is no table yet
        return 0
    finally:
        database.close()


@pytest.mark.slow
@pytest.mark.parametrize("n_there", [4, N_CLIPS + 2], ids=["features", "faults"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_a_real_process_is_ended(press, tmp_path, in_one_go, sent, n_there):
    """With n_there results of clips, a machine and folds."""
    output, folder = tmp_path / "press.auscult", tmp_path / "press.auscult.unfinished"
    options = ["--n-mels", "16", "--network", "original", "--epochs", "2", "--device", "cpu", "--jobs", "1"]
    command = [sys.executable, "-c", SLOWLY, "train", str(press), "-o", str(output), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while n_results(folder) < n_there:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(process.pid, sent)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in said
    assert not output.exists()
    assert n_there <= n_results(folder) < N_CLIPS + 1 + N_NETWORKS
    goes_on(press, output, in_one_go)
