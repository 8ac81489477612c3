import csv
import io

import pytest

from auscult.audio.manifest import TableWriter, is_table_name, read_table, table_columns, unescaped
from auscult.errors import DataError, printable


def rows_of(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "clips.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return list(read_table(str(path)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_delimiters(tmp_path, encoding, delimiter, end):
    lines = [["path", "label", "machine_id"], ["Süd/送風機.wav", "normal", "press 3"], ['a,b;c"d.wav', "ng", ""]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(lines)
    bom = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    rows = rows_of(tmp_path, bom + text.getvalue().encode(encoding))
    assert [list(row.cells.values()) for row in rows] == lines[1:]
    assert not any(row.error for row in rows)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("path,label,level_db", {"path", "label"}),
        ("filePath,classLabel", {"path", "label"}),
        (" File ; Label;SNR", {"path", "label", "snr_db"}),
        ("path", {"path"}),
    ],
)
def test_columns_by_other_names(tmp_path, header, columns):
    delimiter = ";" if ";" in header else ","
    (row,) = rows_of(tmp_path, f"{header}\n{delimiter.join(['a'] * (header.count(delimiter) + 1))}\n")
    assert set(row.cells) == columns


def test_comma_as_decimal_point_beside_semicolons(tmp_path):
    assert rows_of(tmp_path, "path;snr_db\na.wav;-6,5\n")[0].cells["snr_db"] == "-6.5"


def test_blank_lines_are_passed_over(tmp_path):
    assert [row.line for row in rows_of(tmp_path, "path,label\n\na.wav,ok\n,\nb.wav,ok\n")] == [3, 5]


def test_lines_that_do_not_fit_are_said(tmp_path):
    rows = rows_of(tmp_path, "path,label\na,b.wav,normal\n,normal\nc.wav\n")
    assert "line 2 has 3 cells under 2 columns" in rows[0].error
    assert "line 3 names no file" in rows[1].error
    assert not rows[2].error


@pytest.mark.parametrize(
    ("content", "problem", "remedy"),
    [
        (b"", "the table is empty", "column path"),
        (b"\n", "names no column 'path'", "Name the columns"),
        (b"clip,truth\na,b\n", "names no column 'path', but: 'clip, truth'", "machine_type"),
        (b"path,file\na,b\n", "has two columns for 'path'", "Take one"),
        ("path\nS\xfcd.wav\n".encode("latin-1"), "neither UTF-8 nor UTF-16", "iconv -f latin1"),
        ("path\na.wav\n".encode("utf-16-le"), "UTF-16 without its byte order mark", "UTF-8"),
        (b'path\n"a.wav\n' + b"x" * 200_000, "after line 1 it is no CSV", "quotation mark"),
    ],
    ids=["empty", "blank", "columns", "twice", "latin-1", "utf-16", "quote"],
)
def test_refused_tables(tmp_path, content, problem, remedy):
    with pytest.raises(DataError, match=problem) as caught:
        rows_of(tmp_path, content)
    assert caught.value.where == str(tmp_path / "clips.csv")
    assert remedy in caught.value.remedy


def test_no_such_table(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        list(read_table(str(tmp_path / "clips.csv")))


def test_names_that_are_no_text_come_back():
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    assert unescaped(printable(name)) == name


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "clips.csv"
    with path.open("wb") as file:
        writer = TableWriter(file, ["path", "label", "level_db"])
        writer.write(['a "b",\nc.wav', "normal", None])
        writer.finish()
    assert table_columns(str(path)) == ["path", "label", "level_db"]
    (row,) = read_table(str(path))
    assert row.cells == {"path": 'a "b",\nc.wav', "label": "normal"}


def test_table_names():
    assert is_table_name("a/B.CSV")
    assert is_table_name("zip://clips.csv::x.zip")
    assert not is_table_name("clips.wav")
