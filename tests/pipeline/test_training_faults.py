"""Training with faults: what comes of the clips goes into the bundle, and to where it was asked for."""

import shutil

import numpy as np
import pytest
import soundfile
import torch

import auscult
from auscult.diagnose import Training
from auscult.errors import DataError, OptionError

FAST = Training(network="original", n_epochs=1, device="cpu")


def train(root, **options):
    return auscult.train(root, **{"n_mels": 16, "training": FAST, **options})


@pytest.fixture
def data(press, tmp_path):
    """A copy of the press's clips that a test may change."""
    return shutil.copytree(press, tmp_path / "data")


def table_of(root, **faults):
    """A table of the press's clips, in which a folder's fault may be called otherwise."""
    lines = ["path,machine_id,label,fault"]
    for path in sorted(root.rglob("*.wav")):
        kind = path.parent.name
        label = "normal" if kind == "good" else "anomalous"
        lines.append(f"{path},press,{label},{'' if kind == 'good' else faults.get(kind, kind)}")
    return "\n".join(lines)


def test_twenty_clips_are_enough(press):
    bundle = train(press, training=Training(n_epochs=2, device="cpu"))
    manifest = bundle.manifest
    assert [fault.name for fault in manifest.faults] == ["normal", "hiss", "hum", "unknown fault"]
    assert manifest.network["n_clips"] == 12
    assert manifest.metrics["diagnosis"]["class_names"] == ["hiss", "hum"]
    assert manifest.metrics["diagnosis_note"] == ""
    assert manifest.training_data["clips"] == [
        {"machine": "press", "label": label, "snr_db": None, "n_clips": n, "n_takes": n, "duration_s": n / 2}
        for label, n in (("anomalous", 12), ("normal", 8))
    ]
    verdicts = [bundle.predict(press / "press" / kind / "0.wav") for kind in ("good", "hum", "hiss")]
    assert [verdict.is_anomalous for verdict in verdicts] == [False, True, True]
    assert [verdict.fault for verdict in verdicts[1:]] == ["hum", "hiss"]


@pytest.mark.slow
def test_any_rate_lengths_and_channels(tmp_path, rng):
    """Two channels at 44.1 kHz, no two clips as long as each other."""
    for kind, n in (("ok", 8), ("hum", 6), ("hiss", 6)):
        (tmp_path / "press" / kind).mkdir(parents=True)
        for number in range(n):
            y = 0.05 * rng.standard_normal((20_000 + 1500 * number, 2))
            y += 0.3 * np.sin(2 * np.pi * 300 * np.arange(len(y)) / 44_100)[:, None] if kind == "hum" else 0
            y[1:] += 0.3 * np.diff(rng.standard_normal(y.shape), axis=0) if kind == "hiss" else 0
            soundfile.write(tmp_path / "press" / kind / f"{number}.wav", y, 44_100, subtype="FLOAT")
    for channels in ("mean", "all"):
        bundle = train(tmp_path, channels=channels)
        assert bundle.manifest.features.sr == 44_100
        assert bundle.manifest.network["n_clips"] == 12
        assert bundle.predict(tmp_path / "press" / "hum" / "5.wav").is_anomalous


