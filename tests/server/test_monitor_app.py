import threading

import anyio
import httpx

from auscult.monitor.settings import HttpSettings
from auscult.server.monitor_app import create_monitor_app

from .monitored import MonitorClient, detail


def test_the_root_leads_to_the_page(asked):
    assert asked.get("/").headers["location"] == "/ui/"


def test_health(asked):
    assert asked.get("/v2/health/live").json() == {"live": True}
    assert asked.get("/v2/health/ready", headers={"Host": "anything"}).json() == {"ready": True}


def test_every_answer_is_guarded(asked):
    for path in ("/ui/", "/ui/main.js", "/api/overview", "/api/nothing", "/metrics"):
        headers = asked.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_other_hosts_names_are_refused(asked):
    assert "not called so" in detail(asked.get("/api/overview", headers={"Host": "evil.example"}), 403)


def test_what_is_not_there_is_a_problem(asked):
    detail(asked.get("/api/nothing"), 404)
    detail(asked.get("/api/login"), 405)


def test_the_monitor_may_be_replaced(alarmed, make_monitor):
    current = [alarmed]
    app = create_monitor_app(lambda: current[0], HttpSettings())

    async def n_open():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            return (await client.get("/api/overview")).json()["n_open"]

    assert anyio.run(n_open) == 1
    current[0] = make_monitor()
    assert anyio.run(n_open) == 0


def test_one_whose_thread_has_ended_is_not_ready(monitor, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(monitor.commands, "run", lambda: 1 / 0)
    monitor.start()
    monitor._thread.join(10)
    try:
        assert "thread has ended" in detail(MonitorClient(monitor).get("/v2/health/ready"), 503)
    finally:
        monitor.stop()


def test_while_the_monitor_is_replaced_it_takes_no_orders(alarmed, alarm_id):
    alarmed.start()
    alarmed.stop()
    answer = MonitorClient(alarmed).send(f"/api/alarms/{alarm_id}/acknowledge", {"who": "Ada"})
    assert "Try again in some seconds" in detail(answer, 503)
    assert answer.headers["retry-after"] == "5"
