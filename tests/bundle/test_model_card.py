import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import auscult
from auscult.bundle.bundle import DETECTOR
from auscult.bundle.making import new_bundle
from auscult.bundle.manifest import Manifest
from auscult.bundle.model_card import MODEL_CARD, model_card
from auscult.errors import BundleError
from auscult.faults import ANOMALOUS, NORMAL, ORIGINAL_FAULTS, UNKNOWN_FAULT, Fault
from auscult.features import LogMel, OriginalMfcc

ALARMS = {
    "interval_s": 10.0,
    "threshold": 20.0,
    "asked_s": 604800.0,
    "supported_s": 129600.0,
    "heard_s": 10800.0,
    "memory_s": 10.0,
    "promised_s": 129600.0,
    "missing_s": 39600.0,
    "delays_s": {"0.7": None},
}
FAN = {"threshold": 2.26057, "false_alarm_rate": 0.05882, "n_takes": 16, "strange": ["a.wav"], "alarms": ALARMS}
TRAINED = Manifest(
    features=LogMel(n_mels=64),
    channels="mean",
    faults=(NORMAL, ANOMALOUS),
    thresholds={"fan/id_00": FAN},
    training_data={"n_clips": 1234, "fingerprint": "7d16", "is_synthetic": False, "left_out": ["b.wav: is empty"]},
    metrics={"split": "the last 20% were held out", "figures": []},
    versions={"numpy": "2.0", "auscult": "0.1"},
)
NAMED = replace(
    TRAINED,
    faults=(NORMAL, Fault("leak", "seal leak", "Seal leaks"), UNKNOWN_FAULT),
    network={"unknown_below": 0.4321},
)
IMPORTED = Manifest(
    features=OriginalMfcc(),
    channels="mean",
    faults=ORIGINAL_FAULTS,
    training_data={"imported_from": "model.h5", "sha256": "0a90"},
)


def section(card, heading):
    """What stands below a heading."""
    return card.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_says_what_it_is():
    said = section(model_card(TRAINED), "What it is")
    assert "normal sound of 1 machine." in said
    assert "16,000 Hz; all channels averaged. 64 mel bands from 0 to 8,000 Hz" in said
    assert "names no faults" in said
    said = section(model_card(replace(NAMED, channels=2)), "What it is")
    assert "and names 1 fault." in said
    assert "channel 2" in said
    assert "| seal leak | Seal leaks " in said


def test_says_what_it_is_not_for():
    said = section(model_card(TRAINED), "What it is for")
    assert all(words in said for words in ("no safety function", "has to be enrolled", "microphone", "10 s"))
    assert "unknown fault" not in said
    assert '"unknown fault"' in section(model_card(NAMED), "What it is for")


def test_network_is_told_with_the_numbers_there_are():
    assert "Network: without a name." in model_card(NAMED)
    numbers = {"name": "two-view", "n_parameters": 54321, "best_epoch": 7, "n_epochs": 12}
    network = NAMED.network | numbers | {"device": "cuda", "duration_s": 63.2}
    card = model_card(replace(NAMED, network=network))
    assert "Network: two-view, 54,321 parameters, epoch 7 of 12, learnt on cuda, in 63 s." in card
    assert "Network" not in model_card(TRAINED)


@pytest.mark.parametrize("is_synthetic", [True, False])
def test_synthetic_is_said_before_anything_else(is_synthetic):
    card = model_card(replace(TRAINED, training_data=TRAINED.training_data | {"is_synthetic": is_synthetic}))
    assert ("synthetic" in "".join(card.splitlines()[:3]).lower()) == is_synthetic


def test_says_what_it_learnt_from():
    said = section(model_card(TRAINED), "What it learnt from")
    assert "1,234 normal clips (not known to be synthetic)" in said
    assert "not learnt: 1 normal recording." in said
    assert "Left out: 1 " in said
    assert "Fingerprint of the recordings: 7d16." in said


