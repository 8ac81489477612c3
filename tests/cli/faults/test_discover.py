import json
import os
import pty
import shutil
import subprocess
import sys

import pytest

from auscult.faults.discovery import Discovery

PICTURES = {"explained_variance", "elbow", "swarm", "centroid_distances", "scatter", "spectra"}


@pytest.fixture
def discovered(auscult_cli, faulty, faulty_bundle, tmp_path):
    """Discover among the two fans with these options; the process, and what it answered in JSON."""

    def run(*options, root=faulty, names=tmp_path / "n.yaml"):
        common = ("--bundle", faulty_bundle, "--names", names, "--json")
        done = auscult_cli("faults", "discover", root, "-o", tmp_path / "f", *common, *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_page_pictures_and_clusters_where_normal_sound_is_learnt_from_the_data(
    auscult_cli, faulty, true_faults, tmp_path
):
    names = tmp_path / "n.yaml"
    done = auscult_cli("faults", "discover", faulty, "-o", tmp_path / "f", "--names", names, "--clusters", "2")
    assert done.returncode == 0, done.stderr
    assert "32 anomalous recordings of 32 takes, 0 like no cluster" in done.stdout
    assert "consistent with wear of a bearing" in done.stdout
    assert "clusters do not follow machine or level" in done.stdout
    assert f"wrote {tmp_path / 'f' / 'faults.html'}" in done.stdout
    assert f"faults name {tmp_path / 'f'} 0 NAME" in " ".join(done.stdout.split())
    assert {path.stem for path in (tmp_path / "f" / "pictures").glob("*.html")} == PICTURES
    found = Discovery.load(tmp_path / "f")
    assert found.bundle is None
    for number in range(2):
        assert len({true_faults[clip.path] for clip in found.clips if clip.cluster == number}) == 1
    assert any(reason.startswith("among 48 normal recordings") for reason in found.reasons)
    assert not names.exists()


def test_numbers_and_seed_that_are_given_are_used_and_all_is_said_as_json(discovered, faulty_bundle, tmp_path):
    answer = discovered("--components", "3", "--clusters", "5", "--seed", "4")
    assert (answer["recipe"], answer["n_components"], answer["n_clusters"]) == ("signatures", 3, 5)
    assert {row["attribute"] for row in answer["audit"]["rows"]} == {"machine", "level"}
    assert sum(cluster["n_clips"] for cluster in answer["clusters"]) <= len(answer["clips"]) == 32
    found = Discovery.load(tmp_path / "f")
    assert (found.seed, found.bundle) == (4, str(faulty_bundle))
    assert found.arrays["points"].shape == (32, 3)


@pytest.mark.slow
def test_original_recipe_follows_the_machine_until_it_is_removed(discovered):
    def ami(*options):
        answer = discovered("--recipe", "original", "--clusters", "2", *options)
        assert answer["recipe"] == "original"
        return next(row["ami"] for row in answer["audit"]["rows"] if row["attribute"] == "machine")

    assert ami() > 0.5
    assert ami("--without", "machine") < 0.2


@pytest.mark.slow
def test_detector_finds_what_nobody_labelled(discovered, few_clips):
    root = few_clips(10)
    (root / "fan" / "id_00" / "abnormal").rename(root / "fan" / "id_00" / "heard")
    (root / "fan" / "id_00" / "heard").rename(root / "fan" / "id_00" / "normal" / "late")
    clips = discovered("--by-detector", "--clusters", "1", root=root)["clips"]
    assert 8 <= len(clips) <= 10
    assert all("late" in clip["path"] for clip in clips), "the others were learnt"


@pytest.mark.slow
def test_nameplates_are_used(discovered, tmp_path, monkeypatch):
    """What they do to physics is tested with `cluster_physics`."""
    from auscult.pipeline import fault_discovery

    heard = []
    judged = fault_discovery.cluster_physics

    def listened(aspects, clips, nameplates):
        heard.append(nameplates)
        return judged(aspects, clips, nameplates)

    monkeypatch.setattr(fault_discovery, "cluster_physics", listened)
    (tmp_path / "plates.csv").write_text("machine,rpm,n_rollers,diameter_ratio\nfan/id_00,960,9,0.2\n")
    discovered("--nameplates", tmp_path / "plates.csv", "--clusters", "1")
    assert heard[0]["fan/id_00"].bearing.n_rollers == 9


@pytest.mark.slow
def test_names_are_those_of_the_file_that_is_given(discovered, auscult_cli, tmp_path):
    options = ("--recipe", "original", "--clusters", "2")
    discovered(*options, names=tmp_path / "mine.yaml")
    assert auscult_cli("faults", "name", tmp_path / "f", "0", "shaking").returncode == 0
    assert (tmp_path / "mine.yaml").exists()
    answer = discovered(*options, names=tmp_path / "mine.yaml")
    assert [cluster["fault"] for cluster in answer["clusters"]] == ["shaking", None]
    assert [cluster["fault"] for cluster in discovered(*options)["clusters"]] == [None, None]


@pytest.mark.slow
def test_names_stay_on_their_faults_when_more_takes_come(discovered, auscult_cli, true_faults, faulty, tmp_path):
    part = tmp_path / "part.csv"
    drawn = sorted(path for path, fault in true_faults.items() if fault)[::3] + sorted(true_faults)[:10:3]
    part.write_text("path,label\n" + "".join(f"{path},anomalous\n" for path in drawn if true_faults[path]))
    discovered("--clusters", "2", root=part)
    found = Discovery.load(tmp_path / "f")
    for number in range(2):
        called = true_faults[found.exemplars(number)[0].path]
        assert auscult_cli("faults", "name", tmp_path / "f", number, called).returncode == 0
    answer = discovered("--clusters", "2", "--seed", "77")
    assert len(answer["clips"]) == 32 > len(found.clips)
    assert [clip["fault"] for clip in answer["clips"]] == [true_faults[clip["path"]] for clip in answer["clips"]]


@pytest.mark.slow
def test_names_are_kept_where_recordings_were_renamed(discovered, auscult_cli, few_clips, true_faults, tmp_path):
    root = few_clips(12)
    discovered("--clusters", "2", root=root)
    assert auscult_cli("faults", "name", tmp_path / "f", "1", "grinding").returncode == 0
    before = Discovery.load(tmp_path / "f")
    for place, path in enumerate(sorted((root / "fan" / "id_00" / "abnormal").iterdir())):
        path.rename(path.with_name(f"{chr(122 - place)}.wav"))
    answer = discovered("--clusters", "2", root=root)
    grinding = {clip.content_hash for clip in before.clips if clip.cluster == 1}
    assert {clip["content_hash"] for clip in answer["clips"] if clip["fault"] == "grinding"} == grinding


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--clusters", "99"), "--clusters: 99 clusters cannot be made of 32 different clips. Ask for at most 32"),
        (("--components", "99"), "--components: expected 1 to 31 of 32 recordings, got 99"),
        (("--recipe", "original", "--clusters", "99"), "--clusters: 99 clusters cannot be made of 32 different clips"),
        (("--recipe", "original", "--components", "99"), "--components: expected 1 to 31 of 32 clips, got 99"),
        (("--recipe", "magic"), "--recipe: expected signatures or original, got 'magic'"),
        (("--without", "colour"), "--without: expected one of machine, SNR, level, channel, day, got 'colour'"),
        (("--ask",), "--ask: there is no terminal to ask on. Give --components and --clusters instead."),
    ],
)
def test_options_that_cannot_be_used(auscult_cli, faulty, faulty_bundle, tmp_path, options, problem):
    done = auscult_cli("faults", "discover", faulty, "-o", tmp_path / "f", "--bundle", faulty_bundle, *options)
    assert done.returncode == 2
    assert problem in done.stderr
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("attribute", ["SNR", "channel", "day"])
def test_what_all_recordings_share_cannot_be_removed(auscult_cli, faulty, faulty_bundle, tmp_path, attribute):
    options = ("--bundle", faulty_bundle, "--without", attribute)
    done = auscult_cli("faults", "discover", faulty, "-o", tmp_path / "f", *options)
    assert done.returncode == 3
    assert f"{attribute}: is the same for all recordings, or not known. Leave out --without." in done.stderr


