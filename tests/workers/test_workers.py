from functools import partial

import numpy as np
import pytest
from worker_jobs import die_always_at_five, die_once_at_five, fail_at_seven, process_id, slow_when_even, square

from auscult.errors import OptionError
from auscult.workers import LostTask, open_workers

N = 24
SQUARES = [(number, number * number) for number in range(N)]


def test_results_come_in_the_order_of_the_tasks(workers):
    assert list(workers.map(square, range(N))) == SQUARES
    assert [result for _, result in workers.map(slow_when_even, range(N))] == list(range(N))
    assert list(workers.map(square, [])) == []


def test_they_are_other_processes(workers):
    import os

    ids = {result for _, result in workers.map(process_id, range(N))}
    assert os.getpid() not in ids


def test_a_worker_that_is_killed_loses_and_doubles_nothing(workers, tmp_path):
    assert list(workers.map(partial(die_once_at_five, str(tmp_path)), range(N))) == SQUARES
    assert (tmp_path / "died").exists()
    assert list(workers.map(square, range(N))) == SQUARES


@pytest.mark.slow
def test_a_task_that_kills_every_worker_is_given_up_and_no_other(workers):
    results = dict(workers.map(die_always_at_five, range(12)))
    assert isinstance(results.pop(5), LostTask)
    assert results == {number: number * number for number in range(12) if number != 5}


def test_an_exception_comes_through(workers):
    found = []
    with pytest.raises(ValueError, match="seven"):
        for task, _ in workers.map(fail_at_seven, range(N)):
            found.append(task)
    assert found == list(range(7))
    assert list(workers.map(square, range(N))) == SQUARES


def test_tasks_are_drawn_as_workers_become_free(workers):
    drawn = []

    def endless():
        number = 0
        while True:
            drawn.append(number)
            yield number
            number += 1

    results = workers.map(square, endless())
    ahead = [len(drawn) - task for task, _ in (next(results) for _ in range(50))]
    assert max(ahead) <= 3 * workers.n + 1
    results.close()


def test_one_map_may_feed_another(workers):
    inner = (result for _, result in workers.map(square, range(N)))
    assert [result for _, result in workers.map(square, inner)] == [number**4 for number in range(N)]


def test_arrays_come_back_to_the_bit(workers):
    rng = np.random.default_rng(0)
    tasks = [rng.standard_normal(1000).astype(np.float32) for _ in range(6)]
    for task, result in workers.map(square, tasks):
        np.testing.assert_array_equal(result, task * task)


def test_one_job_is_done_in_this_process():
    import os

    with open_workers(n_jobs=1) as workers:
        assert {result for _, result in workers.map(process_id, range(3))} == {os.getpid()}


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n_jobs": 0}, "jobs: expected 1 or more, got 0"),
        ({"cluster": "scheduler"}, "expected a scheduler's address or local:N, got 'scheduler'"),
        ({"cluster": "local:0"}, "expected local:N, N being 1 or more"),
        ({"cluster": "local:two"}, "expected local:N, N being 1 or more"),
        ({"cluster": "tcp://127.0.0.1:1", "n_jobs": 2}, "asked for beside a cluster"),
    ],
)
def test_impossible_options(options, match):
    with pytest.raises(OptionError, match=match), open_workers(**options):
        pass
