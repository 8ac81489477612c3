import json

import numpy as np
import pytest


def test_from_a_folder_to_arrays(auscult_cli, data, tmp_path):
    done = auscult_cli("features", data, "-o", "store", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "store: 28 rows of 28 clips, 28 computed now, 1116 descriptors each (log-mel at 16000 Hz)" in done.stdout
    assert "store/table.csv" in done.stdout
    assert np.load(tmp_path / "store" / "descriptors.npy", mmap_mode="r").shape == (28, 1116)
    again = auscult_cli("features", data, "-o", "store")
    assert "28 rows of 28 clips, 0 computed now" in again.stdout


def test_from_a_scanned_table_with_copies(auscult_cli, data, tmp_path):
    auscult_cli("scan", data, "--split", "-o", "clips.csv")
    done = auscult_cli(
        "features", "clips.csv", "--augment", "noise", "background", "--features", "log-mel", "--n-mels", "32",
        "--groups", "mean", "gwrp0.9", "--seed", "3", "--no-patches", "--jobs", "1", "-o", "store", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    built = json.loads(done.stdout)
    assert built["n_clips"] == 28
    assert built["n_lines"] == built["n_added"] == 28 + 2 * 12  # three fifths of twenty normal takes are for training
    assert built["n_descriptors"] == 64
    assert built["features"]["groups"] == ["mean", "gwrp0.9"]
    assert not (tmp_path / "store" / "patches.npy").exists()


def test_the_originals_way(auscult_cli, data, tmp_path):
    done = auscult_cli("features", data, "-o", "store", "--features", "original-mfcc", "--augment", "original")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "112 rows of 28 clips" in done.stdout
    assert np.load(tmp_path / "store" / "patches.npy", mmap_mode="r").shape == (112 * 433, 40)


def test_left_out_clips_are_named_and_the_exit_code_says_so(auscult_cli, data):
    for number in range(7):
        (data / "fan/id_00/normal" / f"bad [{number}].wav").write_text("no sound")
    done = auscult_cli("features", data, "-o", "store", "--n-mels", "16", "--groups", "mean")
    assert done.returncode == 1
    assert "7 clips left out:" in done.stdout
    assert "bad [0].wav: is not audio" in done.stdout
    assert "and 2 more" in done.stdout
    assert f"scan {data}" in done.stdout


@pytest.mark.slow
def test_a_cluster_that_is_started_for_it(auscult_cli, data):
    done = auscult_cli("features", data, "-o", "store", "--cluster", "local:2", "--n-mels", "16", "--groups", "mean")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "28 computed now" in done.stdout


def test_nameplates(auscult_cli, data, synthetic_data, tmp_path):
    options = ("-o", "store", "--groups", "orders", "--nameplates", synthetic_data / "truth.csv")
    assert auscult_cli("features", data, *options).returncode == 0
    assert "rotation_hz" in (tmp_path / "store" / "store.json").read_text()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--features", "chroma"], 2, "--features: expected log-mel or original-mfcc"),
        (["--augment", "reverb"], 2, "--augment: unknown 'reverb'"),
        (["--groups", "colour"], 2, "--groups: unknown descriptors 'colour'"),
        (["--n-mels", "0"], 2, "expected counts of at least 1"),
        (["--channels", "left"], 2, "--channels: expected mean, all or an index"),
        (["--jobs", "0"], 2, "--jobs: expected 1 or more"),
        (["--seed", "-1"], 2, "--seed: expected 0 or more"),
        (["--cluster", "somewhere"], 2, "--cluster: expected a scheduler's address"),
        (["--cluster", "tcp://127.0.0.1:9", "--jobs", "2"], 2, "asked for beside a cluster"),
        (["--nameplates", "missing.csv"], 3, "there is no such file"),
        ([], 2, "is a file, not a folder"),
    ],
)
def test_wrong_options(auscult_cli, data, tmp_path, options, code, words):
    (tmp_path / "file").write_text("")
    done = auscult_cli("features", data, "-o", "store" if options else "file", *options)
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stderr


def test_a_folder_in_use_is_refused(auscult_cli, data, tmp_path):
    done = auscult_cli("features", data, "-o", data)
    assert done.returncode == 2
    assert "holds other things (fan, ...). Name an empty folder" in done.stderr
