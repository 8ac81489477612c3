import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from auscult.errors import DataError
from auscult.monitor.store import alarm_journal, recovery
from auscult.monitor.store import schema as store_schema
from auscult.monitor.store.alarm_recording import AlarmRecording
from auscult.monitor.store.event_store import EventStore
from auscult.monitor.store.schema import FILE, PAGE_BYTES

JOURNAL = alarm_journal.FILE
N = 30
NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def killed(tmp_path_factory, said):
    """A folder as a monitor that was killed leaves it, and what was in it."""
    folder = tmp_path_factory.mktemp("filled")
    descriptors = np.random.default_rng(1).normal(0, 10, 1116).astype(np.float32)
    with EventStore.open(folder / "open", outputs=("mqtt",), clock=lambda: NOW) as store:
        for number in range(N):
            with store.transaction():
                for second in range(5):
                    store.add_detection(said.detection(at=number * 5.0 + second), descriptors, recipe="r")
                said.raise_alarm(store, number, why="x" * 300)
                store.set_state(f"state {number % 10}", number)
            said.acknowledge(store, number)
        for number in range(3):
            store.save_feedback(said.feedback(f"A{number}", descriptors=descriptors[None]))
        store.add_audio("fan/id_00", AlarmRecording("A0", 5.0, np.zeros((1, 8000), np.float32), 16000, 1.0))
        shutil.copytree(folder / "open", folder / "killed")
        return folder / "killed", content(store)


@pytest.fixture
def filled(killed, tmp_path):
    """What is in the store at `tmp_path / "store"`."""
    shutil.copytree(killed[0], tmp_path / "store")
    return killed[1]


def content(store):
    """What must not be lost."""
    feedback = [(one.id, one.what, one.descriptors.tobytes()) for one in store.feedback()]
    return store.alarms(limit=10_000), store.alarm_changes(), feedback, len(store.audio("A0"))


def told(store):
    """What the store says of restorations."""
    return [event.body for event in store.events(kind="monitor", limit=1000) if event.what == "database restored"]


def overwrite(path, place, replacement):
    with path.open("r+b") as file:
        file.seek(place)
        file.write(replacement)


def damage(folder, seed):
    """Overwrite some places of one file with random bytes."""
    rng = random.Random(seed)
    path = folder / rng.choice([FILE, FILE, f"{FILE}-wal", JOURNAL])
    for _ in range(rng.choice([1, 2, 30])):
        length = rng.choice([1, 1, 64, 512, PAGE_BYTES, 8 * PAGE_BYTES])
        overwrite(path, rng.choice([0, *[rng.randrange(path.stat().st_size)] * 4]), rng.randbytes(length))


def check_damaged(open_store, said, folder, filled):
    with open_store(folder, outputs=("mqtt",)) as store:
        assert content(store) == filled
        restorations = told(store)
        said.raise_alarm(store, 1000)
        store.add_detection(said.detection(at=1e9))
        for question in (lambda: store.undelivered("mqtt", 1000), lambda: store.descriptors("fan/id_00", "r")):
            question()
    with open_store(folder, outputs=("mqtt",)) as again:
        assert again.alarm("A1000").is_active
        assert len(told(again)) == len(restorations), "what was restored is damaged"


@pytest.mark.parametrize("seed", range(12))
def test_nothing_that_matters_is_lost_to_damaged_pages(filled, open_store, said, tmp_path, seed):
    damage(tmp_path / "store", seed)
    check_damaged(open_store, said, tmp_path / "store", filled)


@pytest.mark.slow
def test_nothing_that_matters_is_lost_to_pages_damaged_in_hundreds_of_ways(filled, open_store, said, tmp_path):
    for seed in range(100, 300):
        shutil.copytree(tmp_path / "store", tmp_path / f"{seed}")
        damage(tmp_path / f"{seed}", seed)
        check_damaged(open_store, said, tmp_path / f"{seed}", filled)
        shutil.rmtree(tmp_path / f"{seed}")


def test_a_sound_one_has_nothing_to_be_restored(filled, open_store, tmp_path):
    store = open_store(outputs=("mqtt",))
    assert content(store) == filled
    assert told(store) == []
    assert not (tmp_path / "store" / recovery.DAMAGED).exists()


