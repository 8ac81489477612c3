from dataclasses import replace

import numpy as np
import pytest

from auscult.audio.describe import Description
from auscult.audio.find import Entry
from auscult.audio.header import Header
from auscult.audio.layouts import Place
from auscult.audio.problems import KINDS, N_SHOWN, Problems
from auscult.audio.statistics import clip_statistics
from auscult.errors import AudioError

GOOD = clip_statistics(np.random.default_rng(0).normal(0, 0.1, (2, 1000)).astype(np.float32), 16_000)
PLACE = Place(machine_id="m", label="normal", take="m/normal/0")


def described(sr=16_000, **heard):
    return Description(1000, Header(2, sr, 1000, "PCM_16"), replace(GOOD, **heard))


def found(*clips):
    problems = Problems()
    for entry, description in clips:
        problems.add_clip(entry, description, entry.location)
    return {problem.kind: problem for problem in problems.found()}


def test_good_clip_has_no_problems():
    assert found((Entry("a.wav", PLACE), described())) == {}


@pytest.mark.parametrize(
    ("kind", "heard", "says"),
    [
        ("clipping", {"clipped_share": 0.02}, "2.00% of the samples"),
        ("silence", {"is_silent": True}, "a.wav"),
        ("dc", {"dc": -0.25}, "-0.250 of full scale"),
        ("dead_channels", {"n_dead_channels": 1}, "1 of 2"),
        ("identical_channels", {"n_identical_channels": 1}, "1 of 2"),
    ],
)
def test_what_is_heard(kind, heard, says):
    problems = found((Entry("a.wav", PLACE), described(**heard)))
    assert list(problems) == [kind]
    assert says in problems[kind].files[0]


@pytest.mark.parametrize(
    ("kind", "description"),
    [
        ("missing", Description(error=AudioError("a", "there is no such file", "Look."))),
        ("unreadable", Description(9, error=AudioError("a", "is not audio", "Look."))),
        ("unreadable", Description(error=AudioError("a", "may not be read by this user", "Look."))),
        ("empty", Description(0, error=AudioError("a", "the file is empty (0 bytes)", "Look."))),
        ("empty", Description(44, Header(1, 8000, 0, "PCM_16"), error=AudioError("a", "holds no samples", "Look."))),
        ("truncated", Description(99, error=AudioError("a", "truncated: its header promises more", "Look."))),
    ],
)
def test_what_cannot_be_read(kind, description):
    assert list(found((Entry("a.wav", PLACE), description))) == [kind]


def test_what_is_said_of_a_clip():
    assert list(found((Entry("a.wav", Place(), unknown_label="nromal"), described()))) == ["unknown_labels"]
    assert list(found((Entry("a.wav", Place()), described()))) == ["unlabelled"]
    assert list(found((Entry("line 3", Place(), error="names no file"), Description()))) == ["bad_lines"]
    assert list(found((Entry(b"\xe9.wav".decode("utf-8", "surrogateescape"), PLACE), described()))) == ["odd_names"]


def test_rates_other_than_the_most_common_are_mixed():
    rates = [8_000, 16_000, 16_000, 44_100, 8_000, 16_000]
    clips = [
        (Entry(f"{number}.wav", replace(PLACE, take=str(number))), described(sr)) for number, sr in enumerate(rates)
    ]
    problem = found(*clips)["mixed_rates"]
    assert problem.n == 3
    assert problem.files == ["0.wav (8000 Hz)", "4.wav (8000 Hz)", "3.wav (44100 Hz)"]


def test_names_that_become_one_take_are_duplicates():
    def named(take, **said):
        return Entry(f"/{take}{said}", replace(PLACE, take=take, **said)), described()

    assert found(named("m/Ü"), named("m/u\u0308"))["duplicate_names"].n == 1
    assert found(named("m/0"), named("m/1"), named("m/0", snr_db=6.0), named("m/0", split="test")) == {}


def test_table_may_give_a_take_to_several_clips_but_lists_each_once():
    clips = [(Entry(name, PLACE, is_listed=True), described()) for name in ("a.wav", "b.wav", "a.wav")]
    assert found(*clips)["duplicate_names"].files == ["a.wav (listed twice)"]
    clips.append((Entry("b.wav", replace(PLACE, label="anomalous"), is_listed=True), described()))
    assert found(*clips)["duplicate_names"].files[1] == "b.wav (listed twice, as normal and as anomalous)"


def test_only_the_first_few_files_are_named():
    clips = [(Entry(f"{number}.wav", Place(take=str(number))), described()) for number in range(100)]
    problem = found(*clips)["unlabelled"]
    assert problem.n == 100
    assert problem.files == [f"{number}.wav" for number in range(N_SHOWN)]


def test_every_kind_says_what_to_do():
    for what, remedy in KINDS.values():
        assert what
        assert remedy.endswith(".")
