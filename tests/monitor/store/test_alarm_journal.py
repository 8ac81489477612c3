import os
import random

import pytest

from auscult.errors import DataError
from auscult.monitor.store import alarm_journal
from auscult.monitor.store.alarm_journal import FILE, AlarmJournal, Line, key_of
from auscult.monitor.store.schema import FORMAT, Row


@pytest.fixture
def journal(tmp_path):
    journal = AlarmJournal(tmp_path)
    yield journal
    journal.close()


def alarm(number, n=None, body="{}"):
    return Row("alarms", {"alarm_id": f"A{number}", "n": number if n is None else n, "body": body})


def change(n):
    return Row("alarm_changes", {"n": n, "what": "raised"})


def fill(journal, n_lines=20):
    lines = [Line(number, [alarm(number, body="ä" * number)]) for number in range(1, n_lines + 1)]
    for line in lines:
        journal.append(line)
    return lines


def reopened(tmp_path):
    journal = AlarmJournal(tmp_path)
    lines = list(journal.lines())
    journal.close()
    return lines, journal.n_damaged


def test_lines_come_back_in_their_order_with_bytes_and_none(journal, tmp_path):
    row = Row("feedback", {"id": "F", "n": 21, "float16": bytes(range(256)), "fault": None, "at": 0.1 + 0.2})
    lines = [*fill(journal), Line(21, [row, change(22)])]
    journal.append(lines[-1])
    assert list(journal.lines()) == lines
    assert reopened(tmp_path) == (lines, 0)


def test_a_line_is_flushed_before_append_returns(journal, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda file: flushed.append(os.fstat(file).st_size))
    fill(journal, 3)
    assert len(flushed) == 3
    assert flushed[-1] == journal.n_bytes


@pytest.mark.parametrize("n_missing", [1, 2, 30])
def test_a_line_that_a_crash_has_torn_is_cut_off_and_no_damage(journal, tmp_path, n_missing):
    lines = fill(journal)
    os.truncate(tmp_path / FILE, journal.n_bytes - n_missing)
    found, n_damaged = reopened(tmp_path)
    assert n_damaged == 0
    assert found == (lines if n_missing == 1 else lines[:-1])  # of which only the end of the line was missing
    again = AlarmJournal(tmp_path)
    again.append(Line(30, [alarm(30)]))
    again.close()
    assert reopened(tmp_path) == ([*found, Line(30, [alarm(30)])], 0)


@pytest.mark.parametrize("seed", range(10))
def test_damage_costs_the_lines_that_it_touches_and_no_others(journal, tmp_path, seed):
    rng = random.Random(seed)
    lines = fill(journal, 100)
    whole = (tmp_path / FILE).read_bytes()
    place, length = rng.randrange(100, len(whole) - 600), rng.choice([1, 50, 500])
    (tmp_path / FILE).write_bytes(whole[:place] + rng.randbytes(length) + whole[place + length :])
    touched = whole[:place].count(b"\n"), whole[: place + length].count(b"\n")
    found, n_damaged = reopened(tmp_path)
    untouched = [line for number, line in enumerate(lines, 1) if not touched[0] <= number <= touched[1]]
    assert [line for line in found if line in untouched] == untouched
    assert all(line in lines for line in found)
    assert n_damaged or found == lines


def test_what_is_not_written_whole_is_not_there(journal, tmp_path, monkeypatch):
    lines = fill(journal)
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, raw: write(file, raw[:10]))
    with pytest.raises(OSError, match="No space left"):
        journal.append(Line(21, [alarm(21)]))
    monkeypatch.undo()
    journal.append(Line(22, [alarm(22)]))
    assert reopened(tmp_path) == ([*lines, Line(22, [alarm(22)])], 0)


def test_what_was_appended_can_be_taken_back(journal):
    lines = fill(journal)
    n_bytes = journal.n_bytes
    journal.append(Line(21, [alarm(21)]))
    journal.cut(n_bytes)
    assert list(journal.lines()) == lines


def test_compaction_keeps_the_last_of_each_and_what_comes_meanwhile(journal, tmp_path):
    for n in range(1, 300, 3):
        journal.append(Line(n + 2, [alarm(n % 7, n), change(n + 1), Row("state", {"key": "a", "body": f"{n}"})]))
    n_bytes = journal.n_bytes
    steps = journal.compaction(lambda row: row.table != "state")
    next(steps)
    late = Line(302, [alarm(3, 301), change(302)])
    journal.append(late)
    n_steps = sum(1 for _ in steps)
    assert n_steps > 3
    assert journal.n_bytes < n_bytes
    lines = list(journal.lines())
    assert lines[-1] == late
    latest = {key_of(row): row for line in lines for row in line.rows}
    numbers = range(1, 300, 3)
    assert {row.values["n"] for key, row in latest.items() if key[0] == "alarm_changes"} == {
        *(n + 1 for n in numbers),
        302,
    }
    expected = {f"A{n % 7}": n for n in numbers} | {"A3": 301}
    assert {key[1]: row.values["n"] for key, row in latest.items() if key[0] == "alarms"} == expected
    journal.append(Line(303, [alarm(1, 303)]))
    assert reopened(tmp_path) == ([*lines, Line(303, [alarm(1, 303)])], 0)


def test_compaction_is_worth_it_when_it_has_doubled(journal, monkeypatch):
    monkeypatch.setattr(alarm_journal, "LEAST_BYTES", 1000)
    assert not journal.is_worth_compacting
    fill(journal, 100)
    assert journal.is_worth_compacting
    for _ in journal.compaction(lambda _: True):
        pass
    assert not journal.is_worth_compacting


def test_a_compaction_that_the_disk_refuses_changes_nothing(journal, tmp_path, monkeypatch):
    lines = fill(journal)

    def refuse(_):
        raise OSError(28, "No space left on device")

    steps = journal.compaction(lambda _: True)
    next(steps)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        list(steps)
    monkeypatch.undo()
    assert reopened(tmp_path) == (lines, 0)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_what_a_killed_compaction_left_is_removed(journal, tmp_path):
    (tmp_path / f".{FILE}.x1").write_bytes(b"half")
    reopened(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_newer_journal_is_refused(journal, tmp_path, monkeypatch):
    monkeypatch.setattr(alarm_journal, "FORMAT", FORMAT - 1)
    with pytest.raises(DataError, match="has format 1, this Auscult reads and writes 0"):
        AlarmJournal(tmp_path)
