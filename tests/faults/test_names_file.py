import hashlib
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auscult.errors import DataError, OptionError
from auscult.faults import Fault, check_name
from auscult.faults.names_file import MAX_BYTES, NAMES_FILE, Names, read_names, write_names

A, B, C = (hashlib.sha256(letter).hexdigest() for letter in (b"a", b"b", b"c"))
NAMES = Names(
    (
        Fault("imbalance", "imbalance", "Component is imbalanced", (A, B), "heard at the March inspection\nand in May"),
        Fault("lufter-lose", "Lüfter lose", "送風機: loose # screws", (C,)),
        Fault("to-be-heard", "to be heard", "-"),
    ),
    {A: "fan/id_00/abnormal/00000003.wav", C: "Süd/a: b.wav"},
)
TEXT = f"""\
# My own comment
faults:
- id: imbalance
  name: imbalance
  message: Component is imbalanced
  exemplars:
  - sha256: {A}
    clip: fan/3.wav
  - sha256: {B}
"""


def written(tmp_path, content):
    path = tmp_path / NAMES_FILE
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_file_as_people_see_it(tmp_path):
    path = tmp_path / "new" / NAMES_FILE
    write_names(path, NAMES)
    text = path.read_text(encoding="utf-8")
    comments, content = text.split("faults:\n")
    assert all(line.startswith("# ") for line in comments.splitlines())
    assert "comments like this one are not" in comments
    assert content.startswith(f"""\
- id: imbalance
  name: imbalance
  message: Component is imbalanced
  note: |-
    heard at the March inspection
    and in May
  exemplars:
  - sha256: {A}
    clip: fan/id_00/abnormal/00000003.wav
  - sha256: {B}
- id: lufter-lose
  name: Lüfter lose
""")
    assert "送風機" in content


def test_names_go_through_a_file(tmp_path):
    path = tmp_path / NAMES_FILE
    write_names(path, NAMES)
    assert read_names(path) == NAMES
    first = path.read_bytes()
    write_names(path, read_names(path))
    assert path.read_bytes() == first


names = st.text(max_size=20)
texts = st.text(st.characters() | st.sampled_from("\n \t:#-'\"\\\x85\u2028\ufeff\x00\x7f\udc80"), max_size=30)


@st.composite
def files_of_names(draw):
    drawn = draw(st.lists(st.tuples(names, texts, texts, st.integers(0, 3)), max_size=4))
    faults, clips = {}, {}
    for number, (name, message, note, n_exemplars) in enumerate(drawn):
        hashes = tuple(hashlib.sha256(f"{number}/{n}".encode()).hexdigest() for n in range(n_exemplars))
        try:
            checked = check_name(name)
        except OptionError:
            checked = f"fault {number}"
        faults[checked.casefold()] = Fault(f"f-{number}", checked, message if message.strip() else "?", hashes, note)
        clips |= {content_hash: draw(texts) for content_hash in hashes if draw(st.booleans())}
    kept = {content_hash for fault in faults.values() for content_hash in fault.exemplars}
    return Names(tuple(faults.values()), {key: clip for key, clip in clips.items() if key in kept})


@settings(max_examples=100, deadline=None)
@given(files_of_names())
@example(Names((Fault("a", "no", "null", (), "2024-03-01"), Fault("b", "~", "0x1F", (), "yes"))))
def test_whatever_they_hold_names_go_through_a_file(tmp_path_factory, names):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    write_names(path, names)
    assert read_names(path) == names


def test_texts_that_yaml_takes_for_something_else_stay_texts(tmp_path):
    text = TEXT.replace("name: imbalance", "name: no").replace("Component is imbalanced", "2024").replace(A, "1" * 64)
    (fault,) = read_names(written(tmp_path, text)).faults
    assert (fault.name, fault.message, fault.exemplars) == ("no", "2024", ("1" * 64, B))


