from auscult.monitor.outputs.pace import Pace, Said


def said(number, machine="fan/id_00", topic="state"):
    return Said(machine, topic, {"n": number})


def pace():
    return Pace({"state": 10.0, "score": 100.0})


def test_the_first_is_due_at_once_and_the_next_in_its_time():
    told = pace()
    assert told.wait_s(0.0) is None
    assert told.put(said(1))
    assert told.due(0.0) == [said(1)]
    told.told(said(1), 0.0)
    assert told.due(5.0) == []
    assert told.put(said(2))
    assert not told.put(said(3))  # it waits already
    assert told.due(9.9) == []
    assert told.wait_s(4.0) == 6.0
    assert told.due(10.0) == [said(3)]
    assert told.last_told() == [said(1)]


def test_what_came_to_be_as_it_was_is_not_told():
    told = pace()
    told.put(said(1))
    told.told(said(1), 0.0)
    told.put(said(2))
    assert not told.put(said(1))
    assert told.due(100.0) == []
    assert told.wait_s(100.0) is None


def test_machines_and_topics_do_not_wait_for_each_other():
    told = pace()
    told.put(said(1))
    told.told(said(1), 0.0)
    told.put(said(1, machine="fan/id_02"))
    told.put(said(1, topic="score"))
    told.put(said(2))
    assert told.due(1.0) == [said(1, machine="fan/id_02"), said(1, topic="score")]


def test_what_changed_while_it_was_told_is_told_next():
    told = pace()
    told.put(said(1))
    told.put(said(2))
    told.told(said(1), 0.0)
    assert told.due(10.0) == [said(2)]
