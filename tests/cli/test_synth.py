def test_data_set_and_summary(auscult_cli, tmp_path):
    options = ["--ids", 2, "--snr", 6, "--snr", -6, "--normal", 2, "--anomalous", 1, "--duration", 0.5, "--seed", 3]
    done = auscult_cli("synth", "data", *options)
    assert done.returncode == 0
    assert "data: 12 synthetic clips" in done.stdout
    assert len(list((tmp_path / "data").rglob("*.wav"))) == 12
    assert (tmp_path / "data" / "-6_dB_fan" / "fan" / "id_02" / "abnormal" / "00000000.wav").exists()


def test_bad_options(auscult_cli):
    for options in (["--ids", 0], ["--severity", 2], ["--duration", -1], ["--snr", "loud"]):
        done = auscult_cli("synth", "data", *options)
        assert done.returncode == 2
        assert options[0] in done.stderr


def test_folder_that_is_a_file(auscult_cli, tmp_path):
    (tmp_path / "data").touch()
    done = auscult_cli("synth", "data", "--normal", 1, "--anomalous", 0, "--duration", 0.5)
    assert done.returncode == 3
    assert "data" in done.stderr
