import base64
import io

import numpy as np
import pytest
import soundfile

from auscult.figures import Heading, Paragraph, Picture, Player, Table
from auscult.pipeline.diagnosis_section import diagnosis_conclusions, diagnosis_section


def conclusions(diagnosis):
    return "\n".join(diagnosis_conclusions({"diagnosis": diagnosis}))


def parts(diagnosis, examples=()):
    return diagnosis_section({"diagnosis": diagnosis}, examples, is_synthetic=False).parts


def texts(found):
    return "\n".join(part.text for part in found if isinstance(part, Paragraph | Heading))


def tables(diagnosis):
    return [part for part in parts(diagnosis) if isinstance(part, Table)]


def without(diagnosis, *names):
    return diagnosis | {"splits": [split for split in diagnosis["splits"] if split["split"] not in names]}


def test_each_split_answers_its_question(diagnosis):
    said = conclusions(diagnosis)
    assert "New recordings of these machines: macro F1 0.81 (95 %: 0.70 to 0.97, from 40 takes" in said
    assert "A machine it has not heard faulty: macro F1 0.35" in said
    assert said.index("New recordings") < said.index("A machine it has not heard") < said.index("naive")


def test_naive_is_never_to_be_quoted_and_how_far_it_flatters_is_said(diagnosis):
    assert "Never quote the naive split's macro F1 of 0.95" in conclusions(diagnosis)
    assert "how far it flatters: here by 0.14." in conclusions(diagnosis)
    rows = {row[0]: row for row in tables(diagnosis)[0].rows}
    assert list(rows) == ["by take", "one machine left out", "naive, by clip"]
    assert rows["naive, by clip"][1] == "none: it flatters, never quote it"
    assert "naive" not in conclusions(without(diagnosis, "naive"))


def test_how_much_machines_differ_is_said_of_machines_not_heard_only(diagnosis):
    for split in diagnosis["splits"]:
        split["by_machine"][1]["macro_f1"] = 0.11
    grouped, machine = (text for text in diagnosis_conclusions({"diagnosis": diagnosis}) if ": macro F1" in text)
    assert "By machine (2) it was from 0.11 to 0.35" in machine
    assert "By machine" not in grouped


def test_names_that_are_no_better_than_a_level_meter_are_not_to_be_gone_by(diagnosis):
    grouped, machine = (text for text in diagnosis_conclusions({"diagnosis": diagnosis}) if ": macro F1" in text)
    assert "not shown to be better than the level meter" not in grouped
    assert "The interval is wide" in grouped
    assert "not shown to be better than the level meter: do not go by the names here" in machine


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("given", "given with the recordings"),
        ("names file", "a listener gave to clusters"),
        ("clusters", "how well the network repeats the clusters, not whether they are true faults"),
    ],
)
def test_what_the_names_are_is_said_twice(diagnosis, labels, said):
    diagnosis["labels"] = labels
    assert said in conclusions(diagnosis)
    assert said in texts(parts(diagnosis))


def test_no_faults_learnt_says_why():
    metrics = {"diagnosis": None, "diagnosis_note": "there is one kind of fault only."}
    assert diagnosis_conclusions(metrics) == ["It names no faults: there is one kind of fault only."]
    (only,) = diagnosis_section(metrics, [], is_synthetic=False).parts
    assert only.text == "It names no faults: there is one kind of fault only."
    assert diagnosis_conclusions({}) == ["It names no faults: none were learnt."]


def test_one_machine_only(diagnosis):
    diagnosis = without(diagnosis, "machine") | {
        "not_measured": ["leave one machine out: there is one machine only"],
    }
    for split in diagnosis["splits"]:
        split["by_machine"] = split["by_machine"][:1]
    assert "Not measured: leave one machine out: there is one machine only." in conclusions(diagnosis)
    assert "Not measured: leave one machine out: there is one machine only." in texts(parts(diagnosis))
    assert "all clips are of one machine" in texts(parts(diagnosis))


