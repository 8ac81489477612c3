"""Lines of a feature store's table: the original project's columns, and what else is known of a recording."""

from auscult.audio.find import Entry
from auscult.errors import printable
from auscult.features.store import Place

COLUMNS = (
    "feature", "classLabel", "filePath", "valData", "augmented", "augmentation", "machine", "label", "take", "snr_db",
    "fault", "split", "content", "row", "first_frame", "n_frames",
)  # fmt: skip
"""The first five are the original project's."""

LEARNT_FROM = ("", "train", "supplemental")
"""Sides of a split, or none, whose recordings may be learnt from; the others are the original's validation data."""


def table_line(entry: Entry, content: str, augmentation: str, place: Place) -> tuple[object, ...]:
    """Cells of one row of the store, in the order of `COLUMNS`.

    Parameters
    ----------
    entry : Entry
    content : str
        SHA-256 of the recording's bytes.
    augmentation : str
        Empty for the recording itself.
    place : Place
    """
    said = entry.place
    snr_db = "" if said.snr_db is None else f"{said.snr_db:g}"
    return (
        place.row, said.label_name or said.label, printable(entry.location), said.split not in LEARNT_FROM,
        bool(augmentation), augmentation, said.machine, said.label, said.take, snr_db, said.fault, said.split,
        content, place.row, place.first_frame, place.n_frames,
    )  # fmt: skip
