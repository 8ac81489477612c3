"""What Home Assistant is told, so that machines appear in it by themselves: MQTT discovery, one device a machine."""

from collections.abc import Iterator, Sequence
from typing import Any

from auscult import __version__
from auscult.monitor.settings import MqttSettings, machine_slug

URL = "https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery"


def discovery(settings: MqttSettings, site: str, machines: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Topics and what is published there, retained.

    Parameters
    ----------
    settings : MqttSettings
        With a prefix of discovery.
    site : str
    machines : sequence of str
        Full names.

    Yields
    ------
    topic : str
    payload : dict
        As Home Assistant documents it: an alarm (problem), a score, a state and the microphone's health.
    """
    for machine in machines:
        slug = machine_slug(machine)
        base, unique = f"{settings.prefix}/{site}/{slug}", f"auscult_{site}_{slug}"
        device = {
            "identifiers": [unique],
            "name": f"{site} {machine}",
            "manufacturer": "Auscult",
            "model": "machine that is listened to",
            "sw_version": __version__,
        }
        common = {
            "device": device,
            "availability_topic": f"{settings.prefix}/{site}/status",
            "payload_available": "online",
            "payload_not_available": "offline",
        }
        entities: list[tuple[str, str, dict[str, Any]]] = [
            (
                "binary_sensor",
                "alarm",
                {
                    "name": "Alarm",
                    "device_class": "problem",
                    "state_topic": f"{base}/state",
                    "value_template": "{{ 'ON' if value_json.alarm == 'active' else 'OFF' }}",
                    "json_attributes_topic": f"{base}/state",
                },
            ),
            (
                "sensor",
                "state",
                {"name": "State", "state_topic": f"{base}/state", "value_template": "{{ value_json.state }}"},
            ),
            (
                "sensor",
                "score",
                {
                    "name": "Anomaly score",
                    "state_topic": f"{base}/score",
                    "value_template": "{{ value_json.score }}",
                    "state_class": "measurement",
                    "json_attributes_topic": f"{base}/score",
                },
            ),
            (
                "sensor",
                "health",
                {
                    "name": "Microphone",
                    "entity_category": "diagnostic",
                    "state_topic": f"{base}/health",
                    "value_template": "{{ value_json.health }}",
                    "json_attributes_topic": f"{base}/health",
                },
            ),
        ]
        for kind, name, own in entities:
            topic = f"{settings.discovery_prefix}/{kind}/{unique}/{name}/config"
            yield topic, own | {"unique_id": f"{unique}_{name}", **common}
