"""Recordings -> the sampling rate and number of channels that most of them have."""

from collections import Counter
from collections.abc import Iterable

from auscult.audio.header import read_header
from auscult.audio.storage import open_recording
from auscult.errors import AuscultError


def most_common_format(locations: Iterable[str]) -> tuple[int, int] | None:
    """Most common sampling rate in Hz, and the most common number of channels at it; the headers are read.

    Parameters
    ----------
    locations : iterable of str
        Paths or URLs; those whose headers cannot be read do not count. Of rates equally common the highest is taken, as
        it can be brought down.

    Returns
    -------
    (int, int), or None if no header can be read
    """
    found: Counter[tuple[int, int]] = Counter()
    for location in locations:
        try:
            with open_recording(location) as (file, n_bytes):
                header = read_header(file, n_bytes, location)
        except AuscultError:
            continue  # reported with its reason when it is read in full
        found[header.sr, header.n_channels] += 1
    if not found:
        return None
    rates: Counter[int] = Counter()
    for (sr, _), n in found.items():
        rates[sr] += n
    sr = max(rates, key=lambda rate: (rates[rate], rate))
    return max((own for own in found if own[0] == sr), key=lambda own: (found[own], own))
