from auscult.shipping.edited import write_or_keep


def test_what_is_there_is_kept_unless_it_is_nobodys_work(tmp_path):
    path, notes = tmp_path / "folder" / "file", []
    for _ in range(2):
        write_or_keep(path, b"written", notes.append)
    assert notes == []
    path.write_bytes(b"edited")
    write_or_keep(path, b"written", notes.append)
    assert path.read_bytes() == b"edited"
    assert notes == [f"{path}: kept as it is, as you may have edited it; delete it to have it anew"]
    write_or_keep(path, b"written", notes.append, is_unedited=True)
    assert path.read_bytes() == b"written"
