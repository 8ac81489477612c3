from auscult.monitor.store.disk_reserve import BYTES, FILE, DiskReserve


def test_space_is_taken_and_given_up(tmp_path):
    reserve = DiskReserve(tmp_path)
    assert not reserve.is_held
    assert reserve.take()
    assert reserve.take()
    assert (tmp_path / FILE).stat().st_blocks * 512 >= BYTES  # really on the disk, no hole
    assert reserve.give_up()
    assert not reserve.give_up()
    assert not reserve.is_held


def test_what_a_killed_process_left_is_no_reserve(tmp_path):
    (tmp_path / FILE).write_bytes(b"half")
    reserve = DiskReserve(tmp_path)
    assert not reserve.is_held
    assert reserve.take()


def test_no_more_is_taken_than_leaves_as_much(tmp_path, monkeypatch):
    from shutil import disk_usage

    usage = disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=2 * BYTES - 1))
    assert not DiskReserve(tmp_path).take()
    assert not (tmp_path / FILE).exists()


def test_a_disk_that_refuses_it(tmp_path):
    reserve = DiskReserve(tmp_path / "nowhere")
    assert not reserve.take()
    assert not reserve.give_up()
