import fcntl
import functools
import hashlib
import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace

import pytest

from auscult.audio import fetch, index_clips
from auscult.audio.fetch import Presence, check_space, fetch_archives, look
from auscult.audio.mimii import Archive
from auscult.errors import DataError
from auscult.patience import Patience

PATIENCE = Patience(n_attempts=2, timeout_s=5, sleep=lambda _: None)


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mirror").mkdir()
    handler = functools.partial(Handler, directory=str(tmp_path / "mirror"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.requests = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def publish(server, tmp_path, machine_type="fan", snr_db=6, members=None):
    """Put an archive on the server; what is known of it."""
    archive = Archive(machine_type, snr_db)
    path = tmp_path / "mirror" / archive.name
    if members is None:
        rng = random.Random(archive.name)
        members = {
            f"{machine_type}/id_0{machine}/{label}/{n:08}.wav": rng.randbytes(20_000)
            for machine in (0, 2)
            for label in ("normal", "abnormal")
            for n in range(3)
        }
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    content = path.read_bytes()
    url = f"http://127.0.0.1:{server.server_port}/{archive.name}"
    return replace(archive, url=url, size=len(content), checksum=f"md5:{hashlib.md5(content).hexdigest()}")


@pytest.fixture
def fan(server, tmp_path):
    return publish(server, tmp_path)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data" / "mimii"


def names(root):
    return sorted(path.name for path in root.iterdir())


def test_folder_has_the_layout_that_training_reads(server, tmp_path, fan, root):
    archives = [fan, publish(server, tmp_path, "fan", -6), publish(server, tmp_path, "pump", 0)]
    told = []
    before = fetch_archives(root, archives, patience=PATIENCE, on_progress=lambda *done: told.append(done))
    assert before == [Presence("missing", 0)] * 3
    assert names(root) == ["-6_dB_fan", "0_dB_pump", "6_dB_fan"]
    assert (root / "6_dB_fan" / "fan" / "id_00" / "normal" / "00000000.wav").stat().st_size == 20_000
    clips = index_clips(root)
    assert {clip.machine for clip in clips} == {"fan/id_00", "fan/id_02", "pump/id_00", "pump/id_02"}
    assert {clip.snr_db for clip in clips} == {6, -6, 0}
    assert len(clips) == 36
    stages = list(dict.fromkeys(stage for stage, *_ in told))
    assert stages[:3] == ["fetch 6_dB_fan.zip", "check 6_dB_fan.zip", "unpack 6_dB_fan.zip"]
    assert ("unpack 6_dB_fan.zip", 240_000, 240_000) in told


def test_what_is_there_is_not_fetched_again(server, fan, root):
    fetch_archives(root, [fan], patience=PATIENCE)
    server.requests.clear()
    stamp = (root / "6_dB_fan").stat().st_ctime_ns
    assert fetch_archives(root, [fan], patience=PATIENCE) == [Presence("whole", 240_000)]
    assert not server.requests
    assert (root / "6_dB_fan").stat().st_ctime_ns == stamp


def test_archives_are_kept_on_demand(server, fan, root):
    fetch_archives(root, [fan], patience=PATIENCE, keep_archives=True)
    assert names(root) == ["6_dB_fan", "6_dB_fan.zip"]
    assert (root / "6_dB_fan.zip").stat().st_size == fan.size


def test_archive_that_lies_there_is_used_and_left(server, tmp_path, fan, root):
    root.mkdir(parents=True)
    shutil.copy(tmp_path / "mirror" / fan.name, root)
    assert fetch_archives(root, [fan], patience=PATIENCE) == [Presence("archive", fan.size)]
    assert not server.requests
    assert names(root) == ["6_dB_fan", "6_dB_fan.zip"]


def test_archive_that_is_another_is_left_and_named(fan, root, server):
    root.mkdir(parents=True)
    with zipfile.ZipFile(root / fan.name, "w") as opened:
        opened.writestr("mine.wav", b"x")
    with pytest.raises(DataError, match=r"6_dB_fan\.zip: is there, but is not the archive that is listed"):
        fetch_archives(root, [fan], patience=PATIENCE)
    assert names(root) == ["6_dB_fan.zip"]


def test_folder_of_the_users_own_is_left(server, fan, root):
    mine = root / "6_dB_fan" / "fan" / "id_00" / "normal" / "mine.wav"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    notes = []
    assert fetch_archives(root, [fan], patience=PATIENCE, on_note=notes.append) == [Presence("own", 4)]
    assert "not from here, and is left as it is" in notes[0]
    assert not server.requests
    assert mine.read_bytes() == b"mine"


def test_what_is_in_the_way_is_named_and_left(server, fan, root):
    root.mkdir(parents=True)
    (root / "6_dB_fan").write_text("a file")
    with pytest.raises(DataError, match="is no folder and in the way"):
        fetch_archives(root, [fan], patience=PATIENCE)
    (root / "6_dB_fan").unlink()
    (root / "6_dB_fan").mkdir()
    (root / "6_dB_fan" / "notes.txt").touch()
    with pytest.raises(DataError, match=r"has no recordings in it\. Move it away"):
        fetch_archives(root, [fan], patience=PATIENCE)
    (root / "6_dB_fan" / "notes.txt").unlink()
    (root / "6_dB_fan").rmdir()
    (root / "6_dB_fan").symlink_to("/nowhere")
    with pytest.raises(DataError, match="is no folder and in the way"):
        fetch_archives(root, [fan], patience=PATIENCE)
    assert not server.requests


@pytest.mark.parametrize("damage", ["lost", "cut", "marker"])
def test_folder_that_lost_recordings_is_named(server, fan, root, damage):
    fetch_archives(root, [fan], patience=PATIENCE)
    clip = root / "6_dB_fan" / "fan" / "id_02" / "normal" / "00000001.wav"
    if damage == "lost":
        clip.unlink()
    elif damage == "cut":
        clip.write_bytes(b"")
    else:
        (root / "6_dB_fan" / ".auscult-fetch.json").write_text("{")
    with pytest.raises(DataError, match="has lost files"):
        fetch_archives(root, [fan], patience=PATIENCE)
    shutil.rmtree(root / "6_dB_fan")
    fetch_archives(root, [fan], patience=PATIENCE)
    assert clip.stat().st_size == 20_000


def test_without_a_checksum_the_archives_own_are_the_check(server, tmp_path, fan, root):
    path = tmp_path / "mirror" / fan.name
    good = path.read_bytes()
    path.write_bytes(good[:5000] + bytes([good[5000] ^ 1]) + good[5001:])
    unknown = replace(fan, checksum=None, size=None)
    with pytest.raises(
        DataError, match=r"6_dB_fan.zip.part: is damaged at .*Delete .*6_dB_fan.zip.part to fetch it anew"
    ):
        fetch_archives(root, [unknown], patience=PATIENCE)
    assert names(root) == ["6_dB_fan.zip.part", "6_dB_fan.zip.part.json"]
    path.write_bytes(good)
    (root / "6_dB_fan.zip.part").unlink()
    fetch_archives(root, [unknown], patience=PATIENCE)
    assert names(root) == ["6_dB_fan"]


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"../evil.wav": b"x"}, "leads out of the folder"),
        ({"fan/readme.txt": b"x"}, "has no recordings in it"),
        ({"6_dB_fan.json/x.wav": b"x", "6_dB_fan.json": b"x"}, "is a file and a folder"),
    ],
)
def test_archive_that_is_not_what_it_should_be(server, tmp_path, root, members, says):
    archive = publish(server, tmp_path, members=members)
    with pytest.raises(DataError, match=says):
        fetch_archives(root, [archive], patience=PATIENCE)
    assert names(root) == ["6_dB_fan.zip.part", "6_dB_fan.zip.part.json"]
    assert not list(tmp_path.rglob("evil*"))


