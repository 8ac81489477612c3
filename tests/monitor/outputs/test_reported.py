import hashlib

import pytest

from auscult import __version__
from auscult.monitor.outputs.pace import Said
from auscult.monitor.outputs.reported import bundle_report, changes, reported

from .fake_hub import merge


def test_settings_bundle_and_machines(settings_of):
    machines = [
        Said("fan/id_00", "state", {"state": "running", "fault": None}),
        Said("fan/id_00", "health", {"health": "normal"}),
        Said("fan/id_00", "score", {"score": 1.0}),
    ]
    found = reported(settings_of(site="north"), {"name": "fan.auscult"}, machines)
    assert found["machines"] == {"fan-id_00": {"state": "running", "fault": None, "health": "normal"}}
    assert (found["site"], found["version"]) == ("north", __version__)
    assert set(found["settings"]) == {"alarms", "decisions", "health"}
    assert found["settings"]["alarms"]["off_delay_s"] == 60


def test_names_are_those_that_a_twin_takes(settings_of):
    """https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-device-twins#device-twin-properties"""

    def check(part, depth=1):
        assert depth <= 10
        for name, value in part.items():
            assert not set(name) & set(". $")
            assert not isinstance(value, list)
            if isinstance(value, dict):
                check(value, depth + 1)

    check(reported(settings_of(), {"name": "fan.auscult"}, [Said("fan 1.5/$x", "state", {"state": "off"})]))


def test_digest_is_that_of_the_file(tmp_path):
    (tmp_path / "fan.auscult").write_bytes(b"bundle")
    digest = f"sha256:{hashlib.sha256(b'bundle').hexdigest()}"
    assert bundle_report(tmp_path / "fan.auscult") == {"name": "fan.auscult", "digest": digest}


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({}, {"a": 1, "b": None}, {"a": 1}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 3}}),
        ({"a": {"b": 1}, "d": 1}, {"a": {}}, {"a": {"b": None}, "d": None}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": {}}, {"a": {}}, {}),
    ],
)
def test_changes_make_one_of_the_other(before, after, patch):
    assert changes(before, after) == patch
    if not isinstance(before.get("a"), int):
        merge(before, patch)
        assert changes(before, after) == {}
