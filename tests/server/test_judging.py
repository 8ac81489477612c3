import io
import threading
import time
from functools import partial

import anyio
import numpy as np
import pytest
import soundfile
from fastapi import HTTPException
from prometheus_client import CollectorRegistry

import auscult
from auscult.bundle import Verdict
from auscult.errors import AudioError, MachineError
from auscult.server import judging as judging_module
from auscult.server.judging import Judging
from auscult.server.prometheus import InferenceMetrics
from auscult.server.uploads import UploadLimits


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def judging(trained_bundle, registry):
    bundle = auscult.load(trained_bundle)
    return Judging(lambda: bundle, UploadLimits(), InferenceMetrics(registry))


def ask(judging, clip, **more):
    async def verdict():
        return await judging.verdict(clip, name="mine.wav", machine_id="id_00", **more)

    return anyio.run(verdict)


def test_verdict_is_the_bundles_and_is_counted(judging, registry, trained_bundle, clip):
    assert ask(judging, clip) == auscult.load(trained_bundle).predict(clip, machine_id="id_00")
    assert registry.get_sample_value("auscult_verdicts_total", {"outcome": "normal"}) == 1
    y, sr = auscult.read_audio(clip)
    assert ask(judging, y, sr=sr).score == pytest.approx(ask(judging, clip).score)


def test_a_clip_is_called_what_the_client_calls_it(judging, registry):
    with pytest.raises(AudioError, match=r"^mine\.wav: "):
        ask(judging, b"notes, not sound")
    assert registry.get_sample_value("auscult_verdicts_total", {"outcome": "refused"}) == 1


def test_nothing_is_judged_before_it_is_ready(judging, trained_bundle, registry):
    judging.check_ready()
    starting = Judging(judging._bundle, UploadLimits(), InferenceMetrics(CollectorRegistry()), lambda: "starting")
    with pytest.raises(HTTPException, match="starting"):
        starting.check_ready()


def test_no_more_is_unpacked_at_a_time_than_there_is_room_for(registry, monkeypatch):
    """Of room for 1000 samples: two short clips at a time, a long one alone, and so one that is too long."""
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    under_way, most, lock = [], [], threading.Lock()

    class Slow:
        def predict(self, clip, **_):
            with lock:
                under_way.append(clip.size)
                most.append(list(under_way))
            time.sleep(0.02)
            with lock:
                under_way.remove(clip.size)
            return Verdict(False, "Component OK", {"normal": 1.0})

    judging = Judging(Slow, UploadLimits(max_upload_mb=0.002), InferenceMetrics(registry))

    async def all_at_once():
        async with anyio.create_task_group() as group:
            for n in (400, 400, 900, 400, 2000, 400):
                group.start_soon(partial(judging.verdict, np.zeros(n), name="x", machine_id=None, sr=16000))

    anyio.run(all_at_once)
    assert all(sum(clips) <= 1000 or clips == [2000] for clips in most)
    assert [400, 400] in most


def test_recordings_are_weighed_before_they_are_unpacked(clip):
    assert judging_module._n_samples(clip) == auscult.read_audio(clip)[0].size
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((5000, 3)), 16000, format="FLAC")
    assert judging_module._n_samples(buffer.getvalue()) == 15000
    assert judging_module._n_samples(b"notes") == 0


def test_a_machine_that_is_not_said_is_told_by_the_clips_name(judging, clip):
    async def verdict():
        return await judging.verdict(clip, name="mine.wav", machine_id=None)

    with pytest.raises(MachineError, match=r"^mine\.wav: machine: .*machine_id.*--machine-id"):
        anyio.run(verdict)