def test_naive_alone_is_not_believed(diagnosis):
    diagnosis = without(diagnosis, "grouped", "machine")
    assert "How well it names them is not known" in conclusions(diagnosis)
    found = parts(diagnosis)
    assert not any(isinstance(part, Heading) for part in found), "no confusion, calibration or errors"
    assert "Never quote" in conclusions(diagnosis)


def test_confusion_and_calibration_are_of_the_split_by_take(diagnosis):
    diagnosis["splits"][1]["confusion"] = [[11, 2, 3], [4, 15, 6]]
    confusion, curve = [part.figure for part in parts(diagnosis) if isinstance(part, Picture)][1:]
    assert list(confusion.data[1].text) == ["11", "2", "3", "4", "15", "6"]
    np.testing.assert_allclose(curve.data[1].x, [55, 97])
    by_fault = next(table for table in tables(diagnosis) if table.headings[0] == "fault")
    assert list(by_fault.rows[0]) == ["clogging", "11 of 16", 3, "<b>imbalance</b> (2)"]


def test_by_snr_and_by_machine_leave_the_naive_split_out(diagnosis):
    by_snr, by_machine = tables(diagnosis)[-2:]
    assert [row[:2] for row in by_snr.rows] == [
        ["by take", "6 dB"],
        ["by take", "0 dB"],
        ["one machine left out", "6 dB"],
        ["one machine left out", "0 dB"],
    ]
    assert by_snr.rows[0][2] == "0.830 (0.70-0.97)"
    assert len(by_machine.rows) == 4


@pytest.mark.parametrize(("sr", "played_s"), [(16000, 10.0), (48000, 200_000 / 48000)])
def test_errors_are_played_but_not_for_long(diagnosis, tmp_path, rng, sr, played_s):
    path = tmp_path / "6_dB_fan" / "fan" / "id_00" / "abnormal" / "7.wav"
    path.parent.mkdir(parents=True)
    soundfile.write(path, rng.uniform(-0.5, 0.5, (12 * sr, 2)), sr)
    (player,) = [part for part in parts(diagnosis, [(diagnosis["worst"][0], path)]) if isinstance(part, Player)]
    y, found_sr = soundfile.read(io.BytesIO(player.sound_bytes))
    assert (y.ndim, found_sr, player.media_type) == (1, sr, "audio/flac")
    assert y.size == pytest.approx(played_s * sr, abs=1)
    assert player.caption == "6_dB_fan/fan/id_00/abnormal/7.wav: in truth clogging, named <b>imbalance</b> (98% sure)"
    assert 8 * len(base64.b64encode(player.sound_bytes)) < 4.5e6, "even of noise"


def test_error_that_is_gone_is_named_without_a_player(diagnosis, tmp_path):
    found = parts(diagnosis, [(diagnosis["worst"][0], tmp_path / "gone.wav")])
    assert not any(isinstance(part, Player) for part in found)
    assert "gone.wav: in truth clogging, named <b>imbalance</b> (98% sure). It cannot be played" in texts(found)


def test_no_errors_to_hear(diagnosis):
    assert "There is none to hear: all were named right (split: by take)." in texts(parts(diagnosis))


def test_clips_called_unknown_are_to_be_heard(diagnosis, tmp_path):
    row = {"clip": 3, "fault": "clogging", "named": "unknown fault", "probability": 0.41}
    assert "gone.wav: in truth clogging, called unknown (at most 41% sure)." in texts(
        parts(diagnosis, [(row, tmp_path / "gone.wav")])
    )


def test_of_clusters_nobody_says_what_is_true(diagnosis, tmp_path):
    found = parts(diagnosis | {"labels": "clusters"}, [(diagnosis["worst"][0], tmp_path / "gone.wav")])
    assert "gone.wav: cluster clogging, named" in texts(found)
    assert "in truth" not in texts(found)
    (confusion,) = [
        part.figure for part in found if isinstance(part, Picture) and part.figure.layout.yaxis.title.text == "cluster"
    ]
    assert "in truth" not in confusion.to_json()
