"""Faults by name: what a verdict calls them, and the message it gives."""

from auscult.faults.names import ANOMALOUS, NORMAL, ORIGINAL_FAULTS, Fault

__all__ = ["ANOMALOUS", "NORMAL", "ORIGINAL_FAULTS", "Fault"]
