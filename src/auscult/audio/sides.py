"""Recordings that were found -> on which side of a split each lies, and what is to be said of those on two."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from auscult.audio.find import Entry, Recordings
from auscult.audio.leaks import Leak
from auscult.audio.splits import assign_splits
from auscult.errors import DataError, OptionError


@dataclass(frozen=True)
class SplitRecordings:
    """Recordings with a split that was made anew; can be gone through again and again, as `Recordings` can."""

    recordings: Recordings
    split_of: dict[str, str]

    def __iter__(self) -> Iterator[Entry]:
        """Go through them; what has no label has no split."""
        for entry in self.recordings:
            yield replace(entry, place=replace(entry.place, split=self.split_of.get(entry.location, "")))


def split_anew(
    recordings: Recordings, shares: tuple[float, float, float], held_out: Sequence[str] = ()
) -> SplitRecordings:
    """Split recordings by machine and contiguous takes, with some machines held out altogether.

    Parameters
    ----------
    recordings : Recordings
    shares : (float, float, float)
        As `assign_splits` has them.
    held_out : sequence of str
        Machines by full name (``fan/id_06``) or id (``id_06``), all of whose clips are for testing.

    Returns
    -------
    SplitRecordings

    Raises
    ------
    OptionError
        If there is no such machine, or the shares are none.
    """
    labelled = [entry for entry in recordings if entry.place.label and not entry.error]
    places = [entry.place for entry in labelled]
    names = {
        name: {place.machine for place in places if name in (place.machine, place.machine_id)} for name in held_out
    }
    for name, machines in names.items():
        if not machines:
            known = ", ".join(sorted({place.machine for place in places})) or "none"
            raise OptionError("held_out", f"there is no machine {name!r}", f"Those with labelled clips are: {known}.")
    out = set().union(*names.values())
    splits = assign_splits(
        [place.take for place in places],
        [place.label for place in places],
        [place.machine for place in places],
        shares=shares,
    )
    return SplitRecordings(
        recordings,
        {
            entry.location: "test" if entry.place.machine in out else split
            for entry, split in zip(labelled, splits, strict=True)
        },
    )


def check_splits(entries: Iterable[Entry], *, with_leaks: bool) -> None:
    """Check before the work that there are sides between which something can leak.

    Raises
    ------
    DataError
        If leaks are to be looked for and no clip has a split.
    """
    if with_leaks and not any(entry.place.split for entry in entries):
        problem = "no clip says on which side of a split it lies"
        raise DataError("split", problem, "Give a table with a column split, or split them: --split.")


def describe_leak(leak: Leak) -> str:
    """Say of a leak where the recording lies, how that was found out, and what it is one and the same with."""
    sides = " and ".join(leak.splits)
    if leak.duplicates:
        pair = leak.duplicates[0]
        other = pair.second if pair.first == leak.clips[0] else pair.first
        return f"{sides}: heard in {other} as well, {pair.kind}"
    return f"{sides}: {len(leak.clips)} clips of one {'take' if leak.reason == 'take' else 'recording'}"
