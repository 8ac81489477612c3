import random
from contextlib import closing

import pytest

from auscult.monitor.store.salvage import lend_first_page, salvage
from auscult.monitor.store.schema import PAGE_BYTES, TABLES, Row, connect, connect_read_only, create, put, transaction

N = 300


def blob(number):
    return f"<{number:09}>".encode() * 200


def rows(first=1):
    for number in range(first, first + N):
        yield Row("descriptors", {"detection_id": number, "recipe": "r", "float16": blob(number)})
        values = {"id": number, "machine": "fan", "at": float(number), "is_anomalous": 0, "is_alarm": 0}
        yield Row("detections", values | {"state": "running", "ignored": ""})
        yield Row("state", {"key": f"k{number}", "body": str(number)})


def filled(path, first=1):
    create(path)
    with closing(connect(path)) as connection, transaction(connection, is_flushed=False):
        put(connection, rows(first), [])
    return path


@pytest.fixture
def old(tmp_path):
    create(tmp_path / "new")
    return filled(tmp_path / "old")


def root(path, table):
    """Place of the first page of a table."""
    with closing(connect_read_only(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    return (page - 1) * PAGE_BYTES


def overwrite(path, place, content):
    with path.open("r+b") as file:
        file.seek(place)
        file.write(content)


def read(path, query):
    with closing(connect_read_only(path)) as connection:
        return connection.execute(query).fetchall()


def test_all_of_a_sound_one_is_copied(old, tmp_path):
    found = salvage(old, tmp_path / "new")
    assert found.found == dict.fromkeys(TABLES, 0) | {"descriptors": N, "detections": N, "state": N}
    assert found.lost == {"events": 0, "detections": 0, "descriptors": 0}
    assert found.unread == []
    for table in ("detections", "descriptors", "state"):
        assert read(tmp_path / "new", f"SELECT * FROM {table}") == read(old, f"SELECT * FROM {table}")
    assert read(tmp_path / "new", "PRAGMA integrity_check") == [("ok",)]


def damage_leaf(path, number):
    """Overwrite the page that holds the descriptors of a detection."""
    page = path.read_bytes().index(blob(number)) // PAGE_BYTES
    overwrite(path, page * PAGE_BYTES, random.Random(number).randbytes(PAGE_BYTES))


@pytest.mark.parametrize("number", [1, 97, N])
def test_a_damaged_page_costs_its_own_rows(old, tmp_path, number):
    damage_leaf(old, number)
    found = salvage(old, tmp_path / "new")
    kept = {number for (number,) in read(tmp_path / "new", "SELECT detection_id FROM descriptors")}
    lost = set(range(1, N + 1)) - kept
    assert number in lost
    assert max(lost) - min(lost) + 1 == len(lost) <= 3  # as many as a page holds
    assert found.found["descriptors"] == len(kept)
    assert found.found["detections"] == N
    assert found.unread == ["descriptors"]


def test_an_inner_page_costs_what_is_below_it_and_no_other_table(old, tmp_path):
    overwrite(old, root(old, "descriptors"), bytes(PAGE_BYTES))
    found = salvage(old, tmp_path / "new")
    assert found.found["descriptors"] == 0
    assert (found.found["detections"], found.found["state"]) == (N, N)


def test_rows_are_found_though_the_ends_of_the_table_are_damaged(tmp_path):
    create(tmp_path / "new")
    old = filled(tmp_path / "old", first=1_000_000)
    damage_leaf(old, 1_000_000)
    damage_leaf(old, 1_000_000 + N - 1)
    assert N - 6 <= salvage(old, tmp_path / "new").found["descriptors"] < N


def test_values_that_break_the_rules_are_left_out(old, tmp_path):
    content = old.read_bytes()
    place = content.index(b"k77" + b"77")
    overwrite(old, place + 3, b"{{")
    found = salvage(old, tmp_path / "new")
    assert found.found["state"] == N - 1
    assert ("k77",) not in read(tmp_path / "new", "SELECT key FROM state")


def test_the_first_page_is_lent_where_it_says_nothing(old, tmp_path):
    overwrite(old, 0, random.Random(1).randbytes(PAGE_BYTES))
    lend_first_page(old, tmp_path / "new")
    assert salvage(old, tmp_path / "new").found["detections"] == N


def test_a_first_page_that_is_sound_stays(old, tmp_path):
    before = old.read_bytes()
    lend_first_page(old, tmp_path / "new")
    assert old.read_bytes() == before


def test_what_is_no_database_gives_nothing(old, tmp_path):
    old.write_bytes(b"")
    found = salvage(old, tmp_path / "new")
    assert set(found.found.values()) == {0}
    old.write_bytes(random.Random(1).randbytes(50 * PAGE_BYTES))
    assert salvage(old, tmp_path / "new").unread == list(TABLES)
