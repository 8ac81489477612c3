"""Keeps a monitor running on the settings' file and the bundle as they are now; what is not good is not taken."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from auscult.bundle import Bundle, load
from auscult.errors import AuscultError, MachineError
from auscult.monitor.desired import desired_path, in_force
from auscult.monitor.feedback.desk import expire, recall
from auscult.monitor.live_bundle import check_bundle
from auscult.monitor.monitor import Monitor
from auscult.monitor.settings import MonitorSettings
from auscult.monitor.settings_file import read_settings
from auscult.monitor.store.event_store import EventStore
from auscult.monitor.telling import output_names

log = logging.getLogger("auscult.monitor")
LOOK_S = 2.0
"""Time between looks at the files."""
EXPIRE_S = 600.0
"""Time between looks at what people said and does not count any more."""
COMPARE_S = 86400.0
"""Time after which it is told again what a shadow would have done."""


class Supervisor:
    """Runs a monitor, and runs it anew when its settings or its bundle have changed.

    Parameters
    ----------
    path : Path
        The settings.
    environ : mapping of str -> str, optional
        Environment variables; this process's if left out.

    Attributes
    ----------
    settings : MonitorSettings
        That hold now.
    monitor : Monitor
        That runs now.

    Raises
    ------
    AuscultError
        If the settings or the bundle cannot be used, or another monitor uses the store.
    """

    def __init__(self, path: Path, environ: Mapping[str, str] | None = None) -> None:
        self._path, self._environ = path, environ
        self.settings = in_force(read_settings(path, environ))
        self._stamps = self._stamp()
        bundle = checked_bundle(self.settings)
        self._store = _open_store(self.settings)
        self.monitor = self._made(self.settings, bundle)
        self._is_stopping = threading.Event()
        self._expire_at = 0.0
        self._compare_at = time.monotonic() + COMPARE_S

    def start(self) -> None:
        """Begin to listen."""
        self.monitor.start()

    def watch(self, *, is_over: Callable[[], bool] = lambda: False) -> None:
        """Look after it until `stop` is called, or it is over.

        Parameters
        ----------
        is_over : callable
            Asked at every look.
        """
        while not self._is_stopping.wait(LOOK_S) and not is_over():
            self.look()
            self._say_what_is_due()

    def look(self) -> None:
        """Look at the files, and take what is new in them if it is good."""
        stamps = self._stamp()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            settings = in_force(read_settings(self._path, self._environ))
            bundle = checked_bundle(settings)
        except AuscultError as error:
            log.error("%s Nothing was changed.", error)
            self._note("settings refused", {"problem": str(error)})
            return
        self._stamps = self._stamp(settings)
        self._run(settings, bundle)

    def stop(self) -> None:
        """End."""
        self._is_stopping.set()
        self.monitor.stop()
        self._store.close()

    def _say_what_is_due(self) -> None:
        """Tell what comes with time; what cannot be kept now is told next time, and stops nothing."""
        now = time.monotonic()
        try:
            if now >= self._expire_at:
                self._expire_at = now + EXPIRE_S
                expire(self.monitor)
            if now >= self._compare_at:
                self._compare_at = now + COMPARE_S
                self.monitor.commands.do(self.monitor.compare_shadows)
        except AuscultError as error:
            log.error("%s", error)

    def _note(self, what: str, body: dict[str, str]) -> None:
        """Tell something about the settings; the log has it in any case."""
        try:
            self.monitor.note(what, body)
        except AuscultError as error:
            log.error("%s", error)

    def _run(self, settings: MonitorSettings, bundle: Bundle) -> None:
        """Run on with other settings; with the former if that fails."""
        before, before_bundle = self.settings, self.monitor.bundle
        if settings.http != before.http or settings.log != before.log:
            log.warning("%s: what it says of http and log is taken when the monitor is started anew", self._path)
        self.monitor.stop()
        try:
            self._renew(settings, bundle)
        except AuscultError as error:
            log.error("%s The settings from before are taken again.", error)
            self._renew(before, before_bundle)
            self._note("settings refused", {"problem": str(error)})
            return
        self._note("settings taken", {"bundle": str(settings.bundle)})

    def _renew(self, settings: MonitorSettings, bundle: Bundle) -> None:
        if settings.store != self.settings.store or output_names(settings) != output_names(self.settings):
            self._store.close()
            self._store = _open_store(settings)
        self.monitor = self._made(settings, bundle)
        self.monitor.start()
        self.settings = settings

    def _made(self, settings: MonitorSettings, bundle: Bundle) -> Monitor:
        """A monitor that knows what people said."""
        shadow = load(settings.shadow) if settings.shadow is not None else None
        monitor = Monitor(settings, bundle, self._store, shadow=shadow)
        recall(monitor)
        return monitor

    def _stamp(self, settings: MonitorSettings | None = None) -> list[tuple[int, int, int] | None]:
        """What the files are like; of one that is not there, nothing."""
        settings = settings or self.settings
        stamps: list[tuple[int, int, int] | None] = []
        twin = [desired_path(settings)] if settings.azure is not None else []
        for path in (self._path, settings.bundle, *([settings.shadow] if settings.shadow else []), *twin):
            try:
                status = path.stat()
                stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
            except OSError:
                stamps.append(None)
        return stamps


def checked_bundle(settings: MonitorSettings) -> Bundle:
    """Bundle of the settings, which knows all of their machines and passes its golden samples.

    Raises
    ------
    BundleError
        If it cannot be used.
    MachineError
        If it does not know a machine.
    """
    bundle, where = check_bundle(settings.bundle), str(settings.bundle)
    known = list(bundle.detector.machines) if bundle.detector is not None else []
    for name, source in settings.sources.items():
        if source.machine not in known:
            problem = f"sources.{name}.machine: the bundle {where} does not know this machine"
            remedy = f"It knows {', '.join(known)}: name one of them, or enrol "
            raise MachineError(source.machine, problem, f"{remedy}this one: auscult enroll {where} DIR.")
    return bundle


def _open_store(settings: MonitorSettings) -> EventStore:
    store = settings.store
    return EventStore.open(store.path, outputs=output_names(settings), keep_days=store.keep_days, keep_mb=store.keep_mb)
