"""compose.yaml as it is written; `test_compose.py` starts it."""

import re
from pathlib import Path

import pytest
import yaml

SERVICES = yaml.safe_load((Path(__file__).parents[2] / "containers" / "compose.yaml").read_text())["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_memory_is_bounded(name):
    assert re.fullmatch(r"\d+m", SERVICES[name]["mem_limit"])


def test_the_brokers_password_is_on_no_command_line():
    broker = SERVICES["mosquitto"]
    (command,) = broker["command"]
    programs = [part for part in re.split(r"&&|[|]", command) if "PASSWORD" in part]
    assert all(part.split()[0] == "printf" for part in programs)  # a part of the shell
    assert "mosquitto_passwd -c" in command
    assert "PASSWORD" not in " ".join(broker["healthcheck"]["test"])
