"""Bundle: everything the edge needs, in one file, and the one function that judges a clip."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auscult.audio import Source, Waveform, check_waveform
from auscult.audio.flaws import flaw_of, some_of
from auscult.audio.index import machine_at
from auscult.audio.read import read_with_flaw
from auscult.bundle.archive import read_archive, write_archive
from auscult.bundle.classifier import CLASSIFIER, Classifier
from auscult.bundle.doubts import length_doubt, machine_doubt
from auscult.bundle.fault_network import FaultNetwork
from auscult.bundle.manifest import Manifest
from auscult.bundle.npz import read_npz
from auscult.bundle.verdict import Verdict
from auscult.detect import Detector, MachineDetector, groups_of
from auscult.detect.explanation import explain as explain_clip
from auscult.errors import AudioError, BundleError, MachineError, OptionError
from auscult.faults.namer import FaultNamer
from auscult.features import LogMel, OriginalMfcc
from auscult.features.recipe import Features

DETECTOR = "detector.npz"
FAULTS = "faults.npz"


@dataclass(frozen=True)
class Bundle:
    """A model that judges clips; `load` reads one, `auscult train` and `auscult bundle import-keras` make one.

    It has a classifier of patches, whose first class is normality, or a detector that learnt normal descriptors. With
    that there may be a network that learnt to name faults, or a namer, which compares with a few named clips.
    """

    manifest: Manifest
    members: dict[str, bytes] = field(repr=False)
    classifier: Classifier | None = None
    detector: Detector | None = None
    network: FaultNetwork | None = None
    namer: FaultNamer | None = None

    @classmethod
    def from_members(cls, manifest: Manifest, members: dict[str, bytes], where: str) -> Self:
        """Bundle made of a manifest and the other members of its file.

        Raises
        ------
        BundleError
            If there is neither a classifier nor a detector, or it is damaged.
        """
        features, n_faults = manifest.features, len(manifest.faults)
        if n_faults < 2:
            raise BundleError(where, f"names {n_faults} classes, expected at least 2", "Make the bundle again.")
        for values in ([fault.id for fault in manifest.faults], [fault.name for fault in manifest.faults]):
            if len(set(values)) < n_faults:
                raise BundleError(
                    where, f"names two classes alike: {', '.join(values)}", "Give each a name of its own."
                )
        if CLASSIFIER in members and isinstance(features, OriginalMfcc):
            return cls(manifest, members, classifier=Classifier(members[CLASSIFIER]))
        if DETECTOR in members and isinstance(features, LogMel):
            detector = Detector.from_arrays(
                read_npz(members[DETECTOR], DETECTOR), groups_of(features.descriptor_groups)
            )
            _check_detector(detector, manifest, features, where)
            network = None
            if CLASSIFIER in members:
                network = FaultNetwork.of(members[CLASSIFIER], features, manifest.faults, manifest.network)
            namer = _read_namer(members[FAULTS], manifest, features) if FAULTS in members else None
            return cls(manifest, members, detector=detector, network=network, namer=namer)
        problem = f"has neither {CLASSIFIER} for original-mfcc features nor {DETECTOR} for log-mel features"
        raise BundleError(where, problem, "Make the bundle again.")

    def predict(
        self,
        clip: Source | NDArray[np.floating[Any]],
        *,
        sr: int | None = None,
        machine_id: str | None = None,
        explain: bool = False,
        max_duration_s: float | None = None,
        max_samples: int | None = None,
    ) -> Verdict:
        """Judge one clip.

        Parameters
        ----------
        clip : path, bytes, binary file object, or ndarray
            A recording, or a waveform `(n_samples,)` or `(n_channels, n_samples)` in [-1, 1] together with `sr`.
        sr : int, optional
            Sampling rate of a waveform in Hz.
        machine_id : str, optional
            Machine the clip is of. Where the bundle knows several and none is said, it is taken from the folders the
            clip lies in, as in training.
        explain : bool
            Whether to tell what is different about the clip, too: `Verdict.explanation`. It takes
            20 ms to half a second, by the number of clips learnt.
        max_duration_s, max_samples : optional
            As in `auscult.read_audio`.

        Returns
        -------
        Verdict

        Raises
        ------
        AudioError
            If the clip cannot be read, or not be used with this bundle's features.
        MachineError
            If the bundle knows several machines and the clip's is not said, or not known.
        """
        where, y, rate, flaw = self._read(clip, sr, max_duration_s=max_duration_s, max_samples=max_samples)
        if self.detector is None:
            if explain:
                problem = "has a classifier, which does not say what is different about a clip"
                raise OptionError("explain", problem, "Leave it out, or train a bundle on normal sound.")
            if machine_id is not None:
                problem = "this bundle has one model for all machines and knows none by name"
                raise MachineError(machine_id, problem, "Leave the machine id out.")
            return replace(self._classify(y, rate), warning=flaw)
        is_from_folders = False
        if machine_id is None and len(self.detector.machines) > 1 and isinstance(clip, str | os.PathLike):
            machine_id = machine_at(clip)
            is_from_folders = machine_id is not None
        try:
            machine = self.detector.resolve(machine_id, is_from_folders=is_from_folders)
            verdict = self._detect(y, rate, machine, with_explanation=explain)
        except AudioError as error:
            raise AudioError(where, error.problem, error.remedy) from None  # features do not know the clip's name
        except MachineError as error:
            raise MachineError(f"{where}: {error.where}", error.problem, error.remedy) from None
        doubts = (machine_doubt(clip, machine) if machine_id is None else None, verdict.warning, flaw)
        return replace(verdict, warning="; ".join(doubt for doubt in doubts if doubt) or None)

    def _read(
        self, clip: Source | NDArray[np.floating[Any]], sr: int | None, **limits: Any
    ) -> tuple[str, Waveform, int, str | None]:
        """Name of a clip for messages, its waveform and sampling rate, and what makes it doubtful as a recording."""
        channels = self.manifest.channels
        if isinstance(clip, np.ndarray):
            if sr is None:
                problem = "not given with a waveform"
                raise OptionError("sr", problem, "Say its sampling rate in Hz: predict(y, sr=16000).")
            y = check_waveform(clip, sr, channels=channels, **limits)
            seen = some_of(clip.T, channels) if clip.ndim > 1 else some_of(y[:, None], "mean")
            return "waveform", y, sr, flaw_of([seen])
        if sr is not None:
            raise OptionError("sr", "given with a recording, which says its own", "Leave it out.")
        where = os.fspath(clip) if isinstance(clip, str | os.PathLike) else "audio"
        return where, *read_with_flaw(clip, channels=channels, **limits)

    def _classify(self, y: Waveform, sr: int) -> Verdict:
        assert self.classifier is not None
        assert isinstance(self.manifest.features, OriginalMfcc)
        values = self.classifier.probabilities(self.manifest.features.patch(y, sr))
        faults = self.manifest.faults
        if values.shape != (len(faults),) or not np.isfinite(values).all():
            problem = f"gave {values.shape} probabilities for {len(faults)} classes, or NaN"
            raise BundleError(CLASSIFIER, problem, "Make the bundle again.")
        winner = int(values.argmax())
        return Verdict(
            is_anomalous=winner != 0,
            message=faults[winner].message,
            probabilities={fault.name: float(value) for fault, value in zip(faults, values, strict=True)},
        )

    def _detect(self, y: Waveform, sr: int, machine: str, *, with_explanation: bool) -> Verdict:
        features = self.manifest.features
        heard = features.features(features.at_own_rate(y, sr))
        verdict = self.judge(heard, machine)
        assert self.detector is not None
        assert isinstance(features, LogMel)
        detector = self.detector.machines[machine]
        return replace(
            verdict,
            warning=length_doubt(y.shape[-1] / sr, detector.rule.interval_s),
            explanation=explain_clip(detector, features, heard.descriptors) if with_explanation else None,
        )

    def judge(self, heard: Features, machine: str) -> Verdict:
        """Judge what was heard in a window of sound that has been described already.

        Parameters
        ----------
        heard : Features
            Of `manifest.features`, for a window about as long as the clips learnt from.
        machine : str
            Its full name, as `detector.machines` has it.

        Returns
        -------
        Verdict
            Without explanation, and without a warning about the window's length.

        Raises
        ------
        OptionError
            If the bundle learnt no normal sound.
        """
        if self.detector is None:
            raise OptionError("bundle", "has a classifier, and no model of normal sound", "Train one: auscult train.")
        detector = self.detector.machines[machine]
        calibration = detector.calibration
        score = float(detector.model.anomaly_scores(heard.descriptors[None])[0])
        is_anomalous = score > calibration.threshold
        normal, *others = self.manifest.faults
        shares = self._fault_shares(detector, heard, score)
        fault = max(others, key=lambda one: shares.get(one.name, 0.0))
        probability = calibration.anomaly_probability(score)
        of_faults = {one.name: probability * shares.get(one.name, 0.0) for one in others}
        knows_faults = self.network is not None or self.namer is not None
        return Verdict(
            is_anomalous=is_anomalous,
            message=(fault if is_anomalous else normal).message,
            probabilities={normal.name: 1 - probability} | of_faults,
            fault=fault.name if is_anomalous and knows_faults else None,
            score=score,
            threshold=calibration.threshold,
            p_value=calibration.p_value(score),
            machine_id=machine,
        )

    def _fault_shares(self, detector: MachineDetector, heard: Features, score: float) -> dict[str, float]:
        """Probability of each fault by its name, if the clip is anomalous; the last stands for all without a name."""
        if self.network is not None:
            return self.network.shares(detector, heard, score)
        unnamed = self.manifest.faults[-1].name
        if self.namer is None:
            return {unnamed: 1.0}
        like = self.namer.name(detector, heard.descriptors)
        return {next((fault.name for fault in self.manifest.faults if fault.id == like), unnamed): 1.0}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the bundle: whole, or not at all; equal bundles give equal bytes.

        Raises
        ------
        BundleError
            If the file cannot be written.
        """
        write_archive(path, self.manifest.to_dict(), self.members)


