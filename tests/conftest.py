"""Fixtures that several stages' tests share."""

import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

import auscult
from auscult.bundle.bundle import Bundle
from auscult.faults.discovery import Discovery

ALSA = """
pcm.{name} {{ type file  slave.pcm null  file /dev/null  infile "{sound}"  format raw }}
"""
"""A sound device that hears a file: PortAudio and ALSA really open it."""
REAL_DATA = Path(os.environ.get("AUSCULT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20210)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real recordings and the original's model."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real recordings in {REAL_DATA}; set AUSCULT_REAL_DATA to where they are")
    return REAL_DATA


@pytest.fixture(scope="session")
def original_bundle(real_data, tmp_path_factory) -> Path:
    """The original's model as a bundle file."""
    from auscult.bundle.import_keras import import_keras

    path = tmp_path_factory.mktemp("original") / "original.auscult"
    import_keras(real_data / "signalml" / "weightsMulti.hdf5").save(path)
    return path


@pytest.fixture(scope="session")
def synthetic_data(tmp_path_factory) -> Path:
    """A small synthetic data set of two fans in MIMII's layout."""
    from auscult.synth import write_dataset

    root = tmp_path_factory.mktemp("synthetic")
    write_dataset(root, n_ids=2, n_normal=20, n_anomalous=8, n_channels=1, duration_s=2.0, seed=1)
    return root


@pytest.fixture(scope="session")
def trained_bundle(synthetic_data, tmp_path_factory) -> Path:
    """A bundle trained on the synthetic data set."""
    path = tmp_path_factory.mktemp("trained") / "fan.auscult"
    auscult.train(synthetic_data, n_mels=32, labels="none").save(path)
    return path


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """A real container registry with TLS and a password; a test that stops it starts it again."""
    from real_registry import real_registry

    with real_registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture(scope="session")
def quickly_alarming(trained_bundle) -> Bundle:
    """The bundle, alarming after some windows: forty seconds of normal sound support no real promise."""
    bundle = auscult.load(trained_bundle)
    machines = {
        name: replace(machine, rule=replace(machine.rule, threshold=4.0))
        for name, machine in bundle.detector.machines.items()
    }
    return replace(bundle, detector=replace(bundle.detector, machines=machines))


@pytest.fixture(scope="session")
def sounds(synthetic_data) -> dict[str, np.ndarray]:
    """Normal sound of fan/id_00 in a row, and the same made strange; 16 kHz."""
    files = sorted((synthetic_data / "6_dB_fan" / "fan" / "id_00" / "normal").glob("*.wav"))
    normal = np.concatenate([soundfile.read(file, dtype="float32")[0] for file in files])
    tone = 0.2 * np.sin(2 * np.pi * 3000 * np.arange(len(normal)) / 16000)
    return {"normal": normal, "strange": normal + tone.astype(np.float32)}


class FaultyFans(NamedTuple):
    """Two fans with two gross faults, what is learnt of their normal sound, and two clusters compared with it."""

    root: Path
    bundle: Bundle
    found: Discovery


@pytest.fixture(scope="session")
def faulty_fans(tmp_path_factory) -> FaultyFans:
    from auscult.pipeline.fault_discovery import Way, discover
    from auscult.synth import write_dataset

    root = tmp_path_factory.mktemp("faulty_fans")
    write_dataset(
        root,
        machine_types=["fan"],
        n_ids=2,
        snr_db=[6],
        n_normal=24,
        n_anomalous=16,
        faults=("imbalance", "bearing-wear"),
        severity=(0.8, 1.0),
        n_channels=1,
        duration_s=3.0,
        seed=11,
    )
    bundle = auscult.train(root, labels="none")
    return FaultyFans(root, bundle, discover(root, bundle=bundle, way=Way(n_clusters=2)))


@pytest.fixture(scope="session")
def true_faults(faulty_fans) -> dict[str, str]:
    """Fault of each clip of the two fans, by its path; empty for normal ones."""
    with (faulty_fans.root / "truth.csv").open(newline="") as file:
        return {str(faulty_fans.root / row["path"]): row["fault"] for row in csv.DictReader(file)}


@pytest.fixture(scope="session")
def network_bundle(faulty_fans, true_faults) -> Bundle:
    """The bundle of the two fans with a network that has learnt their two faults, in a few epochs."""
    from auscult.bundle.bundle import DETECTOR
    from auscult.bundle.classifier import CLASSIFIER
    from auscult.bundle.making import new_bundle
    from auscult.diagnose import Examples, Training, fit_network
    from auscult.faults import NORMAL, UNKNOWN_FAULT, Fault
    from auscult.faults.changes import Changes

    manifest, machines = faulty_fans.bundle.manifest, faulty_fans.bundle.detector.machines
    changes = Changes(manifest.features)
    names = ("imbalance", "bearing-wear")
    patches, values, labels, takes = [], [], [], []
    for clip in faulty_fans.found.clips:
        machine = machines[clip.machine]
        heard = manifest.features.features(auscult.read_audio(clip.path)[0])
        patches.append(changes.patch(machine, heard.descriptors, heard.patch))
        values.append(changes.values(machine, heard.descriptors[None])[0])
        labels.append(names.index(true_faults[str(clip.path)]))
        takes.append(str(clip.path))
    examples = Examples(patches, np.stack(values), labels, takes)
    is_held_out = np.arange(len(takes)) % 4 == 0
    training = Training(n_epochs=8, device="cpu")
    fitted = fit_network(examples.subset(~is_held_out), examples.subset(is_held_out), names, training)
    faults = tuple(Fault(name, name, f"It has {name}") for name in names)
    manifest = replace(
        manifest,
        faults=(NORMAL, *faults, UNKNOWN_FAULT),
        network={"name": fitted.network, "unknown_below": 0.6},  # so few clips are too few to choose it by
    )
    members = {DETECTOR: faulty_fans.bundle.members[DETECTOR], CLASSIFIER: fitted.to_onnx()}
    return new_bundle(manifest, members)


@pytest.fixture(scope="session")
def cluster_bundle(faulty_fans, network_bundle) -> Bundle:
    """The same network as if it had learnt the two clusters, whose faults nobody has named yet."""
    from auscult.bundle.making import new_bundle
    from auscult.faults import Fault

    found, manifest = faulty_fans.found, network_bundle.manifest
    said = [network_bundle.predict(found.exemplars(number)[0].path).fault for number in (0, 1)]
    normal, *classes, unknown = manifest.faults
    faults = []
    for k, one in enumerate(classes, start=1):
        cluster = said.index(one.name)
        learnt = tuple(clip.content_hash for clip in found.clips if clip.cluster == cluster)[:12]
        faults.append(Fault(f"fault-{k}", f"fault {k}", f"Fault {k}, which has no name yet", learnt))
    return new_bundle(replace(manifest, faults=(normal, *faults, unknown)), network_bundle.members)


@pytest.fixture(scope="session")
def faulty_bundle(faulty_fans, tmp_path_factory) -> Path:
    """File of the bundle of the two fans. Copy it before you change it."""
    path = tmp_path_factory.mktemp("faulty_bundle") / "fans.auscult"
    faulty_fans.bundle.save(path)
    return path


@pytest.fixture(scope="session")
def press(tmp_path_factory) -> Path:
    """Twenty clips of half a second of one press: good ones, and two gross faults, each in a folder of its name."""
    root = tmp_path_factory.mktemp("press")
    rng, sr = np.random.default_rng(8), 4000
    for kind, n in (("good", 8), ("hum", 6), ("hiss", 6)):
        (root / "press" / kind).mkdir(parents=True)
        for number in range(n):
            y = 0.05 * rng.standard_normal(sr // 2)
            if kind == "hum":
                y += 0.2 * np.sin(2 * np.pi * 300 * np.arange(y.size) / sr)
            if kind == "hiss":
                y += 0.1 * np.diff(rng.standard_normal(y.size + 1))
            soundfile.write(root / "press" / kind / f"{number}.wav", y, sr, subtype="PCM_16")
    return root


@pytest.fixture
def microphone(tmp_path):
    """Environment in which ``testmic`` is a sound device that hears a tone of 440 Hz, 12 dB below full scale."""
    time_s = np.arange(60 * 16000) / 16000
    sound = tmp_path / "heard.raw"
    (0.25 * np.sin(2 * np.pi * 440 * time_s)).astype("<f4").tofile(sound)  # as PortAudio asks for it
    (tmp_path / ".asoundrc").write_text(ALSA.format(name="testmic", sound=sound))
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    code = "import sounddevice; assert any(d['name'] == 'testmic' for d in sounddevice.query_devices())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        pytest.skip(f"no PortAudio with ALSA here: {done.stderr.strip().splitlines()[-1]}")
    return environment
