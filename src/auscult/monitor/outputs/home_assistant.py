"""What Home Assistant is told, so that machines appear in it by themselves: MQTT discovery, one device a machine."""

from collections.abc import Iterator, Sequence
from typing import Any

from auscult import __version__
from auscult.monitor.settings import MqttSettings, machine_slug

URL = "https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery"
MACHINE_TOPICS = ("state", "score", "health")
"""What is retained of a machine."""


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
        for kind, name, own in _entities(base):
            topic = f"{settings.discovery_prefix}/{kind}/{unique}/{name}/config"
            yield topic, own | {"unique_id": f"{unique}_{name}", **common}


def _entities(base: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, name and settings of what a machine shows, from its topics."""
    state, score, health = (f"{base}/{topic}" for topic in MACHINE_TOPICS)
    alarm = {"name": "Alarm", "device_class": "problem", "state_topic": state, "json_attributes_topic": state}
    number = {
        "name": "Anomaly score",
        "state_class": "measurement",
        "state_topic": score,
        "json_attributes_topic": score,
    }
    microphone = {"name": "Microphone", "entity_category": "diagnostic", "state_topic": health}
    return [
        ("binary_sensor", "alarm", alarm | {"value_template": "{{ 'ON' if value_json.alarm == 'active' else 'OFF' }}"}),
        ("sensor", "state", {"name": "State", "state_topic": state, "value_template": "{{ value_json.state }}"}),
        ("sensor", "score", number | {"json_attributes_topic": score, "value_template": "{{ value_json.score }}"}),
        (
            "sensor",
            "health",
            microphone | {"json_attributes_topic": health, "value_template": "{{ value_json.health }}"},
        ),
    ]
