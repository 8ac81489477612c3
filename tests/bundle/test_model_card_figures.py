from dataclasses import replace

import pytest

from auscult.bundle.manifest import Manifest
from auscult.bundle.model_card_figures import caveats_of, detection_section, diagnosis_section, named_faults, share
from auscult.evaluate import JudgedClip, NamedClip, detection_figures, diagnosis_figures
from auscult.faults import ANOMALOUS, NORMAL, UNKNOWN_FAULT, Fault
from auscult.features import LogMel

NAMES = ("clogging", "imbalance", "leak")
FAULTS = tuple(Fault(name, name, f"Fault: {name}") for name in NAMES)


def judged(machine, scores, *, is_anomalous, snr_db=6.0, level_db=-30.0):
    return [
        JudgedClip(machine, snr_db, f"{machine}{is_anomalous}{n}", is_anomalous, score, score > 2, level_db)
        for n, score in enumerate(scores)
    ]


def named(fault, said, n, *, machine="fan/id_00", snr_db=6.0, level_named="leak"):
    """Clips of a fault that were all named so; None for unknown."""
    probabilities = tuple(float(name == said) for name in NAMES)
    return [
        NamedClip(k, 0, machine, snr_db, f"{machine}{fault}{said}{k}", fault, probabilities, said is None, level_named)
        for k in range(n)
    ]


def manifest(figures=(), diagnosis=None, **changed):
    machines = {row["machine"]: {"threshold": 2.0} for row in figures} or {"fan/id_00": {"threshold": 2.0}}
    made = Manifest(
        features=LogMel(),
        channels="mean",
        faults=(NORMAL, *FAULTS, UNKNOWN_FAULT) if diagnosis else (NORMAL, ANOMALOUS),
        thresholds=machines,
        network={"unknown_below": 0.5} if diagnosis else {},
        metrics={"split": "held out", "figures": list(figures)} | ({"diagnosis": diagnosis} if diagnosis else {}),
    )
    return replace(made, **changed)


def cells_of(text):
    """Cells of the tables in a text, a list for each row."""
    rows = [line.strip("| ").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows if not row[0].startswith("---")]


@pytest.fixture
def diagnosis():
    """Of two machines; by clip all is named right, by take less, on another machine little."""
    right = [clip for name in NAMES for m in ("a", "b") for clip in named(name, name, 4, machine=m)]
    by_take = [
        *named("clogging", "clogging", 3, machine="a"),
        *named("clogging", "leak", 2, machine="a"),
        *named("clogging", "imbalance", 1, machine="a"),
        *named("imbalance", "imbalance", 4, machine="b", snr_db=0.0),
        *named("leak", None, 5, machine="b"),
    ]
    left_out = named("leak", "leak", 3, machine="a") + named("clogging", "leak", 3, machine="b")
    splits = {"naive": right, "grouped": by_take, "machine": left_out}
    return diagnosis_figures(NAMES, splits) | {"labels": "given"}


def test_detection_beside_its_baseline_worst_first():
    clips = judged("good", [0, 0.5, 1], is_anomalous=False) + judged("good", [3, 4, 5], is_anomalous=True)
    clips += judged("bad", [0, 1, 3], is_anomalous=False) + judged("bad", [0.5, 2.5], is_anomalous=True)
    text = "\n".join(detection_section(manifest(detection_figures(clips))))
    headings, *rows = cells_of(text)
    assert headings == ["machine", "SNR", "clips", "AUC (95 %)", "level alone", "found", "false alarms"]
    assert [row[0] for row in rows] == ["bad", "good"]
    assert rows[0][1:3] + rows[0][4:] == ["6 dB", "3 + 2", "0.500", "50 %", "33.3 %"]
    assert rows[1][3:] == ["1.000 (1.00-1.00)", "0.500", "100 %", "0 %"]
    assert "Split: held out." in text


def test_detection_with_clips_of_one_kind_or_none():
    figures = detection_figures(judged("fan", [0, 1, 3, 0], is_anomalous=False, snr_db=None))
    _, row = cells_of("\n".join(detection_section(manifest(figures))))
    assert row == ["fan", "-", "4 + 0", "-", "-", "-", "25 %"]
    assert "no figures" in detection_section(manifest())[0]


def test_naming_on_the_splits_to_be_believed(diagnosis):
    text = "\n".join(diagnosis_section(manifest(diagnosis=diagnosis)))
    rows = {row[0]: row for row in cells_of(text)}
    for figures in diagnosis["splits"]:
        is_told = f"{figures['n_clips']}" in [row[1] for row in rows.values()]
        assert is_told == (figures["split"] != "naive")
    assert rows["by take"][1:] == ["15", *scores(diagnosis["splits"][1])]
    assert rows["by take, SNR 0 dB"][1:] == ["4", *scores(diagnosis["splits"][1]["by_snr"][1])]
    assert rows["one machine left out, worst machine: b"][1:] == ["3", "0.000 (0.00-0.00)", "0.000"]
    assert "naive" not in text