def test_what_people_may_leave_out(tmp_path):
    names = read_names(written(tmp_path, TEXT))
    assert names.faults == (Fault("imbalance", "imbalance", "Component is imbalanced", (A, B), ""),)
    assert names.clips == {A: "fan/3.wav"}


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_as_another_editor_saves_it(tmp_path, bom):
    text = TEXT.replace(A, A.upper()).replace("name: imbalance", 'name: " belt   slips"').replace("\n", "\r\n")
    names = read_names(written(tmp_path, bom + text.encode()))
    assert names.faults == (Fault("imbalance", "belt slips", "Component is imbalanced", (A, B)),)
    assert names.clips == {A: "fan/3.wav"}


@pytest.mark.parametrize(
    "content", ["", "\n\n", "# nothing yet\n", "---\n", "faults:\n", "faults: []\n", "---\nfaults:\n"]
)
def test_no_names_yet(tmp_path, content):
    assert read_names(written(tmp_path, content)) == Names()


def test_missing_file(tmp_path):
    path = tmp_path / NAMES_FILE
    with pytest.raises(DataError, match="there is no such file"):
        read_names(path)
    assert read_names(path, missing_ok=True) == Names()
    with pytest.raises(DataError, match="cannot be read"):
        read_names(tmp_path, missing_ok=True)


def changed(old, new):
    assert old in TEXT
    return TEXT.replace(old, new)


FAULT = "- id: b\n  name: b\n  message: b\n  exemplars: []\n"
REFUSED = {
    "prose": ("Imbalance is heard in\nfan 3", 1, "the file has no 'key: value' pairs"),
    "list at the top": ("- id: a\n", 1, "the file has no 'key: value' pairs"),
    "colon in a text": (changed("is imbalanced", "is: imbalanced"), 5, "is no YAML .*mapping values"),
    "tab": (changed("  message", "\tmessage"), 5, r"is no YAML .*'\\t'"),
    "open quote": (changed("name: imbalance", 'name: "imbalance'), 10, "is no YAML"),
    "control character": (changed("fan/3", "fan\x07/3"), 8, "has the character 0x7, which no text has"),
    "escape": (changed("fan/3.wav", r'"\UFFFFFFFF"'), None, "is no YAML"),
    "second document": (TEXT + "---\n" + TEXT, 10, "begins a second document"),
    "tag": (changed("fan/3.wav", "!!python/object/apply:os.system [ls]"), 8, "has the tag .*python"),
    "anchor": (changed("fan/3.wav", "&a fan"), 8, "has the reference 'a'"),
    "alias": (changed("fan/3.wav", "*a"), 8, "has the reference 'a'"),
    "deep": ("faults: " + "[" * 100_000, 1, "has lists within lists"),
    "key twice": (changed("  name: imbalance\n", "  name: imbalance\n  name: leak\n"), 5, "has a second 'name'"),
    "key that is a list": (changed("  message:", "  ? [a]\n  :"), 5, "has a list or a mapping where a key"),
    "unknown key at the top": (TEXT + "clusters: 3\n", 10, "the file has the unknown key 'clusters'"),
    "unknown key": (changed("  message:", "  mesage:"), 5, "a fault has the unknown key 'mesage'.*message"),
    "unknown key of an exemplar": (changed("    clip:", "    path:"), 8, "an exemplar has the unknown key 'path'"),
    "no faults": ("{}\n", 1, "the file has no 'faults'"),
    "missing key": (changed("  message: Component is imbalanced\n", ""), 3, "a fault has no 'message'"),
    "missing hash": (changed(f"  - sha256: {B}\n", "  - clip: b.wav\n"), 9, "an exemplar has no 'sha256'"),
    "faults are a mapping": ("faults:\n  imbalance: loud\n", 1, "'faults' is no list"),
    "fault is a text": ("faults:\n- imbalance\n", 2, "a fault has no 'key: value' pairs"),
    "exemplar is a hash": (TEXT + f"  - {C}\n", 10, "an exemplar has no 'key: value' pairs"),
    "exemplars are a text": (
        changed("exemplars:\n", f"exemplars: {C}\n").split("  - ")[0],
        6,
        "'exemplars' is no list",
    ),
    "name is a list": (changed("name: imbalance", "name: [a]"), 4, "'name' is no text"),
    "hash too short": (changed(B, B[:-1]), 9, "is no SHA-256: expected 64 hex digits, got 63"),
    "hash of other letters": (changed(B, "g" * 64), 9, "is no SHA-256"),
    "id of two words": (changed("id: imbalance", "id: im balance"), 3, "'im balance' cannot be a fault's id"),
    "id that is reserved": (changed("id: imbalance", "id: normal"), 3, "'normal' cannot be a fault's id"),
    "name that is reserved": (changed("name: imbalance", "name: Unknown fault"), 4, "'Unknown fault' is no name for a"),
    "name that is blank": (changed("name: imbalance", "name:"), 4, "the name is blank"),
    "message that is blank": (changed("Component is imbalanced", "' '"), 5, "the message is blank"),
    "two of one id": (TEXT + FAULT.replace("id: b", "id: imbalance"), 10, "the id 'imbalance' is in line 3 already"),
    "two of one name": (TEXT + FAULT.replace("name: b", "name: Imbalance"), 11, "'Imbalance' is in line 4 already"),
    "exemplar of two": (TEXT + FAULT.replace("[]", f"[{{sha256: {B}}}]"), 13, "the exemplar .* is in line 9 already"),
    "exemplar twice": (
        changed("  exemplars:\n", f"  exemplars: [{{sha256: {A}}}, {{sha256: {A}}}]\n").split("  - ")[0],
        6,
        "is in line 6 already",
    ),
    "latin-1": (changed("fan/3", "Süd/3").encode("latin-1"), 8, "is not UTF-8.*iconv"),
    "utf-16": (TEXT.encode("utf-16"), 1, "is not UTF-8"),
}


