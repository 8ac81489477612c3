"""What is the case with every machine now, told to pages and outputs when it changes."""

from collections.abc import Callable
from dataclasses import replace

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.live_view import LiveView, MachineNow
from auscult.monitor.machine_watch import Heard, MachineWatch
from auscult.monitor.sources.reader import SourceStatus


class Present:
    """The machines as they are now.

    Parameters
    ----------
    live : LiveView
        That pages look at.
    show : callable
        Called with a machine about which something is new.

    Attributes
    ----------
    machines : dict of str to MachineNow
    """

    def __init__(self, live: LiveView, show: Callable[[MachineNow], None]) -> None:
        self._live, self._show_machine = live, show
        self.machines: dict[str, MachineNow] = {}

    def has_heard(self, machine: str) -> bool:
        """Whether sound came from a machine since the start."""
        return self.machines[machine].at is not None

    def show_source(self, machine: str, status: SourceStatus) -> None:
        """Say how a machine's source is."""
        now = self.machines[machine]
        self.machines[machine] = now.beside(status, now.alarm)
        self._show_machine(self.machines[machine])

    def show(self, watch: MachineWatch, alarm: Alarm, heard: Heard) -> tuple[MachineNow, MachineNow]:
        """Say what is the case with a machine.

        Parameters
        ----------
        watch : MachineWatch
        alarm : Alarm
            The machine's.
        heard : Heard
            What was heard since the last time.

        Returns
        -------
        MachineNow
            As it was.
        MachineNow
            As it is.
        """
        before, health = self.machines[watch.machine], watch.health
        now = replace(before, alarm=alarm, ignored=watch.why_ignored())
        if health is not None:
            now = replace(now, health=health)
        for decided in heard.decided:
            last = decided.detection
            now = replace(now, threshold=last.threshold, evidence=last.evidence, alarm_at=last.alarm_at)
            now = replace(now, fault=last.fault)
        for window, score, state in heard.windows:
            now = replace(now, at=window.at, score=score, state=state, level_db=window.level_db)
            self._live.hear(watch.machine, window, now)
        self.machines[watch.machine] = now
        if heard.windows or now != before:
            self._show_machine(now)
        return before, now