def test_says_that_the_network_learnt_from_anomalous_clips():
    counted = replace(NAMED, network=NAMED.network | {"n_clips": 1200})
    assert "learnt from 1,200 anomalous clips." in section(model_card(counted), "What it learnt from")
    assert "anomalous" not in section(model_card(TRAINED), "What it learnt from")


def test_says_how_verdicts_are_made_and_what_is_promised():
    said = section(model_card(TRAINED), "How a verdict is made")
    (row,) = [line for line in said.splitlines() if line.startswith("| fan/id_00")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[:4] == ["fan/id_00", "2.261", "16", "5.88 %"]
    assert cells[4].startswith("3 hours of normal sound support no better than 1 per 1.5 days (95 %); for 1 per week")
    assert "below a probability of 0.43 it is an unknown fault" in section(model_card(NAMED), "How a verdict is made")
    assert "like none" in section(model_card(replace(NAMED, network={})), "How a verdict is made")


def test_older_manifests_say_less():
    card = model_card(
        replace(TRAINED, thresholds={"fan": {"threshold": 1.0}}, training_data={}, metrics={}, versions={})
    )
    assert "| fan " in card
    assert "It does not say." in card
    assert "Made with" not in card


def test_imported_model_has_neither_thresholds_nor_figures():
    card = model_card(IMPORTED)
    assert "Imported from model.h5, SHA-256 0a90." in card
    assert "There are no thresholds." in card
    assert "this bundle has no figures" in section(card, "How well it tells anomalous clips")
    assert "not measured" in section(card, "How well it names faults")
    assert "knows no unknown fault" in card
    assert "enrolled" not in card


HOSTILE = "a|b\n# <b>*x*</b> [y](z) `c`\x1b[2J"


def test_names_from_anywhere_stay_names():
    row = {"machine": HOSTILE, "snr_db": None, "n_normal": 1, "n_anomalous": 0, "false_alarm_rate": 0.0}
    manifest = replace(
        NAMED,
        faults=(NORMAL, Fault("f", HOSTILE, HOSTILE), UNKNOWN_FAULT),
        thresholds={HOSTILE: FAN},
        training_data={"n_clips": 1, "fingerprint": HOSTILE},
        network={"unknown_below": 0.5, "name": HOSTILE, "device": HOSTILE, "duration_s": 1},
        metrics={"split": HOSTILE, "figures": [row]},
        versions={HOSTILE: HOSTILE},
    )
    card = model_card(manifest)
    assert card.count("\n## ") == model_card(NAMED).count("\n## ")
    assert card.count("\n# ") == 0
    assert not [part for part in ("\x1b", "<b>", "a|b", "[y]") if part in card]
    assert r"a\|b \# \<b\>\*x\*\</b\> \[y\](z) \`c\`" in card


def test_equal_manifests_have_equal_cards():
    read = Manifest.from_dict(json.loads(json.dumps(NAMED.to_dict())), "m")
    assert model_card(read) == model_card(NAMED)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)
entries = st.sampled_from(
    [("training_data", key) for key in ("n_clips", "left_out", "fingerprint")]
    + [("metrics", key) for key in ("figures", "split", "diagnosis")]
    + [("network", key) for key in ("unknown_below", "n_parameters", "name")]
    + [("thresholds", "fan/id_00")]
)


@given(entries, json_values)
def test_nonsense_in_any_entry_is_a_bundle_error_or_a_card(entry, value):
    where, key = entry
    try:
        card = model_card(replace(NAMED, **{where: getattr(NAMED, where) | {key: value}}))
    except BundleError as error:
        assert "manifest.json" in str(error)
    else:
        assert card.startswith("# Model card\n")


def test_new_bundles_have_their_card(trained_bundle):
    bundle = auscult.load(trained_bundle)
    made = new_bundle(bundle.manifest, {DETECTOR: bundle.members[DETECTOR]})
    assert made.members[MODEL_CARD].decode() == model_card(bundle.manifest)


def test_needs_nothing_heavy():
    code = "import sys, auscult.bundle.model_card; print({'torch', 'sklearn', 'plotly', 'jinja2'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
