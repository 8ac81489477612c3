"""A verdict with its explanation -> files to listen to and to look at."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.audio import Source, read_audio
from auscult.audio.write import wav_bytes
from auscult.bundle import Bundle, Verdict
from auscult.detect.exemplars import MAX_FRAMES
from auscult.errors import OptionError
from auscult.extras import require
from auscult.features import LogMel
from auscult.features.residual import residual
from auscult.figures import explanation_figure, write_page
from auscult.files import write_whole

OVER_NORMAL = 1.0
"""Usual deviations above the louder frames of the nearest normal clips from which on sound is left in the residual."""


def write_explanation(bundle: Bundle, clip: Source, verdict: Verdict, folder: Path, stem: str) -> list[Path]:
    """Write what is louder than normal as a WAV file, and a picture as a page that needs no network.

    Parameters
    ----------
    bundle : Bundle
        That gave the verdict.
    clip : path, bytes or binary file object
    verdict : Verdict
        With its explanation.
    folder : Path
        Made if it is missing.
    stem : str
        Of the files' names.

    Returns
    -------
    list of Path
        ``<stem>.residual.wav`` at the features' sampling rate, mean of several channels, and ``<stem>.html``. Existing
        ones are replaced.

    Raises
    ------
    OptionError
        If the verdict has no explanation, or its descriptors say nothing of bands.
    DataError
        If the disk refuses a file.
    MissingExtraError
        If plotly is not installed.
    """
    require("plotly", extra="train")
    explanation, features = verdict.explanation, bundle.manifest.features
    if explanation is None or not explanation.centres_hz.size or not isinstance(features, LogMel):
        problem = "the verdict has no explanation by bands"
        raise OptionError("explain", problem, "Train a bundle whose descriptors have the mean of each band.")
    y, sr = read_audio(clip, channels=bundle.manifest.channels)
    own = features.at_own_rate(y, sr)
    normal = explanation.loud_db + OVER_NORMAL * explanation.usual_db
    louder = residual(own if own.ndim == 1 else own.mean(axis=0), features, normal)
    sound, page = folder / f"{stem}.residual.wav", folder / f"{stem}.html"
    write_whole(sound, wav_bytes(louder, features.sr))
    write_page(_figure(bundle, verdict, features, features.patch(y, sr), name=stem), page)
    return [sound, page]


def _figure(bundle: Bundle, verdict: Verdict, features: LogMel, clip_db: NDArray[np.float32], *, name: str) -> Any:
    assert bundle.detector is not None
    assert verdict.explanation is not None
    assert verdict.machine_id is not None
    machine, explanation = bundle.detector.machines[verdict.machine_id], verdict.explanation
    normal_db, normal_name = np.zeros((features.n_mels, 0), np.float32), "none is kept in this bundle"
    if machine.exemplars is not None and explanation.exemplar is not None:
        number = explanation.exemplar
        normal_db, normal_name = machine.exemplars.patch_db(number), machine.takes[machine.exemplars.places[number]]
    return explanation_figure(
        clip_db[:, :MAX_FRAMES],
        normal_db,
        explanation.reference_db,
        centres_hz=explanation.centres_hz,
        change_db=explanation.change_db,
        usual_db=explanation.usual_db,
        frame_s=features.hop_length / features.sr,
        title=f"{name}: {verdict.message}<br>{verdict.machine_id}, score {verdict.score:.1f}, "
        f"threshold {verdict.threshold:.1f}",
        normal_name=normal_name,
    )
