"""Options that several verbs have."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer.core

from auscult.audio import ChannelPolicy
from auscult.bundle.archive import MANIFEST, MANIFEST_SUM
from auscult.errors import OptionError

SUFFIX = ".auscult"
"""Of the names of bundles."""


def channel_policy(text: str) -> ChannelPolicy:
    """Channel policy as it is written on the command line: ``mean``, ``all`` or an index from 0.

    Raises
    ------
    OptionError
        If it is anything else.
    """
    if text == "mean":
        return "mean"
    if text == "all":
        return "all"
    if text.isascii() and text.isdigit():
        return int(text)
    raise OptionError("--channels", f"expected mean, all or an index from 0, got {text!r}", "Choose one of them.")


@contextmanager
def named_as_typed(options: Mapping[str, str]) -> Iterator[None]:
    """Call the arguments in messages what the options are called: ``n_ids`` becomes ``--ids``."""
    try:
        yield
    except OptionError as error:
        option = options.get(error.where, error.where)
        word = rf"(?<![\w-]){re.escape(error.where)}(?![\w-])"  # not where the option is said already
        raise OptionError(option, error.problem, re.sub(word, option, error.remedy)) from None


def is_bundle(path: Path) -> bool:
    """Whether a file is a bundle by its name or, however it is called, by its content."""
    if path.suffix == SUFFIX:
        return True
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return {MANIFEST, MANIFEST_SUM} <= set(archive.namelist())


def check_output(path: Path) -> Path:
    """Check before hours of work that their result can be put there.

    Raises
    ------
    OptionError
        If the folder does not exist, the path is a folder, a new file is not called as bundles are, or a file that is
        none would be overwritten.
    """
    if path.is_dir():
        raise OptionError(str(path), "is a folder", f"Name the file in it: -o {path / 'machine.auscult'}")
    if path.exists() and not is_bundle(path):
        raise OptionError(str(path), "exists and is no bundle", "Name another file, so that it is not overwritten.")
    if not path.exists() and path.suffix != SUFFIX:
        problem = f"is not the name of a bundle, which ends in {SUFFIX}"
        raise OptionError(str(path), problem, f"Name it {path.with_suffix(SUFFIX)}")
    check_folder(path)
    return path


def check_folder(path: Path) -> None:
    """Check that the folder exists which a file is to be written to.

    Raises
    ------
    OptionError
        If it does not.
    """
    if not path.parent.is_dir():
        raise OptionError(str(path), f"there is no folder {path.parent}", f"Make it with: mkdir -p {path.parent}")


class SeveralValues(typer.core.TyperCommand):
    """A verb whose options for lists take several values at once: ``--snr -6 0 6`` beside ``--snr -6 --snr 0``.

    A list ends at the next option; what stands before the first option are the arguments.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each further value, as the parser knows it."""
        lists = {name for param in self.params if getattr(param, "multiple", False) for name in param.opts}
        return super().parse_args(ctx, _repeated(args, lists))


def _repeated(args: list[str], lists: set[str]) -> list[str]:
    repeated: list[str] = []
    option, n_values = "", 0
    for arg in args:
        if arg.startswith("-") and not re.fullmatch(r"-[\d.]+(e-?\d+)?", arg):  # a negative number is a value
            option, n_values = arg if arg in lists else "", 0
        elif option:
            repeated += [option] * (n_values > 0)
            n_values += 1
        repeated.append(arg)
    return repeated