def load(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle file, every member checked against its SHA-256.

    Parameters
    ----------
    path : path
        A ``.auscult`` file.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If it is missing, damaged, or made by a newer Auscult.
    """
    content, members = read_archive(path)
    where = str(Path(path))
    return Bundle.from_members(Manifest.from_dict(content, where), members, where)


def _check_detector(detector: Detector, manifest: Manifest, features: LogMel, where: str) -> None:
    """Check that a detector and the manifest speak of the same machines, thresholds and descriptors."""
    said = {name: entry["threshold"] for name, entry in manifest.thresholds.items()}
    if said != {name: machine.calibration.threshold for name, machine in detector.machines.items()}:
        raise BundleError(where, f"the thresholds in its manifest are not those of {DETECTOR}", "Train it again.")
    for name, machine in detector.machines.items():
        if machine.model.mean_.size != features.n_descriptors:
            problem = f"{name} was learnt from {machine.model.mean_.size} descriptors, its features are now"
            raise BundleError(where, f"{problem} {features.n_descriptors}", "Another version made it: train it again.")


def _read_namer(content: bytes, manifest: Manifest, features: LogMel) -> FaultNamer:
    """Namer of a bundle, whose faults the manifest names."""
    try:
        namer = FaultNamer.from_arrays(read_npz(content, FAULTS), features)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BundleError(FAULTS, f"unexpected arrays ({error})", "Name the faults of the bundle again.") from None
    if not set(namer.prototypes.fault_ids_) <= {fault.id for fault in manifest.faults[1:]}:
        raise BundleError(FAULTS, "knows faults that the manifest does not name", "Name them again.")
    return namer
