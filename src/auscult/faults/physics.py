"""What changed in a cluster of clips -> what kind of fault that is consistent with, by rules of physics.

No rule has learnt from any clip. Each kind of fault says which aspects it moves, and which it leaves alone. Its score
is the mean of how far those have moved that should, in the sense in which they should, less the mean rise of those that
should not; deviations count by their logarithm, as in `auscult.faults.signatures.directions`. Unlike faults may sound
alike, and the rules are those of machines that turn: a hint to whoever names the cluster, and no diagnosis.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from auscult.features.nameplate import Nameplate

FLOOR = 0.4
"""Least score of a kind that is said, half a deviation in all that should move: dozens of normal clips stay below."""
MARGIN = 0.2
"""What it has to score above the second."""
LEAST_WEIGHT = 0.5
"""Share of a kind's aspects that must be known."""
LEAST_MOVE = 0.5
"""Deviations from which an aspect has moved at all."""
N_REASONS = 4
LINE_DB = 3.0
"""Height from which a line at a defect order is one: none of 814 clips of synthetic fans with good bearings had one."""
ECHO = 0.5
"""Lines less than this share of the highest one's dB are not told: orders of several parts share multiples, so that a
struck race lifts the lines of others a little."""

ROTATION = "change of rotation frequency"
FASTEST = 5.0
"""Deviations from which the rotation frequency did not change but was not found: something else was taken for it. A
motor runs at most some 5 % off its speed (`auscult.features.orders.TOLERANCE`), and deviations are a third of a hertz
at least; on fans whose voltage had changed it was one of them. Without a rotation there are no rules."""
DROWNED = 3.0
"""Deviations by which slow swing falls under a hiss, a whine or knocks, which are steady at all speeds; of load and air
it stays, whatever the supply: on fans whose voltage had changed it had fallen by less than two."""

UP, DOWN, EITHER = 1, -1, 0


@dataclass(frozen=True)
class _Move:
    """An aspect that a fault moves, in which sense, and how much that counts."""

    aspect: str
    sense: int
    weight: float = 1.0

    def moved(self, deviations: float) -> float:
        """Deviations by which the aspect moved as it should; negative if it moved the other way."""
        return abs(deviations) if self.sense == EITHER else self.sense * deviations


@dataclass(frozen=True)
class _Kind:
    """A kind of fault.

    Parameters
    ----------
    name : str
    fault : str
        As a sentence goes on after "consistent with".
    marks : tuple of tuple of _Move
        What it does to the sound, each mark as aspects that show it: all marks must be there, in any of their aspects.
    stays : tuple of str
        Aspects that rise with other faults only.
    drowned_if : str, optional
        Aspect whose fall by `DROWNED` deviations says that another sound has come in, which covers the machine's own.
    """

    name: str
    fault: str
    marks: tuple[tuple[_Move, ...], ...]
    stays: tuple[str, ...] = ()
    drowned_if: str = ""

    @property
    def moves(self) -> list[_Move]:
        return [move for mark in self.marks for move in mark]