def test_archives_before_a_failure_stay(server, tmp_path, fan, root):
    missing = replace(fan, machine_type="pump", url=f"{fan.url}.not")
    with pytest.raises(DataError, match="404"):
        fetch_archives(root, [fan, missing], patience=PATIENCE)
    assert names(root) == ["6_dB_fan"]


@pytest.mark.parametrize("stage", ["fetch", "check", "unpack"])
def test_interrupt_leaves_nothing_half_under_its_name(server, fan, root, stage):
    def interrupt(told, *_):
        if told.startswith(stage):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_archives(root, [fan], patience=PATIENCE, on_progress=interrupt)
    assert set(names(root)) <= {"6_dB_fan.zip.part", "6_dB_fan.zip.part.json"}
    server.requests.clear()
    fetch_archives(root, [fan], patience=PATIENCE)
    assert len(server.requests) == (stage == "fetch")
    assert names(root) == ["6_dB_fan"]


@pytest.mark.parametrize("stage", ["check", "unpack"])
@pytest.mark.parametrize("keep", [False, True])
def test_killed_process_is_run_again(server, fan, root, stage, keep):
    code = f"""
import os, signal
from auscult.audio.fetch import fetch_archives
from auscult.audio.mimii import Archive
def kill(told, n_done, n_total):
    if told.startswith({stage!r}) and n_done > n_total / 2:
        os.kill(os.getpid(), signal.SIGKILL)
fetch_archives({str(root)!r}, [{fan!r}], keep_archives={keep}, on_progress=kill)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not {"6_dB_fan", "6_dB_fan.zip"} & set(names(root))
    assert look(root, fan).state == "part"
    if stage == "unpack":
        assert ".6_dB_fan.unpacking" in names(root)
    fetch_archives(root, [fan], patience=PATIENCE, keep_archives=keep)
    assert names(root) == ["6_dB_fan"] + ["6_dB_fan.zip"] * keep
    assert len(index_clips(root)) == 12
    assert len(server.requests) == 1


def test_part_that_a_kill_left_at_the_very_end_goes(server, fan, root):
    fetch_archives(root, [fan], patience=PATIENCE)
    (root / "6_dB_fan.zip.part").write_bytes(b"leftover")
    fetch_archives(root, [fan], patience=PATIENCE)
    assert names(root) == ["6_dB_fan"]


def test_two_at_a_time_are_one_too_many(server, fan, root, tmp_path):
    """The other fetch is a process that waits for a server that says nothing."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as silent:  # listens, and never accepts
        url = f"http://127.0.0.1:{silent.server_port}/x.zip"
        code = f"""
from auscult.audio.fetch import fetch_archives
from auscult.audio.mimii import Archive
fetch_archives({str(root)!r}, [{replace(fan, url=url)!r}])
"""
        with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) as other:
            lock, deadline = root / ".auscult-fetch.lock", time.monotonic() + 30
            while not (lock.exists() and lock.read_text()) and time.monotonic() < deadline:
                assert other.poll() is None
                time.sleep(0.005)
            with pytest.raises(DataError, match=rf"another fetch is at work in this folder \(process {other.pid}\)"):
                fetch_archives(root, [fan], patience=PATIENCE)
            assert look(root, fan).state == "missing"  # looking is allowed
            other.kill()
    fetch_archives(root, [fan], patience=PATIENCE)  # the lock died with its process
    assert names(root) == ["6_dB_fan"]


