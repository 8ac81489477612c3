from auscult.faults import ANOMALOUS, NORMAL, ORIGINAL_FAULTS


def test_the_originals_messages_in_the_order_of_its_outputs():
    messages = ["Component OK", "Component is imbalanced", "Component is clogged", "Voltage change"]
    assert [fault.message for fault in ORIGINAL_FAULTS] == messages


def test_identifiers_are_unique():
    faults = [*ORIGINAL_FAULTS, ANOMALOUS]
    assert len({fault.id for fault in faults}) == len(faults)
    assert ORIGINAL_FAULTS[0] is NORMAL
