import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score

from auscult.evaluate import NamedClip, diagnosis_figures
from auscult.metrics import macro_f1_interval

NAMES = ("clogging", "imbalance", "leak")


def clip(place, fault, named, *, probability=0.8, machine="fan/id_00", snr_db=None, take=None, **changed):
    """A clip that was named so, by the network and by the level meter."""
    rest = (1 - probability) / 2
    made = NamedClip(
        clip=place,
        fold=place % 3,
        machine=machine,
        snr_db=snr_db,
        take=take or f"{machine}/{place}",
        fault=fault,
        probabilities=tuple(probability if name == named else rest for name in NAMES),
        is_unknown=False,
        level_named=named,
    )
    return replace(made, **changed)


def drawn(rng, n, *, n_remixes=3, share_right=0.7, machines=("fan/id_00", "fan/id_02")):
    """Takes at several SNRs, some of them named at random, some unknown."""
    clips = []
    for number in range(n):
        fault = NAMES[number % 3]
        machine = machines[number // 3 % len(machines)]
        for snr_db in (6.0, 0.0, -6.0)[:n_remixes]:
            named = fault if rng.uniform() < share_right else str(rng.choice(NAMES))
            own = clip(len(clips), fault, named, probability=rng.uniform(0.4, 1), machine=machine, snr_db=snr_db)
            own = replace(own, take=f"{machine}/{number}", level_named=str(rng.choice(NAMES)))
            clips.append(replace(own, is_unknown=bool(rng.uniform() < 0.1)))
    return clips


def f1(clips, said):
    """scikit-learn's, over the true faults."""
    truth = [one.fault for one in clips]
    return f1_score(truth, said, average="macro", labels=sorted(set(truth)), zero_division=0)


def said_of(clips):
    return ["unknown" if one.is_unknown else NAMES[int(np.argmax(one.probabilities))] for one in clips]


def test_figures_are_those_of_scikit_learn(rng):
    clips = drawn(rng, 24)
    (row,) = diagnosis_figures(NAMES, {"grouped": clips}, [])["splits"]
    assert row["macro_f1"] == round(f1(clips, said_of(clips)), 4)
    assert row["level_macro_f1"] == round(f1(clips, [one.level_named for one in clips]), 4)
    assert row["unknown_share"] == round(np.mean([one.is_unknown for one in clips]), 4)
    assert (
        row["confusion"]
        == confusion_matrix([one.fault for one in clips], said_of(clips), labels=[*NAMES, "unknown"])[:3].tolist()
    )
    assert (row["n_folds"], row["n_clips"], row["n_takes"]) == (3, 72, 24)
    for name, values in (("snr_db", [6.0, 0.0, -6.0]), ("machine", ["fan/id_00", "fan/id_02"])):
        rows = row[f"by_{name.removesuffix('_db')}"]
        assert [part[name] for part in rows] == values
        for part, value in zip(rows, values, strict=True):
            own = [one for one in clips if getattr(one, name) == value]
            assert part["n_clips"] == len(own)
            assert part["macro_f1"] == round(f1(own, said_of(own)), 4)
            assert part["level_macro_f1"] == round(f1(own, [one.level_named for one in own]), 4)
            assert part["macro_f1_95"][0] <= part["macro_f1"] <= part["macro_f1_95"][1]


def test_dictionary_is_what_the_report_is_made_of(rng):
    clips = drawn(rng, 24)
    figures = diagnosis_figures(NAMES, {"grouped": clips, "naive": clips}, ["by moon: there is none"])
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert list(figures) == ["class_names", "splits", "worst", "not_measured"]
    assert figures["class_names"] == list(NAMES)
    assert figures["not_measured"] == ["by moon: there is none"]
    assert [row["split"] for row in figures["splits"]] == ["naive", "grouped"]
    of_all = {"n_clips", "macro_f1", "macro_f1_95", "level_macro_f1"}
    of_split = {"split", "n_folds", "n_takes", "unknown_share", "by_snr", "by_machine"}
    of_split |= {"confusion", "calibration", "calibration_error"}
    for row in figures["splits"]:
        assert set(row) == of_all | of_split
        assert all(set(part) == {"snr_db"} | of_all for part in row["by_snr"])
        assert all(set(part) == {"machine"} | of_all for part in row["by_machine"])
    assert all(set(row) == {"clip", "fault", "named", "probability"} for row in figures["worst"])


@given(st.permutations(range(12)))
@settings(deadline=None, max_examples=20)
def test_order_of_clips_does_not_matter(order):
    clips = drawn(np.random.default_rng(5), 4)
    assert diagnosis_figures(NAMES, {"grouped": [clips[place] for place in order]}) == diagnosis_figures(
        NAMES, {"grouped": clips}
    )


def test_perfect_names():
    clips = [clip(place, name, name, probability=1.0) for place, name in enumerate(NAMES * 4)]
    figures = diagnosis_figures(NAMES, {"grouped": clips}, [])
    (row,) = figures["splits"]
    assert (row["macro_f1"], row["macro_f1_95"], row["level_macro_f1"]) == (1, [1, 1], 1)
    assert row["confusion"] == [[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 4, 0]]
    assert row["calibration_error"] == 0
    assert figures["worst"] == []


def test_one_name_for_all_is_worth_little_however_frequent_it_is():
    clips = [clip(place, "leak" if place else "clogging", "leak") for place in range(20)]
    (row,) = diagnosis_figures(NAMES, {"grouped": clips})["splits"]
    assert row["macro_f1"] == round(f1(clips, ["leak"] * 20), 4) == round(38 / 39 / 2, 4)


def test_unknown_is_a_miss_and_no_fault_of_its_own():
    clips = [clip(place, name, name, is_unknown=place < 3) for place, name in enumerate(NAMES * 2)]
    (row,) = diagnosis_figures(NAMES, {"grouped": clips})["splits"]
    assert row["macro_f1"] == round(2 / 3, 4), "each fault: one of two found, none named wrongly"
    assert row["confusion"] == [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]]
    assert row["unknown_share"] == 0.5


