"""What happens, as it happens: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).

========== ==== ===============================================================================================
``ready``  id   the stream has begun; the id is that of the last event that was kept
``event``  id   an event as `auscult.monitor.event.Event.to_dict` has it
``window``      a machine's last window: score, evidence, level, state; of one machine the spectrogram's columns, too
========== ==== ===============================================================================================

Only events have ids, so that a browser that comes back says the last one that it saw; what was kept since comes first.
"""

import asyncio
import json
import queue
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio

from auscult.monitor.event import Event
from auscult.monitor.monitor import Monitor

LOOK_S = 0.2
"""How often a stream looks for news: no thread waits for each of them."""
ALIVE_S = 15.0
"""Time after which a comment is sent, so that nothing on the way takes the stream for dead."""
MOST_RESUMED = 1000
"""Events that are sent to a browser that comes back; one that missed more has to load its page again."""


async def event_stream(
    monitor: Callable[[], Monitor],
    *,
    last_id: str = "",
    columns_of: str = "",
    is_stopping: Callable[[], bool] = lambda: False,
) -> AsyncIterator[str]:
    """Messages until the monitor is replaced, the server stops, or the reader is too slow; then it may come back.

    Parameters
    ----------
    monitor : callable
        Gives the present monitor.
    last_id : str
        Of the last event that was seen; empty: only news.
    columns_of : str
        Machine whose columns of the spectrogram are wanted.
    is_stopping : callable
    """
    current = monitor()
    with current.live.listen() as news:
        missed = await anyio.to_thread.run_sync(_missed, current, last_id)
        yield "retry: 2000\n\n"
        for event in missed:
            yield _event(event.to_dict())
        sent = {event.id for event in missed}
        yield message("ready", {}, await anyio.to_thread.run_sync(_latest, current))
        said_at = time.monotonic()
        while monitor() is current and not is_stopping() and current.live.is_listening(news):
            text = "".join(_messages(news, sent, columns_of))
            if text or time.monotonic() >= said_at + ALIVE_S:
                said_at = time.monotonic()
                yield text or ": alive\n\n"
            await asyncio.sleep(LOOK_S)


def message(kind: str, content: dict[str, Any], id_: str = "") -> str:
    """One server-sent event.

    Parameters
    ----------
    kind : str
    content : dict
        As JSON can hold it.
    id_ : str
        Empty for none.
    """
    start = f"id: {id_}\n" if id_ else ""
    return f"{start}event: {kind}\ndata: {json.dumps(content)}\n\n"


def _messages(news: "queue.Queue[dict[str, Any]]", sent: set[str], columns_of: str) -> list[str]:
    """What has come; events that were sent already are left out."""
    found: list[str] = []
    while True:
        try:
            one = news.get_nowait()
        except queue.Empty:
            return found
        if one["kind"] == "event":
            if one["event"]["id"] not in sent:
                found.append(_event(one["event"]))
        else:
            is_wanted = one["machine"] == columns_of
            found.append(message("window", {k: v for k, v in one.items() if is_wanted or not k.startswith("column")}))


def _event(content: dict[str, Any]) -> str:
    return message("event", content, content["id"])


def _missed(monitor: Monitor, last_id: str) -> list[Event]:
    return monitor.store.events(after=last_id, limit=MOST_RESUMED) if last_id else []


def _latest(monitor: Monitor) -> str:
    return next((event.id for event in monitor.store.latest_events(1)), "")
