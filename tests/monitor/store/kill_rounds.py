"""A process of its own, which again and again kills one that writes to a store, and looks what is there afterwards.

``kill_rounds.py FOLDER N_KILLS SEED [damage]``: with "damage", pages are overwritten before some of the rounds.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from auscult.monitor.detection import Detection
from auscult.monitor.event import Event, new_id
from auscult.monitor.store import alarm_journal
from auscult.monitor.store.event_store import EventStore

T0 = 1_800_000_000.0
alarm_journal.LEAST_BYTES = 20_000  # so that the journal is made smaller all the time


def write(folder, pipe):
    """Raise and acknowledge alarms until killed; each is told only after the call has returned."""
    store = EventStore.open(folder, outputs=("mqtt",), clock=lambda: T0)
    number = len(store.alarms(limit=10**6)) + 1
    while True:
        alarm = {"raised_at": T0 + number, "cleared_at": None, "acknowledged_at": None}
        event = Event(new_id(T0 + number), T0 + number, "fan", "alarm", "raised", {"number": number})
        with store.transaction():
            store.add_detection(
                Detection("fan", T0 + number, 1.0, 2.0, 0.5, 0.5, 3.0, False, False, None, "running", -30.0)
            )
            store.save_alarm("fan", f"A{number}", alarm, [{"at": T0 + number, "what": "raised"}], [event])
            store.set_state("number", number)
        os.write(pipe, b"raised %d\n" % number)
        store.mark_delivered("mqtt", [event.id for event in store.undelivered("mqtt", 1)])
        alarm["acknowledged_at"] = T0 + number
        store.save_alarm("fan", f"A{number}", alarm, [{"at": T0 + number, "what": "acknowledged", "who": "Ada"}])
        os.write(pipe, b"acknowledged %d\n" % number)
        store.tidy()
        number += 1


def run_and_kill(folder, rng):
    """Lines of a writer until it was killed."""
    read, pipe = os.pipe()
    if (writer := os.fork()) == 0:
        try:
            write(folder, pipe)
        except BaseException as error:
            os.write(pipe, f"failed {error!r}\n".encode())
            raise
        finally:
            os._exit(1)
    os.close(pipe)
    time.sleep(rng.uniform(0, 0.2))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    with os.fdopen(read, "rb") as told:
        return [line.decode().split(maxsplit=1) for line in told.read().split(b"\n") if line]


def check(folder, told, *, is_damaged):
    """Open the store as after the crash; what was told has to be in it, and whole."""
    with EventStore.open(folder, outputs=("mqtt",), clock=lambda: T0) as store:
        alarms = {int(alarm.alarm_id[1:]): alarm for alarm in store.alarms(limit=10**6)}
        assert set(told["raised"]) <= alarms.keys(), "an alarm was lost"
        for number in told["acknowledged"]:
            assert alarms[number].acknowledged_at == T0 + number, "an acknowledgement was lost"
        changes = [(change["at"] - T0, change["what"]) for change in store.alarm_changes(limit=10**6)]
        assert set(changes) >= {(number, what) for what, numbers in told.items() for number in numbers}
        assert sorted(alarms) == list(range(1, len(alarms) + 1))
        if not is_damaged:
            number = store.state("number") or 0
            assert number == len(alarms), "half of a transaction is there"
            assert {detection.at - T0 for detection in store.detections("fan", limit=10**6)} == set(alarms)
            assert not store.events(kind="monitor"), "a crash was taken for damage"
            assert len(store.events(limit=10**6)) == len(alarms)


def damage(path, rng):
    """Overwrite a few places of a file with random bytes."""
    if path.exists():
        with path.open("r+b") as file:
            for _ in range(rng.choice([1, 3])):
                file.seek(rng.randrange(max(path.stat().st_size - 4096, 1)))
                file.write(rng.randbytes(rng.choice([1, 512, 4096])))


def main():
    folder, n_kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    is_damaged = sys.argv[4:] == ["damage"]
    told = {"raised": set(), "acknowledged": set()}
    for _ in range(n_kills):
        for what, number in run_and_kill(folder, rng):
            assert what in told, number
            told[what].add(int(number))
        if is_damaged and rng.random() < 0.3:
            damage(folder / rng.choice(["monitor.sqlite", "monitor.sqlite-wal"]), rng)
        if rng.random() < 0.5:
            check(folder, told, is_damaged=is_damaged)
    check(folder, told, is_damaged=is_damaged)
    sys.stdout.write(f"{len(told['acknowledged'])} acknowledged")


main()