def test_the_same_call_gives_the_same_bytes(press, tmp_path):
    for name in ("one", "other"):
        train(press, output=tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"], "nothing unfinished is left"


@pytest.mark.slow
def test_what_is_normal_does_not_depend_on_faults(press):
    assert train(press).members["detector.npz"] == train(press, labels="none").members["detector.npz"]


def test_one_fault_alone_leaves_a_detector(data):
    shutil.rmtree(data / "press" / "hiss")
    bundle = train(data)
    assert [fault.name for fault in bundle.manifest.faults] == ["normal", "anomalous"]
    assert bundle.manifest.network == {}
    assert bundle.manifest.metrics["diagnosis"] is None
    assert bundle.manifest.metrics["diagnosis_note"].startswith("only 'hum' has enough clips")
    verdict = bundle.predict(data / "press" / "hum" / "0.wav")
    assert (verdict.is_anomalous, verdict.fault) == (True, None)


def test_warnings_are_on_record(data, tmp_path):
    """Two clips of a third fault, a normal one with a fault, a table that contradicts the folders."""
    lines = table_of(data).replace("good/0.wav,press,normal,", "good/0.wav,press,normal,hum").splitlines()
    rare = data / "press" / "normal"
    rare.mkdir()
    for number in range(2):
        shutil.move(data / "press" / "hiss" / f"{number}.wav", rare / f"r{number}.wav")
    lines = [line for line in lines if "hiss/0.wav" not in line and "hiss/1.wav" not in line]
    lines += [f"{rare / f'r{number}.wav'},press,anomalous,rare" for number in range(2)]
    table = tmp_path / "clips.csv"
    table.write_text("\n".join(lines))
    bundle = train(table)
    contradiction, faulty, *few = bundle.manifest.training_data["warnings"]
    assert contradiction == (
        "clips.csv: 2 clips in a folder of normal sound are labelled rare (data/press/normal/r0.wav, "
        "data/press/normal/r1.wav): the table is believed"
    )
    assert faulty == "1 clip is labelled normal and has a fault (data/press/good/0.wav): learnt as normal"
    assert [line.partition(",")[0] for line in few] == [
        "fault 'hiss': 4 clips of 4 takes",
        "fault 'rare': 2 clips of 2 takes",
    ]


def never(*_):
    raise AssertionError("work was begun")


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"labels": "gone.yaml"}, DataError, r"gone\.yaml: there is no such file"),
        ({"report": "report.pdf"}, OptionError, r"expected a name that ends in \.html, got report\.pdf"),
        ({"report": "folder.html"}, OptionError, r"folder\.html: is a folder"),
        ({"report": "/proc/no/report.html"}, DataError, r"/proc/no/report\.html: cannot be written"),
        ({"output": "folder.html"}, OptionError, r"folder\.html: is a folder"),
        ({"output": "/proc/no/m.auscult"}, DataError, r"/proc/no/m\.auscult: cannot be written"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(press, tmp_path, monkeypatch, options, error, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(error, match=says):
        train(press, on_progress=never, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]


def test_bad_labels_are_refused_before_the_work(data, tmp_path):
    table = tmp_path / "clips.csv"
    table.write_text(table_of(data, hum="Normal"))
    with pytest.raises(
        DataError, match=r"hum/0\.wav: its fault's name 'Normal' is no name for a fault\. Choose another"
    ):
        train(table, on_progress=never)
    table.write_text(table_of(data, hum="", hiss=""))
    with pytest.raises(DataError, match=r"clips\.csv: says no fault of any anomalous recording\. Fill in"):
        train(table, labels="column", on_progress=never)


def test_a_gpu_that_does_not_compute_is_refused_before_the_work(press, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OptionError, match="cuda does not compute"):
        train(press, training=Training(device="cuda"), on_progress=never)


def test_a_report_is_written_with_the_sound_of_what_was_named_wrongly(data, tmp_path):
    """Two clips lie in each other's folder: the network hears what they are."""
    hum, hiss = data / "press" / "hum" / "5.wav", data / "press" / "hiss" / "5.wav"
    hum.rename(tmp_path / "5.wav")
    hiss.rename(hum)
    (tmp_path / "5.wav").rename(hiss)
    bundle = train(data, training=Training(n_epochs=2, device="cpu"), report=tmp_path / "deep" / "report.html")
    page = (tmp_path / "deep" / "report.html").read_text()
    n_wrong = len(bundle.manifest.metrics["diagnosis"]["worst"])
    assert page.count("<audio") == n_wrong > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "deep"], "no bundle, as none was asked for"


def test_a_report_without_faults(press, tmp_path):
    train(press, labels="none", report=tmp_path / "report.html")
    assert "none were asked for" in (tmp_path / "report.html").read_text()
