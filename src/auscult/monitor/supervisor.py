"""Keeps a monitor running on the settings' file and the bundle as they are now; what is not good is not taken."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from auscult.bundle import Bundle, load
from auscult.errors import AuscultError, DataError, MachineError
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

Stamps = dict[Path, tuple[int, int, int] | None]
"""What files are like; of one that is not there, nothing."""


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
        self.settings, self._stamps = self._read()
        bundle = checked_bundle(self.settings)
        shadow, self._shadow_problem = _load_shadow(self.settings)
        self._store = _open_store(self.settings)
        self.monitor = _made(self.settings, bundle, self._store, shadow)
        self._is_stopping = threading.Event()
        self._expire_at = 0.0
        self._compare_at = time.monotonic() + COMPARE_S

    def start(self) -> None:
        """Begin to listen."""
        self.monitor.start()
        self._note_shadow(self._shadow_problem)

    def watch(self, *, is_over: Callable[[], bool] = lambda: False) -> None:
        """Look after it until `stop` is called, or it is over.

        Parameters
        ----------
        is_over : callable
            Asked at every look.

        Raises
        ------
        DataError
            If the monitor has ended by itself: who started this process is to start it anew.
        """
        while not self._is_stopping.wait(LOOK_S) and not is_over():
            if self.monitor.has_failed:
                raise DataError("monitor", "its thread has ended", "Start it anew; the log says why it ended.")
            self.look()
            self._say_what_is_due()

    def look(self) -> None:
        """Look at the files, and take what is new in them if it is good."""
        before = _stamps_of(_files(self._path, self.settings))
        if before == self._stamps:
            return
        self._stamps = before
        try:
            settings, stamps = self._read()
            bundle = checked_bundle(settings)
        except AuscultError as error:
            log.error("%s Nothing was changed.", error)
            self._note("settings refused", {"problem": str(error)})
            return
        if self._run(settings, bundle):
            self._stamps = stamps

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

    def _note_shadow(self, problem: str) -> None:
        """Say why no other bundle judges beside the live one."""
        if problem:
            log.error("%s No bundle judges beside the live one.", problem)
            self._note("shadow refused", {"problem": problem})

    def _run(self, settings: MonitorSettings, bundle: Bundle) -> bool:
        """Run on with other settings, or with the former if that fails; say whether it is the others."""
        before, former = self.settings, self.monitor
        if settings.http != before.http or settings.log != before.log:
            log.warning("%s: what it says of http and log is taken when the monitor is started anew", self._path)
        shadow, shadow_problem = _load_shadow(settings)
        former.stop()
        try:
            self._renew(settings, bundle, shadow)
        except AuscultError as error:
            log.error("%s The settings from before are taken again.", error)
            self._start(before, former.bundle, self._store, former.shadow)
            self._note("settings refused", {"problem": str(error)})
            return False
        self._note("settings taken", {"bundle": str(settings.bundle)})
        self._note_shadow(shadow_problem)
        return True

    def _renew(self, settings: MonitorSettings, bundle: Bundle, shadow: Bundle | None) -> None:
        """Start another monitor; if that fails, the store is open as it was."""
        before, former = self.settings, self._store
        if settings.store == before.store and output_names(settings) == output_names(before):
            self._start(settings, bundle, former, shadow)
            return
        is_same_folder = settings.store.path.resolve() == before.store.path.resolve()
        if is_same_folder:  # which one at a time may write to
            former.close()
        try:
            store = _open_store(settings)
            try:
                self._start(settings, bundle, store, shadow)
            except BaseException:
                store.close()
                raise
        except BaseException:
            if is_same_folder:
                self._store = _open_store(before)
            raise
        self._store = store
        former.close()

    def _start(self, settings: MonitorSettings, bundle: Bundle, store: EventStore, shadow: Bundle | None) -> None:
        monitor = _made(settings, bundle, store, shadow)
        monitor.start()
        self.monitor, self.settings = monitor, settings

    def _read(self) -> tuple[MonitorSettings, Stamps]:
        """The settings in force, and what each file they are made of was like before it was read."""
        first = _stamps_of([self._path])
        settings = read_settings(self._path, self._environ)
        stamps = _stamps_of(_files(self._path, settings)) | first
        return in_force(settings), stamps


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


def _load_shadow(settings: MonitorSettings) -> tuple[Bundle | None, str]:
    """The bundle that is to judge beside the live one, and why there is none although the settings name it."""
    try:
        return (None if settings.shadow is None else load(settings.shadow)), ""
    except AuscultError as error:
        return None, str(error)


def _made(settings: MonitorSettings, bundle: Bundle, store: EventStore, shadow: Bundle | None) -> Monitor:
    """A monitor that knows what people said."""
    monitor = Monitor(settings, bundle, store, shadow=shadow)
    recall(monitor)
    return monitor


def _files(path: Path, settings: MonitorSettings) -> list[Path]:
    """Files that a monitor is made of."""
    twin = [desired_path(settings)] if settings.azure is not None else []
    return [path, settings.bundle, *([settings.shadow] if settings.shadow is not None else []), *twin]


def _stamps_of(paths: list[Path]) -> Stamps:
    stamps: Stamps = {}
    for path in paths:
        try:
            status = path.stat()
            stamps[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            stamps[path] = None
    return stamps
