"""A started process, a real broker, a real browser, and a fan whose bearing wears out: what a person goes through."""

import json
import signal
import time

import httpx
import pytest

from ..server.conftest import browser  # noqa: F401 - fixtures
from ..server.page import sign_in, wait_for
from .outputs.conftest import broker, broker_of, listen, wait_until  # noqa: F401 - fixtures
from .plant import TOKEN, alarming_bundle, fan, plant  # noqa: F401 - fixtures


@pytest.mark.slow
def test_a_fault_is_told_shown_acknowledged_and_outlives_a_kill(plant, broker, listen, browser, live_machine):  # noqa: F811
    listener = listen(broker.port)
    topic = plant.topic

    def events(what):
        return [one for one in map(json.loads, listener.of(f"{topic}/event")) if one["what"] == what]

    def state():
        return json.loads(listener.of(f"{topic}/state")[-1])

    # normal sound first, and then the fault: it is told and kept
    plant.start()
    wait_until(lambda: len(listener.of(f"{topic}/score")) > 2, 60)
    assert not events("raised")
    plant.sender.kind = "worn"
    wait_until(lambda: events("raised"), 60)
    (raised,) = events("raised")
    alarm_id = raised["body"]["alarm_id"]
    assert raised["machine"] == live_machine
    assert plant.ask("SELECT alarm_id, is_active, acknowledged_at FROM alarms") == [(alarm_id, 1, None)]

    # a person sees it on the page, listens to it, and acknowledges it by a click
    page = browser.open(f"{plant.url}/ui/#/")
    wait_for(page, "alarm", ".card")
    sign_in(page, TOKEN)
    wait_until(lambda: plant.ask("SELECT count(*) FROM audio") == [(1,)])  # the page itself looks every ten seconds
    page.evaluate(f"location.hash = '#/alarms/{alarm_id}'")
    page.wait_until("document.querySelector('audio')?.duration > 3")
    page.click(".recording button")
    page.wait_until("document.querySelector('audio').currentTime > 0.3")
    page.click("button.main")
    wait_for(page, "acknowledged by Ada")
    assert page.complaints() == []
    wait_until(lambda: events("acknowledged"))
    assert events("acknowledged")[0]["body"]["who"] == "Ada"
    wait_until(lambda: state()["alarm_state"] == "acknowledged")
    ((acknowledged_at,),) = plant.ask("SELECT acknowledged_at FROM alarms")
    assert raised["body"]["raised_at"] < acknowledged_at < time.time()

    # killed at once, it is said to be offline; started again, it knows all of that, and alarms no second time
    plant.end(signal.SIGKILL)
    wait_until(lambda: listener.of("auscult/north/status")[-1] == "offline", 60)
    plant.start()
    wait_until(lambda: listener.of("auscult/north/status")[-1] == "online", 60)
    page.evaluate("location.reload()")
    wait_for(page, "acknowledged by Ada")
    page.close()
    (known,) = httpx.get(f"{plant.url}/api/alarms").json()["alarms"]
    assert (known["id"], known["acknowledged_by"]) == (alarm_id, "Ada")
    assert plant.end(signal.SIGTERM) == 0
    alarms = plant.ask("SELECT alarm_id, is_active, acknowledged_at FROM alarms")
    assert alarms == [(alarm_id, 1, acknowledged_at)]
    assert {one["id"] for one in events("raised")} == {raised["id"]}
    assert plant.ask("SELECT count(*) FROM deliveries")[0][0] <= 1  # that it stopped may have been said too late
    told = list(dict.fromkeys(json.loads(one)["id"] for one in listener.of(f"{topic}/event")))
    kept = plant.ask(f"SELECT id FROM events WHERE machine = '{live_machine}' ORDER BY seq")
    assert told == [event_id for (event_id,) in kept][: len(told)]
