import httpx
import pytest

from auscult.registry.body import read_body


@pytest.mark.parametrize(("n_bytes", "is_whole"), [(0, True), (99, True), (100, True), (101, False), (1 << 20, False)])
def test_no_more_is_read_than_it_may_have(n_bytes, is_whole):
    response = httpx.Response(200, stream=httpx.ByteStream(b"x" * n_bytes))
    assert read_body(response, 100) == (b"x" * n_bytes if is_whole else None)
