from auscult.bundle import Verdict


def test_a_classifiers_verdict_is_the_originals_answer():
    verdict = Verdict(True, "Voltage change", {"normal": 0.25, "voltage change": 0.7500004})
    details = {"Message": "Voltage change", "Probabilities": [0.25, 0.75], "Labels": ["normal", "voltage change"]}
    assert verdict.to_dict() == {"Anomaly": True, "Details": details}


def test_a_detectors_verdict_says_its_score_and_machine():
    verdict = Verdict(False, "Component OK", {"normal": 0.9, "anomalous": 0.1}, 1.5, 2.0, 0.25, "fan/id_00")
    details = verdict.to_dict()["Details"]
    assert (details["Score"], details["Threshold"], details["PValue"]) == (1.5, 2.0, 0.25)
    assert details["MachineId"] == "fan/id_00"
