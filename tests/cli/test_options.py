import zipfile
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from auscult.cli.options import SeveralValues, channel_policy, check_output, named_as_typed
from auscult.errors import OptionError

Snrs = Annotated[list[float], typer.Option(default_factory=list)]
Names = Annotated[list[str], typer.Option(default_factory=list)]


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


def test_bundles_end_in_their_suffix(tmp_path):
    with pytest.raises(
        OptionError, match=r"x\.bin: is not the name of a bundle, which ends in \.auscult\. Name it .*x\.a"
    ):
        check_output(tmp_path / "x.bin")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["data", "--snr", "-6", "0", "6e1", "--name", "a", "b", "--n", "3"], ("data", [-6, 0, 60], ["a", "b"], 3)),
        (["data", "--snr", "-6", "--snr", "6"], ("data", [-6, 6], [], 1)),
        (["data", "--name=a", "--name=b"], ("data", [], ["a", "b"], 1)),
        (["--n", "2", "data"], ("data", [], [], 2)),
        (["--snr", "1", "--", "data"], ("data", [1], [], 1)),
    ],
)
def test_lists_take_values_one_after_the_other(args, expected):
    app, seen = typer.Typer(), []

    @app.command(cls=SeveralValues)
    def verb(root: str, snr: Snrs, name: Names, n: int = 1) -> None:
        seen.append((root, snr, name, n))

    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    assert seen == [expected]


def test_what_is_no_value_of_a_list_is_named():
    app = typer.Typer()

    @app.command(cls=SeveralValues)
    def verb(root: str, snr: Snrs) -> None:
        pass

    done = CliRunner().invoke(app, ["data", "--snr", "6", "loud"])
    assert done.exit_code == 2
    assert "--snr" in done.output


def test_arguments_are_called_what_the_options_are_called():
    with (
        pytest.raises(OptionError, match=r"^--ids: too few\. Give more n_ids_of or --n_ids, or leave out --ids\.$"),
        named_as_typed({"n_ids": "--ids"}),
    ):
        raise OptionError("n_ids", "too few", "Give more n_ids_of or --n_ids, or leave out n_ids.")
