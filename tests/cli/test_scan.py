import json
import shutil
import signal
import subprocess
import sys

import pytest


def test_characteristics_and_next_step(auscult_cli, data, tmp_path):
    done = auscult_cli("scan", data, "-o", "clips.csv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "28 clips, 28 readable, 0.02 h" in done.stdout
    for words in ("fan/id_00", "16000 Hz", "16 bit", "100.0%", "level, normal", "duration: min 2.00 s", "no problems"):
        assert words in done.stdout
    assert "train clips.csv -o" in done.stdout
    assert len((tmp_path / "clips.csv").read_text().splitlines()) == 29


def test_problems_are_named_with_the_remedy_and_the_exit_code_says_so(auscult_cli, data):
    shutil.copy(data / "fan/id_00/normal/00000000.wav", data / "fan/id_00/abnormal/copy [1].wav")
    (data / "fan/id_00/normal/00000003.wav").write_text("no sound")
    done = auscult_cli("scan", data)
    assert done.returncode == 1
    assert "1 cannot be read:" in done.stdout
    assert "00000003.wav (is not audio" in done.stdout
    assert "copy [1].wav" in done.stdout
    assert "Keep one of each" in done.stdout
    done = auscult_cli("scan", data, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["n_clips"] == 29
    assert {problem["kind"]: problem["n"] for problem in found["problems"]} == {"unreadable": 1, "exact_duplicates": 1}
    assert all(problem["remedy"] and problem["files"] for problem in found["problems"])


def test_options_are_the_ones_used(auscult_cli, data, tmp_path):
    options = ["-o", "clips.csv", "--no-audio", "--original-csv", "Meta.csv", "--jobs", 2, "--json"]
    done = auscult_cli("scan", data, *options)
    assert done.returncode == 0
    assert json.loads(done.stdout)["level_db"] == {}
    assert "level_db" not in (tmp_path / "clips.csv").read_text()
    lines = (tmp_path / "Meta.csv").read_text().splitlines()
    assert lines[:2] == ["filePath,classLabel", "data/fan/id_00/abnormal/00000000.wav,abnormal"]


def test_what_is_scanned_can_be_learnt_from(auscult_cli, data):
    assert auscult_cli("scan", data, "-o", "clips.csv", "--no-audio").returncode == 0
    done = auscult_cli("train", "clips.csv", "-o", "m.auscult", "--n-mels", 16, "--labels", "none")
    assert done.returncode == 0, done.stderr
    assert "16 normal clips of 1 machine learnt" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        ([".", "--json"], 3, "holds no recordings"),
        ([".", "-o", "."], 2, "is a folder"),
        ([".", "--jobs", "0"], 2, "--jobs"),
    ],
)
def test_bad_arguments(auscult_cli, arguments, exit_code, says):
    done = auscult_cli("scan", *arguments)
    assert done.returncode == exit_code
    assert says in done.stderr


@pytest.mark.slow
def test_interruption_leaves_no_half_table(data, tmp_path):
    """Ctrl-C comes while the tenth file is read."""
    program = f"""
import itertools, os, signal, sys
import auscult.cli, auscult.audio.scan as module

describe, count = module.describe_file, itertools.count()

def describe_and_interrupt(*arguments, **options):
    if next(count) == 10:
        os.kill(os.getpid(), signal.SIGINT)
    return describe(*arguments, **options)

module.describe_file = describe_and_interrupt
sys.argv = ["auscult", "scan", {str(data)!r}, "-o", "clips.csv"]
auscult.cli.main()
"""
    (tmp_path / "clips.csv").write_text("path\nthe old one\n")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 128 + signal.SIGINT
    assert "Traceback" not in done.stderr
    assert (tmp_path / "clips.csv").read_text() == "path\nthe old one\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clips.csv", "data"]


