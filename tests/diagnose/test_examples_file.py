import errno
import mmap
import subprocess
import sys

import numpy as np
import pytest

from auscult.diagnose import Examples
from auscult.diagnose.examples_file import PATCHES, read_examples, write_examples


def some_examples(rng, *, n_changes=3, n_frames=(1, 40, 7, 300)):
    """Clips of different lengths, the extremes of float32 among their numbers."""
    patches = [rng.standard_normal((6, n)).astype(np.float32) for n in n_frames]
    patches[0][:4, 0] = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal, -0.0, 1 / 3
    n = len(n_frames)
    takes = tuple(f"fan/id_0{k}/Prüfstand {'x' * k}" for k in range(n))
    return Examples(patches, rng.standard_normal((n, n_changes)), np.arange(n) % 2, takes)


def is_mapped(array):
    """Whether an array's numbers lie in a file and not in memory of its own."""
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


@pytest.mark.parametrize("options", [{}, {"n_changes": 0}, {"n_frames": (5,)}])
def test_examples_come_back_to_the_bit(rng, tmp_path, options):
    examples = some_examples(rng, **options)
    write_examples(tmp_path, examples)
    again = read_examples(tmp_path)
    assert len(again) == len(examples)
    for one, other in zip(examples.patches, again.patches, strict=True):
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    assert again.changes.tobytes() == examples.changes.tobytes()
    assert again.changes.shape == examples.changes.shape
    np.testing.assert_array_equal(again.labels, examples.labels)
    assert again.takes == examples.takes


def test_patches_are_mapped_and_not_copied(rng, tmp_path):
    write_examples(tmp_path, some_examples(rng))
    for examples in (read_examples(tmp_path), read_examples(tmp_path).subset([2, 0])):
        assert all(is_mapped(patch) for patch in examples.patches)


def test_what_is_in_the_folder_cannot_be_changed_by_a_reader(rng, tmp_path):
    write_examples(tmp_path, some_examples(rng))
    before = (tmp_path / PATCHES).read_bytes()
    with pytest.raises(ValueError, match="read-only"):
        read_examples(tmp_path).patches[0][:] = 0
    assert (tmp_path / PATCHES).read_bytes() == before


def test_the_last_examples_written_are_read(rng, tmp_path):
    write_examples(tmp_path, some_examples(rng, n_frames=(100, 200, 300)))
    examples = some_examples(rng, n_frames=(4, 2))
    write_examples(tmp_path, examples)
    again = read_examples(tmp_path)
    assert [patch.tolist() for patch in again.patches] == [patch.tolist() for patch in examples.patches]


def test_a_full_disk_is_an_error_and_no_end_of_the_process(tmp_path):
    """Files may not grow beyond 1 kB here, as on a disk that is full."""
    program = f"""
import resource, signal
from pathlib import Path
import numpy as np
from auscult.diagnose import Examples
from auscult.diagnose.examples_file import write_examples
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
examples = Examples([np.zeros((64, 300))], np.zeros((1, 2)), np.zeros(1, int), ("a",))
try:
    write_examples(Path({str(tmp_path)!r}), examples)
except OSError as error:
    print("refused", error.errno)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"refused {errno.EFBIG}\n"), done.stderr