def test_no_anomalous_recordings(auscult_cli, few_clips, tmp_path):
    done = auscult_cli("faults", "discover", few_clips(0), "-o", tmp_path / "f")
    assert done.returncode == 3
    assert "few: holds 8 normal recordings and no anomalous ones. Label some" in done.stderr


def test_three_anomalous_recordings_of_one_machine_are_one_cluster(auscult_cli, few_clips, tmp_path):
    done = auscult_cli("faults", "discover", few_clips(3), "-o", tmp_path / "f")
    assert done.returncode == 0, done.stderr
    assert "1 cluster: 3 different recordings are too few to tell kinds apart, expected 10" in done.stdout
    assert "there is one cluster only: nothing to compare" in done.stdout


@pytest.mark.parametrize("recipe", ["signatures", "original"])
@pytest.mark.parametrize("is_copy", [True, False])
def test_recordings_that_all_sound_alike(auscult_cli, few_clips, tmp_path, recipe, is_copy):
    root = few_clips(4)
    first, *others = sorted((root / "fan" / "id_00" / "abnormal").iterdir())
    for number, path in enumerate(others):
        path.write_bytes(first.read_bytes() + (b"" if is_copy else b"LIST\4\0\0\0note" + bytes([number]) * 4))
    command = ("faults", "discover", root, "-o", tmp_path / "f", "--recipe", recipe)
    done = auscult_cli(*command)
    assert done.returncode == 0, done.stderr
    assert "alike" in done.stdout
    assert len(Discovery.load(tmp_path / "f").clusters) == 1
    assert done.stderr.count("is the same recording as") == 3 * is_copy
    done = auscult_cli(*command, "--clusters", "2")
    assert done.returncode == 2
    assert "2 clusters cannot be made of 1 different clip. Ask for at most 1" in done.stderr


