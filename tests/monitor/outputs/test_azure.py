import gc

import pytest

from auscult.errors import OptionError
from auscult.monitor import desired
from auscult.monitor.outputs.azure import AzureOutput

from .conftest import wait_until

pytestmark = [
    pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLSv1_2 is deprecated:DeprecationWarning"),  # the SDK's
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets that paho leaves to Python
]


@pytest.fixture
def speak(hub, outbox, settings_of, tmp_path, monkeypatch):
    """Starts an output that speaks with the hub, as a module that IoT Edge started would."""
    monkeypatch.setenv("EdgeHubConnectionString", hub.connection_string)
    monkeypatch.setenv("EdgeModuleCACertificateFile", str(tmp_path / "ca.pem"))
    outputs = []

    def speak(on_method=lambda _name, _payload: (200, {}), settings=None, **azure):
        settings = settings or settings_of(azure={"changes_every_s": 0.01} | azure)
        outputs.append(AzureOutput(settings.azure, settings, outbox, on_method, first_wait_s=0.05))
        outputs[-1].start()
        return outputs[-1]

    yield speak
    for output in outputs:
        output.stop()
    outputs.clear()
    gc.collect()


def last_problem(hub):
    """What the module reported last of what went wrong; it may not have yet."""
    return (hub.reported.get("last_error") or {}).get("problem", "")


def test_events_leave_in_order_with_their_identifiers_and_properties(hub, outbox, speak):
    events = [outbox.add(number=number) for number in range(20)]
    output = speak()
    wait_until(lambda: not outbox.undelivered("azure", 1))
    assert [body["id"] for body in hub.of("events")] == [event.id for event in events]
    properties, body = hub.messages[0]
    assert body == events[0].to_dict()
    assert properties["$.mid"] == events[0].id
    assert (properties["$.ct"], properties["$.ce"]) == ("application/json", "utf-8")
    assert (properties["kind"], properties["what"], properties["machine"]) == ("alarm", "raised", "fan/id_00")
    wait_until(lambda: output.status.n_delivered == 20)


def test_events_wait_while_the_hub_is_away_and_none_is_lost(hub, outbox, speak):
    output = speak()
    events = [outbox.add(number=0)]
    output.wake()
    wait_until(lambda: not outbox.undelivered("azure", 1))
    hub.stop()
    wait_until(lambda: not output.status.is_connected)
    assert "nothing is lost" in output.status.error
    events += [outbox.add(number=number) for number in range(1, 30)]
    output.wake()
    hub.start()
    wait_until(lambda: not outbox.undelivered("azure", 1))
    assert [body["id"] for body in hub.of("events")] == [event.id for event in events]
    assert output.status.is_connected
    wait_until(lambda: output.status.n_delivered == 30)
    wait_until(lambda: "nothing is lost" in last_problem(hub))


def test_a_hub_that_goes_away_among_events_gets_each_again_with_the_same_identifier(hub, outbox, speak):
    ids = [outbox.add(number=number).id for number in range(300)]
    speak()
    wait_until(lambda: len(hub.of("events")) > 20)
    hub.stop()
    hub.start()
    wait_until(lambda: not outbox.undelivered("azure", 1))
    came = [properties["$.mid"] for properties, _ in hub.messages if properties["$.on"] == "events"]
    assert list(dict.fromkeys(came)) == [one for one in ids if one in came]
    # the broker that plays the hub may have taken one that nobody had got from it when it was stopped
    assert len(ids) - len(set(came)) <= 1


def test_what_is_the_case_leaves_when_it_has_changed_and_not_too_often(hub, speak):
    output = speak(changes_every_s=0.5, scores_every_s=3600)
    running, ended = {"state": "running", "alarm": "none"}, {"state": "running", "alarm": "active"}
    output.show("fan/id_00", "state", running)
    output.show("fan/id_00", "score", {"score": 0.5})
    wait_until(lambda: hub.of("states") and hub.of("scores"))
    for number in range(50):
        output.show("fan/id_00", "state", {"state": f"{number}", "alarm": "none"})
        output.show("fan/id_00", "score", {"score": float(number)})
    output.show("fan/id_00", "state", ended)
    wait_until(lambda: len(hub.of("states")) == 2)
    assert hub.of("states") == [{"machine": "fan/id_00", **running}, {"machine": "fan/id_00", **ended}]
    assert hub.of("scores") == [{"machine": "fan/id_00", "score": 0.5}]
    wait_until(lambda: hub.reported.get("machines") == {"fan-id_00": ended})


