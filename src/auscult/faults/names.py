"""Names and messages of faults.

A fault belongs to the exemplar clips it was named on, by their hashes, and never to the index of a cluster: clusters
change places whenever they are found anew.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from auscult.errors import OptionError

N_EXEMPLARS = 12
"""Clips of a cluster that its name is given to: enough for two thirds of them to mean something."""
MAX_NAME = 100
"""Characters of a name: it has to fit a line of a terminal and a cell of a table."""
MAX_ID = 60
"""Characters of an identifier before its suffix: it may become the name of a file."""
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
"""Latin letters that Unicode does not take apart into a plain one and its accent."""


@dataclass(frozen=True)
class Fault:
    """A named kind of malfunction, or normality itself, which stands first wherever there are several."""

    id: str
    """Stable identifier: stays when the name is changed."""
    name: str
    """What people call it; the label of its probability."""
    message: str
    """What a verdict says."""
    exemplars: tuple[str, ...] = ()
    """SHA-256 of the clips that the name was given to: of their files' bytes, in lower-case hex digits."""
    note: str = ""
    """Whatever people want to remember of it."""


NORMAL = Fault("normal", "normal", "Component OK")
ANOMALOUS = Fault("anomalous", "anomalous", "Component sounds anomalous")
"""What is known where only normal sound was learnt: that something changed, not what."""
UNKNOWN_FAULT = Fault("unknown-fault", "unknown fault", "Unknown fault")
"""What is said of an anomalous clip that is like no named fault."""
RESERVED_FAULTS = (NORMAL, ANOMALOUS, UNKNOWN_FAULT)
"""Answers that every model may give: no fault may be called so."""

ORIGINAL_FAULTS = (
    NORMAL,
    Fault("imbalance", "imbalance", "Component is imbalanced"),
    Fault("clogging", "clogging", "Component is clogged"),
    Fault("voltage-change", "voltage change", "Voltage change"),
)
"""The original model's classes in the order of its outputs. The names are signalML's for clusters of MIMII's abnormal
clips: a listener's names, not labels."""


def check_name(name: str) -> str:
    """Name of a fault with single blanks between its words.

    Parameters
    ----------
    name : str
        In any script.

    Raises
    ------
    OptionError
        If it is blank, longer than 100 characters, cannot be printed, or is an answer that every model may give:
        normal, anomalous, unknown fault, in whatever spelling.
    """
    words = " ".join(name.split())
    if not words:
        raise OptionError("name", "is blank", "Say what the fault is called, for example: imbalance.")
    if len(words) > MAX_NAME:
        problem = f"has {len(words)} characters, expected at most {MAX_NAME}"
        raise OptionError("name", problem, "Call the fault something short, and put the rest in its note.")
    if not words.isprintable():
        raise OptionError("name", f"{words!r} has characters that cannot be printed", "Leave them out.")
    if _plain(words) in {fault.id for fault in RESERVED_FAULTS}:
        taken = ", ".join(fault.name for fault in RESERVED_FAULTS)
        raise OptionError("name", f"{words!r} is no name for a fault", f"Choose another; these are taken: {taken}.")
    return words


def fault_id(name: str, taken: Collection[str]) -> str:
    """Identifier made of a fault's name: ``Voltage change`` -> ``voltage-change``.

    Parameters
    ----------
    name : str
        In any script; accents are left out, and a name without any Latin letter or digit becomes ``fault``.
    taken : collection of str
        Identifiers that there are already: it becomes ``voltage-change-2`` then, and so on.

    Returns
    -------
    str
        Lower-case ASCII letters and digits, in words with hyphens between them; the same whenever it is asked for.

    Raises
    ------
    OptionError
        If `check_name` refuses the name.
    """
    plain = _plain(check_name(name))[:MAX_ID].rstrip("-") or "fault"
    identifier, number = plain, 1
    while identifier in taken:
        number += 1
        identifier = f"{plain}-{number}"
    return identifier


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold().translate(_LETTERS))
    without_accents = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", without_accents).strip("-")