def rows(path):
    import csv

    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_split_keeps_takes_whole_and_in_the_order_of_recording(auscult_cli, synthetic_data, tmp_path):
    done = auscult_cli("scan", synthetic_data, "-o", "clips.csv", "--split", "--shares", 0.5, 0.25, 0.25)
    assert done.returncode == 0, done.stdout + done.stderr
    table = rows(tmp_path / "clips.csv")
    for machine_id in ("id_00", "id_02"):
        normal = [row["split"] for row in table if row["machine_id"] == machine_id and row["label"] == "normal"]
        assert normal == ["train"] * 10 + ["calibration"] * 5 + ["test"] * 5
    assert {row["split"] for row in table if row["label"] == "anomalous"} == {"test"}
    assert auscult_cli("scan", "clips.csv", "--check-leaks").returncode == 0
    trained = json.loads(
        auscult_cli("train", "clips.csv", "-o", "m.auscult", "--n-mels", 16, "--labels", "none", "--json").stdout
    )
    assert trained["training_data"]["n_clips"] == 2 * 15
    assert trained["metrics"]["figures"][0]["n_normal"] == 5


@pytest.mark.parametrize("name", ["fan/id_02", "id_02"])
def test_a_machine_is_held_out_whole(auscult_cli, synthetic_data, tmp_path, name):
    done = auscult_cli("scan", synthetic_data, "-o", "clips.csv", "--split", "--hold-out", name, "--no-audio")
    assert done.returncode == 0, done.stdout + done.stderr
    table = rows(tmp_path / "clips.csv")
    assert {row["split"] for row in table if row["machine_id"] == "id_02"} == {"test"}
    assert {row["split"] for row in table if row["machine_id"] == "id_00"} == {"train", "calibration", "test"}


def test_a_machine_that_is_not_there_cannot_be_held_out(auscult_cli, synthetic_data):
    done = auscult_cli("scan", synthetic_data, "-o", "clips.csv", "--split", "--hold-out", "id_06")
    assert done.returncode == 2
    assert "--hold-out: there is no machine 'id_06'. Those with labelled clips are: fan/id_00, fan/id_02" in done.stderr


def test_leaks_are_found_by_name_and_by_ear(auscult_cli, synthetic_data, tmp_path):
    assert auscult_cli("scan", synthetic_data, "-o", "clips.csv", "--split").returncode == 0
    table = (tmp_path / "clips.csv").read_text().splitlines()
    columns = table[0].split(",")
    first, copy = (dict(zip(columns, line.split(","), strict=True)) for line in (table[1], table[1]))
    shutil.copy(
        tmp_path / first["path"] if (tmp_path / first["path"]).exists() else first["path"], tmp_path / "copy.wav"
    )
    copy |= {"path": "copy.wav", "take": "another", "split": "test"}
    renamed = dict(zip(columns, table[2].split(","), strict=True)) | {"take": "both"}
    other = dict(zip(columns, table[-1].split(","), strict=True)) | {"take": "both"}
    lines = [",".join(row.values()) for row in (copy, renamed, other)]
    (tmp_path / "leaky.csv").write_text("\n".join([table[0], table[1], *lines]) + "\n")
    done = auscult_cli("scan", "leaky.csv", "--check-leaks", "--json")
    assert done.returncode == 1
    (leaks,) = (problem for problem in json.loads(done.stdout)["problems"] if problem["kind"] == "leaks")
    assert leaks["n"] == 2
    assert any("train and test: heard in" in file and "copy.wav as well, identical" in file for file in leaks["files"])
    assert any("train and test: 2 clips of one take" in file for file in leaks["files"])


def test_bad_splits(auscult_cli, synthetic_data):
    for options, code, says in [
        (["--check-leaks"], 3, "no clip says on which side of a split it lies. Give a table with a column split"),
        (["--hold-out", "id_00"], 2, "--hold-out: holds machines out of a new split. Give --split as well"),
        (["--split", "--shares", 0.5, 0.5], 2, "--shares: expected three, got 2"),
        (["--split", "--shares", 0.5, 0.5, 0.5], 2, "--shares: expected three shares whose sum is 1"),
    ]:
        done = auscult_cli("scan", synthetic_data, *options)
        assert done.returncode == code, done.stderr
        assert says in done.stderr
