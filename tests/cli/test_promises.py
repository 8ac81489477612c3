from dataclasses import replace

import numpy as np
import pytest

import auscult
from auscult.cli.promises import broken_promises, machine_line, promise_lines
from auscult.detect import AlarmBudget, MachineDetector, NormalClips


@pytest.fixture
def machine(rng):
    def fitted(n):
        takes = [f"{number:04d}" for number in range(n)]
        clips = NormalClips(rng.standard_normal((n, 4)), takes, np.zeros(n, int), [""] * n, 10.0)
        return MachineDetector.fit(clips, false_alarm_rate=0.05, budget=AlarmBudget.parse("1/week"))

    return fitted


def test_few_recordings_support_no_low_rate(machine):
    line = machine_line("fan/id_00", machine(9), 0.05)
    assert "fan/id_00: threshold" in line
    assert "expects to call 10.0% of normal clips anomalous (9 recordings support no less; 5.0% takes 19)" in line


def test_enough_recordings_need_no_excuse(machine):
    assert machine_line("x", machine(40), 0.05).endswith("expects to call 5.0% of normal clips anomalous")


def test_ten_recordings_are_told_what_they_can_and_cannot_support(machine):
    promise, delays, few = promise_lines(machine(10))
    assert "1.6 minutes of normal sound support no promise at all; for 1 per week record 14 hours more" in promise
    assert "announced after, from the faintest to the clearest: never (AUC 0.7), " in delays
    assert delays.endswith(" (AUC 0.99)")
    assert "10 recordings are few" in few


def test_more_recordings_are_promised_more(machine):
    promise, *_ = promise_lines(machine(300))
    assert "50 minutes of normal sound support no better than 1 per" in promise


def test_strange_recordings_are_named(machine):
    strange = replace(machine(60), strange=("a", "b", "c", "d"))
    (line,) = [line for line in promise_lines(strange) if "unlike" in line]
    assert "among them, unlike all others and not learnt (4), listen to them: a, b, c, ..." in line


def test_promises_that_are_kept_are_not_told(trained_bundle):
    bundle = auscult.load(trained_bundle)
    (broken,) = broken_promises(bundle, ["fan/id_00"])
    assert broken.startswith("fan/id_00: 32 seconds of normal sound support no promise at all")
    machine = bundle.detector.machines["fan/id_00"]
    kept = replace(machine, rule=replace(machine.rule, supported_s=machine.rule.asked_s))
    detector = replace(bundle.detector, machines=bundle.detector.machines | {"fan/id_00": kept})
    assert broken_promises(replace(bundle, detector=detector), ["fan/id_00"]) == []
