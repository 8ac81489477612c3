"""``auscult monitor``: live sources -> alarms, events, MQTT and a page, for years."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from auscult.cli.output import err, out, print_json
from auscult.cli.promises import broken_promises
from auscult.errors import OptionError

if TYPE_CHECKING:
    from auscult.monitor.settings import HttpSettings
    from auscult.monitor.supervisor import Supervisor
    from auscult.server.run import HttpServer


def monitor(
    settings: Path | None = typer.Argument(None, metavar="auscult.yaml", help="What to listen to, and all else."),
    check: bool = typer.Option(False, "--check", help="Say whether the settings and the bundle are good, and end."),
    print_default: bool = typer.Option(False, "--print-default", help="Print settings to begin with, and end."),
    schema: bool = typer.Option(False, "--schema", help="Print the JSON Schema of the settings, and end."),
    until_finished: bool = typer.Option(
        False, "--until-finished", help="End when every source has come to its end: recordings, or the standard input."
    ),
) -> None:
    """Listen to machines, raise alarms, keep and tell what happens, until SIGTERM or Ctrl-C.

    The settings and the bundle may be changed meanwhile: what is good is taken. docs/monitor.md explains them.
    """
    if print_default or schema:
        from auscult.monitor.settings_reference import default_settings, settings_schema

        if schema:
            print_json(settings_schema(), indent=2)
        else:
            out.print(default_settings(), markup=False)
        return
    if settings is None:
        remedy = "Write one, beginning with: auscult monitor --print-default > auscult.yaml"
        raise OptionError("auscult.yaml", "no settings are given", remedy)
    if check:
        _check(settings)
        return
    from auscult.monitor.settings_file import read_settings
    from auscult.monitor.supervisor import Supervisor

    server = _take_port(read_settings(settings).http)
    try:
        supervisor = Supervisor(settings)
    except BaseException:
        if server is not None:
            server.close()
        raise
    _run(supervisor, settings, server, until_finished=until_finished)


def _check(path: Path) -> None:
    """Say that settings are good, and which promises they cannot keep."""
    from auscult.monitor.settings_check import check_settings

    told, bundle = check_settings(path)
    out.print(f"{path}: good, {len(told.sources)} source(s) listened to with {told.bundle.name}", markup=False)
    for line in broken_promises(bundle, (source.machine for source in told.sources.values())):
        out.print(line, markup=False)


def _take_port(http: "HttpSettings | None") -> "HttpServer | None":
    """Take the port of the page before anything else is begun; None: there is to be no page."""
    if http is None:
        return None
    from auscult.server.run import HttpServer

    return HttpServer(http.host, http.port, remedy="Say another in the settings: http.host and http.port; 0: any free.")


def _run(supervisor: "Supervisor", path: Path, server: "HttpServer | None", *, until_finished: bool) -> None:
    from auscult.monitor.logs import set_up

    set_up(supervisor.settings.log)
    is_told_to_stop = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        is_told_to_stop.set()

    def is_over() -> bool:
        return is_told_to_stop.is_set() or (until_finished and supervisor.monitor.is_finished)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        supervisor.start()
        page = f", page on {server.url}" if server is not None else ""
        err.print(f"auscult: listening as {path} says{page}", markup=False)
        monitor = supervisor.monitor
        for line in broken_promises(monitor.bundle, (one.machine for one in monitor.settings.sources.values())):
            err.print(line, markup=False)
        if server is None:
            supervisor.watch(is_over=is_over)
        else:
            _serve_page(supervisor, server, is_over)
    finally:
        supervisor.stop()
        sys.stderr.flush()


def _serve_page(supervisor: "Supervisor", server: "HttpServer", is_over: Callable[[], bool]) -> None:
    """Serve the page in this thread, and look after the monitor in another."""
    from auscult.server.monitor_app import create_monitor_app

    failures: list[BaseException] = []

    def watch() -> None:
        try:
            supervisor.watch(is_over=is_over)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            server.stop()

    http = supervisor.settings.http
    assert http is not None
    threading.Thread(target=watch, name="supervisor", daemon=True).start()
    server.run(create_monitor_app(lambda: supervisor.monitor, http, is_stopping=lambda: server.is_stopping))
    if failures:
        raise failures[0]
