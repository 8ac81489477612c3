import sys

import numpy as np
import pytest
import soundfile

from auscult.errors import DataError
from auscult.monitor.settings_check import check_settings

SR = 16000


@pytest.fixture
def check(tmp_path, trained_bundle):
    """Function that checks settings of a source, and of what else is said; a stereo recording lies beside them."""
    soundfile.write(tmp_path / "x.wav", np.zeros((SR, 2)), SR)
    (tmp_path / "empty").mkdir()

    def check(source="kind: replay, path: x.wav", more="", bundle=trained_bundle, machine="fan/id_00"):
        path = tmp_path / "auscult.yaml"
        path.write_text(f"bundle: {bundle}\nsources:\n  hall: {{machine: {machine}, {source}}}\n{more}\n")
        return check_settings(path, {})

    return check


@pytest.fixture
def problem(check):
    """Function that gives what is wrong with settings."""

    def problem(*args, **kwargs):
        with pytest.raises(DataError) as caught:
            check(*args, **kwargs)
        return caught.value.problem

    return problem


@pytest.mark.parametrize(
    "source", ["kind: replay, path: x.wav, channels: 1", "kind: stdin", "kind: stream, url: 'rtsp://x'", "kind: stdin"]
)
def test_what_is_good_comes_with_its_bundle(check, source):
    settings, bundle = check(source)
    assert settings.sources["hall"].machine in bundle.detector.machines


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("kind: replay, path: none.wav", "line 3: sources.hall.path: "),
        ("kind: replay, path: empty", "holds no recording"),
        ("kind: replay, path: auscult.yaml", "line 3: sources.hall.path: "),
        ("kind: replay, path: x.wav, channels: 2", "line 3: sources.hall.channels: there is no channel 2 in "),
        ("kind: folder, path: none", "none is not there"),
        ("kind: folder, path: x.wav", "x.wav is no folder"),
        ("kind: stdin, sr: 8000", "line 3: sources.hall.sr: "),
        ("kind: stream, url: camera", "line 3: sources.hall.url: is no file, and no address: that begins with rtsp://"),
    ],
)
def test_sources(problem, source, said):
    assert said in problem(source)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("shadow: none.auscult", "line 4: shadow: "),
        ("shadow: auscult.yaml", "line 4: shadow: "),
        ("store: {path: x.wav}", "x.wav is a file, where a folder is expected"),
        ("store: {path: x.wav/events}", "x.wav is a file, where a folder is expected"),
        ("mqtt: {host: broker, ca_file: ca.pem}", "ca.pem is not there"),
    ],
)
def test_whatever_else(problem, more, said):
    assert said in problem(more=more)


def test_a_shadow_has_to_judge_normal_sound(problem, original_bundle):
    assert "line 4: shadow: has a classifier" in problem(more=f"shadow: {original_bundle}")


def test_an_output_that_is_not_installed(problem, monkeypatch):
    monkeypatch.setitem(sys.modules, "aiomqtt", None)
    said = problem(more="mqtt: {host: broker}")
    assert "line 4: mqtt: aiomqtt: is not installed" in said
    assert "pip install 'auscult[monitor]'" in said


def test_a_library_whose_own_library_is_missing(problem, monkeypatch):
    def fail(*_args, **_kwargs):
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("auscult.monitor.settings_check.require", fail)
    assert "line 3: sources.hall.kind: PortAudio library not found" in problem("kind: microphone")


def test_all_at_once_also_if_the_settings_are_not_good(problem):
    said = problem(more="alarm: x\nshadow: none.auscult", machine="pump/id_07")
    assert "line 3: sources.hall.machine: the bundle does not know pump/id_07 (it knows fan/id_00" in said
    assert "line 4: alarm: there is no such setting (did you mean alarms?)" in said
    assert "line 5: shadow: " in said
    said = problem(more="alarm: x", bundle="none.auscult")
    assert "line 1: bundle: " in said
    assert "line 4: alarm" in said
