"""A rolling bearing's geometry -> how often in a revolution each of its parts would strike if it had a flaw."""

import math
from dataclasses import dataclass

from auscult.errors import OptionError


@dataclass(frozen=True)
class Bearing:
    """A rolling bearing whose outer race stands still and whose inner race turns with the shaft.

    Parameters
    ----------
    n_rollers : int, 3 to 100
        Balls or rollers in one row.
    diameter_ratio : float in (0, 1)
        Diameter of a roller over that of the circle on which their centres run, the pitch circle.
    contact_deg : float in [0, 90)
        Angle at which a roller touches the races, 0 in a deep-groove ball bearing without axial load.

    References
    ----------
    R. B. Randall, J. Antoni, "Rolling element bearing diagnostics - A tutorial", Mechanical Systems and Signal
    Processing 25, 2011, equations 1 to 4. Rollers slip, so that what is heard is a percent or two off.

    Raises
    ------
    OptionError
        If there can be no such bearing.
    """

    n_rollers: int
    diameter_ratio: float
    contact_deg: float = 0.0

    def __post_init__(self) -> None:
        if not 3 <= self.n_rollers <= 100:
            problem = f"expected 3 to 100 rollers, got {self.n_rollers}"
            raise OptionError("bearing", problem, "Count the balls or rollers of one row.")
        room = math.sin(math.pi / self.n_rollers)
        if not 0 < self.diameter_ratio <= room:
            problem = f"expected a diameter ratio up to {room:.3f}, as {self.n_rollers} rollers have room for"
            remedy = "Divide the diameter of a roller by that of the pitch circle."
            raise OptionError("bearing", f"{problem}, got {self.diameter_ratio}", remedy)
        if not 0 <= self.contact_deg < 90:
            problem = f"expected a contact angle of 0 to less than 90 degrees, got {self.contact_deg}"
            raise OptionError("bearing", problem, "Leave it out if it is not known.")

    def outer_race_order(self) -> float:
        """Times per revolution that a roller passes a flaw of the outer race (BPFO)."""
        return self.n_rollers / 2 * (1 - self._reach())

    def inner_race_order(self) -> float:
        """Times per revolution that a roller passes a flaw of the inner race (BPFI)."""
        return self.n_rollers / 2 * (1 + self._reach())

    def roller_order(self) -> float:
        """Revolutions of a roller about itself per revolution of the shaft (BSF); a flaw strikes twice in each."""
        return (1 - self._reach() ** 2) / (2 * self.diameter_ratio)

    def cage_order(self) -> float:
        """Revolutions of the cage, and of the rollers in it, per revolution of the shaft (FTF)."""
        return (1 - self._reach()) / 2

    def defect_orders(self) -> dict[str, float]:
        """All four by the part that is flawed: outer race, inner race, roller, cage."""
        return {
            "outer race": self.outer_race_order(),
            "inner race": self.inner_race_order(),
            "roller": self.roller_order(),
            "cage": self.cage_order(),
        }

    def _reach(self) -> float:
        return self.diameter_ratio * math.cos(math.radians(self.contact_deg))
