import pytest

from auscult.monitor.vitals import BOUNDS_S
from auscult.server.monitor_metrics import HEALTH_WORDS, n_bytes

from .monitored import MonitorClient
from .test_prometheus import check, samples

HALL = ("fan/id_00", "hall")


def test_figures_of_a_monitor_are_its_own(asked, alarmed):
    text = asked.get("/metrics").text
    found = samples(text)
    vitals, (now, _) = alarmed.vitals.machines["fan/id_00"], alarmed.overview()
    assert found["auscult_audio_seconds_total", *HALL] == vitals.heard_s == 22.0
    assert found["auscult_processing_seconds_total", *HALL] == vitals.busy_s > 0
    assert found["auscult_alarms_total", *HALL] == 1
    assert found["auscult_alarm_active", *HALL] == 1
    assert found["auscult_alarm_active", "fan/id_02", "roof"] == 0
    assert found["auscult_anomaly_score", *HALL] == now.score
    assert ("auscult_anomaly_score", "fan/id_02", "roof") not in found  # nothing was heard
    assert found["auscult_source_connected", *HALL] == 0
    assert found["auscult_dropped_blocks_total", *HALL] == 0
    assert found["auscult_store_bytes",] == pytest.approx(n_bytes(alarmed.store.folder), rel=0.2)
    assert found["auscult_store_full",] == 0
    check(text)


def test_decisions_are_a_histogram(asked, alarmed):
    found = samples(asked.get("/metrics").text)
    bounds = [*(str(float(bound)) for bound in BOUNDS_S), "+Inf"]
    counts = [found["auscult_inference_seconds_bucket", *sorted([bound, *HALL])] for bound in bounds]
    assert counts == sorted(counts)
    assert counts[-1] == found["auscult_inference_seconds_count", *HALL] == len(alarmed.store.detections("fan/id_00"))
    assert found["auscult_inference_seconds_sum", *HALL] == alarmed.vitals.machines["fan/id_00"].decisions.total_s


def test_one_word_is_said_of_each_microphone(asked):
    found = samples(asked.get("/metrics").text)
    said = {word: found["auscult_sensor_health", *sorted([word, *HALL])] for word in HEALTH_WORDS}
    assert said == {word: float(word == "ok") for word in HEALTH_WORDS}


def test_outputs_that_wait(make_monitor):
    monitor = make_monitor(webhooks={"ops": {"url": "http://127.0.0.1:9/"}})
    found = samples(MonitorClient(monitor).get("/metrics").text)
    assert found["auscult_undelivered_events", "webhook:ops"] == 0
    assert found["auscult_output_connected", "webhook:ops"] == 0


def test_any_name_may_ask_for_figures(asked):
    """Prometheus knows the monitor under names of its own."""
    assert asked.get("/metrics", headers={"Host": "auscult:5000"}).status_code == 200
    assert asked.get("/api/overview", headers={"Host": "auscult:5000"}).status_code == 403


def test_files_that_go_away_count_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b").write_bytes(b"123")
    assert n_bytes(tmp_path) == 8
