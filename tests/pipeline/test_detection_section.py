from dataclasses import replace

from auscult.figures import Paragraph, Picture, Table
from auscult.pipeline.detection_section import detection_conclusions, detection_section


def conclusions(manifest):
    return "\n".join(detection_conclusions(manifest))


def texts(manifest):
    return "\n".join(part.text for part in detection_section(manifest).parts if isinstance(part, Paragraph))


def of_kind(manifest, kind):
    return [part for part in detection_section(manifest).parts if isinstance(part, kind)]


def with_figures(manifest, figures):
    return replace(manifest, metrics=manifest.metrics | {"figures": figures})


def test_mean_worst_machine_and_level_are_said(manifest):
    said = conclusions(manifest)
    assert "At an SNR of 6 dB an anomalous clip scores above a normal one in 94.0% of cases" in said
    assert "mean of 2 machines; the worst is fan/id_02: 0.910" in said
    assert "by its level alone in 60.0%" in said


def test_what_is_found_stands_beside_what_it_costs(manifest):
    (said,) = [text for text in detection_conclusions(manifest) if "false alarms" in text and "held out" in text]
    assert said == (
        "Of 20 anomalous clips held out, 16 (80.0%) were found. "
        "Of 40 normal clips held out, 2 (5.0%) were false alarms."
    )


def test_what_is_not_shown_to_beat_a_level_meter_is_named(manifest):
    said = next(text for text in detection_conclusions(manifest) if "level meter" in text)
    assert "fan/id_02 at 6 dB" in said
    assert "fan/id_00" not in said
    better = [row | {"auc_95": [0.9, 1.0]} for row in manifest.metrics["figures"]]
    assert "level meter" not in conclusions(with_figures(manifest, better))


def test_what_may_be_guessing_is_named_even_if_the_level_is_worse(manifest):
    figures = [row | {"auc_95": [0.45, 0.9], "level_auc": 0.2} for row in manifest.metrics["figures"]]
    assert "guessing: fan/id_00 at 6 dB, fan/id_02 at 6 dB." in conclusions(with_figures(manifest, figures))


def test_every_machine_and_snr_has_a_row_with_its_interval(manifest):
    table = of_kind(manifest, Table)[0]
    first = dict(zip(table.headings, table.rows[0], strict=True))
    assert len(table.rows) == 2
    assert (first["machine"], first["SNR"], first["AUC (95 %)"]) == ("fan/id_00", "6 dB", "0.970 (0.92-1.00)")
    assert (first["level alone"], first["found"], first["false alarms"]) == ("0.600", "80%", "5%")
    (picture,) = of_kind(manifest, Picture)
    assert list(picture.figure.data[0].x) == [0.97, 0.91]
    assert list(picture.figure.data[1].x) == [0.6, 0.6]


def test_synthetic_is_said_of_the_table(manifest):
    assert "synthetic" not in of_kind(manifest, Table)[0].caption
    synthetic = replace(manifest, training_data=manifest.training_data | {"is_synthetic": True})
    assert "synthetic" in of_kind(synthetic, Table)[0].caption


def test_without_anomalous_clips_it_is_said_why_there_is_no_auc(manifest):
    row = {"machine": "fan", "snr_db": None, "n_normal": 20, "n_anomalous": 0, "false_alarm_rate": 0.1}
    manifest = with_figures(manifest, [row])
    assert "among the held-out clips there is no anomalous one" in conclusions(manifest)
    assert "\nOf 20 normal clips held out, 2 (10.0%) were false alarms." in conclusions(manifest)
    assert "there is no anomalous one" in texts(manifest)
    assert of_kind(manifest, Picture) == []
    assert list(of_kind(manifest, Table)[0].headings) == ["machine", "false alarms", "normal + anomalous"]


def test_without_held_out_clips_nothing_is_claimed(manifest):
    manifest = with_figures(manifest, [])
    assert "is not known: no clip was held out" in conclusions(manifest)
    assert "no clip was held out" in texts(manifest)


def test_promise_about_alarms_is_said_with_what_is_missing(manifest):
    assert (
        "at most 1 false alarm per week (the option --alarms) cannot be promised for fan/id_00, fan/id_02"
        in conclusions(manifest)
    )
    assert "10 hours of normal sound support no better than 1 per day (95 %); for 1 per week record" in texts(manifest)
    delays = of_kind(manifest, Table)[-1]
    assert list(delays.headings) == ["machine", "AUC 0.7", "AUC 0.9"]
    assert list(delays.rows[0]) == ["fan/id_00", "not found", "2 minutes"]


def test_promise_that_is_kept(manifest):
    enough = {
        name: entry | {"alarms": entry["alarms"] | {"supported_s": 700000.0}}
        for name, entry in manifest.thresholds.items()
    }
    said = conclusions(replace(manifest, thresholds=enough))
    assert "at most 1 false alarm per week is promised (95 %) for each machine" in said


def test_few_takes_and_strange_recordings_are_named(manifest):
    assert "Fewer than 50" not in texts(manifest)
    first = manifest.thresholds["fan/id_00"] | {"n_takes": 12, "strange": ["fan/id_00/normal/7"]}
    few = texts(replace(manifest, thresholds=manifest.thresholds | {"fan/id_00": first}))
    assert "Fewer than 50 normal takes were heard of fan/id_00." in few
    assert "Among these, unlike all others and not learnt (1 recording, listen to them): fan/id_00/normal/7." in few
