import pytest

from auscult.server.ranges import part_of

CONTENT = bytes(range(100))


@pytest.mark.parametrize(
    "asked", [None, "", "bytes", "bytes=-", "bytes=9-3", "bytes=0-1,5-6", "seconds=0-1", "bytes=a-b"]
)
def test_the_whole(asked):
    response = part_of(CONTENT, "audio/wav", asked)
    assert (response.status_code, response.body) == (200, CONTENT)
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-type"] == "audio/wav"
    assert "content-range" not in response.headers


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, 99),
        ("bytes=10-19", 10, 19),
        ("bytes=99-", 99, 99),
        ("bytes=90-1000", 90, 99),
        ("bytes=-10", 90, 99),
        ("bytes=-1000", 0, 99),
        (" bytes=5-5 ", 5, 5),
    ],
)
def test_a_part(asked, first, last):
    response = part_of(CONTENT, "audio/wav", asked)
    assert (response.status_code, response.body) == (206, CONTENT[first : last + 1])
    assert response.headers["content-range"] == f"bytes {first}-{last}/100"
    assert response.headers["content-length"] == str(last + 1 - first)


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_nothing_is_there(asked):
    response = part_of(CONTENT, "audio/wav", asked)
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */100"
    assert response.media_type == "application/problem+json"


def test_a_part_of_nothing():
    assert part_of(b"", "audio/wav", "bytes=0-").status_code == 416