def test_a_broken_file_of_names_is_refused_before_the_work(auscult_cli, few_clips, tmp_path):
    names = tmp_path / "n.yaml"
    names.write_text("faults:\n- id: leak\n  name: leak\n  message: It leaks\n  exemplars:\n  - sha256: nonsense\n")
    command = ("faults", "discover", few_clips(3), "-o", tmp_path / "f", "--names", names)
    done = auscult_cli(*command)
    assert done.returncode == 3
    assert f"{names}: line 6: 'nonsense' is no SHA-256" in done.stderr
    assert not (tmp_path / "f").exists()
    assert "nonsense" in names.read_text()
    names.unlink()
    assert auscult_cli(*command).returncode == 0


def test_nameplates_that_cannot_be_read(auscult_cli, faulty, tmp_path):
    (tmp_path / "plates.csv").write_text("machine,rpm\nfan/id_00,fast\n")
    options = ("--nameplates", tmp_path / "plates.csv")
    done = auscult_cli("faults", "discover", faulty, "-o", tmp_path / "f", *options)
    assert done.returncode == 3
    assert "plates.csv: line 2 cannot be understood" in done.stderr


def test_bundle_that_knows_no_normal_sound_of_the_machines(auscult_cli, faulty_bundle, few_clips, tmp_path):
    root = few_clips(3)
    shutil.move(root / "fan" / "id_00", root / "fan" / "id_44")
    done = auscult_cli("faults", "discover", root, "-o", tmp_path / "f", "--bundle", faulty_bundle)
    assert done.returncode == 3
    assert "fan/id_44: its normal sound is not known, so its 3 recordings are left out" in done.stderr


@pytest.mark.slow
def test_numbers_are_asked_for_below_their_curves(few_clips, tmp_path):
    command = [sys.executable, "-m", "auscult", "faults", "discover", few_clips(6), "-o", tmp_path / "f", "--ask"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.STDOUT, cwd=tmp_path) as process:
        os.close(theirs)

        def heard_until(end):
            said = b""
            while end not in said:
                said += os.read(ours, 4096)
            return said.decode()

        said = heard_until(b"Number of components:")
        assert "share of variance of 1, 2, ... components" in said
        assert said.count("together") == 5, "six recordings span five dimensions"
        assert said.index("█") < said.index("Number of components")
        os.write(ours, b"6\n")
        assert "expected 1 to 5" in heard_until(b"Number of components:")
        os.write(ours, b"4\n")
        said = heard_until(b"Number of clusters:")
        assert said.index("inertia of 1, 2, ... clusters") < said.index("█") < said.index("Number of clusters")
        os.write(ours, b"3\n")
        heard_until(b"faults.html")
        assert process.wait(timeout=60) == 0
    os.close(ours)
    found = Discovery.load(tmp_path / "f")
    assert (found.n_components, len(found.clusters)) == (4, 3)
