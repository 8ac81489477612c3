"""Clips with their splits -> recordings that lie on both sides of one, by name or by ear."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auscult.audio.fingerprint import Duplicate, Fingerprint, find_duplicates
from auscult.errors import DataError


@dataclass(frozen=True)
class SplitClip:
    """A clip, on which side it lies, and what is known of its origin.

    Parameters
    ----------
    name : str
        Of the clip, unique.
    split : str
        ``"train"``, ``"calibration"``, ``"test"``, or any other side.
    take : str
        The underlying recording, with the machine's name in it; empty if it is not known.
    fingerprint : Fingerprint or None
        To find out what the take's name does not say.
    """

    name: str
    split: str
    take: str = ""
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True)
class Leak:
    """One recording on more than one side of a split.

    Parameters
    ----------
    reason : {"take", "duplicate"}
        All its clips bear the same take's name; or some sound like the same recording under different names, or none.
    clips : tuple of str
        Names of all clips of this recording, in the order given.
    splits : tuple of str
        The sides they lie on, each once, in the order given.
    duplicates : tuple of Duplicate
        What was heard between clips of different sides; empty where only the names say it.
    """

    reason: str
    clips: tuple[str, ...]
    splits: tuple[str, ...]
    duplicates: tuple[Duplicate, ...] = ()


def find_leaks(rows: Iterable[SplitClip], *, duplicates: Sequence[Duplicate] | None = None) -> list[Leak]:
    """Recordings of which there are clips on more than one side of a split.

    Clips belong to one recording if they have the same take, or are duplicates by `find_duplicates`, or are joined by a
    chain of such: a remix at 6 dB and one at -6 dB also through the one at 0 dB.

    Parameters
    ----------
    rows : iterable of SplitClip
    duplicates : sequence of Duplicate, optional
        What `find_duplicates` says of the clips, if it was asked before; those of other clips are passed over.

    Returns
    -------
    list of Leak
        One for each recording, in the order of their first clips; empty if there are none.

    Raises
    ------
    DataError
        If two clips have the same name.
    """
    rows = list(rows)
    clips = {row.name: row for row in rows}
    if len(clips) < len(rows):
        twice = Counter(row.name for row in rows).most_common(1)[0][0]
        raise DataError(twice, "is the name of two clips", "Give every clip a name of its own, such as its path.")
    if duplicates is None:
        duplicates = find_duplicates({row.name: row.fingerprint for row in rows if row.fingerprint is not None})
    duplicates = [pair for pair in duplicates if pair.first in clips and pair.second in clips]
    above = {name: name for name in clips}
    first_of: dict[str, str] = {}
    for row in rows:
        if row.take:
            _join(above, first_of.setdefault(row.take, row.name), row.name)
    for pair in duplicates:
        _join(above, pair.first, pair.second)
    recordings: dict[str, list[SplitClip]] = {}
    for row in rows:
        recordings.setdefault(_root(above, row.name), []).append(row)
    across: dict[str, list[Duplicate]] = {}
    for pair in duplicates:
        if clips[pair.first].split != clips[pair.second].split:
            across.setdefault(_root(above, pair.first), []).append(pair)
    return [
        Leak(
            reason="take" if members[0].take and len({row.take for row in members}) == 1 else "duplicate",
            clips=tuple(row.name for row in members),
            splits=splits,
            duplicates=tuple(across.get(root, [])),
        )
        for root, members in recordings.items()
        if len(splits := tuple(dict.fromkeys(row.split for row in members))) > 1
    ]


def _root(above: dict[str, str], name: str) -> str:
    """The clip that stands for all that are joined to this one (union-find with halved paths)."""
    while above[name] != name:
        above[name] = above[above[name]]
        name = above[name]
    return name


def _join(above: dict[str, str], first: str, second: str) -> None:
    above[_root(above, second)] = _root(above, first)
