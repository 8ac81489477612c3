"""The bundle that a monitor judges with: replaced by another one, and that taken back, without ever losing either.

Three files lie beside each other: the live one; ``<name>.previous``, which was live before; and, only while one takes
the other's place, ``<name>.replaced``, which is to become the previous one. Each appears whole or not at all, and an
interrupted replacement is completed, or undone where it had not begun, by whatever command comes next.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from auscult.bundle import Bundle, load
from auscult.bundle.golden import self_check
from auscult.errors import BundleError, MachineError
from auscult.files import disk_errors, whole_file


def previous_path(live_path: str | os.PathLike[str]) -> Path:
    """Where the bundle is kept that was live before: beside the live one, ``<name>.previous``."""
    return Path(f"{os.fspath(live_path)}.previous")


def deploy(
    new: str | os.PathLike[str], live_path: str | os.PathLike[str], machines: Iterable[str] = ()
) -> tuple[Bundle, bool]:
    """Check a bundle and make it the live one; the one that was is kept as the previous one.

    Parameters
    ----------
    new : path
        Bundle file; it stays where it is.
    live_path : path
        Where the monitor's settings say its bundle is; there may be none yet.
    machines : iterable of str
        Full names of those that the settings listen to.

    Returns
    -------
    Bundle
        The live one.
    bool
        Whether it is another than before.

    Raises
    ------
    BundleError
        If it is damaged, judges its golden samples otherwise here, or learnt no normal sound.
    MachineError
        If it does not know a machine.
    DataError
        If the disk refuses it. What was live is live.
    """
    bundle = check_bundle(new, machines)
    live = Path(live_path)
    with disk_errors(live):
        live.parent.mkdir(parents=True, exist_ok=True)
        content = Path(new).read_bytes()
        _complete(live)
        if not live.exists():
            _write(live, content)
        elif live.read_bytes() == content:
            return bundle, False
        else:
            _replace(live, content)
    return bundle, True


def rollback(live_path: str | os.PathLike[str], machines: Iterable[str] = ()) -> Bundle:
    """Make the previous bundle the live one, and the live one the previous: once more takes that back.

    Parameters
    ----------
    live_path : path
        Where the monitor's settings say its bundle is.
    machines : iterable of str
        Full names of those that the settings listen to.

    Returns
    -------
    Bundle
        The live one.

    Raises
    ------
    BundleError
        If there is no previous one, or as in `deploy`.
    MachineError
        If the previous one does not know a machine.
    DataError
        If the disk refuses it. What was live is live.
    """
    live, previous = Path(live_path), previous_path(live_path)
    with disk_errors(live):
        _complete(live)
    if not previous.exists():
        problem = "there is no bundle that was live before"
        raise BundleError(str(previous), problem, f"Deploy the one you want: auscult deploy NEW {live}.")
    bundle = check_bundle(previous, machines)
    with disk_errors(live):
        _replace(live, previous.read_bytes())
    return bundle


def check_bundle(path: str | os.PathLike[str], machines: Iterable[str] = ()) -> Bundle:
    """Read a bundle that is to judge live sound, and see that it can.

    Parameters
    ----------
    path : path
    machines : iterable of str
        Full names of those that it has to know.

    Raises
    ------
    BundleError
        If it is damaged, judges its golden samples otherwise here, or learnt no normal sound.
    MachineError
        If it does not know a machine.
    """
    bundle, where = load(path), str(Path(path))
    if bundle.detector is None:
        raise BundleError(where, "has a classifier, and no model of normal sound", "Train one: auscult train.")
    known = bundle.detector.machines
    missing = [machine for machine in machines if machine not in known]
    if missing:
        problem = f"does not know {', '.join(missing)}, which the monitor listens to, but {', '.join(known)}"
        remedy = f"Enrol what is missing (auscult enroll {where} DIR), or remove its source from the settings."
        raise MachineError(where, problem, remedy)
    self_check(bundle, where)
    return bundle


def _replace(live: Path, content: bytes) -> None:
    """Let this be the live bundle, and the live one the previous: each step whole or not at all."""
    replaced = _replaced_path(live)
    _write(replaced, live.read_bytes())
    _write(live, content)
    _rename(replaced, previous_path(live))


def _complete(live: Path) -> None:
    """Complete a replacement that was interrupted, or undo it if the live bundle had not been touched yet."""
    replaced = _replaced_path(live)
    if not replaced.exists():
        return
    if live.exists() and live.read_bytes() == replaced.read_bytes():
        replaced.unlink()
    else:
        _rename(replaced, previous_path(live))


def _replaced_path(live: Path) -> Path:
    return Path(f"{live}.replaced")


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, even if the power fails."""
    with whole_file(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _flush_folder(path.parent)


def _rename(path: Path, target: Path) -> None:
    path.replace(target)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Let names outlive a loss of power, where the system can promise that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
