import pytest

from auscult.bundle.figure_words import counted, is_shown_better, listed, score_words, snr_words, with_snr


@pytest.mark.parametrize(("n", "words"), [(0, "0 clips"), (1, "1 clip"), (2000, "2,000 clips")])
def test_counts(n, words):
    assert counted(n, "clip") == words


def test_snr_where_it_is_known():
    assert (snr_words(-6.0), snr_words(None)) == ("-6 dB", None)
    assert (with_snr("fan", 0.0), with_snr("fan", None)) == ("fan at 0 dB", "fan")


def test_score_stands_beside_its_interval():
    assert score_words(0.71, [0.6249, 0.8]) == "0.710 (0.62-0.80)"


def test_better_only_if_the_whole_interval_is():
    assert is_shown_better([0.5, 0.9], 0.49)
    assert not is_shown_better([0.5, 0.9], 0.5)


def test_long_lists_are_cut_and_say_so():
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
