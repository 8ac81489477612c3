"""A bundle -> a folder that docker, podman and buildah make an image of."""

from importlib.resources import files
from pathlib import Path

from auscult.bundle import load
from auscult.bundle.golden import self_check
from auscult.errors import OptionError
from auscult.files import write_whole
from auscult.patience import OnNote, say_nothing
from auscult.shipping.edited import write_or_keep
from auscult.shipping.wheel import write_wheel

OF_EVERY_CONTEXT = {
    "Dockerfile": "Dockerfile",
    "constraints.txt": "constraints.txt",
    "serving.lock": "serving.lock",
    "dockerignore": ".dockerignore",
}
"""Files beside this one, and what they are called in a build context."""
EDITABLE = ("Dockerfile", ".dockerignore")
"""Of those, what people edit; the others have to be of the same Auscult as the wheel."""


def write_build_context(bundle: Path, folder: Path, on_note: OnNote = say_nothing) -> list[str]:
    """Write all that an image of a bundle is made of, besides the base and the packages of an index.

    Parameters
    ----------
    bundle : Path
        It is checked as when it is loaded to serve.
    folder : Path
        A new folder, or one that such a context was written to before.
    on_note : callable
        Told of files that are kept as somebody edited them.

    Returns
    -------
    list of str
        Names of the files in the folder, the bundle's the last.

    Raises
    ------
    OptionError
        If the folder has something else in it, or is a file.
    BundleError
        If the bundle is damaged, or judges here otherwise than where it was made.
    DataError
        If the disk refuses it.
    """
    self_check(load(bundle), str(bundle))
    content = bundle.read_bytes()
    if folder.exists() and not folder.is_dir():
        raise OptionError(str(folder), "is a file, and a build context is a folder", "Name a new folder with -o.")
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in OF_EVERY_CONTEXT.values() and path.suffix not in (".auscult", ".whl"):
            problem = f"has something else in it: {path.name}"
            raise OptionError(str(folder), problem, "Name a new folder: all of a build context is sent to the builder.")
    for old in folder.glob("auscult-*.whl"):
        old.unlink()
    for name, called in OF_EVERY_CONTEXT.items():
        ours = files("auscult.shipping").joinpath(name).read_bytes()
        if called in EDITABLE:
            write_or_keep(folder / called, ours, on_note)
        else:
            write_whole(folder / called, ours)
    wheel = write_wheel(folder)
    write_whole(folder / bundle.name, content)
    return [*OF_EVERY_CONTEXT.values(), wheel.name, bundle.name]
