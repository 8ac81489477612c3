"""Golden samples: a synthetic clip inside the bundle and the verdict it must give, wherever the bundle is run.

Another processor, another version of a library or a damaged installation that moves the figures is noticed before the
first real clip is judged, not after the first missed fault.
"""

import io
import json
from typing import Any

import numpy as np
import soundfile

from auscult.audio import read_audio
from auscult.audio.read import SR_RANGE
from auscult.bundle.bundle import Bundle
from auscult.bundle.manifest import Manifest
from auscult.errors import AuscultError, BundleError
from auscult.features import OriginalMfcc

CLIP = "golden/clip.wav"
EXPECTED = "golden/expected.json"
DURATION_S = 2.0
TOLERANCE = 1e-3
"""Largest difference of a probability or p-value, and largest relative one of a score or threshold."""


def golden_members(bundle: Bundle) -> dict[str, bytes]:
    """Members to be added to a bundle, so that `self_check` can hold it to the verdicts it gives now.

    Parameters
    ----------
    bundle : Bundle
        Without golden samples.

    Returns
    -------
    dict of str -> bytes
    """
    clip = _synthetic_clip(bundle.manifest)
    expected = [_figures(bundle, clip, machine) for machine in _machines(bundle)]
    return {CLIP: clip, EXPECTED: json.dumps(expected, indent=1).encode()}


def self_check(bundle: Bundle, where: str) -> None:
    """Judge the bundle's golden clip and compare with what was expected when the bundle was made.

    Raises
    ------
    BundleError
        If there is no golden clip, it cannot be judged, or a figure differs by more than the tolerance.
    """
    try:
        clip, expected = bundle.members[CLIP], json.loads(bundle.members[EXPECTED])
        for wanted in expected:
            _compare(_figures(bundle, clip, wanted["machine"]), wanted, where)
        if [wanted["machine"] for wanted in expected] != _machines(bundle):
            raise KeyError("a machine")
    except (KeyError, ValueError, TypeError, ZeroDivisionError) as error:
        problem = f"its golden samples are incomplete ({type(error).__name__}: {error})"
        raise BundleError(where, problem, "Make the bundle again.") from None
    except BundleError:
        raise
    except AuscultError as error:
        raise BundleError(where, f"its golden clip cannot be judged ({error})", "Make the bundle again.") from None


def _machines(bundle: Bundle) -> list[str | None]:
    return sorted(bundle.detector.machines) if bundle.detector else [None]  # type: ignore[return-value]


def _figures(bundle: Bundle, clip: bytes, machine: str | None) -> dict[str, Any]:
    verdict = bundle.predict(clip, machine_id=machine)
    return {
        "machine": machine,
        "is_anomalous": verdict.is_anomalous,
        "message": verdict.message,
        "labels": list(verdict.probabilities),
        "probabilities": list(verdict.probabilities.values()),
        "faults": _fault_probabilities(bundle, clip, machine),
        "score": verdict.score,
        "threshold": verdict.threshold,
        "p_value": verdict.p_value,
        "evidence": bundle.detector.machines[machine].rule.threshold if bundle.detector and machine else None,
    }


def _fault_probabilities(bundle: Bundle, clip: bytes, machine: str | None) -> list[float]:
    """What a network says of the clip, also where it is not sure enough for the verdict to say it."""
    features = bundle.manifest.features
    if bundle.network is None or bundle.detector is None or machine is None:
        return []
    heard = features.features(features.at_own_rate(*read_audio(clip, channels=bundle.manifest.channels)))
    return [float(value) for value in bundle.network.probabilities(bundle.detector.machines[machine], heard)]


def _compare(got: dict[str, Any], wanted: dict[str, Any], where: str) -> None:
    expected = wanted["probabilities"] + wanted.get("faults", [])  # older bundles have no network
    differences = [abs(one - other) for one, other in zip(got["probabilities"] + got["faults"], expected, strict=True)]
    if got["score"] is not None:
        numbers = ("score", "threshold", "p_value", "evidence")
        differences += [abs(got[key] - wanted[key]) / (1 + abs(wanted[key])) for key in numbers]
    is_close = all(difference <= TOLERANCE for difference in differences)  # so put, NaN is a difference too
    if not is_close or any(got[key] != wanted[key] for key in ("is_anomalous", "message", "labels")):
        problem = f"its golden clip gives another verdict here than where it was made ({got['message']}, not "
        problem += f"{wanted['message']}, off by {max(differences):.3g})"
        remedy = "Install the versions that `auscult bundle inspect` shows, or make the bundle again on this machine."
        raise BundleError(where, problem, remedy)


def _synthetic_clip(manifest: Manifest) -> bytes:
    """Two seconds of a turning thing: a tone, its harmonics and noise; a 16-bit WAV file, the same bytes every time.

    It has another rate than the features and as many different channels as the channel policy can tell apart, so that
    resampling and channels are on trial as well.
    """
    sr = 16000 if isinstance(manifest.features, OriginalMfcc) else min(2 * manifest.features.sr, SR_RANGE.stop - 1)
    n_channels = manifest.channels + 1 if isinstance(manifest.channels, int) else 2
    rng = np.random.default_rng(2021)
    time_s = np.arange(int(DURATION_S * sr)) / sr
    orders = np.array([1, 2, 3, 4])
    tones = (np.sin(2 * np.pi * 0.012 * sr * orders * time_s[:, None]) / orders).sum(axis=1)
    gains = 0.1 / np.arange(1, n_channels + 1)
    y = tones[:, None] * gains + 0.02 * rng.standard_normal((time_s.size, n_channels))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.round(y * 32767).astype(np.int16), sr, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
