import numpy as np
import soundfile

from auscult.monitor.store.alarm_audio import flush_folder, remove_unreferenced, write_audio
from auscult.monitor.store.alarm_recording import AlarmRecording


def recording(y, sr=16000):
    return AlarmRecording("A1", 1000.0, y.astype(np.float32), sr, 1.0)


def test_sound_comes_back_within_16_bits(tmp_path, rng):
    y = rng.uniform(-1, 1, (2, 8000))
    row = write_audio(tmp_path, "fan/id_00", recording(y))
    back, sr = soundfile.read(tmp_path / row.values["path"])
    assert sr == 16000
    np.testing.assert_allclose(back.T, y, atol=2**-15)
    assert row.values | {"path": ""} == {
        "path": "",
        "alarm_id": "A1",
        "machine": "fan/id_00",
        "at": 1000.0,
        "duration_s": 0.5,
        "n_bytes": (tmp_path / row.values["path"]).stat().st_size,
    }


def test_of_more_channels_than_flac_has_their_mean_is_kept(tmp_path, rng):
    y = rng.uniform(-1, 1, (9, 800))
    back, _ = soundfile.read(tmp_path / write_audio(tmp_path, "fan", recording(y)).values["path"])
    np.testing.assert_allclose(back, y.mean(axis=0), atol=2**-15)


def test_only_what_is_referred_to_stays(tmp_path):
    kept, other = (write_audio(tmp_path, "fan", recording(np.zeros((1, 80)))).values["path"] for _ in range(2))
    assert kept != other
    (tmp_path / "audio" / ".half.flac.x1").write_bytes(b"fLaC")
    remove_unreferenced(tmp_path, {kept})
    assert [f"audio/{path.name}" for path in (tmp_path / "audio").iterdir()] == [kept]
    remove_unreferenced(tmp_path / "nowhere", set())


def test_names_are_put_on_the_disk(tmp_path):
    flush_folder(tmp_path)
