"""Packages that only an extra installs, imported where they are used."""

import importlib
from types import ModuleType

from auscult.errors import AuscultError


class MissingExtraError(AuscultError):
    """What was asked for needs an extra that is not installed."""


def require(package: str, *, extra: str) -> ModuleType:
    """Import a package that an extra of Auscult installs.

    Parameters
    ----------
    package : str
        Its import name.
    extra : str
        The extra: ``train``, ...

    Returns
    -------
    module

    Raises
    ------
    MissingExtraError
        If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        problem = f"is not installed, which the extra '{extra}' brings"
        remedy = f"Install it with: pip install 'auscult[{extra}]' (in a clone: pip install '.[{extra}]')"
        raise MissingExtraError(package, problem, remedy) from None
