import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
import soundfile

import auscult
from auscult.diagnose import Epoch
from auscult.faults import NORMAL, UNKNOWN_FAULT, Fault
from auscult.features import LogMel
from auscult.pipeline.training_report import write_training_report

HISTORY = [Epoch(1, 1.2, 1.3, 0.4, 1e-3), Epoch(2, 0.8, 0.9, 0.7, 1e-3), Epoch(3, 0.6, 1.0, 0.7, 1e-3)]


@pytest.fixture
def page(tmp_path):
    """Function that writes a report and gives its HTML, without scripts."""

    def page(manifest, history=HISTORY, examples=()):
        path = tmp_path / "made" / "report.html"
        write_training_report(path, manifest, history, examples)
        return re.sub("<script.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)

    return page


def changed(manifest, **data):
    return replace(manifest, training_data=manifest.training_data | data)


def test_sections_are_in_order_and_begin_with_what_to_believe(page, manifest):
    html = page(manifest)
    titles = re.findall(r'<h2 id="title-\d+">(.*?)</h2>', html)
    assert titles == ["In short", "Normal or not", "Which fault", "How it learnt", "What went in"]
    in_short = html[html.index("title-1") : html.index("title-2")]
    for text in ("hold for recordings like these", "in 94.0% of cases", "New recordings of these machines"):
        assert text in in_short
    assert "Never quote the naive split" in unescape(in_short)
    assert "160 normal clips of 2 machines learnt, 1 left out." in html


def test_synthetic_is_said_at_the_beginning_and_of_every_kind_of_clip(page, manifest):
    assert "ynthetic" not in page(manifest)
    html = page(changed(manifest, is_synthetic=True))
    assert "No figure of this page says how well it does on a real machine." in html
    assert "hold for recordings like these" not in html
    for text in (
        "160 normal synthetic clips",
        "Held-out synthetic clips",
        "faults of synthetic clips",
        "Synthetic clips",
    ):
        assert text in html


def test_names_are_shown_as_they_are(page, manifest):
    html = page(manifest)
    assert "&lt;b&gt;imbalance&lt;/b&gt;" in html
    assert "<b>" not in html
    assert "<i>" not in html


def test_how_it_learnt(page, manifest):
    html = page(manifest)
    assert "kept as it was after epoch 2" in html
    assert "chose the epoch, so it flatters" in html
    for cell in ("n parameters", "123,456", "is augmented", "yes", "learning rate", "0.003"):
        assert f"<td>{cell}</td>" in html
    assert html.count('class="plot"') == 5
    assert page(manifest, []).count('class="plot"') == 4


def test_numbers_are_as_they_are_read(page, manifest):
    features = LogMel.for_rate(22_050, n_mels=32)
    html = page(replace(manifest, features=features, network=manifest.network | {"unknown_below": 0.88041}))
    assert "<td>11,025</td>" in html
    assert "e+0" not in html
    assert "<td>unknown below a probability of</td>" in html


def test_clips_of_each_fault_and_machine(page, manifest):
    faults = (NORMAL, Fault("a", "bearing", ""), Fault("b", "<i>belt</i>", ""), UNKNOWN_FAULT)
    counts = [{"machine": "fan/id_00", "n_clips": [16, 14]}]
    html = page(
        replace(manifest, faults=faults, network=manifest.network | {"clips": counts, "largest_scores": [1, 2]})
    )
    assert "Clips of faults that the network learnt, by machine." in html
    for cell in (
        "bearing</th>",
        "&lt;i&gt;belt&lt;/i&gt;</th>",
        '<td class="number">16</td>',
        '<td class="number">14</td>',
    ):
        assert cell in html
    assert "largest scores" not in html


def test_warnings_are_shown(page, manifest):
    assert "Warning: 7 anomalous clips have no fault said of them." in page(manifest)
    assert "Warning: there is no CUDA." in page(
        replace(manifest, network=manifest.network | {"warning": "there is no CUDA"})
    )


def test_without_a_network(page, manifest):
    metrics = manifest.metrics | {"diagnosis": None, "diagnosis_note": "no fault has a name"}
    html = page(replace(manifest, network={}, metrics=metrics), [])
    assert html.count("It names no faults: no fault has a name.") == 2
    assert "No network was learnt, because no faults were." in html


def test_what_went_in_and_what_did_not(page, manifest):
    html = page(manifest)
    for cell in (
        "fan/id_00",
        "normal",
        "6 dB",
        "20 minutes",
        "a/&lt;i&gt;b&lt;/i&gt;.wav: is empty. Record it again.",
        "9.8.7",
    ):
        assert f"<td>{cell}</td>" in html
    assert '<td class="number">123</td>' in html
    assert "Nothing was left out." in page(changed(manifest, left_out=[]))
    first, *_ = manifest.thresholds
    strange = manifest.thresholds[first] | {"strange": ["fan/id_00/normal/7"]}
    odd = page(replace(changed(manifest, left_out=[]), thresholds=manifest.thresholds | {first: strange}))
    assert "Nothing was left out." not in odd
    assert "160 normal clips of 2 machines learnt but for 1 recording unlike all others, 0 left out." in odd
    assert "sound unlike all others of their machine (1): fan/id_00/normal/7. Listen to them." in odd
    assert "calibrated on 80 normal takes" in odd
    assert "learnt from 80" not in odd
    many = page(changed(manifest, left_out=[f"clip {number}" for number in range(60)]))
    assert "60 left out, and why; 10 of them not shown." in many
    assert "<td>clip 49</td>" in many
    assert "<td>clip 50</td>" not in many


def test_errors_can_be_played(page, manifest, tmp_path, rng):
    row, path = manifest.metrics["diagnosis"]["worst"][0], tmp_path / "7.wav"
    soundfile.write(path, rng.uniform(-0.5, 0.5, 8000), 8000)
    html = page(manifest, HISTORY, [(row, path), (row, str(path)), (row, tmp_path / "gone.wav")])
    assert html.count("<audio") == 2
    assert "gone.wav: in truth clogging" in html


def test_bundle_as_it_is_trained(page, trained_bundle):
    manifest = auscult.load(trained_bundle).manifest
    html = page(manifest, [])
    assert "No figure of this page says how well it does on a real machine." in html
    assert all(machine in html for machine in manifest.thresholds)
    assert html.count("<audio") == 0
    figures = manifest.metrics["figures"]
    assert f"<td>{np.round(figures[0]['auc'], 3):.3f} (" in html