KINDS = (
    # the force turns with the shaft: it shakes all that sounds once per revolution, and the casing at 1x; 2x and 3x
    # come from play (R. B. Randall, "Vibration-based Condition Monitoring", Wiley 2011, ch. 2)
    _Kind(
        "imbalance-like",
        "imbalance",
        (
            (_Move("swing at order 1", UP, 2), _Move("swing at order 1, rise", UP)),
            (_Move("order 1", UP), _Move("orders 1 to 3", UP)),
        ),
    ),
    # less flow, which comes in unevenly and separates from the blades: it swells slowly, there is more low noise of
    # turbulence, and less high noise of what flows through (T. Fukano, C.-M. Jang, JSV 275, 2004)
    _Kind(
        "flow-like",
        "a change of flow, such as clogging",
        (
            (_Move("slow swing", UP, 2),),
            (_Move("level of low octaves", UP), _Move("level of high octaves", DOWN)),
        ),
        stays=("swing at order 1", "fast swing, rise"),
    ),
    # another current makes the iron hum differently and its slots sing, and the speed follows the voltage; a tone is
    # steady, so that bands in which it is loud swing, vary and peak less
    _Kind(
        "supply-like",
        "a change of supply, such as of voltage",
        (
            (
                _Move("fast swing, fall", DOWN, 2),
                _Move("loudest moments, fall", DOWN),
                _Move("unsteadiness, fall", DOWN),
            ),
            (
                _Move("level, rise", UP),
                _Move("hum line that changed most", EITHER),
                _Move(ROTATION, UP, 0.5),
            ),
        ),
        stays=("slow swing", "swing at order 1", "fast swing, rise"),
        drowned_if="slow swing, fall",
    ),
    # blows that come some times per revolution ring at some kHz (Randall and Antoni 2011)
    _Kind(
        "bearing-like",
        "wear of a bearing",
        (
            (_Move("level of high octaves", UP, 2),),
            (_Move("fast swing, rise", UP),),
        ),
        stays=("swing at order 1",),
    ),
)
BEARING = "bearing-like"

WORDS = {
    "imbalance-like": r"imbalanc|unbalanc|out of balance|wucht(?!ig)",
    "flow-like": r"clog|block|filter|obstruct|airflow|air flow|verstopf|zugesetzt|ansaug|drossel|luftstrom",
    "supply-like": r"volt|phase|\bmains\b|(?<!air )\bsupply(?! air)|spannung|stromversorg|\bnetz",
    "bearing-like": r"\bbearing|spall|\b(inner|outer) race|(?<!ab)(?<!ver)lager|laufring|kugel",
}
"""Words that name a kind of fault, in English and German: German ones stand within others (Unterspannung)."""


