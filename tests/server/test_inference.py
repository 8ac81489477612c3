import auscult

from .monitored import detail


def test_a_monitor_judges_recordings_too(asked, alarmed, clip, trained_bundle):
    answer = asked.post("/inference", files={"file": clip}, data={"machine_id": "fan/id_00"})
    expected = auscult.load(trained_bundle).predict(clip, machine_id="fan/id_00").to_dict()
    assert answer.json()["Details"]["Message"] == expected["Details"]["Message"]
    assert answer.json()["Anomaly"] is expected["Anomaly"]


def test_another_sites_page_may_not_use_it(asked, clip):
    answer = asked.post("/inference", files={"file": clip}, headers={"Origin": "http://evil.example"})
    assert "may change nothing here" in detail(answer, 403)


def test_what_is_no_recording(asked):
    assert "is not audio" in detail(asked.post("/inference", files={"file": ("notes.wav", b"notes, not sound")}), 422)
    assert "no file in the field" in detail(asked.post("/inference", files={"other": b""}), 422)