def test_it_says_what_was_found_and_keeps_the_damaged_one(filled, open_store, tmp_path):
    folder = tmp_path / "store"
    (folder / f"{FILE}-wal").unlink()  # which has nearly everything
    damaged = random.Random(1).randbytes((folder / FILE).stat().st_size)
    (folder / FILE).write_bytes(damaged)
    store = open_store(outputs=("mqtt",))
    assert content(store) == filled
    (said,) = told(store)
    assert said["found"]["detections"] == 0
    assert said["from_journal"] == 3 * N + 4
    assert "file is not a database" in said["why"]
    assert (Path(said["kept_in"]) / FILE).stat().st_size == len(damaged)
    assert store.state("state 3") == N - 7  # it came with alarms


def test_a_database_that_is_gone_comes_back(filled, open_store, tmp_path):
    for path in (tmp_path / "store").glob(f"{FILE}*"):
        path.unlink()
    store = open_store(outputs=("mqtt",))
    assert content(store) == filled
    assert told(store)[0]["why"] == "the database was gone"


def test_a_log_that_breaks_off_loses_no_alarm(filled, open_store, tmp_path):
    log = tmp_path / "store" / f"{FILE}-wal"
    overwrite(log, log.stat().st_size // 3, bytes(100))
    store = open_store(outputs=("mqtt",))
    assert content(store) == filled
    assert told(store)[0]["from_journal"] > 0
    assert not (tmp_path / "store" / recovery.DAMAGED).exists()  # it needed no new one


def test_a_spoilt_text_that_no_check_notices_is_put_right(filled, open_store, tmp_path):
    with closing(store_schema.connect(tmp_path / "store" / FILE)) as connection:
        body = connection.execute("SELECT body FROM alarms WHERE alarm_id = 'A7'").fetchone()[0]
        connection.execute("UPDATE alarms SET body = ? WHERE alarm_id = 'A7'", (body.replace("fan", "pan"),))
        connection.execute("UPDATE alarms SET n = 99999999 WHERE alarm_id = 'A8'")
        connection.execute("UPDATE alarms SET alarm_id = 'A9?' WHERE alarm_id = 'A9'")
    store = open_store(outputs=("mqtt",))
    assert content(store) == filled
    assert told(store)[0]["from_journal"] == 3


@pytest.mark.parametrize("kind", ["gone", "damaged", "shorter"])
def test_the_journal_gets_back_what_the_database_has(filled, open_store, tmp_path, kind):
    journal = tmp_path / "store" / JOURNAL
    if kind == "gone":
        journal.unlink()
    elif kind == "damaged":
        for place in range(0, journal.stat().st_size, 5000):
            overwrite(journal, place, b"?" * 10)
    else:
        journal.write_bytes(journal.read_bytes()[: journal.stat().st_size // 2])
    with open_store(outputs=("mqtt",)) as store:
        assert content(store) == filled
    (tmp_path / "store" / FILE).unlink()
    with open_store(outputs=("mqtt",)) as store:
        assert content(store) == filled


def test_a_damaged_line_is_said_once(filled, open_store, tmp_path):
    overwrite(tmp_path / "store" / JOURNAL, 3000, b"?")
    with open_store(outputs=("mqtt",)) as store:
        assert told(store)[0]["damaged_lines"] == 1
    with open_store(outputs=("mqtt",)) as store:
        assert len(told(store)) == 1


def test_events_that_nobody_may_have_been_told_are_told_again(filled, open_store, said, tmp_path, clock):
    with open_store(outputs=("mqtt",)) as store:
        store.add_event(said.event(at=clock.at - 2 * 86400, what="old"))
        store.mark_delivered("mqtt", [event.id for event in store.events(limit=1000)])
        assert store.n_undelivered("mqtt") == 0
    with closing(store_schema.connect(tmp_path / "store" / FILE)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'").fetchone()
    overwrite(tmp_path / "store" / FILE, (page - 1) * PAGE_BYTES, b"\xff" * PAGE_BYTES)
    store = open_store(outputs=("mqtt",))
    assert told(store)[0]["is_told_again"]
    again = [event.what for event in store.undelivered("mqtt", 1000)]
    assert again.count("raised") == N
    assert "old" not in again


def test_events_that_were_told_are_not_told_again(filled, open_store, tmp_path):
    with open_store(outputs=("mqtt",)) as store:
        store.mark_delivered("mqtt", [event.id for event in store.events(limit=1000)])
    with closing(store_schema.connect(tmp_path / "store" / FILE)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'alarms'").fetchone()
    overwrite(tmp_path / "store" / FILE, (page - 1) * PAGE_BYTES, b"\xff" * PAGE_BYTES)
    store = open_store(outputs=("mqtt",))
    assert [event.what for event in store.undelivered("mqtt", 1000)] == ["database restored"]


@pytest.mark.parametrize("n_renames", range(5))
def test_it_goes_on_where_a_restoration_was_killed(filled, open_store, tmp_path, monkeypatch, n_renames):
    folder = tmp_path / "store"
    overwrite(folder / FILE, 30 * PAGE_BYTES, b"\xff" * 20 * PAGE_BYTES)
    replace, done = Path.replace, []

    def replace_until_killed(self, target):
        if len(done) == n_renames:
            raise KeyboardInterrupt
        done.append(self)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", replace_until_killed)
    try:
        open_store(outputs=("mqtt",)).close()
        assert n_renames == 4
    except KeyboardInterrupt:
        assert n_renames < 4
    monkeypatch.undo()
    store = open_store(outputs=("mqtt",))
    assert content(store) == filled
    assert store.detections("fan/id_00")
    assert not list(folder.glob("*unfinished*")) + list(folder.glob("*rebuilt*"))


def test_a_foreign_database_is_refused_and_stays_as_it_is(open_store, tmp_path):
    (tmp_path / "store").mkdir()
    with closing(sqlite3.connect(tmp_path / "store" / FILE)) as connection:
        connection.execute("CREATE TABLE wages (euros INTEGER)")
    before = (tmp_path / "store" / FILE).read_bytes()
    with pytest.raises(DataError, match="is no event store that this Auscult knows"):
        open_store()
    assert (tmp_path / "store" / FILE).read_bytes() == before


def test_a_newer_one_is_refused(filled, open_store, tmp_path, monkeypatch):
    line = json.dumps({"format": 2}).encode()
    journal = tmp_path / "store" / JOURNAL
    journal.write_bytes(alarm_journal._checksum(line) + b" " + line + b"\n")
    with pytest.raises(DataError, match="has format 2, this Auscult reads and writes 1"):
        open_store()


def test_a_format_that_only_damage_explains_is_restored(filled, open_store, tmp_path):
    with closing(store_schema.connect(tmp_path / "store" / FILE)) as connection:
        connection.execute("PRAGMA user_version = 77")
    store = open_store(outputs=("mqtt",))
    assert content(store) == filled
    assert len(store.detections("fan/id_00")) == 5 * N


@pytest.mark.parametrize(
    ("place", "byte"),
    [(0, 0), (18, 255), (19, 255), (20, 1), (44, 9), (56, 3)],  # of the header: magic, versions, formats, encoding
)
def test_a_header_that_is_wrong_in_one_byte(filled, open_store, said, tmp_path, place, byte):
    (tmp_path / "store" / f"{FILE}-wal").unlink()
    overwrite(tmp_path / "store" / FILE, place, bytes([byte]))
    check_damaged(open_store, said, tmp_path / "store", filled)


def test_a_schema_that_is_no_text(filled, open_store, said, tmp_path):
    with open_store(outputs=("mqtt",)):
        pass
    path = tmp_path / "store" / FILE
    overwrite(path, path.read_bytes().index(b"INTEGER PRIMARY KEY, recipe") + 3, b"\xe2")
    check_damaged(open_store, said, tmp_path / "store", filled)


def test_a_recording_that_is_gone_is_forgotten_and_not_restored(filled, open_store, tmp_path):
    for path in (tmp_path / "store" / "audio").iterdir():
        path.unlink()
    for _ in range(2):
        with open_store(outputs=("mqtt",)) as store:
            assert store.audio("A0") == []
            assert store._ask("SELECT * FROM audio") == []
            assert told(store) == []
