"""The monitor: sources in threads of their own, and one thread in which everything else happens."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from auscult.bundle import Bundle
from auscult.errors import AuscultError, OptionError
from auscult.features import LogMel
from auscult.monitor.alarms.change import AlarmChange
from auscult.monitor.alarms.desk import AlarmDesk
from auscult.monitor.commands import Commands
from auscult.monitor.decisions.known_sounds import KnownSounds
from auscult.monitor.keeper import Keeper
from auscult.monitor.live_view import LiveView, MachineNow
from auscult.monitor.machine_watch import Decided, Heard, MachineWatch, watch_key
from auscult.monitor.outputs.outbox import OutputStatus
from auscult.monitor.present import Present
from auscult.monitor.problem_log import ProblemLog
from auscult.monitor.settings import MonitorSettings
from auscult.monitor.sources.blocks import Block, Blocks
from auscult.monitor.sources.readers import SourceReaders
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.event_store import EventStore
from auscult.monitor.telling import Teller
from auscult.monitor.vitals import Vitals

TICK_S = 1.0
"""Time between looks at everything that changes without sound."""


class Monitor:
    """Listens to machines for years.

    Parameters
    ----------
    settings : MonitorSettings
    bundle : Bundle
        That judges; it has passed its golden samples.
    store : EventStore
    shadow : Bundle, optional
        That judges beside it.
    clock : callable
        Unix time in seconds.

    Attributes
    ----------
    desk : AlarmDesk
    live : LiveView
    vitals : Vitals
    commands : Commands
        For other threads: what changes anything is done in the monitor's.
    watches : dict of str to MachineWatch
        By machine; the monitor's thread owns them, and `keeper`.
    keeper : Keeper

    Raises
    ------
    OptionError
        If the bundle learnt no normal sound.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        bundle: Bundle,
        store: EventStore,
        *,
        shadow: Bundle | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.bundle, self.shadow, self.store, self.clock = settings, bundle, shadow, store, clock
        features = bundle.manifest.features
        if bundle.detector is None or not isinstance(features, LogMel):
            raise OptionError("bundle", "has a classifier, and no model of normal sound", "Train one: auscult train.")
        self.live = LiveView(features.hop_length / features.sr)
        self.vitals = Vitals([source.machine for source in settings.sources.values()])
        self._teller = Teller(settings, store, self.live, on_state=self._told, act=self.act)
        self.keeper = Keeper(store, self._teller.tell)
        self.desk = AlarmDesk(store, settings.alarms, self.keeper.will_tell, clock)
        self._blocks = Blocks(settings.decisions.backlog_s)
        self.commands = Commands(self._blocks.wake)
        self.watches: dict[str, MachineWatch] = {}
        self._present = Present(self.live, self._teller.show)
        self._readers = SourceReaders(settings, self._blocks, clock)
        self._problems = ProblemLog()
        self._recipe = recipe_id(features)
        for name in settings.sources:
            self._add(name)
        self._is_stopping, self._next_tick = threading.Event(), 0.0
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self.commands.belong_to(self._thread)

    def start(self) -> None:
        """Begin to listen.

        Raises
        ------
        MissingExtraError
            If a library of an output is not installed.
        """
        self._teller.start()
        self._event("monitor", "started", "", {"bundle": str(self.settings.bundle)})
        self.keeper.keep(partial(self.desk.give_up_others, self.watches, at=self.clock()))
        self._thread.start()
        self._readers.start()

    def stop(self) -> None:
        """Stop to listen; what was heard is kept, recordings of alarms as far as they go."""
        self._readers.stop()
        self._is_stopping.set()
        self._blocks.wake()
        if self._thread.ident is not None:  # else it was never started
            self._thread.join()
        self._teller.stop()

    @property
    def has_failed(self) -> bool:
        """Whether the thread in which everything happens has ended, and nobody has stopped it."""
        return self._thread.ident is not None and not (self._thread.is_alive() or self._is_stopping.is_set())

    @property
    def is_finished(self) -> bool:
        """Whether every source has come to its end, and all of it was heard."""
        return self._readers.are_finished

    def overview(self) -> list[MachineNow]:
        """Every machine now, in the order of the settings."""
        return [
            self._present.machines[source.machine].beside(
                self._readers.status(name), self.desk.board.of(source.machine)
            )
            for name, source in self.settings.sources.items()
        ]

    @property
    def statuses(self) -> list[OutputStatus]:
        """How each output is."""
        return self._teller.statuses

    def act(self, machine: str, change: Callable[..., Any], **values: Any) -> list[AlarmChange]:
        """Change a machine's alarm on a person's word, and return when that is kept.

        Parameters
        ----------
        machine : str
            Full name.
        change : callable
            Of `auscult.monitor.alarms.inputs`: acknowledge, reset, shelve, ...
        **values
            Its arguments but for the alarm and the time.

        Raises
        ------
        OptionError
            If it makes no sense now.
        DataError
            If the store cannot keep it.
        """

        def change_now() -> list[AlarmChange]:
            at = self.watches[machine].now(self.clock()) if machine in self.watches else self.clock()
            changes = self.desk.take(machine, partial(change, at=at, **values), at=at)
            self.keeper.tell()
            return changes

        return self.commands.do(change_now)

    def compare_shadows(self) -> None:
        """Tell what the other bundle would have done so far, if one judges beside."""
        for watch in self.watches.values():
            if words := watch.said_of_shadow():
                self._event("monitor", "shadow compared", watch.machine, {"words": words})

    def note(self, what: str, body: dict[str, Any]) -> None:
        """Keep and tell something about the monitor itself."""
        self.commands.do(partial(self._event, "monitor", what, "", body))

    def _add(self, name: str) -> None:
        """Make ready to listen to a source."""
        source = self.settings.sources[name]
        remembered, last = self.store.state(watch_key(source.machine)), self.store.last_detection(source.machine)
        more: dict[str, Any] = {"remembered": remembered, "last": last, "shadow": self.shadow, "known": KnownSounds()}
        watch = self.watches[source.machine] = MachineWatch(self.bundle, source, self.settings, **more)
        self._present.machines[source.machine] = MachineNow(source.machine, name, self.desk.board.of(source.machine))
        self._readers.add(name, sr_wanted=self.bundle.manifest.features.sr, heard=watch.folder)

    def _run(self) -> None:
        while not self._is_stopping.is_set():
            block = self._blocks.take(TICK_S / 2)
            self.commands.run()
            if block is not None:
                with self._problems.guard(f"sources.{block.source}"):
                    self._hear(block)
            now = time.monotonic()
            if now >= self._next_tick:
                self._next_tick = now + TICK_S
                with self._problems.guard("monitor"):
                    self._tick()
        for watch in self.watches.values():
            for recording in watch.finish():
                self.keeper.keep(partial(self.store.add_audio, watch.machine, recording))
            self._remember(watch)
        self.compare_shadows()
        self._say_sources()
        self.commands.end()
        self._event("monitor", "stopped", "")

    def _hear(self, block: Block) -> None:
        machine = self.settings.sources[block.source].machine
        watch, began = self.watches[machine], time.perf_counter()
        try:
            heard = watch.hear(block, self.clock())
        except AuscultError as error:
            if block.refusal is None:
                self._problems.say(machine, str(error))
            else:  # each recording is another
                self._event("source", "refused", machine, {"source": block.source, "error": str(error)})
            return
        self._problems.say(machine, "")
        for decided in heard.decided:
            self.keeper.keep(partial(self._take, watch, decided))
        for recording in heard.recordings:
            self.keeper.keep(partial(self.store.add_audio, machine, recording))
        self._show(watch, heard)
        vitals, spent_s = self.vitals.machines[machine], time.perf_counter() - began
        vitals.heard_s += block.duration_s
        vitals.busy_s += spent_s
        if heard.decided:
            vitals.decisions.add(spent_s)

    def _take(self, watch: MachineWatch, decided: Decided) -> None:
        """Keep a detection and what follows from it: all of it, or nothing."""
        detection, machine = decided.detection, watch.machine
        with self.desk.transaction():
            self.store.add_detection(detection, decided.descriptors, recipe=self._recipe)
            why = watch.why_ignored()
            changes = self.desk.suppress(machine, why, at=detection.at)
            if not why:
                changes += self.desk.observe(detection)
        for change in changes:
            if change.what == "raised":
                watch.record(change.alarm_id, change.at)
                self.vitals.machines[machine].n_alarms += 1

    def _show(self, watch: MachineWatch, heard: Heard) -> None:
        """Say what is the case now, to pages and outputs."""
        machine = watch.machine
        before, now = self._present.show(watch, self.desk.board.of(machine), heard)
        if (before.health.word, before.health.cause) != (now.health.word, now.health.cause):
            said = {"cause": now.health.cause, "detail": now.health.detail, "remedy": now.health.remedy}
            self._event("health", now.health.word, machine, said)
            self._remember(watch)
        if before.state != now.state and now.state:
            self._event("state", now.state, machine, {"before": before.state})

    def _tick(self) -> None:
        """Look at everything that changes without sound."""
        wall = self.clock()
        self._say_sources()
        for watch in self.watches.values():
            with self._problems.guard(f"{watch.machine}, as time passes"):
                self._tick_machine(watch, wall)
        self.keeper.tidy()
        self.vitals.mark(time.monotonic())

    def _tick_machine(self, watch: MachineWatch, wall: float) -> None:
        watch.tick(wall)
        machine, at, why = watch.machine, watch.now(wall), watch.why_ignored()
        if why or self._present.has_heard(machine):  # else nothing says yet that the sound counts again
            self.keeper.keep(partial(self.desk.suppress, machine, why, at=at))
        self.keeper.keep(partial(self.desk.advance, machine, at=at))
        self._show(watch, Heard())
        if watch.has_news(wall):
            self._remember(watch)

    def _remember(self, watch: MachineWatch) -> None:
        self.keeper.keep(partial(self.store.set_state, watch_key(watch.machine), watch.to_dict()))

    def _say_sources(self) -> None:
        for status in self._readers.news():
            machine = self.settings.sources[status.source].machine
            self._present.show_source(machine, status)
            self._event("source", status.state, machine, {"source": status.source, "error": status.error})

    def _told(self, machine: str, payload: str) -> None:
        watch = self.watches[machine]
        self.commands.later(partial(watch.told, payload, watch.now(self.clock())))

    def _event(self, kind: str, what: str, machine: str, body: dict[str, Any] | None = None) -> None:
        """Keep and tell something that happened now."""
        at = self.watches[machine].now(self.clock()) if machine else self.clock()
        self.keeper.event(kind, what, machine, at, body)
