"""What is known of a machine beforehand: the figures on its nameplate."""

import math
from dataclasses import dataclass

from auscult.errors import OptionError


@dataclass(frozen=True)
class Nameplate:
    """A machine's nominal figures; leave out what is not known.

    Parameters
    ----------
    rotation_hz : float > 0, optional
        Nominal rotation frequency in Hz, a sixtieth of the rpm: the true one is sought within 5 % of it.
    n_blades : int > 0, optional
        Blades of a fan or vanes of a pump.
    """

    rotation_hz: float | None = None
    n_blades: int | None = None

    def __post_init__(self) -> None:
        if self.rotation_hz is not None and not (math.isfinite(self.rotation_hz) and 0.5 <= self.rotation_hz <= 1000):
            problem = f"expected a rotation frequency of 0.5 to 1000 Hz (30 to 60000 rpm), got {self.rotation_hz} Hz"
            raise OptionError("nameplate", problem, "Give revolutions in a minute divided by 60.")
        if self.n_blades is not None and not 1 <= self.n_blades <= 1000:
            raise OptionError("nameplate", f"expected 1 to 1000 blades, got {self.n_blades}", "Count them again.")
