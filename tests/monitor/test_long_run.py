"""A whole day of sound through a started monitor: `benchmarks/day.py` prints the figures."""

import day
import numpy as np
import pytest

from .outputs.conftest import broker, broker_of, listen  # noqa: F401 - fixtures

GROWTH_MB = 5.0
"""What a process may differ by from hour to hour: what it has freed and not given back."""
RESERVE_MB = 2.1
LATE_MB = 1.0
"""Room for what has come since the store was tidied: hundreds of times as much as in real time."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_day_of_sound_needs_no_more_memory_and_disk_than_its_beginning(tmp_path, broker, listen):  # noqa: F811
    listener = listen(broker.port)
    day.make(tmp_path)
    hours = list(day.hear(tmp_path, broker.port))
    assert len(hours) == 24
    memory_mb = np.array([hour.memory_mb for hour in hours[1:]])  # the first hour is begun with what all others share
    assert memory_mb[-3:].mean() - memory_mb[:3].mean() < GROWTH_MB
    assert max(hour.disk_mb for hour in hours) < day.KEEP_MB + RESERVE_MB + LATE_MB
    told = "".join(listener.of("auscult/site/fan-id_00/event"))
    assert told.count('"what": "raised"') >= 24
    assert told.count('"what": "cleared"') >= 23