def scores(figures):
    low, high = figures["macro_f1_95"]
    return [f"{figures['macro_f1']:.3f} ({low:.2f}-{high:.2f})", f"{figures['level_macro_f1']:.3f}"]


def test_naming_fault_by_fault(diagnosis):
    grouped = "\n".join(diagnosis_section(manifest(diagnosis=diagnosis))).split("Fault by fault, by take")[1]
    rows = cells_of(grouped.split("Fault by fault")[0])[1:]
    assert rows == [
        ["clogging", "6", "3", "0", "leak (2)"],
        ["imbalance", "4", "4", "0", "-"],
        ["leak", "5", "0", "5", "-"],
    ]


@pytest.mark.parametrize(("labels", "said"), [("given", "taken for true"), ("names file", "listener")])
def test_says_whose_names_the_faults_are(diagnosis, labels, said):
    assert said in diagnosis_section(manifest(diagnosis=diagnosis | {"labels": labels}))[0]
    clusters = manifest(diagnosis=diagnosis | {"labels": "clusters"})
    assert "nobody has checked" in diagnosis_section(clusters)[0]
    learnt = tuple(Fault(f"fault-{k}", f"fault {k}", f"Fault {k}") for k in (1, 2, 3))
    assert "named by a listener after" in diagnosis_section(replace(clusters, learnt_faults=learnt))[0]
    assert "nobody has checked" in diagnosis_section(replace(clusters, learnt_faults=FAULTS))[0]


def test_naming_that_was_not_measured(diagnosis):
    assert diagnosis_section(manifest()) == []
    noted = manifest(metrics={"diagnosis_note": "none were asked for"})
    assert diagnosis_section(noted) == ["It names no faults: none were asked for."]
    faults = (NORMAL, *FAULTS, UNKNOWN_FAULT)
    assert diagnosis_section(manifest(faults=faults)) == ["It was not measured."]
    none = manifest(faults=faults, network={"unknown_below": 0.5}, metrics={"diagnosis": None})
    assert diagnosis_section(none) == ["It was not measured."]
    assert caveats_of(none)
    naive = diagnosis | {"splits": diagnosis["splits"][:1]}
    assert diagnosis_section(manifest(diagnosis=naive)) == ["It was not measured on a split that is to be believed."]


def test_figures_of_a_network_that_is_gone_are_not_told(diagnosis):
    gone = replace(manifest(diagnosis=diagnosis), network={})
    assert diagnosis_section(gone) == ["It was not measured."]
    assert not any("naming" in caveat for caveat in caveats_of(gone))


def test_caveats_of_detection():
    clips = judged("good", range(9), is_anomalous=False) + judged("good", range(20, 40), is_anomalous=True)
    clips += judged("bad", [0, 1, 3], is_anomalous=False) + judged("bad", [0, 1, 3], is_anomalous=True)
    clips += judged("half", [0, 1, 3], is_anomalous=False)
    text = "\n".join(caveats_of(manifest(detection_figures(clips))))
    assert "than a mere level meter: bad (SNR 6 dB)." in text
    assert "of both kinds: half." in text
    assert "in a row above are 3." in text
    assert "measured, on clips with labels" in "\n".join(caveats_of(manifest()))


def test_warnings_of_training_are_caveats():
    text = "\n".join(caveats_of(manifest(training_data={"warnings": ["2 clips have | another label"]})))
    assert r"In what it learnt from: 2 clips have \| another label." in text


def test_caveats_of_naming(diagnosis):
    diagnosis = diagnosis | {"not_measured": ["one machine left out: there is | one"]}
    enrolled = {name: {"threshold": 2.0} for name in ("a", "b", "c")}
    text = "\n".join(caveats_of(manifest(diagnosis=diagnosis, thresholds=enrolled)))
    assert r"Not measured: one machine left out: there is \| one." in text
    assert "not measured on these machines: c." in text
    assert "name faults better than a mere level meter: one machine left out." in text
    assert "level meter: by take" not in text


def test_named_faults():
    assert named_faults(manifest()) == []
    assert named_faults(manifest(faults=(NORMAL, *FAULTS, UNKNOWN_FAULT))) == list(FAULTS)


def test_share():
    assert [share(None), share(0.0), share(0.05882), share(1.0)] == ["-", "0 %", "5.88 %", "100 %"]
