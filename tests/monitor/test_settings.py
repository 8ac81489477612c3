import pytest
from pydantic import ValidationError

from auscult.monitor.settings import MonitorSettings, machine_slug

HALL = {"kind": "replay", "machine": "fan/id_00", "path": "x.wav"}


def settings(**more):
    return MonitorSettings.model_validate({"bundle": "m.auscult", "sources": {"hall": HALL}} | more)


def problem(**more):
    with pytest.raises(ValidationError) as caught:
        settings(**more)
    return str(caught.value)


def test_a_bundle_and_a_source_are_enough():
    found = settings()
    assert found.sources["hall"].machine == "fan/id_00"
    assert found.http is not None
    assert found.mqtt is None


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("microphone", {"device": "USB"}),
        ("stream", {"url": "rtsp://camera/audio"}),
        ("folder", {"path": "incoming"}),
        ("socket", {"port": 7000}),
        ("stdin", {}),
        ("replay", {"path": "x.wav", "speed": 100}),
    ],
)
def test_each_kind_of_source(kind, more):
    found = settings(sources={"hall": {"kind": kind, "machine": "fan/id_00"} | more})
    assert found.sources["hall"].kind == kind


def test_two_sources_of_one_machine_are_refused():
    said = problem(sources={"hall": HALL, "roof": HALL})
    assert "'roof' and 'hall' listen to the same machine, fan/id_00" in said


def test_machines_that_a_topic_could_not_tell_apart_are_refused():
    assert "same machine" in problem(sources={"hall": HALL, "roof": HALL | {"machine": "fan-id_00"}})


def test_two_readers_of_the_standard_input_are_refused():
    stdin = {"kind": "stdin", "machine": "fan/id_00"}
    said = problem(sources={"hall": stdin, "roof": stdin | {"machine": "fan/id_02"}})
    assert "hall and roof read it" in said


@pytest.mark.parametrize(
    ("sources", "more", "said"),
    [
        ({"a": 7000, "b": 7000}, {}, "sources.b.port: a listens on port 7000, too"),
        ({"a": 5000}, {}, "sources.a.port: http listens on port 5000, too"),
        ({"a": 5001}, {"http": {"port": 5001, "host": "0.0.0.0"}}, "http listens on port 5001, too"),
    ],
)
def test_a_port_is_one_listeners(sources, more, said):
    kinds = {name: {"kind": "socket", "port": port, "machine": name} for name, port in sources.items()}
    assert said in problem(sources=kinds, **more)


def test_ports_of_different_addresses_and_any_that_is_free_are_not_the_same():
    socket = {"kind": "socket", "port": 5000, "host": "192.0.2.7"}
    assert settings(sources={"a": socket | {"machine": "a"}}).sources["a"].port == 5000
    free = {name: {"kind": "socket", "port": 0, "machine": name} for name in "ab"}
    assert len(settings(sources=free, http={"port": 0}).sources) == 2


def test_a_channel_that_is_not_recorded_is_refused():
    hall = {"kind": "stdin", "machine": "fan/id_00", "n_channels": 2}
    assert settings(sources={"hall": hall | {"channels": 1}}).sources["hall"].channels == 1
    assert "there is no channel 2" in problem(sources={"hall": hall | {"channels": 2}})


def test_states_from_a_topic_need_a_broker():
    assert "needs a broker" in problem(states={"topic": "plant/{machine}/run"})
    assert settings(states={"topic": "plant/{machine}/run"}, mqtt={"host": "broker"}).states.topic is not None


@pytest.mark.parametrize(
    "more",
    [
        {"sources": {}},
        {"sources": {"a b": HALL}},
        {"site": "a/b"},
        {"alarms": {"on_delay_s": -1}},
        {"alarms": {"clear_below": 1}},
        {"decisions": {"step_s": 0}},
        {"store": {"keep_mb": 0}},
        {"mqtt": {"host": "b", "prefix": "a/#"}},
        {"webhooks": {"ops": {"url": "ftp://x"}}},
        {"colour": "red"},
        {"sources": {"hall": HALL | {"speed": "nan"}}},
    ],
)
def test_what_cannot_be_is_refused(more):
    problem(**more)


def test_secrets_are_not_printed():
    found = settings(mqtt={"host": "b", "password": "open sesame"}, http={"token": "open sesame"})
    assert "sesame" not in repr(found)


def test_a_machine_is_one_level_of_a_topic():
    assert machine_slug("fan/id_00") == "fan-id_00"
    assert not set(machine_slug("a/b+c#d e")) & set("/+# ")
