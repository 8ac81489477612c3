"""Programs that make images of build contexts: docker, podman, buildah."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auscult import __version__
from auscult.errors import DataError, OptionError

NAMES = ("docker", "podman", "buildah")
TAG = re.compile(
    r"([\w.-]+(:\d+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?", re.ASCII
)


def check_tag(tag: str) -> str:
    """Check the name of an image.

    Raises
    ------
    OptionError
        If no builder would take it.
    """
    if not TAG.fullmatch(tag):
        remedy = "Lower-case letters, digits and . _ - / between them, then : and a version: registry.example.com/fan:1"
        raise OptionError("--tag", f"{tag!r} is no name for an image", remedy)
    return tag


@dataclass(frozen=True)
class Builder:
    """One of the programs.

    Parameters
    ----------
    name : str
        Of the program: ``docker``, ``podman`` or ``buildah``.
    """

    name: str

    def command(self, context: Path, *, bundle: str, tag: str, options: Sequence[str] = ()) -> list[str]:
        """Command that makes an image.

        Parameters
        ----------
        context : Path
            As `auscult.shipping.write_build_context` writes it.
        bundle : str
            Name of the bundle in it, which is baked in.
        tag : str
            What the image is called.
        options : sequence of str
            Further options of the builder.
        """
        # OCI's format has no health check; in one layer a new bundle would be as large as all the rest
        shape = () if self.name == "docker" else ("--format", "docker", "--layers")
        told = ("--build-arg", f"BUNDLE={bundle}", "--build-arg", f"VERSION={__version__}", "--tag", tag)
        return [self.name, "build", *shape, *told, *options, str(context)]

    def build(self, context: Path, *, bundle: str, tag: str, options: Sequence[str] = ()) -> None:
        """Make an image; what the builder says goes to stderr.

        Parameters
        ----------
        context, bundle, tag, options
            As for `command`.

        Raises
        ------
        DataError
            If the builder fails.
        """
        command = self.command(context, bundle=bundle, tag=tag, options=options)
        environment = os.environ | {"DOCKER_BUILDKIT": "1"}  # docker's older builder knows no secrets
        done = subprocess.run(command, stdout=sys.stderr, check=False, env=environment)
        if done.returncode:
            remedy = f"What it says stands above. The build context is whole: {context}"
            raise DataError(" ".join(command), f"ended with exit code {done.returncode}", remedy)


def find_builder() -> Builder:
    """The first builder of this machine that works.

    Raises
    ------
    OptionError
        If there is none.
    """
    for name in NAMES:
        if shutil.which(name) and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0:
            return Builder(name)
    problem = f"there is no {', '.join(NAMES[:-1])} or {NAMES[-1]} here that works"
    raise OptionError("--build", problem, "Leave it out and build where there is one, or install one.")
