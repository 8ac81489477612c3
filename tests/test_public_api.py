import subprocess
import sys

import pytest

import auscult


def test_public_names_exist_and_are_few():
    assert auscult.__all__ == sorted(auscult.__all__)
    assert len(auscult.__all__) <= 15
    for name in auscult.__all__:
        assert getattr(auscult, name).__doc__


def test_public_names_are_shown_before_they_are_used():
    code = "import auscult; assert set(auscult.__all__) <= set(dir(auscult))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'predct'"):
        auscult.predct  # noqa: B018


def test_importing_auscult_imports_nothing_else():
    code = "import sys, auscult; assert not {'numpy', 'onnxruntime'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
