import pytest

from auscult.errors import DataError
from auscult.yaml_tree import MAX_DEPTH, Node, fail, read_tree


def test_texts_stand_on_the_lines_of_their_keys():
    content = b"# comment\na: 1\nb:\n- no\n- c:\n    long\n    text\n"
    long = Node(5, {"c": Node(5, "long text")})
    assert read_tree(content, "f") == Node(2, {"a": Node(2, "1"), "b": Node(3, [Node(4, "no"), long])})


@pytest.mark.parametrize("content", [b"", b"# comment\n", b"\xef\xbb\xbf\n"])
def test_nothing_in_it(content):
    assert read_tree(content, "f") is None


def test_depth_that_is_enough_and_one_that_is_not():
    assert read_tree(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "f") is not None
    with pytest.raises(DataError, match="line 1: has lists within lists"):
        read_tree(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "f")


def test_objects_are_not_made(tmp_path):
    made = tmp_path / "made"
    for content in (f"!!python/object/apply:os.mkdir [{made}]", f"a: !!python/object/apply:os.mkdir ['{made}']"):
        with pytest.raises(DataError, match="has the tag"):
            read_tree(content.encode(), "f")
    assert not made.exists()


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a: 1\nb: [\n", 3),
        ("a: 1\nb: c: d\n", 2),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\n\nb: \x01\n", 3),
        ("a: 1\nb: é\ufffe", 2),
    ],
)
def test_line_of_what_is_no_yaml(content, line):
    with pytest.raises(DataError) as caught:
        read_tree(content.encode(), "f")
    assert caught.value.where == "f"
    assert caught.value.problem.startswith(f"line {line}: ")


@pytest.mark.parametrize("content", [b'"\\UFFFFFFFF"', b"%YAML " + b"9" * 5000 + b".1\n---\na"])
def test_numbers_beyond_python(content):
    with pytest.raises(DataError, match="is no YAML"):
        read_tree(content, "f")


def test_failing_says_where():
    with pytest.raises(DataError, match=r"^f: line 3: is wrong\. Correct it\.$"):
        fail("f", 3, "is wrong", "Correct it.")
