import sys

import pytest

from auscult.errors import AuscultError
from auscult.extras import require


def test_package_that_is_there():
    assert require("json", extra="train") is sys.modules["json"]


def test_package_that_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(AuscultError, match=r"sklearn: is not installed.*pip install 'auscult\[train\]'"):
        require("sklearn", extra="train")
