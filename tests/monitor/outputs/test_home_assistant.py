from auscult.monitor.outputs.home_assistant import discovery
from auscult.monitor.settings import MqttSettings


def test_each_machine_is_a_device_with_four_entities_of_their_own():
    found = dict(discovery(MqttSettings(host="b", prefix="p", discovery_prefix="ha"), "north", ["fan/id_00", "pump/1"]))
    assert len(found) == 8
    assert len({payload["unique_id"] for payload in found.values()}) == 8
    assert len({payload["device"]["identifiers"][0] for payload in found.values()}) == 2
    for topic, payload in found.items():
        assert topic.startswith(("ha/binary_sensor/", "ha/sensor/"))
        assert topic.endswith("/config")
        assert len(topic.split("/")) == 5  # an identifier with a slash would be another topic
        assert payload["availability_topic"] == "p/north/status"
        assert payload["state_topic"].rpartition("/")[0] in ("p/north/fan-id_00", "p/north/pump-1")