def test_lock_that_was_just_deleted_is_no_lock(fan, root, monkeypatch):
    root.mkdir(parents=True)
    real = fcntl.flock

    def delete_before(file, how):
        (root / ".auscult-fetch.lock").unlink()
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", delete_before)
    with pytest.raises(DataError, match="another fetch is at work"):
        fetch_archives(root, [fan], patience=PATIENCE)


def test_disk_that_is_too_small_is_said_before_anything_is_fetched(server, fan, root):
    huge = replace(fan, size=1 << 55)
    with pytest.raises(DataError, match=r"the disk is too small: about .* GB for 1 archives.* are needed, .* are free"):
        fetch_archives(root, [huge], patience=PATIENCE)
    assert not server.requests
    assert names(root) == []


def free_disk(monkeypatch, free):
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(2 * free, free, free))


def test_room_is_counted_archive_by_archive(fan, tmp_path, monkeypatch):
    archives = [replace(fan, size=1000), replace(fan, snr_db=0, size=1000)]
    for keep, needed in ((False, 1600 + 1000 + 1600), (True, 2 * 2600)):
        free_disk(monkeypatch, needed)
        check_space(tmp_path, archives, keep_archives=keep)
        free_disk(monkeypatch, needed - 1)
        with pytest.raises(DataError, match="too small"):
            check_space(tmp_path, archives, keep_archives=keep)
    (tmp_path / "6_dB_fan.zip.part").write_bytes(bytes(400))
    free_disk(monkeypatch, 600 + 1600)
    check_space(tmp_path, archives[:1], keep_archives=False)


def test_archive_that_unpacks_to_more_than_the_disk_takes(server, tmp_path, root, monkeypatch):
    """An honest bomb: 50 MB of silence in 50 kB, which the estimate does not see coming."""
    archive = publish(server, tmp_path, members={"fan/id_00/normal/0.wav": bytes(50_000_000)})
    free_disk(monkeypatch, 10_000_000)
    with pytest.raises(DataError, match=r"50\.0 MB to unpack 6_dB_fan.zip.part are needed, 10\.0 MB are free"):
        fetch_archives(root, [archive], patience=PATIENCE)
    assert names(root) == ["6_dB_fan.zip.part", "6_dB_fan.zip.part.json"]


def test_looking(server, tmp_path, fan, root):
    assert look(root, fan) == Presence("missing", 0)
    root.mkdir(parents=True)
    (root / "6_dB_fan.zip.part").write_bytes(b"12345")
    assert look(root, fan) == Presence("part", 5)
    shutil.copy(tmp_path / "mirror" / fan.name, root)
    assert look(root, fan) == Presence("archive", fan.size)


def test_marker_says_what_it_is_of(fan, root, server):
    fetch_archives(root, [fan], patience=PATIENCE)
    assert json.loads((root / "6_dB_fan" / ".auscult-fetch.json").read_text()) == {
        "archive": "6_dB_fan.zip",
        "checksum": fan.checksum,
        "n_files": 12,
        "n_bytes": 240_000,
    }


def test_root_that_is_a_file(fan, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file: the disk refuses it: File exists"):
        fetch_archives(tmp_path / "file", [fan], patience=PATIENCE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_root_that_may_not_be_written(fan, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="Permission denied"):
        fetch_archives(tmp_path / "new", [fan], patience=PATIENCE)
