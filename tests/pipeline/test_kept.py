import multiprocessing
import os
import resource
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from auscult.errors import DataError
from auscult.pipeline import kept as kept_module
from auscult.pipeline.kept import FILE, Kept, key_of

FORK = multiprocessing.get_context("fork")


def result(number, n=1000):
    """What a computation gives: another for each number."""
    return {"values": np.full(n, number, np.float64), "name": np.array(f"result {number}")}


def nothing_to_compute():
    raise AssertionError("was computed again")


def in_a_process(function, *arguments):
    """Exit code of a process that does nothing else."""
    process = FORK.Process(target=function, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", 1), ("a", 2)),
        ((1,), (1.5,)),
        ((None,), ("",)),
        ((b"a",), (b"b",)),
        (({"a": 1},), ({"a": 2},)),
        ((np.zeros(4),), (np.zeros((2, 2)),)),
        ((np.zeros(2, np.int64),), (np.zeros(2, np.float64),)),
        ((np.array([1, 2]),), (np.array([2, 1]),)),
    ],
)
def test_what_is_computed_from_something_else_has_another_key(one, other):
    assert key_of(*one) != key_of(*other)


def test_what_is_computed_from_the_same_has_one_key():
    values = np.arange(12).reshape(3, 4)
    assert key_of("a", {"x": 1, "y": [2, None]}, values) == key_of("a", {"y": [2, None], "x": 1}, values.copy())
    assert key_of(values.T) == key_of(np.ascontiguousarray(values.T))


def test_what_was_kept_is_known_and_counted(tmp_path):
    with Kept(tmp_path / "kept") as kept:
        kept.arrays("one", lambda: result(1))
        assert (kept.has("one"), kept.has("two"), kept.n_found) == (True, False, 0)
    with Kept(tmp_path / "kept") as kept:
        kept.arrays("one", nothing_to_compute)
        kept.arrays("two", lambda: result(2))
        assert kept.n_found == 1
    assert not Kept(None).has("one")


def test_another_version_computes_anew(monkeypatch):
    before = key_of("a")
    monkeypatch.setattr(kept_module, "__version__", "999")
    assert key_of("a") != before


def test_results_come_back_to_the_bit_without_computing(tmp_path, rng):
    computed = {
        "numbers": rng.standard_normal((3, 5)),
        "small": rng.standard_normal(4).astype(np.float32),
        "bytes": np.frombuffer(b"\x00\xff", np.uint8),
        "text": np.array("ü"),
        "none": np.empty((0, 2)),
    }
    with Kept(tmp_path / "kept") as kept:
        assert kept.arrays("key", lambda: computed) is computed
    with Kept(tmp_path / "kept") as kept:
        found = kept.arrays("key", nothing_to_compute)
        assert kept.arrays("other key", lambda: result(1))["values"][0] == 1
    assert found.keys() == computed.keys()
    for name, array in computed.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Kept(None) as kept:
        assert kept.arrays("key", lambda: result(1))["values"][0] == 1
        assert kept.arrays("key", lambda: result(2))["values"][0] == 2
        assert kept.scratch() is None
        kept.remove()
    assert not list(tmp_path.iterdir())


def test_of_what_fails_nothing_is_kept(tmp_path):
    with Kept(tmp_path) as kept:
        with pytest.raises(AssertionError, match="computed again"):
            kept.arrays("key", nothing_to_compute)
        assert kept.arrays("key", lambda: result(3))["values"][0] == 3


def test_threads_share_it(tmp_path):
    with Kept(tmp_path) as kept, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: kept.arrays(f"key {n % 20}", lambda: result(n % 20)), range(200)))
    assert [int(arrays["values"][0]) for arrays in found] == [n % 20 for n in range(200)]


def keep_many(folder, n, size):
    with Kept(folder) as kept:
        for number in range(n):
            kept.arrays(f"key {number}", lambda number=number: result(number, size))


def test_a_killed_process_leaves_whole_results(tmp_path):
    """It is killed while it writes one megabyte after the other, and the next one goes on."""
    n_before = 0
    for _ in range(4):
        process = FORK.Process(target=keep_many, args=(tmp_path, 10_000, 125_000))
        process.start()
        deadline = time.monotonic() + 30
        while not (tmp_path / FILE).exists() or (tmp_path / FILE).stat().st_size < 1e6 * (n_before + 3):
            assert process.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with Kept(tmp_path) as kept:
            n_whole = 0
            with pytest.raises(AssertionError, match="computed again"):
                while True:
                    arrays = kept.arrays(f"key {n_whole}", nothing_to_compute)
                    np.testing.assert_array_equal(arrays["values"], np.full(125_000, n_whole))
                    n_whole += 1
        assert n_whole > n_before
        n_before = n_whole


def test_two_processes_at_once(tmp_path):
    both = [FORK.Process(target=keep_many, args=(tmp_path, 60, 20_000)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    with Kept(tmp_path) as kept:
        assert [kept.arrays(f"key {n}", nothing_to_compute)["values"][0] for n in range(60)] == list(range(60))


def test_a_second_run_is_refused_and_takes_nothing_away(tmp_path):
    folder = tmp_path / "kept"
    with Kept(folder, is_run=True) as kept:
        kept.arrays("one", lambda: result(1))
        with pytest.raises(
            DataError, match=rf"kept: another training of this output is running \(process {os.getpid()}"
        ):
            Kept(folder, is_run=True)
        with Kept(folder) as of_a_worker:
            assert of_a_worker.has("one")
        kept.arrays("two", lambda: result(2))
    with Kept(folder, is_run=True) as kept:
        assert (kept.has("one"), kept.has("two")) == (True, True)
        kept.remove()
    assert not folder.exists()


def test_what_a_run_computed_itself_is_not_counted_as_found(tmp_path):
    with Kept(tmp_path) as kept:
        kept.arrays("one", lambda: result(1))
        kept.arrays("one", nothing_to_compute)
        assert kept.n_found == 0


def keep_on_a_full_disk(folder):
    """The kernel itself refuses every byte beyond 100 kB of a file, as a full disk does."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    with Kept(folder) as kept:
        kept.arrays("small", lambda: result(1))
        with pytest.raises(DataError, match=r"kept: what was computed cannot be kept or read there .* Make room"):
            kept.arrays("large", lambda: result(2, 1_000_000))


def test_a_full_disk_is_named_and_what_was_kept_stays(tmp_path):
    assert in_a_process(keep_on_a_full_disk, tmp_path / "kept") == 0
    with Kept(tmp_path / "kept") as kept:
        assert kept.arrays("small", nothing_to_compute)["values"][0] == 1
        assert kept.arrays("large", lambda: result(2))["values"][0] == 2


def test_what_is_no_folder_or_no_database_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file: cannot be written"):
        Kept(tmp_path / "file")
    (tmp_path / FILE).write_bytes(b"something of somebody else's" * 100)
    with pytest.raises(DataError, match=r"not a database.* delete the folder"):
        Kept(tmp_path)


def test_it_goes_when_the_run_is_over(tmp_path):
    folder = tmp_path / "deep" / "kept"
    kept = Kept(folder)
    kept.arrays("key", lambda: result(1))
    (kept.scratch() / "half").write_text("half a result")
    kept.remove()
    kept.remove()
    assert not folder.exists()


def test_other_peoples_files_stay(tmp_path):
    (tmp_path / "precious.wav").touch()
    kept = Kept(tmp_path)
    kept.arrays("key", lambda: result(1))
    kept.scratch()
    kept.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["precious.wav"]