def test_calibration_is_of_all_clips_known_or_not():
    clips = [
        clip(0, "leak", "leak", probability=0.92, is_unknown=True),
        clip(1, "leak", "clogging", probability=0.98),
        clip(2, "clogging", "clogging", probability=0.55),
        clip(3, "imbalance", "imbalance", probability=1.0),
    ]
    (row,) = diagnosis_figures(NAMES, {"grouped": clips})["splits"]
    assert row["calibration"] == [
        {"low": 0.5, "high": 0.6, "n_clips": 1, "confidence": 0.55, "right": 1.0},
        {"low": 0.9, "high": 1.0, "n_clips": 3, "confidence": 0.9667, "right": 0.6667},
    ]
    assert row["calibration_error"] == round((0.45 + 2.9 - 2) / 4, 4)


def test_worst_are_the_most_confident_errors_of_different_takes():
    clips = [clip(place, "leak", "clogging", probability=0.5 + place / 100) for place in range(12)]
    clips += [
        clip(12, "leak", "clogging", probability=0.95, take="once"),
        clip(13, "leak", "imbalance", probability=0.9, take="once"),
        clip(14, "leak", "imbalance", probability=0.99, is_unknown=True),
        clip(15, "leak", "leak", probability=1.0),
    ]
    worst = diagnosis_figures(NAMES, {"grouped": clips})["worst"]
    assert [row["clip"] for row in worst] == [12, 11, 10, 9, 8, 7, 6, 5]
    assert worst[0] == {"clip": 12, "fault": "leak", "named": "clogging", "probability": 0.95}


def test_clips_called_unknown_are_wrong_too_and_come_last():
    clips = [clip(0, "leak", "clogging", probability=0.6), clip(1, "leak", "leak", probability=0.9, is_unknown=True)]
    worst = diagnosis_figures(NAMES, {"grouped": clips})["worst"]
    assert [row["clip"] for row in worst] == [0, 1]
    assert worst[1] == {"clip": 1, "fault": "leak", "named": "unknown fault", "probability": 0.9}


def test_worst_are_of_the_split_that_is_to_be_believed():
    naive, grouped, machine = ([clip(place, "leak", "clogging")] for place in range(3))
    for named, wanted in (
        ({"naive": naive, "machine": machine, "grouped": grouped}, [1]),
        ({"naive": naive, "machine": machine}, [2]),
        ({"naive": naive, "grouped": [], "machine": machine}, [2]),
        ({"naive": naive}, []),
    ):
        figures = diagnosis_figures(NAMES, named)
        assert [row["clip"] for row in figures["worst"]] == wanted
        assert [row["split"] for row in figures["splits"]] == [
            name for name in ("naive", "grouped", "machine") if named.get(name)
        ]


def test_nothing_was_measured():
    figures = diagnosis_figures(NAMES, {}, ["by take: too few"])
    assert (figures["splits"], figures["worst"], figures["not_measured"]) == ([], [], ["by take: too few"])


def test_interval_is_over_takes(rng):
    """Remixes that are named alike are no more evidence than one of them."""
    once = drawn(rng, 30, n_remixes=1)
    thrice = [replace(one, snr_db=snr_db) for one in once for snr_db in (6.0, 0.0, -6.0)]
    rows = [diagnosis_figures(NAMES, {"grouped": clips})["splits"][0] for clips in (once, thrice)]
    assert rows[0]["macro_f1_95"] == pytest.approx(rows[1]["macro_f1_95"], abs=1e-4)
    labels = np.array([NAMES.index(one.fault) for one in once])
    said = np.array([(*NAMES, "unknown").index(name) for name in said_of(once)])
    low, high = macro_f1_interval(labels, said, [one.take for one in once])
    assert rows[0]["macro_f1_95"] == [round(low, 4), round(high, 4)]


def test_unknown_snr_comes_after_known_ones_of_0_db():
    clips = [clip(place, "leak", "leak", snr_db=snr_db) for place, snr_db in enumerate([None, -6.0, 0.0, 6.0])]
    (row,) = diagnosis_figures(NAMES, {"machine": clips})["splits"]
    assert [part["snr_db"] for part in row["by_snr"]] == [6.0, 0.0, None, -6.0]
