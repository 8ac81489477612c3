import numpy as np

from auscult.monitor.store.rows import Feedback

from .monitored import T0, MonitorClient


def said(alarm_id, fault, number=0, **values):
    usual = {"machine": "fan/id_00", "at": T0, "who": "Ada", "what": "fault", "why": "", "expires_at": None}
    usual |= {"undone_at": None, "undone_by": "", "recipe": "", "descriptors": np.empty((0, 0), np.float32)}
    return Feedback(id=f"F{number}", alarm_id=alarm_id, fault=fault, **(usual | values))


def test_faults_of_the_bundle_and_of_people(asked, alarmed, alarm_id):
    alarmed.store.save_feedback(said(alarm_id, "loose belt"))
    alarmed.store.save_feedback(said(alarm_id, "taken back", 1, undone_at=T0))
    alarmed.store.save_feedback(said(alarm_id, None, 2, what="false alarm"))
    faults = asked.json("/api/faults")["faults"]
    assert [(fault["name"], fault["is_learnt"]) for fault in faults] == [("loose belt", False)]
    (exemplar,) = faults[0]["exemplars"]
    assert exemplar["raised_at"] == asked.json(f"/api/alarms/{alarm_id}")["alarm"]["raised_at"]
    assert (exemplar["alarm_id"], exemplar["n_recordings"], exemplar["who"]) == (alarm_id, 1, "Ada")


def test_faults_of_a_network(alarmed, network_bundle):
    alarmed.bundle = network_bundle
    faults = MonitorClient(alarmed).json("/api/faults")["faults"]
    assert [(fault["name"], fault["message"]) for fault in faults] == [
        ("imbalance", "It has imbalance"),
        ("bearing-wear", "It has bearing-wear"),
    ]
