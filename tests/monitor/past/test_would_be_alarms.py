from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.inputs import acknowledge, has_cause, observe, suppress, unsuppress
from auscult.monitor.detection import Detection
from auscult.monitor.past.would_be_alarms import Occurrence, WouldBeAlarms, reason_of_the_time
from auscult.monitor.settings import AlarmSettings

SAID = "like the false alarm of 2026-11-27 12:00 UTC (Anna)"
SETTINGS = AlarmSettings(on_delay_s=0, off_delay_s=20)


def detection(number, evidence, ignored="", fault=None):
    return Detection(
        machine="fan/id_00",
        at=10.0 * number,
        score=1.0,
        threshold=2.0,
        p_value=0.5,
        evidence=evidence,
        alarm_at=4.0,
        is_anomalous=evidence > 0,
        is_alarm=evidence >= 4,
        fault=fault,
        state="running",
        level_db=-20.0,
        ignored=ignored,
    )


def occurrences(detections, settings=SETTINGS):
    alarms = WouldBeAlarms("fan/id_00", settings)
    for one in detections:
        alarms.take(one)
    return alarms.occurrences


def spans(found):
    return [(one.raised_at, one.cleared_at) for one in found]


def test_an_alarm_begins_and_ends_as_the_settings_say():
    evidence = [0, 2, 4, 6, 3, 0, 0, 0, 0, 5, 5]
    found = occurrences([detection(n, one) for n, one in enumerate(evidence)])
    assert spans(found) == [(20, 70), (90, None)]
    assert found[0].peak_evidence == 6
    late = occurrences([detection(n, one) for n, one in enumerate(evidence)], AlarmSettings(on_delay_s=10))
    assert spans(late) == [(30, None)]


def test_every_time_it_is_raised_is_an_alarm_of_its_own_even_if_it_would_be_latched():
    evidence = [5, 0, 0, 0, 5, 0, 0, 0]
    for is_latched in (False, True):
        settings = SETTINGS.model_copy(update={"is_latched": is_latched})
        assert spans(occurrences([detection(n, one) for n, one in enumerate(evidence)], settings)) == [
            (0, 30),
            (40, 70),
        ]


def test_state_and_microphone_suppress_an_alarm_and_what_people_said_does_not():
    during = [detection(n, 5) for n in (0, 1)]
    after = [detection(n, 0) for n in (6, 7, 8)]
    dead = [detection(n, 5, "microphone: dead") for n in (2, 3, 4, 5)]
    assert spans(occurrences([*during, *dead, *after])) == [(0, 80)]
    starting = [detection(n, 5, "machine: start-up") for n in range(3)]
    assert occurrences(starting) == []
    said = [detection(n, 5, SAID) for n in range(3)]
    assert occurrences(said) == []
    assert spans(occurrences([*said, detection(3, 5)])) == [(30, None)]


def test_the_fault_is_what_the_cause_was_last_called():
    (found,) = occurrences([detection(0, 5, fault="belt"), detection(1, 6, fault="bearing"), detection(2, 6)])
    assert found.fault == "bearing"


def test_reasons():
    assert reason_of_the_time(detection(0, 1, SAID)) == ""
    assert reason_of_the_time(detection(0, 1, "machine: off")) == "machine: off"
    assert reason_of_the_time(detection(0, 1)) == ""


def test_an_occurrence_is_what_there_is_of_an_alarm():
    alarm = Alarm("fan/id_00", id="A", raised_at=1.0, cleared_at=2.0, fault="belt", peak_evidence=7.0)
    occurrence = Occurrence.of(alarm)
    assert occurrence == Occurrence("fan/id_00", 1.0, 2.0, "belt", 7.0)
    assert Occurrence(**occurrence.to_dict()) == occurrence


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 3.9, 4.0, 8.0]), st.sampled_from(["", "", SAID, "machine: off"])),
        max_size=60,
    ),
    st.sampled_from([0.0, 15.0]),
    st.sampled_from([0.0, 25.0]),
    st.sampled_from([0.0, 0.5]),
)
def test_passing_over_quiet_times_changes_nothing(heard, on_delay_s, off_delay_s, clear_below):
    """As the alarm desk does it, with every detection."""
    settings = AlarmSettings(on_delay_s=on_delay_s, off_delay_s=off_delay_s, clear_below=clear_below)
    detections = [detection(n, evidence, ignored) for n, (evidence, ignored) in enumerate(heard)]
    alarm, raised, cleared = Alarm("fan/id_00"), [], []
    for one in detections:
        is_on = has_cause(alarm.is_on, one.evidence, alarm_at=one.alarm_at, settings=settings)
        why = reason_of_the_time(one)
        alarm, _ = suppress(alarm, why, at=one.at) if why else unsuppress(alarm, at=one.at)
        if why or (is_on and one.ignored):
            continue
        alarm, changes = observe(alarm, is_on, at=one.at, fault=None, evidence=one.evidence, settings=settings)
        raised += [change.at for change in changes if change.what == "raised"]
        cleared += [change.at for change in changes if change.what == "cleared"]
        if any(change.what == "raised" for change in changes):
            alarm, _ = acknowledge(alarm, "somebody", at=one.at)
    found = occurrences(detections, settings)
    assert [one.raised_at for one in found] == raised
    assert [one.cleared_at for one in found if one.cleared_at is not None] == cleared
