def test_bad_options(auscult_cli, trained_bundle):
    for options in (["--port", 70000], ["--max-upload-mb", 0], ["--upload-timeout-s", -1], ["--max-pending", 0]):
        done = auscult_cli("serve", trained_bundle, *options)
        assert done.returncode == 2
        assert done.stderr


def test_help_says_what_is_served(auscult_cli):
    assert "/inference" in auscult_cli("serve", "--help").stdout
