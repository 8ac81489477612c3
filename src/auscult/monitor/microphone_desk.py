"""What people do with a microphone that is listened to: commission it anew, after it or its place was changed."""

from auscult.monitor.event import Event, new_id
from auscult.monitor.machine_watch import watch_key
from auscult.monitor.monitor import Monitor


def commission_anew(monitor: Monitor, machine: str, who: str, why: str = "") -> None:
    """Forget what a machine's microphone was like, and learn it from the minutes that follow.

    Parameters
    ----------
    monitor : Monitor
    machine : str
        Full name.
    who, why : str
        For the record: an event of the kind ``health`` says both.

    Raises
    ------
    DataError
        If the store cannot keep it; then nothing is forgotten.
    """

    def commission_now() -> None:
        watch, store = monitor.watches[machine], monitor.store
        at = watch.now(monitor.clock())
        event = Event(new_id(at), at, machine, "health", "commissioned anew", {"who": who, "why": why})
        with store.transaction():
            store.set_state(watch_key(machine), watch.to_dict() | {"baseline": None})
            store.add_event(event)
        watch.commission_anew()
        monitor.keeper.will_tell(event)
        monitor.keeper.tell()

    monitor.commands.do(commission_now)
