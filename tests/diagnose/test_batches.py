import numpy as np
import pytest

from auscult.diagnose import Examples
from auscult.diagnose.batches import MOST_FRAMES, N_WHOLE, learning_batches, n_learning_batches, whole_batches


def examples(lengths):
    """Each number says its clip and its frame: 1000 x clip + frame."""
    patches = [np.tile(1000 * place + np.arange(n), (2, 1)) for place, n in enumerate(lengths)]
    n = len(lengths)
    return Examples(patches, np.empty((n, 0)), np.zeros(n, int), tuple(map(str, range(n))))


@pytest.mark.parametrize(
    ("n_clips", "size", "sizes"), [(7, 3, [3, 3]), (8, 3, [3, 3, 2]), (2, 32, [2]), (6, 3, [3, 3])]
)
def test_all_clips_once_but_never_one_alone(rng, n_clips, size, sizes):
    batches = list(learning_batches(examples([5] * n_clips), n_frames=5, batch_size=size, rng=rng))
    assert [len(places) for places, _ in batches] == sizes
    assert n_learning_batches(n_clips, size) == len(sizes)
    places = np.concatenate([places for places, _ in batches])
    assert np.unique(places).size == places.size == sum(sizes)


def test_the_clip_passed_over_is_another_each_time(rng):
    clips = examples([5] * 7)
    passed_over = set()
    for _ in range(40):
        seen = [places for places, _ in learning_batches(clips, n_frames=5, batch_size=3, rng=rng)]
        passed_over |= set(range(7)) - set(np.concatenate(seen).tolist())
    assert passed_over == set(range(7))


def test_long_clips_are_cut_anywhere_and_short_ones_begin_anew(rng):
    clips, starts = examples([3, 8, 20]), set()
    for _ in range(200):
        for places, patches in learning_batches(clips, n_frames=8, batch_size=3, rng=rng):
            assert patches.shape == (3, 2, 8)
            frames = dict(zip(places.tolist(), patches[:, 0] - 1000 * places[:, None], strict=True))
            assert frames[0].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
            assert frames[1].tolist() == list(range(8))
            start = int(frames[2][0])
            assert frames[2].tolist() == list(range(start, start + 8))
            starts.add(start)
    assert starts == set(range(13))


def test_whole_clips_of_one_length_together():
    clips = examples([4, 9, 4] + [2] * (N_WHOLE + 1))
    found = {}
    for places, patches in whole_batches(clips):
        assert len(places) <= N_WHOLE
        found |= dict(zip(places.tolist(), patches, strict=True))
    assert sorted(found) == list(range(len(clips)))
    for place, patch in found.items():
        np.testing.assert_array_equal(patch, clips.patches[place])


def test_long_clips_come_a_few_at_a_time():
    sizes = [len(places) for places, _ in whole_batches(examples([MOST_FRAMES // 2] * 3 + [MOST_FRAMES * 2] * 2))]
    assert sizes == [2, 1, 1, 1]


def test_no_clips(rng):
    assert list(whole_batches(examples([]))) == []
