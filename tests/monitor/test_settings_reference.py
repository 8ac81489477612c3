import json
import re
from pathlib import Path

import pytest

from auscult.monitor.settings import (
    AlarmSettings,
    AzureSettings,
    HealthSettings,
    HttpSettings,
    MonitorSettings,
    MqttSettings,
    StoreSettings,
    WebhookSettings,
)
from auscult.monitor.settings_file import read_settings
from auscult.monitor.settings_reference import SOURCES, default_settings, settings_schema, settings_tables


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "auscult.yaml").write_text(text)
        return read_settings(tmp_path / "auscult.yaml", {})

    return read


def test_the_file_to_begin_with_can_be_read_as_it_is(read):
    found = read(default_settings())
    assert found.sources["hall"].kind == "microphone"
    assert found.alarms == MonitorSettings.model_fields["alarms"].default


def test_its_comments_are_the_defaults(read):
    """Whoever takes away all the # signs has what held before, and the sections that are not used otherwise."""
    text = re.sub(r"(?m)^#(?! \w)", "", default_settings())  # comments in words have one blank
    text = text.replace("host: ...", "host: broker").replace("url: ...", "url: http://ops")
    whole, short = read(text), read(default_settings())
    assert whole.mqtt.host == "broker"
    assert whole.webhooks["a-name"].url == "http://ops"
    assert whole.model_copy(update={"mqtt": None, "azure": None, "webhooks": {}}) == short


def test_every_setting_stands_in_the_tables():
    text = settings_tables()
    models = [
        *SOURCES,
        AlarmSettings,
        AzureSettings,
        HealthSettings,
        HttpSettings,
        MqttSettings,
        StoreSettings,
        WebhookSettings,
    ]
    for model in models:
        for name, field in model.model_fields.items():
            assert name == "kind" or f"| `{name}` |" in text
            assert name == "kind" or field.description in text
    for name in MonitorSettings.model_fields:
        assert f"`{name}`" in text


def test_schema_is_json_schema():
    schema = settings_schema()
    json.dumps(schema)
    assert schema["required"] == ["bundle", "sources"]
    assert schema["additionalProperties"] is False


def test_the_reference_page_is_made_of_it():
    page = Path(__file__).parents[2] / "docs" / "monitor.md"
    assert page.read_text().endswith(settings_tables())
