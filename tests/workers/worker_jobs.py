"""Functions that workers run in the tests: they must be importable there."""

import os
import signal
import time
from pathlib import Path


def square(number):
    return number * number


def slow_when_even(number):
    time.sleep(0.02 * (number % 2 == 0))
    return number


def process_id(_):
    return os.getpid()


def fail_at_seven(number):
    if number == 7:
        raise ValueError("seven")
    return number


def die_once_at_five(folder, number):
    """Kill the worker on the first try of one task, and leave a line for each task begun."""
    folder = Path(folder)
    if number == 5 and not (folder / "died").exists():
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def die_always_at_five(number):
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number
