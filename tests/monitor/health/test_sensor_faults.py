from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.health.baseline import HealthBaseline
from auscult.monitor.health.sensor_faults import CAUSES, Comparison, Word, absolute_findings
from auscult.monitor.health.sound_second import Second
from auscult.monitor.settings import HealthSettings

LEVELS_DB = np.array([[-45.0, -48, -50, -52, -55, -60, -66]])
"""Of a machine at 16 kHz, from 62.5 Hz to 8 kHz."""
SPREAD_DB = 2.0


def second(changes_db=0.0, **others):
    plain = Second(
        bands_db=LEVELS_DB + changes_db,
        mains_db=np.array([-65.0]),
        mains_share=np.array([0.01]),
        dc=np.array([0.002]),
        clipped_share=np.array([0.0]),
        is_silent=np.array([False]),
    )
    return replace(plain, **{name: np.array([value]) for name, value in others.items()})


def found(one, **settings):
    baseline = HealthBaseline(16000, LEVELS_DB, np.full((1, 7), SPREAD_DB), np.array([-65.0]), np.array([0.002]))
    findings = Comparison(baseline, HealthSettings(**settings)).findings(one)
    assert findings.keys() <= CAUSES.keys()
    return {cause: words for cause, words in findings.items() if words}


def test_every_cause_has_a_word_and_a_remedy():
    for cause in CAUSES.values():
        assert cause.word in get_args(Word)
        assert cause.remedy.endswith(".")


@pytest.mark.parametrize(
    ("changes_db", "cause"),
    [
        (0.0, None),
        (8.0, None),
        (-8.0, None),
        (13.0, "gain change"),
        (-20.0, "gain change"),
        (np.array([-13, -15, -14, -16, -14, -12, -15.0]), "gain change"),
        (np.array([-13, -15, -14, -16, -14, -6, -15.0]), None),  # a machine that stands still
        (np.array([0, 0, -1, -3, -8, -14, -20.0]), "covered"),
        (np.array([0, 0, 0, 0, 0, -7, -20.0]), None),
        (np.array([0, -6, -6, -7, -11, -12, -11.0]), None),  # a pump that stands still
        (np.array([0, 0, 0, 0, 5, 20, 30.0]), None),  # a leak
        (np.array([-41, -45, -50, -44, -42, -48, -43.0]), "dead"),
    ],
)
def test_changes_of_octaves(changes_db, cause):
    causes = [name for name in CAUSES if name in found(second(changes_db))]
    assert (causes[0] if causes else None) == cause


def test_says_by_how_much():
    assert found(second(-14.0))["gain change"] == "all octaves alike -14 dB since commissioning"


@given(st.lists(st.floats(-4.9, 4.9), min_size=7, max_size=7))
def test_what_octaves_do_by_themselves_is_never_a_change_of_gain_or_a_cover(changes_db):
    assert not found(second(np.array(changes_db)))


@given(st.floats(-35, 35).filter(lambda gain: abs(gain) > 15), st.lists(st.floats(-1.4, 1.4), min_size=7, max_size=7))
def test_a_large_gain_is_always_found(gain_db, wobbles_db):
    assert "gain change" in found(second(gain_db + np.array(wobbles_db)))


def test_the_limit_of_gain_is_what_the_settings_say():
    assert "gain change" in found(second(7.0), gain_change_db=6)
    assert not found(second(7.0), gain_change_db=8)


def test_octaves_that_were_only_the_recorders_noise_do_not_count_for_gain():
    levels_db = LEVELS_DB.copy()
    levels_db[0, -1] = -97
    baseline = HealthBaseline(16000, levels_db, np.full((1, 7), SPREAD_DB), np.array([-65.0]), np.array([0.0]))
    turned_down = second(np.array([-20, -20, -20, -20, -20, -20, -31.0]))
    assert Comparison(baseline, HealthSettings()).findings(turned_down)["gain change"]


@pytest.mark.parametrize(
    ("mains_db", "share", "is_hum"), [(-45, 0.6, True), (-60, 0.6, False), (-45, 0.05, False), (-65, 0.01, False)]
)
def test_hum_has_to_have_risen_and_to_stand_out(mains_db, share, is_hum):
    assert ("hum" in found(second(mains_db=mains_db, mains_share=share))) == is_hum


def test_an_offset_counts_beside_the_sound_and_the_commissioning():
    amplitude = float(np.sqrt((10 ** (LEVELS_DB / 10)).sum()))
    assert "DC offset" in found(second(dc=0.002 + 0.3 * amplitude))
    assert "DC offset" in found(second(dc=0.002 - 0.3 * amplitude))
    assert not found(second(dc=0.002 + 0.1 * amplitude))


def test_what_a_second_alone_tells():
    said = {
        "": second(),
        "dead": second(is_silent=True),
        "clipped": second(clipped_share=0.02),
        "DC offset": second(dc=-0.2),
    }
    for cause, one in said.items():
        assert [name for name, words in absolute_findings(one).items() if words] == [cause] * bool(cause)
    assert absolute_findings(said["clipped"])["clipped"] == "2.0 % of the samples are cut off"


def test_one_of_several_channels_is_named():
    two = replace(second(), is_silent=np.array([False, True]), dc=np.zeros(2), clipped_share=np.zeros(2))
    assert absolute_findings(two)["dead"] == "channel 1: digital silence"


@pytest.mark.parametrize("sr", [2000, 4000])
def test_low_rates_have_no_high_octaves_to_be_covered(sr):
    n_bands = {2000: 4, 4000: 5}[sr]
    levels_db = LEVELS_DB[:, :n_bands]
    baseline = HealthBaseline(sr, levels_db, np.full((1, n_bands), SPREAD_DB), np.array([-65.0]), np.array([0.002]))
    changes_db = np.linspace(0, -30, n_bands)
    one = replace(second(), bands_db=levels_db + changes_db)
    assert not Comparison(baseline, HealthSettings()).findings(one)["covered"]
