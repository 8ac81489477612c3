"""Faults by name: what a verdict calls them, the message it gives, and how names survive retraining."""

from auscult.faults.names import (
    ANOMALOUS,
    NORMAL,
    ORIGINAL_FAULTS,
    UNKNOWN_FAULT,
    Fault,
    check_name,
    fault_id,
)

__all__ = ["ANOMALOUS", "NORMAL", "ORIGINAL_FAULTS", "UNKNOWN_FAULT", "Fault", "check_name", "fault_id"]
