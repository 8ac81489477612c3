"""One clip, file to verdict, and its parts: the original's recipe beside Auscult's, in one run on one machine."""

import json
import tempfile
from pathlib import Path

import librosa
import numpy as np
import original
import soundfile
from subject import model_and_clip
from timing import side_by_side

import auscult
from auscult.bundle.import_keras import import_keras
from auscult.features import OriginalMfcc, spectrum


def main() -> None:
    model, clip = model_and_clip()
    network = original.load_network(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original.auscult"
        import_keras(model).save(path)
        bundle = auscult.load(path)

    print(f"{'one 8-channel clip of 10 s':<46} {'original':>12} {'Auscult':>12}   ratio (range over rounds)")
    side_by_side(
        "reading (libsndfile, mean of channels)",
        lambda: soundfile.read(clip, dtype="float32")[0].mean(axis=1),
        lambda: auscult.read_audio(clip),
        n=(25, 25),
    )
    y, sr = auscult.read_audio(clip)
    side_by_side(
        "resampling to 22.05 kHz, kaiser_fast",
        lambda: librosa.resample(y, orig_sr=sr, target_sr=22050, res_type="kaiser_fast"),
        lambda: resample(y, sr),
    )
    side_by_side("features, file to 40 x 433 MFCC", lambda: original.features(clip), lambda: our_features(clip))
    side_by_side(
        "verdict, file to probabilities", lambda: original.verdict(network, clip), lambda: bundle.predict(clip)
    )
    compare_ffts(clip)
    print(f"largest difference of a feature: {np.abs(original.features(clip) - our_features(clip)).max():.1e}")
    if (answers := clip.with_name("expected.json")).exists():
        print(f"largest difference of a probability in the original's answers: {compare_answers(bundle, answers):.1e}")


def compare_ffts(clip: Path) -> None:
    """The same features with numpy's FFT, as in the core install, and with SciPy's."""
    import scipy.fft

    def features_with(rfft) -> None:
        spectrum.rfft = rfft
        our_features(clip)

    side_by_side(
        "features, numpy's FFT against SciPy's",
        lambda: features_with(np.fft.rfft),
        lambda: features_with(scipy.fft.rfft),
        n=(25, 25),
    )


def compare_answers(bundle: auscult.Bundle, answers: Path) -> float:
    """Largest difference to the probabilities that the original's own code gave (rounded to 6 digits)."""
    differences = []
    for name, expected in json.loads(answers.read_text()).items():
        y, sr = auscult.read_audio(answers.with_name(f"{name.removesuffix('_8s')}.wav"))
        y = y[: 8 * sr] if name.endswith("_8s") else y
        ours = list(bundle.predict(y, sr=sr).probabilities.values())
        differences.append(np.abs(np.array(ours) - expected["Details"]["Probabilities"]).max())
    return max(differences)


def resample(y, sr):
    from auscult.features.resample import resample_kaiser_fast

    return resample_kaiser_fast(y, sr=sr, target_sr=22050)


def our_features(clip):
    return OriginalMfcc().patch(*auscult.read_audio(clip))


if __name__ == "__main__":
    main()
