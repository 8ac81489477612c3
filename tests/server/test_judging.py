import anyio
import pytest
from fastapi import HTTPException
from prometheus_client import CollectorRegistry

import auscult
from auscult.errors import AudioError
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