def test_the_twin_has_what_is_in_force(hub, speak, settings_of, trained_bundle):
    hub.reported |= {"machines": {"gone": {"state": "off"}}, "version": "0.0.0"}
    settings = settings_of(azure={}, site="north", alarms={"off_delay_s": 7})
    speak(settings=settings)
    wait_until(lambda: hub.reported.get("desired"))
    assert hub.reported["desired"] == {"version": 1, "code": 200, "said": "in force"}
    assert hub.reported["settings"]["alarms"] == settings.alarms.model_dump()
    assert hub.reported["bundle"]["name"] == trained_bundle.name
    assert hub.reported["bundle"]["digest"].startswith("sha256:")
    assert hub.reported["site"] == "north"
    assert "gone" not in hub.reported["machines"]
    assert hub.n_patches == 1


def test_desired_properties_are_kept_if_they_are_good(hub, speak, settings_of):
    settings = settings_of(azure={})
    speak(settings=settings)
    wait_until(lambda: hub.reported.get("desired"))
    hub.want(alarms={"off_delay_s": 7}, decisions={"step_s": 5})
    wait_until(lambda: hub.reported["desired"] == {"version": 2, "code": 202, "said": "taken within seconds"})
    assert desired.in_force(settings).alarms.off_delay_s == 7
    assert desired.in_force(settings).decisions.step_s == 5
    hub.want(alarms=None)
    wait_until(lambda: hub.reported["desired"]["version"] == 3)
    assert desired.in_force(settings).alarms == settings.alarms


def test_wrong_desired_properties_are_refused_and_the_last_good_ones_hold(hub, speak, settings_of):
    settings = settings_of(azure={})
    hub.desired |= {"alarms": {"off_delay_s": 7}}
    speak(settings=settings)
    wait_until(lambda: desired.kept(settings))
    hub.want(alarms={"off_delay_s": -1}, mqtt={"host": "evil"})
    wait_until(lambda: hub.reported.get("desired", {}).get("version") == 2)
    assert hub.reported["desired"]["code"] == 400
    assert "alarms.off_delay_s: it should be greater than or equal to 0, got -1" in hub.reported["desired"]["said"]
    assert "mqtt: a twin may not change it" in hub.reported["desired"]["said"]
    assert hub.reported["last_error"]["problem"] == hub.reported["desired"]["said"]
    assert desired.in_force(settings).alarms.off_delay_s == 7


def test_direct_methods_are_answered(hub, speak):
    called = []

    def on_method(name, payload):
        called.append((name, payload))
        if name == "break":
            raise RuntimeError("broken")
        return (200, {"well": True}) if name == "ping" else (400, {"problem": "say who"})

    speak(on_method)
    wait_until(lambda: hub.reported.get("desired"))
    assert hub.call("ping", {"a": 1}) == (200, {"well": True})
    assert hub.call("acknowledge", {}) == (400, {"problem": "say who"})
    wait_until(lambda: last_problem(hub) == "say who")
    status, answer = hub.call("break", None)
    assert status == 500
    assert "broken" in answer["problem"]
    assert called == [("ping", {"a": 1}), ("acknowledge", {}), ("break", None)]


def test_a_hub_that_does_not_answer_is_left(hub, outbox, speak, monkeypatch):
    monkeypatch.setattr("auscult.monitor.outputs.azure.LONGEST_CALL_S", 0.5)
    hub.is_answering = False
    event = outbox.add()
    output = speak()
    wait_until(lambda: "no answer within" in output.status.error)
    hub.is_answering = True
    wait_until(lambda: not outbox.undelivered("azure", 1))
    assert hub.of("events") == [event.to_dict()]


def test_a_connection_string(hub, outbox, speak, monkeypatch, tmp_path):
    monkeypatch.setenv("MODULE_CONNECTION", hub.connection_string)
    outbox.add()
    speak(connection_variable="MODULE_CONNECTION", ca_file=tmp_path / "ca.pem")
    wait_until(lambda: hub.of("events"))


def test_a_hub_with_another_certificate_is_not_spoken_with(hub, outbox, speak, monkeypatch, caplog):
    monkeypatch.setenv("MODULE_CONNECTION", hub.connection_string)
    outbox.add()
    output = speak(connection_variable="MODULE_CONNECTION")
    wait_until(lambda: "certificate" in output.status.error.lower())
    assert not hub.messages
    assert "SharedAccessKey" not in output.status.error + caplog.text


def test_a_connection_string_that_is_none_stops_nothing(speak, monkeypatch):
    monkeypatch.setenv("MODULE_CONNECTION", "nonsense")
    output = speak(connection_variable="MODULE_CONNECTION")
    wait_until(lambda: "onnection" in output.status.error)
    assert output._thread.is_alive()


def test_what_to_connect_with_has_to_be_said(speak):
    with pytest.raises(OptionError, match="MODULE_CONNECTION: is not set"):
        speak(connection_variable="MODULE_CONNECTION")
