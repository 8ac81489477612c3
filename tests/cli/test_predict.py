import json

import auscult


def clips(data, label, machine="00", n=2):
    return sorted((data / "6_dB_fan" / "fan" / f"id_{machine}" / label).glob("*.wav"))[:n]


def test_a_line_a_clip(auscult_cli, trained_bundle, synthetic_data):
    paths = clips(synthetic_data, "normal")
    done = auscult_cli("predict", trained_bundle, *paths)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line, path in zip(lines, paths, strict=True):
        assert line.startswith("ok ")
        assert f"{path}  Component OK  (normal 0." in line
        assert line.endswith("machine fan/id_00)")


def test_json_is_what_the_server_answers(auscult_cli, trained_bundle, synthetic_data):
    paths = clips(synthetic_data, "normal") + clips(synthetic_data, "normal", machine="02")
    done = auscult_cli("predict", trained_bundle, *paths, "--json")
    bundle = auscult.load(trained_bundle)
    for line, path in zip(done.stdout.splitlines(), paths, strict=True):
        assert json.loads(line) == json.loads(json.dumps({"clip": str(path), **bundle.predict(path).to_dict()}))


def test_anomalous_clip_is_a_finding(auscult_cli, trained_bundle, synthetic_data):
    """A clip of the other machine sounds anomalous."""
    done = auscult_cli("predict", trained_bundle, *clips(synthetic_data, "normal"), "--machine-id", "id_02")
    assert done.returncode == 1
    assert "Component sounds anomalous" in done.stdout


def test_one_bad_clip_does_not_stop_the_others(auscult_cli, trained_bundle, synthetic_data, tmp_path):
    (tmp_path / "notes.wav").write_text("no sound")
    done = auscult_cli("predict", trained_bundle, "notes.wav", *clips(synthetic_data, "normal"))
    assert done.returncode == 3
    assert "error: notes.wav: is not audio" in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_bad_clip_in_json(auscult_cli, trained_bundle):
    done = auscult_cli("predict", trained_bundle, "no.wav", "--json")
    assert done.returncode == 3
    assert "there is no such file" in json.loads(done.stdout)["error"]


def test_no_bundle(auscult_cli):
    done = auscult_cli("predict", "no.auscult", "clip.wav")
    assert done.returncode == 3
    assert done.stderr.startswith("error: no.auscult: there is no such file.")


def test_usage(auscult_cli, trained_bundle):
    assert auscult_cli("predict").returncode == 2
    assert auscult_cli("predict", trained_bundle).returncode == 2
    assert auscult_cli("predict", trained_bundle, "a.wav", "--no-such-option").returncode == 2


def test_names_with_brackets_are_printed_as_they_are(auscult_cli, trained_bundle, synthetic_data, tmp_path):
    path = tmp_path / "clip [bold]1.wav"
    path.write_bytes(clips(synthetic_data, "normal")[0].read_bytes())
    assert str(path) in auscult_cli("predict", trained_bundle, path, "--machine-id", "id_00").stdout