@pytest.mark.parametrize(("content", "line", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_the_line(tmp_path, content, line, problem):
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=problem) as caught:
        read_names(path)
    assert caught.value.where == str(path)
    if line is not None:
        assert caught.value.problem.startswith(f"line {line}: ")
    assert caught.value.remedy


def test_a_bomb_of_references_is_refused_at_once(tmp_path):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(DataError, match="has the reference 'a0'"):
        read_names(written(tmp_path, "\n".join(lines)))


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / NAMES_FILE
    with path.open("wb") as file:
        file.write(b"# ")
        file.truncate(1 << 40)
    started = time.monotonic()
    with pytest.raises(DataError, match=f"more than {MAX_BYTES // 1_000_000} MB"):
        read_names(path)
    assert time.monotonic() - started < 5


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, len(TEXT)),
    st.integers(0, 30),
    st.text(max_size=8) | st.text("\t\n -:#&*!{}[]'\"\\%@`|>?,", max_size=8),
)
def test_any_slip_of_the_hand_is_understood_or_said(tmp_path_factory, place, n_deleted, typed):
    content = (TEXT[:place] + typed + TEXT[place + n_deleted :]).encode(errors="surrogatepass")
    path = written(tmp_path_factory.getbasetemp(), content)
    try:
        assert isinstance(read_names(path), Names)
    except DataError as error:
        assert error.where == str(path)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault("normal", "leak", "Leak"), "cannot be a fault's id"),
        (Fault("leak", "normal", "Leak"), "is no name for a fault"),
        (Fault("leak", "leak", "Leak", ("abc",)), "is no SHA-256"),
        (Fault("imbalance", "leak", "Leak"), "is in line 4 already"),
        (Fault("leak", "leak", "Leak", (A,)), "is in line"),
    ],
)
def test_what_would_not_be_read_is_not_written(tmp_path, fault, problem):
    path = tmp_path / NAMES_FILE
    write_names(path, NAMES)
    before = path.read_bytes()
    with pytest.raises(DataError, match=problem):
        write_names(path, Names((*NAMES.faults, fault)))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_places_of_other_clips_are_left_out(tmp_path):
    path = tmp_path / NAMES_FILE
    write_names(path, Names(NAMES.faults, {**NAMES.clips, "0" * 64: "other.wav"}))
    assert read_names(path) == NAMES
