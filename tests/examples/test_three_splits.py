import re

import pytest


@pytest.mark.slow
def test_honest_splits_score_lower(run_example):
    done = run_example("three_splits.py")
    assert done.returncode == 0, done.stderr
    names, values = zip(*re.findall(r"^\| ([^|]+) \| (0\.\d+) \| 0", done.stdout, re.MULTILINE), strict=True)
    assert names == ("random rows (the original's)", "takes, in blocks of time", "a machine left out")
    naive, by_take, by_machine = map(float, values)
    assert naive > 0.95
    assert by_machine + 0.1 < by_take < naive - 0.3
    assert by_machine < 0.35, "four classes: a guess is 0.25"
    assert "One of the leaks, heard: " in done.stdout
