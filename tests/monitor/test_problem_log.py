import logging

from auscult.monitor.problem_log import REPEAT_S, ProblemLog


def test_a_problem_is_said_once_and_now_and_then_while_it_goes_on(caplog):
    caplog.set_level(logging.INFO)
    now = [0.0]
    problems = ProblemLog(lambda: now[0])
    for second in range(int(2.5 * REPEAT_S)):
        now[0] = float(second)
        problems.say("hall", "is broken")
    assert caplog.text.count("hall: is broken") == 3
    problems.say("hall", "is broken otherwise")
    assert caplog.text.count("otherwise") == 1
    problems.say("hall", "")
    problems.say("hall", "")
    assert caplog.text.count("well again") == 1


def test_what_was_never_wrong_is_not_said(caplog):
    caplog.set_level(logging.INFO)
    ProblemLog().say("hall", "")
    assert not caplog.text


def test_what_nobody_foresaw_is_said_once_with_where_it_came_from(caplog):
    problems = ProblemLog()
    for _ in range(3):
        with problems.guard("hall"):
            raise ZeroDivisionError("nothing to divide by")
    assert caplog.text.count("ZeroDivisionError: nothing to divide by") == 1
    assert "test_problem_log.py" in caplog.text
    caplog.set_level(logging.INFO)
    with problems.guard("hall"):
        pass
    assert "hall: well again" in caplog.text
