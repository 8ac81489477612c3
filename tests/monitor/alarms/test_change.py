import json

import pytest

from auscult.monitor.alarms.change import AlarmChange


@pytest.mark.parametrize("at", [0.0, 1_790_000_000.1, 1_790_000_000.123_456_7])
def test_comes_back_exactly_from_json(at):
    change = AlarmChange(at, "fan/id_00", "01J", "acknowledged", "acknowledged", who="Ann Łęcka", why='"grease"\n')
    assert AlarmChange.from_dict(json.loads(json.dumps(change.to_dict()))) == change