@dataclass(frozen=True)
class Physics:
    """What changes of sound are consistent with.

    Parameters
    ----------
    kind : {"imbalance-like", "flow-like", "supply-like", "bearing-like"} or None
        None: nothing that physics knows well.
    scores : dict of str -> float
        Of every kind that could be told, the highest first; 0.7 is that of 1 deviation in all that should move.
    reasons : tuple of str
        What speaks for the kind, or the kinds that come nearest, in words.
    """

    kind: str | None
    scores: dict[str, float]
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All in words, for people to read: ``consistent with imbalance: order 1 +5.2 deviations``."""
        if self.kind is None:
            nearest = f" (nearest: {', '.join(self.reasons)})" if self.reasons else ""
            return f"consistent with nothing that physics knows well{nearest}"
        return f"consistent with {_FAULT_OF[self.kind]}: {', '.join(self.reasons)}"


def consistent_with(
    aspects: Mapping[str, float],
    *,
    nameplate: Nameplate | None = None,
    bearing_lines: Mapping[str, float] | None = None,
) -> Physics:
    """What the changes of a cluster are consistent with.

    Parameters
    ----------
    aspects : mapping of str -> float
        Mean or median aspects of its clips, as `auscult.faults.aspects.Aspects` names them, in deviations of normal
        clips. Those that are missing do not matter, and a kind is not told of which most are.
    nameplate : Nameplate, optional
        Of the machine; with its bearing, reasons say the order of a line.
    bearing_lines : mapping of str -> float, optional
        Height in dB of lines at the defect orders of its bearing, mean or median of its clips
        (`auscult.features.envelope_lines.bearing_evidence`): one of `LINE_DB` or more says wear of the bearing without
        anything else, and its dB above that count as deviations.

    Returns
    -------
    Physics
    """
    if abs(aspects.get(ROTATION, 0.0)) >= FASTEST:
        aspects = {}
    lines = {part: height for part, height in (bearing_lines or {}).items() if height >= LINE_DB}
    scores = {kind.name: _score(kind, aspects) for kind in KINDS if _is_known(kind, aspects)}
    if lines:
        worth = FLOOR + _compressed(max(lines.values()) - LINE_DB)
        scores[BEARING] = max(0.0, scores.get(BEARING, 0.0)) + worth
    ranked = dict(sorted(scores.items(), key=lambda item: -item[1]))
    best, second = [*ranked.values(), -math.inf, -math.inf][:2]
    kind = next((kind for kind in KINDS if kind.name in list(ranked)[:1]), None)
    of_bearing = _line_reasons(lines, nameplate) if kind and kind.name == BEARING else []
    if not kind or best < FLOOR or best - second < MARGIN or not (of_bearing or _has_all_marks(kind, aspects)):
        return Physics(None, ranked, tuple(f"{name} {ranked[name]:+.1f}" for name in list(ranked)[:2]))
    return Physics(kind.name, ranked, tuple([*of_bearing, *_reasons(kind, aspects)][:N_REASONS]))


def disagreement(fault_name: str, kind: str | None, sentence: str) -> str | None:
    """A warning if a name that a person gave says another kind of fault than physics.

    Parameters
    ----------
    fault_name : str
        In English or German; other words say no kind.
    kind, sentence
        Of `Physics`, as a discovery keeps them.

    Returns
    -------
    str or None
        None too if the name says several kinds, and that of physics is among them.
    """
    words = unicodedata.normalize("NFC", fault_name).casefold()
    said = [one for one in KINDS if re.search(WORDS[one.name], words)]
    if kind is None or not said or kind in {one.name for one in said}:
        return None
    others = " and ".join(one.fault for one in said)
    return f"the name {fault_name!r} says {others}, but the sound is {sentence}"


_FAULT_OF = {kind.name: kind.fault for kind in KINDS}


def _is_known(kind: _Kind, aspects: Mapping[str, float]) -> bool:
    if aspects.get(kind.drowned_if, 0.0) <= -DROWNED:
        return False
    known = sum(move.weight for move in kind.moves if move.aspect in aspects)
    return known >= LEAST_WEIGHT * sum(move.weight for move in kind.moves)


def _score(kind: _Kind, aspects: Mapping[str, float]) -> float:
    moves = [move for move in kind.moves if move.aspect in aspects]
    supports = [move.weight * _compressed(move.moved(aspects[move.aspect])) for move in moves]
    against = [_compressed(max(0.0, aspects[aspect])) for aspect in kind.stays if aspect in aspects]
    return sum(supports) / sum(move.weight for move in moves) - sum(against) / max(1, len(against))


def _compressed(deviations: float) -> float:
    """One mountain must not speak for all."""
    return math.copysign(math.log1p(abs(deviations)), deviations)


def _has_all_marks(kind: _Kind, aspects: Mapping[str, float]) -> bool:
    """Whether each mark of which anything is known is there."""
    moved = [[move.moved(aspects[move.aspect]) for move in mark if move.aspect in aspects] for mark in kind.marks]
    return all(max(of_mark) >= LEAST_MOVE for of_mark in moved if of_mark)


def _reasons(kind: _Kind, aspects: Mapping[str, float]) -> list[str]:
    """Aspects that speak for a kind, the strongest first."""
    moves = [move for move in kind.moves if move.aspect in aspects]
    moves.sort(key=lambda move: -move.weight * move.moved(aspects[move.aspect]))
    named = [move.aspect for move in moves if move.moved(aspects[move.aspect]) >= LEAST_MOVE]
    unit = [" deviations", *[""] * len(named)]
    return [f"{aspect} {aspects[aspect]:+.1f}{word}" for aspect, word in zip(named, unit, strict=False)]


def _line_reasons(lines: Mapping[str, float], nameplate: Nameplate | None) -> list[str]:
    orders = nameplate.bearing.defect_orders() if nameplate and nameplate.bearing else {}
    at = {part: f" at order {orders[part]:.2f}" for part in lines if part in orders}
    highest = sorted(
        (part for part in lines if lines[part] >= ECHO * max(lines.values())), key=lambda part: -lines[part]
    )
    return [f"line of the {part}{at.get(part, '')} {lines[part]:.1f} dB over the floor" for part in highest]
