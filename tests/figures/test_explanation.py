import numpy as np
import pytest

from auscult.figures import explanation_figure

N_MELS, N_FRAMES = 12, 30
FRAME_S = 0.032


@pytest.fixture
def arrays(rng):
    return {
        "clip_db": rng.uniform(-80, -20, (N_MELS, N_FRAMES)).astype(np.float32),
        "normal_db": rng.uniform(-80, -20, (N_MELS, N_FRAMES + 7)).astype(np.float32),
        "reference_db": rng.uniform(-80, -20, N_MELS),
        "centres_hz": np.geomspace(50, 7000, N_MELS),
        "change_db": rng.normal(0, 5, N_MELS),
        "usual_db": rng.uniform(0.1, 2, N_MELS),
    }


def drawn(arrays, **changes):
    said = {"frame_s": FRAME_S, "title": "Component OK", "normal_name": "fan/id_00/normal/00000003"}
    return explanation_figure(**(arrays | said | changes))


def test_traces_have_what_was_given(arrays):
    clip, normal, difference, band, moved = drawn(arrays).data
    for trace, values in [
        (clip, arrays["clip_db"]),
        (normal, arrays["normal_db"]),
        (difference, arrays["clip_db"] - arrays["reference_db"][:, None]),
    ]:
        assert trace.type == "heatmap"
        np.testing.assert_allclose(np.asarray(trace.z), values, atol=0.0501)
        np.testing.assert_allclose(np.asarray(trace.x), FRAME_S * np.arange(values.shape[1]), atol=0.0006)
        np.testing.assert_allclose(np.asarray(trace.y), arrays["centres_hz"], atol=0.0501)
    np.testing.assert_array_equal(moved.x, arrays["centres_hz"])
    np.testing.assert_array_equal(moved.y, arrays["change_db"])
    np.testing.assert_array_equal(band.x, np.concatenate([arrays["centres_hz"], arrays["centres_hz"][::-1]]))
    np.testing.assert_allclose(band.y[:N_MELS], 3 * arrays["usual_db"])
    np.testing.assert_allclose(band.y[N_MELS:], -3 * arrays["usual_db"][::-1])


def test_each_picture_has_its_place_and_name(arrays):
    figure = drawn(arrays, title="Component sounds anomalous", normal_name="take 7")
    assert [trace.yaxis for trace in figure.data] == ["y", "y2", "y3", "y4", "y4"]
    titles = [note.text for note in figure.layout.annotations]
    assert titles == [
        "this clip",
        "most alike of the normal clips: take 7",
        "difference to normal",
        "level by band",
    ]
    assert figure.layout.title.text == "Component sounds anomalous"


def test_clip_and_normal_share_a_scale_and_differences_are_around_nothing(arrays):
    clip, normal, difference, *_ = drawn(arrays).data
    assert (clip.zmin, clip.zmax) == (normal.zmin, normal.zmax)
    assert -80 <= clip.zmin < clip.zmax <= -20
    assert difference.zmin == -difference.zmax
    assert difference.zmax >= 6


def test_small_differences_are_not_blown_up(arrays):
    level = arrays["reference_db"][:, None] + np.zeros((1, N_FRAMES))
    difference = drawn(arrays, clip_db=level.astype(np.float32)).data[2]
    assert difference.zmax == 6


def test_no_normal_clip_to_show(arrays):
    figure = drawn(arrays, normal_db=np.zeros((N_MELS, 0), np.float32), normal_name="none is kept in this bundle")
    clip, normal, *_ = figure.data
    assert len(normal.x) == 0
    assert np.isfinite([clip.zmin, clip.zmax]).all()
    assert clip.zmin < clip.zmax
    assert "heatmap" in figure.to_json()


def test_a_clip_of_one_frame(arrays):
    figure = drawn(arrays, clip_db=arrays["clip_db"][:, :1])
    assert np.asarray(figure.data[0].z).shape == (N_MELS, 1)
