import zipfile

import pytest

from auscult.cli.options import channel_policy, check_output
from auscult.errors import OptionError


@pytest.mark.parametrize(("text", "policy"), [("mean", "mean"), ("all", "all"), ("0", 0), ("12", 12)])
def test_channel_policies(text, policy):
    assert channel_policy(text) == policy


@pytest.mark.parametrize("text", ["", "-1", "1.0", "left", "²"])
def test_what_is_no_channel_policy(text):
    with pytest.raises(OptionError, match="--channels: expected mean, all or an index"):
        channel_policy(text)


def test_bundles_may_be_replaced(tmp_path, trained_bundle):
    (tmp_path / "damaged.auscult").write_bytes(b"half a bundle")
    (tmp_path / "other_name").write_bytes(trained_bundle.read_bytes())
    for name in ("new.auscult", "damaged.auscult", "other_name"):
        assert check_output(tmp_path / name) == tmp_path / name


def test_nothing_else_is_overwritten(tmp_path):
    with zipfile.ZipFile(tmp_path / "6_dB_fan.zip", "w") as archive:
        archive.writestr("fan/id_00/normal/00000000.wav", b"")
    (tmp_path / "clip.wav").write_bytes(b"RIFF")
    for name in ("6_dB_fan.zip", "clip.wav"):
        with pytest.raises(OptionError, match="exists and is no bundle"):
            check_output(tmp_path / name)
