import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.errors import OptionError
from auscult.faults import ANOMALOUS, NORMAL, ORIGINAL_FAULTS, UNKNOWN_FAULT, check_name, fault_id


def test_the_originals_messages_in_the_order_of_its_outputs():
    messages = ["Component OK", "Component is imbalanced", "Component is clogged", "Voltage change"]
    assert [fault.message for fault in ORIGINAL_FAULTS] == messages


def test_identifiers_are_unique():
    faults = [*ORIGINAL_FAULTS, ANOMALOUS, UNKNOWN_FAULT]
    assert len({fault.id for fault in faults}) == len(faults)
    assert ORIGINAL_FAULTS[0] is NORMAL


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("imbalance", "imbalance"),
        ("Voltage change", "voltage-change"),
        ("  Lüfter  lose! ", "lufter-lose"),
        ("Stoß: Ölpumpe (3)", "stoss-olpumpe-3"),
        ("Løs rem, łożysko", "los-rem-lozysko"),
        ("ＦＡＮ ②", "fan-2"),
        ("送風機の故障", "fault"),
        ("送風機 7", "7"),
        ("x" * 59 + " y", "x" * 59),
    ],
)
def test_identifier_of_a_name(name, identifier):
    assert fault_id(name, ()) == identifier


def test_identifier_that_is_taken_gets_a_number():
    assert fault_id("Leak", {"leak"}) == "leak-2"
    assert fault_id("leak", ["leak", "leak-2", "leak-4"]) == "leak-3"
    assert fault_id("漏れ", {"fault"}) == "fault-2"


@given(st.text(max_size=150), st.sets(st.sampled_from(["a", "a-2", "fault", "b"])))
def test_whatever_the_name_its_identifier_is_plain_or_it_is_refused(name, taken):
    try:
        identifier = fault_id(name, taken)
    except OptionError as error:
        assert error.where == "name"
    else:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identifier)
        assert identifier not in taken
        assert fault_id(name, taken) == identifier
        assert check_name(check_name(name)) == check_name(name)


@pytest.mark.parametrize(
    "name", ["normal", " Normal", "NORMAL!", "anomalous", "unknown fault", "Unknown-Fault", "nòrmal"]
)
def test_answers_that_every_model_gives_are_no_names(name):
    for asked in (check_name, lambda name: fault_id(name, ())):
        with pytest.raises(OptionError, match=r"is no name for a fault\. Choose another"):
            asked(name)


@pytest.mark.parametrize(
    ("name", "problem"),
    [("", "is blank"), (" \t\n", "is blank"), ("x" * 101, "has 101 characters"), ("a\x1b[31m", "cannot be printed")],
)
def test_refused_names(name, problem):
    with pytest.raises(OptionError, match=problem):
        check_name(name)


def test_names_that_only_resemble_reserved_ones():
    for name in ("abnormal", "unknown", "fault", "normal leak"):
        assert check_name(name) == name


def test_blanks_in_a_name():
    assert check_name("  belt \t slips\n") == "belt slips"
