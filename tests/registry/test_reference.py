import pytest

from auscult.errors import OptionError
from auscult.registry import Reference

SUM = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("registry.example.com/fan:1", ("registry.example.com", "fan", "1", None)),
        ("oci://registry.example.com/fan:1", ("registry.example.com", "fan", "1", None)),
        ("localhost/plant-2/line_b/fan:V1.0-rc_1", ("localhost", "plant-2/line_b/fan", "V1.0-rc_1", None)),
        (f"press:5000/fan@{SUM}", ("press:5000", "fan", None, SUM)),
        (f"oci://[::1]:5000/fan:1@{SUM}", ("[::1]:5000", "fan", "1", SUM)),
    ],
)
def test_parts_of_a_reference(text, parts):
    reference = Reference.parse(text)
    assert (reference.registry, reference.repository, reference.tag, reference.digest) == parts
    assert str(reference) == "oci://" + text.removeprefix("oci://")
    assert Reference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fan:1", "names no registry"),
        ("library/fan:1", "names no registry"),
        ("https://registry.example.com/fan:1", "names no registry"),
        ("registry.example.com/Fan:1", "no name in a registry"),
        ("registry.example.com/../fan:1", "no name in a registry"),
        ("registry.example.com/:1", "no name in a registry"),
        ("registry.example.com/fan", "neither a tag nor a digest"),
        ("registry.example.com/fan:-1", "is not a tag"),
        ("registry.example.com/fan:a/b", "is not a tag"),
        ("registry.example.com/fan@sha256:123", "64 hexadecimal digits"),
        ("registry.example.com/fan@md5:" + "0" * 32, "64 hexadecimal digits"),
        (f"registry.example.com/fan@{SUM.upper()}", "64 hexadecimal digits"),
        ("", "names no registry"),
    ],
)
def test_what_is_no_reference(text, problem):
    with pytest.raises(OptionError, match=problem):
        Reference.parse(text)


def test_login_in_a_reference_is_refused_and_not_shown():
    with pytest.raises(OptionError, match="login before the host") as caught:
        Reference.parse("oci://me:secret@registry.example.com/fan:1")
    assert "secret" not in str(caught.value)


def test_pinned_has_no_tag():
    assert str(Reference.parse("a.b/fan:1").pinned(SUM)) == f"oci://a.b/fan@{SUM}"
