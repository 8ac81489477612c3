import subprocess
import sys

COUNT = """
from threadpoolctl import threadpool_info
from auscult.one_thread import one_thread
with one_thread():
    counts = {(pool["user_api"], pool["num_threads"]) for pool in threadpool_info()}
print(sorted(counts))
"""


def test_libraries_that_were_not_loaded_before_compute_on_one_thread_too():
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[('blas', 1), ('openmp', 1)]"
