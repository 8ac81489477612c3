"""What is wrong with a set of recordings: each kind with its number, the first few files and the remedy."""

import unicodedata
from dataclasses import dataclass, field
from typing import Any

from auscult.audio.describe import Description
from auscult.audio.find import Entry
from auscult.audio.layouts import LABEL_REMEDY
from auscult.errors import printable

N_SHOWN = 5
"""Files of a problem that are named; clips.csv has them all."""
CLIPPED_SHARE = 1e-4
"""Share of clipped samples from which a clip counts: 16 in a 10-s clip at 16 kHz."""
DC = 0.01
"""Offset from which a clip counts, of full scale: -40 dB."""

KINDS: dict[str, tuple[str, str]] = {
    "missing": ("not there", "Correct the paths in the table: relative ones are relative to the table's folder."),
    "unreadable": ("cannot be read", "Record or export them again, or move them out of the way; why is in clips.csv."),
    "empty": ("empty", "Record them again; a recorder that stops at once writes such files."),
    "truncated": ("truncated", "Copy or record them again; what is missing cannot be restored."),
    "bad_lines": ("lines of the table that are not understood", "Correct the lines named."),
    "locked_folders": ("folders that may not be read", "Change their permissions, or run as their owner."),
    "linked_folders": ("links to folders, which are not followed", "Scan what they lead to by its own path."),
    "mixed_rates": ("not at the most common sampling rate", "Resample them, or train on one rate at a time."),
    "unknown_labels": ("with a label that is not known", LABEL_REMEDY),
    "unlabelled": (
        "without a label",
        "Put them in folders called normal and abnormal, or give a table with a column label: train needs it.",
    ),
    "duplicate_names": (
        "listed twice, or of one take with another but for capital letters or the ending",
        "List each once, and give each a name of its own: they count as one recording.",
    ),
    "odd_names": (
        "with a name that is no UTF-8",
        "Rename them, for example with: convmv -f latin1 -t utf8 -r .",
    ),
    "clipping": ("clipped", "Turn the recorder's gain down: what was cut off sounds like a fault."),
    "silence": ("silent", "Check the microphone and its cable, and record them again."),
    "dc": ("with a DC offset", "Check the recorder's input; remove the mean if the recordings must be kept."),
    "dead_channels": ("with dead channels", "Check these microphones; train with --channels and a live one's index."),
    "identical_channels": ("with identical channels", "Check how the recorder is wired; one channel says as much."),
    "exact_duplicates": (
        "with the sound of another",
        "Keep one of each: a copy on the other side of a split is its own evidence.",
    ),
    "leaks": (
        "recordings on more than one side of the split",
        "Put all clips of a recording on one side: auscult scan --split does.",
    ),
    "near_duplicates": (
        "that overlap or nearly equal another",
        "Keep one of each, or give both one take in a table, which keeps them on one side of a split.",
    ),
}
"""Kinds of problems in the order in which they are said: what the files are, and what to do."""


@dataclass
class Problem:
    """One kind of problem.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    n : int
        How many files it has.
    files : list of str
        The first few of them, with what there is to say of each in brackets.
    """

    kind: str
    n: int = 0
    files: list[str] = field(default_factory=list)

    @property
    def what(self) -> str:
        """What the files are."""
        return KINDS[self.kind][0]

    @property
    def remedy(self) -> str:
        """What to do."""
        return KINDS[self.kind][1]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can take it."""
        return {"kind": self.kind, "what": self.what, "n": self.n, "files": self.files, "remedy": self.remedy}


class Problems:
    """Collects problems; of each kind the number and the first few files are kept."""

    def __init__(self) -> None:
        self._found: dict[str, Problem] = {}
        self._rates: dict[int, Problem] = {}
        self._takes: set[int] = set()
        self._labels: dict[int, str] = {}
        """Of the recordings of a table, by their locations."""

    def add(self, kind: str, name: str, detail: str = "") -> None:
        """Add one file to a problem."""
        _count(self._found.setdefault(kind, Problem(kind)), name, detail)

    def add_clip(self, entry: Entry, description: Description, name: str) -> None:
        """Add whatever is wrong with one clip."""
        self._add_said(entry, name)
        if entry.error:
            self.add("bad_lines", name, entry.error)
        elif description.error is not None:
            kind = _kind_of_error(description)
            detail = description.error.problem
            self.add(kind, name, detail if kind in ("unreadable", "truncated") else "")
        if description.header is not None:
            rate = description.header.sr
            _count(self._rates.setdefault(rate, Problem("mixed_rates")), name, f"{rate} Hz")
        self._add_heard(description, name)

    def _add_said(self, entry: Entry, name: str) -> None:
        place = entry.place
        if entry.error:
            return
        if entry.unknown_label:
            self.add("unknown_labels", name, repr(printable(entry.unknown_label)))
        elif not place.label:
            self.add("unlabelled", name)
        if printable(entry.location) != entry.location:
            self.add("odd_names", name)
        if entry.is_listed:  # with what takes it likes: one may well be that of several crops or channels
            location, label = hash(entry.location), place.label or "no label"
            if location in self._labels:
                before = self._labels[location]
                labels = f", as {before} and as {label}" if label != before else ""
                self.add("duplicate_names", name, f"listed twice{labels}")
            self._labels.setdefault(location, label)
        else:
            name_of_take = unicodedata.normalize("NFC", place.take).casefold()
            take = hash((place.machine, place.label, place.fault, place.snr_db, place.split, name_of_take))
            if take in self._takes:
                self.add("duplicate_names", name, f"take {place.take}")
            self._takes.add(take)

    def _add_heard(self, description: Description, name: str) -> None:
        heard = description.statistics
        if heard is None or description.header is None:
            return
        n_channels = description.header.n_channels
        if heard.clipped_share >= CLIPPED_SHARE:
            self.add("clipping", name, f"{heard.clipped_share:.2%} of the samples")
        if heard.is_silent:
            self.add("silence", name)
            return
        if abs(heard.dc) >= DC:
            self.add("dc", name, f"{heard.dc:+.3f} of full scale")
        if heard.n_dead_channels:
            self.add("dead_channels", name, f"{heard.n_dead_channels} of {n_channels}")
        if heard.n_identical_channels:
            self.add("identical_channels", name, f"{heard.n_identical_channels} of {n_channels}")

    def found(self) -> list[Problem]:
        """All problems, in the order of `KINDS`."""
        found = dict(self._found)
        odd_rates = sorted(self._rates.values(), key=lambda problem: -problem.n)[1:]
        if odd_rates:
            files = [file for problem in odd_rates for file in problem.files][:N_SHOWN]
            found["mixed_rates"] = Problem("mixed_rates", sum(problem.n for problem in odd_rates), files)
        return [found[kind] for kind in KINDS if kind in found]


def _count(problem: Problem, name: str, detail: str) -> None:
    problem.n += 1
    if len(problem.files) < N_SHOWN:
        problem.files.append(f"{name} ({detail})" if detail else name)


def _kind_of_error(description: Description) -> str:
    assert description.error is not None
    problem = description.error.problem
    if description.n_bytes is None and problem == "there is no such file":
        return "missing"
    if description.n_bytes == 0 or (description.header is not None and description.header.n_samples == 0):
        return "empty"
    return "truncated" if "truncated" in problem else "unreadable"
