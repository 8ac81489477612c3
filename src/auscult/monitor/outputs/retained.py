"""What a broker retains of this monitor, kept in the store: what is no longer in the settings is cleared there."""

import logging

from auscult.errors import DataError
from auscult.monitor.outputs.mqtt import retained_topics
from auscult.monitor.settings import MonitorSettings
from auscult.monitor.store.event_store import EventStore

KEY = "retained topics"
"""Of the store."""

log = logging.getLogger("auscult.monitor")


class RetainedTopics:
    """Topics on which something is retained, of these settings and of those before them.

    Parameters
    ----------
    settings : MonitorSettings
    store : EventStore

    Attributes
    ----------
    stale : list of str
        Those that are not in the settings any more.
    """

    def __init__(self, settings: MonitorSettings, store: EventStore) -> None:
        self._store = store
        self._known: list[str] = store.state(KEY) or []
        machines = [source.machine for source in settings.sources.values()]
        self._own = [] if settings.mqtt is None else retained_topics(settings.mqtt, settings.site, machines)
        self.stale = [topic for topic in self._known if topic not in self._own]

    def remember(self) -> None:
        """Keep that there will be something on the topics of these settings, too."""
        self._keep([*self._own, *self.stale])

    def forget_stale(self) -> None:
        """Keep that the others were cleared."""
        self._keep(self._own)

    def _keep(self, topics: list[str]) -> None:
        if topics == self._known:
            return
        try:
            self._store.set_state(KEY, topics)
            self._known = topics
        except DataError as error:  # then some stay at the broker: no reason to tell nothing
            log.warning("%s", error)
