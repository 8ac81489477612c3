import pytest
from pydantic import TypeAdapter, ValidationError

from auscult.monitor.settings_types import Channel, Host, Level, Topic, Url


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Host, "broker"),
        (Host, "my_service.example."),
        (Host, "192.0.2.7"),
        (Host, "::1"),
        (Url, "rtsp://camera/audio"),
        (Url, "sound/x.mp4"),
        (Topic, "plant/{machine}/run"),
        (Channel, "mean"),
        (Channel, 3),
        (Channel, None),
        (Level, "info"),
    ],
)
def test_what_is_possible(kind, value):
    assert TypeAdapter(kind).validate_python(value) == value


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (Host, "mqtt://broker", "without scheme, port and path"),
        (Host, "broker:1883", "without scheme, port and path"),
        (Host, "no host", "expected a name or an address"),
        (Url, "localhost:8080/x", "http:// or rtsp:// is missing: write it as http://localhost:8080/x"),
        (Topic, "plant/#", "may not have + and #"),
        (Topic, "plant/{machin}/run", "there is no {machin}: {machine} stands for each machine"),
        (Topic, "plant/{machine", "there is no {machine: "),
        (Channel, "left", "expected mean, or the number of a channel, from 0"),
        (Channel, -1, "expected mean, or the number"),
    ],
)
def test_what_is_not(kind, value, said):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert said in caught.value.errors()[0]["msg"]
    assert len(caught.value.errors()) == 1


def test_levels_in_any_case():
    assert TypeAdapter(Level).validate_python("INFO") == "info"
