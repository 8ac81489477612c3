"""Giving a name to a cluster: its most typical clips become exemplars of a fault."""

from collections.abc import Iterable
from dataclasses import replace

from auscult.errors import DataError, OptionError
from auscult.faults.discovery import Discovery
from auscult.faults.names import N_EXEMPLARS, Fault, check_name, fault_id
from auscult.faults.names_file import Names


def name_cluster(
    discovery: Discovery, names: Names, number: int, name: str, *, message: str = "", note: str = ""
) -> Names:
    """Names with one given to a cluster.

    A new name makes a new fault, unless the cluster has a name: then its fault is renamed, and message and note, which
    were of the old name, are dropped. The name of another fault makes the cluster's clips exemplars of that one.
    Exemplars of other faults that lie in the cluster go with it, and a fault that has none left is no more.

    Parameters
    ----------
    discovery : Discovery
    names : Names
        As they were.
    number : int
        Of the cluster.
    name : str
        What people call the fault.
    message : str
        What a verdict says; if left out, it is kept with the name, or made of a new one.
    note : str
        Whatever is to be remembered; if left out, it is kept with the name.

    Returns
    -------
    Names

    Raises
    ------
    DataError
        If there is no such cluster, or no clip is in it.
    OptionError
        If the name is blank, or is no name for a fault.
    """
    typical = discovery.exemplars(number)[:N_EXEMPLARS]
    if not typical:
        raise DataError(f"cluster {number}", "holds no clip that a name could be given to", "Name another cluster.")
    name, message = check_name(name), message.strip()
    faults = {fault.id: fault for fault in names.faults}
    fault_of_cluster = discovery.matching(names).fault_of_cluster
    own = faults.get(fault_of_cluster.get(number, ""))
    if own is not None and list(fault_of_cluster.values()).count(own.id) > 1:
        own = None  # its other clusters are called so still
    there = next((fault for fault in names.faults if _is_same(fault.name, name)), own)
    if there is None:
        there = Fault(fault_id(name, faults), name, default_message(name))
    elif there is own:
        there = _renamed(own, name)
    clips = {clip.content_hash: clip.path for clip in discovery.clips if clip.cluster == number}
    earlier = [one for fault in names.faults for one in fault.exemplars if one in clips]
    moved = list(dict.fromkeys([*(clip.content_hash for clip in typical), *earlier]))
    named = replace(
        there,
        message=message or there.message,
        note=note or there.note,
        exemplars=tuple(dict.fromkeys([*there.exemplars, *moved])),
    )
    after = [named if fault.id == named.id else _without(fault, moved) for fault in names.faults]
    kept = [fault for fault in after if fault.exemplars or not faults[fault.id].exemplars]
    if named.id not in faults:
        kept.append(named)
    return Names(tuple(kept), {**names.clips, **{one: clips[one] for one in moved}})


def what_was_done(before: Names, after: Names, number: int, name: str) -> str:
    """Say in words what naming a cluster changed.

    Parameters
    ----------
    before, after : Names
    number : int
        Of the cluster.
    name : str
        What it is called now.
    """
    named = next(fault for fault in after.faults if _is_same(fault.name, check_name(name)))
    earlier = {fault.id: fault for fault in before.faults}
    words = [f"Saved: cluster {number} is called '{named.name}'."]
    own = earlier.get(named.id, named)
    if own.name != named.name:
        words.append(f"'{own.name}' was renamed.")
        message = "" if own.message == default_message(own.name) else own.message
        dropped = [
            f"its {what} '{text}'"
            for what, text, is_gone in (
                ("message", message, named.message == default_message(named.name)),
                ("note", own.note, not named.note),
            )
            if text and is_gone
        ]
        if dropped:
            words.append(f"Dropped, as said of the old name: {' and '.join(dropped)}.")
    there = {fault.id for fault in after.faults}
    words += [
        f"'{fault.name}' is no more: its clips have this name now." for fault in before.faults if fault.id not in there
    ]
    return " ".join(words)


def default_message(name: str) -> str:
    """What a verdict says of a fault of which nothing else is said."""
    return f"Fault: {name}"


def _renamed(fault: Fault, name: str) -> Fault:
    """The same fault under another name, or under its own in other letters: then what is said of it still holds."""
    if not _is_same(fault.name, name):
        return replace(fault, name=name, message=default_message(name), note="")
    is_default = fault.message == default_message(fault.name)
    return replace(fault, name=name, message=default_message(name) if is_default else fault.message)


def _is_same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def forget(names: Names, name: str) -> Names:
    """Names without one.

    Parameters
    ----------
    names : Names
    name : str
        Of the fault; where none is called so, its identifier.

    Raises
    ------
    OptionError
        If no fault is called so.
    """
    called = [fault for fault in names.faults if fault.name == name]
    gone = called or [fault for fault in names.faults if fault.id == name]
    if not gone:
        known = ", ".join(fault.name for fault in names.faults) or "none"
        raise OptionError("name", f"no fault is called {name!r}; known: {known}", "Correct the name.")
    return Names(tuple(fault for fault in names.faults if fault not in gone), names.clips)


def _without(fault: Fault, hashes: Iterable[str]) -> Fault:
    gone = set(hashes)
    return replace(fault, exemplars=tuple(one for one in fault.exemplars if one not in gone))
