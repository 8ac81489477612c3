import json
import logging

import pytest

from auscult.monitor.logs import LOGGER, set_up
from auscult.monitor.settings import LogSettings


@pytest.fixture(autouse=True)
def restored():
    logger = logging.getLogger(LOGGER)
    before = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def test_lines_for_people(capsys):
    set_up(LogSettings(level="warning"))
    logging.getLogger("auscult.monitor").info("quiet")
    logging.getLogger("auscult.monitor").warning("loud: %s", 3)
    said = capsys.readouterr().err
    assert "quiet" not in said
    assert said.endswith("Z warning loud: 3\n")


def test_an_object_a_line_for_machines(capsys):
    set_up(LogSettings(is_json=True))
    logger = logging.getLogger("auscult.monitor")
    logger.info("two\nlines")
    try:
        raise ValueError("x")
    except ValueError:
        logger.exception("failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert first["message"] == "two\nlines"
    assert first["level"] == "info"
    assert "ValueError: x" in second["problem"]


def test_set_up_twice_says_everything_once(capsys):
    set_up(LogSettings())
    set_up(LogSettings())
    logging.getLogger("auscult.monitor").info("once")
    assert capsys.readouterr().err.count("once") == 1
