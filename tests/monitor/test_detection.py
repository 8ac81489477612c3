from dataclasses import asdict

from auscult.monitor.detection import Detection


def test_a_detection_counts_unless_it_is_said_why_not():
    detection = Detection("fan/id_00", 1.0, 2.0, 3.0, 0.5, 0.0, 4.0, False, False, None, "running", -20.0)
    assert detection.ignored == ""
    assert Detection(**asdict(detection)) == detection
