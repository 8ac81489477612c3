import numpy as np

from auscult import __version__
from auscult.bundle.versions import LIBRARIES, library_versions


def test_versions_are_those_that_run():
    versions = library_versions()
    assert versions["numpy"] == np.__version__
    assert versions["auscult"] == __version__


def test_library_that_is_not_installed_is_not_said(monkeypatch):
    monkeypatch.setattr("auscult.bundle.versions.LIBRARIES", (*LIBRARIES, "no-such-library"))
    assert "no-such-library" not in library_versions()
