import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile

import auscult
from auscult.audio.write import wav_bytes
from auscult.detect import Detector
from auscult.errors import DataError, OptionError
from auscult.features import LogMel
from auscult.pipeline.explanations import write_explanation

SR = 16_000
TONE_HZ = 2500.0
SAID = {"machine_id": "fan/id_00", "explain": True}


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


@pytest.fixture(scope="module")
def normal(synthetic_data):
    """Samples of a normal clip that was learnt from."""
    return auscult.read_audio(synthetic_data / "6_dB_fan" / "fan" / "id_00" / "normal" / "00000003.wav")[0]


@pytest.fixture(scope="module")
def clip(normal):
    """The same with a tone that does not belong there."""
    return wav_bytes(normal + with_tone(normal), SR)


@pytest.fixture(scope="module")
def written(bundle, clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explained") / "new"
    verdict = bundle.predict(clip, **SAID)
    return verdict, write_explanation(bundle, clip, verdict, folder, "clip_7")


def with_tone(y):
    time_s = np.arange(y.shape[-1]) / SR
    return (0.5 * y.std() * np.sin(2 * np.pi * TONE_HZ * time_s)).astype(np.float32)


def tone_to_rest_db(y):
    power = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    is_tone = np.abs(np.fft.rfftfreq(y.size, 1 / SR) - TONE_HZ) < 5
    return 10 * np.log10(power[is_tone].sum() / power[~is_tone].sum())


def test_two_files_are_written(written):
    _, paths = written
    assert [path.name for path in paths] == ["clip_7.residual.wav", "clip_7.html"]
    assert sorted(path.name for path in paths[0].parent.iterdir()) == [
        "clip_7.html",
        "clip_7.residual.wav",
        "plotly.min.js",
    ]


def test_residual_holds_what_is_strange(written, clip, normal):
    _, (sound, _) = written
    info = soundfile.info(sound)
    assert (info.samplerate, info.channels, info.frames) == (SR, 1, normal.size)
    heard, _ = auscult.read_audio(sound)
    before = auscult.read_audio(clip)[0]
    assert tone_to_rest_db(before) < -5
    assert tone_to_rest_db(heard) > tone_to_rest_db(before) + 10
    assert np.mean(heard**2) < np.mean(before**2)


def test_a_normal_clip_leaves_little(bundle, normal, tmp_path):
    clip = wav_bytes(normal, SR)
    sound, _ = write_explanation(bundle, clip, bundle.predict(clip, **SAID), tmp_path, "normal")
    assert np.mean(auscult.read_audio(sound)[0] ** 2) < 0.2 * np.mean(normal**2)


def test_page_is_offline_and_says_what_was_found(written):
    verdict, (_, page) = written
    text = page.read_text()
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?\s*(?:https?:)?//", text)
    assert 'src="plotly.min.js"' in text
    assert verdict.message in text
    assert f"score {verdict.score:.1f}, threshold {verdict.threshold:.1f}" in text


def test_picture_is_of_the_clip_and_of_the_exemplar_that_it_is_like(bundle, clip, tmp_path, monkeypatch):
    drawn = {}

    def watched(clip_db, normal_db, reference_db, **said):
        drawn.update(said, clip_db=clip_db, normal_db=normal_db, reference_db=reference_db)
        return explanation_figure(clip_db, normal_db, reference_db, **said)

    from auscult.figures import explanation_figure

    monkeypatch.setattr("auscult.pipeline.explanations.explanation_figure", watched)
    verdict = bundle.predict(clip, **SAID)
    write_explanation(bundle, clip, verdict, tmp_path, "c")
    features, machine = bundle.manifest.features, bundle.detector.machines["fan/id_00"]
    number = verdict.explanation.exemplar
    np.testing.assert_array_equal(drawn["clip_db"], features.patch(*auscult.read_audio(clip)))
    np.testing.assert_array_equal(drawn["normal_db"], machine.exemplars.patch_db(number))
    assert drawn["normal_name"] == machine.takes[machine.exemplars.places[number]]
    assert drawn["normal_name"].startswith("fan/id_00/normal/")
    assert drawn["frame_s"] == features.hop_length / SR
    np.testing.assert_array_equal(drawn["reference_db"], verdict.explanation.reference_db)
    band = np.argmin(np.abs(drawn["centres_hz"] - TONE_HZ))
    assert drawn["change_db"][band] == drawn["change_db"].max() > 3 * drawn["usual_db"][band]


def test_files_are_replaced(bundle, clip, normal, tmp_path):
    verdict = bundle.predict(clip, **SAID)
    paths = write_explanation(bundle, clip, verdict, tmp_path, "c")
    library, before = (tmp_path / "plotly.min.js").stat(), [path.read_bytes() for path in paths]
    other = wav_bytes(normal, SR)
    assert write_explanation(bundle, other, bundle.predict(other, **SAID), tmp_path, "c") == paths
    assert all(path.read_bytes() != content for path, content in zip(paths, before, strict=True))
    assert (tmp_path / "plotly.min.js").stat().st_mtime_ns == library.st_mtime_ns
    assert len(list(tmp_path.iterdir())) == 3


def test_several_channels_and_a_higher_rate(bundle, normal, tmp_path):
    """Whatever the clip is, its residual has one channel at the rate of the features."""
    y = np.repeat(normal, 3)
    clip = wav_bytes(np.stack([y, 0.5 * y]), 3 * SR)
    for policy in ("mean", "all", 1):
        own = replace(bundle, manifest=replace(bundle.manifest, channels=policy))
        verdict = own.predict(clip, **SAID)
        sound, _ = write_explanation(own, clip, verdict, tmp_path / str(policy), "c")
        info = soundfile.info(sound)
        assert (info.samplerate, info.channels) == (SR, 1)
        assert abs(info.frames - normal.size) <= 1


def test_a_path_will_do(bundle, synthetic_data, tmp_path):
    path = synthetic_data / "6_dB_fan" / "fan" / "id_00" / "abnormal" / "00000001.wav"
    paths = write_explanation(bundle, path, bundle.predict(path, explain=True), tmp_path, "a")
    assert all(written.exists() for written in paths)


def test_long_clips_are_shown_from_their_beginning(bundle, normal, tmp_path, monkeypatch):
    monkeypatch.setattr("auscult.pipeline.explanations.MAX_FRAMES", 10)
    clip = wav_bytes(normal, SR)
    shown = []
    monkeypatch.setattr("auscult.pipeline.explanations.write_page", lambda figure, _: shown.append(figure))
    sound, _ = write_explanation(bundle, clip, bundle.predict(clip, **SAID), tmp_path, "c")
    assert len(shown[0].data[0].x) == 10
    assert soundfile.info(sound).frames == normal.size, "all of it is to be heard"


def test_bundle_without_exemplars(bundle, clip, tmp_path):
    machines = {name: replace(machine, exemplars=None) for name, machine in bundle.detector.machines.items()}
    bare = replace(bundle, detector=Detector(machines))
    verdict = bare.predict(clip, **SAID)
    _, page = write_explanation(bare, clip, verdict, tmp_path, "c")
    assert "none is kept in this bundle" in page.read_text()


def test_verdict_without_explanation(bundle, clip, tmp_path):
    verdict = bundle.predict(clip, machine_id="fan/id_00")
    with pytest.raises(OptionError, match="has no explanation by bands"):
        write_explanation(bundle, clip, verdict, tmp_path / "new", "c")
    assert not list(tmp_path.iterdir())


def test_explanation_without_bands(bundle, clip, tmp_path):
    verdict = bundle.predict(clip, **SAID)
    without = replace(verdict, explanation=replace(verdict.explanation, centres_hz=np.empty(0)))
    with pytest.raises(OptionError, match=r"has no explanation by bands.*mean of each band"):
        write_explanation(bundle, clip, without, tmp_path, "c")


def test_folder_that_cannot_be_written(bundle, clip, tmp_path):
    (tmp_path / "taken").touch()
    verdict = bundle.predict(clip, **SAID)
    for folder in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(DataError, match="cannot be written"):
            write_explanation(bundle, clip, verdict, folder, "c")


def test_nothing_is_half_written(bundle, clip, tmp_path, monkeypatch):
    def broken(*_):
        raise DataError("plotly", "is broken", "Repair it.")

    monkeypatch.setattr(LogMel, "patch", broken)
    with pytest.raises(DataError, match="is broken"):
        write_explanation(bundle, clip, bundle.predict(clip, **SAID), tmp_path, "c")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
