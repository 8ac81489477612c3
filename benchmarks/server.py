"""The service: the original's (Flask, librosa, Keras) beside Auscult's, each a process of its own, in one run.

A client posts a 2.56 MB recording again and again, now to one, now to the other.
"""

import http.client
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from subject import model_and_clip

from auscult.bundle.import_keras import import_keras

BOUNDARY = "x" * 20
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


class Service:
    """A service that was started as a process, and how long it took to be ready."""

    def __init__(self, command: list[str], port: int) -> None:
        self.port = port
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while not self._is_ready():
            time.sleep(0.01)
        self.start_s = time.perf_counter() - start

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/v2/health/ready" if "auscult" in str(self.process.args) else "/")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def requests_per_s(self, body: bytes, *, n: int, n_clients: int = 1) -> tuple[float, float]:
        """Requests a second of `n_clients` that post `n` times each, and the median latency in ms."""
        latencies: list[float] = []

        def client() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            for _ in range(n):
                start = time.perf_counter()
                connection.request("POST", "/inference", body, HEADERS)
                response = connection.getresponse()
                response.read()
                assert response.status == 200
                latencies.append(time.perf_counter() - start)

        threads = [threading.Thread(target=client) for _ in range(n_clients)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return n * n_clients / (time.perf_counter() - start), 1000 * statistics.median(latencies)

    def resident_mb(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main() -> None:
    model, clip = model_and_clip()
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="clip.wav"\r\n\r\n'
    body = part.encode() + clip.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "original.auscult"
        import_keras(model).save(bundle)
        recipe = Path(__file__).with_name("original.py")

        def start_theirs() -> Service:
            port = free_port()
            return Service([sys.executable, str(recipe), "serve", str(model), str(port)], port)

        def start_ours() -> Service:
            port = free_port()
            return Service([sys.executable, "-m", "auscult", "serve", str(bundle), "--port", str(port)], port)

        starts = []
        for _ in range(3):
            services = start_theirs(), start_ours()
            starts.append([service.start_s for service in services])
            for service in services:
                service.stop()
        theirs, ours = start_theirs(), start_ours()
        try:
            report(theirs, ours, body, starts)
        finally:
            theirs.stop(), ours.stop()


def report(theirs: Service, ours: Service, body: bytes, starts: list[list[float]]) -> None:
    print(f"{'service':<46} {'original':>12} {'Auscult':>12}   ratio")
    their_s, our_s = (statistics.median(column) for column in zip(*starts, strict=True))
    print(f"{'start to ready (s)':<46} {their_s:12.2f} {our_s:12.2f}   {their_s / our_s:6.1f} x")
    for service in (theirs, ours):
        service.requests_per_s(body, n=5)
    for n_clients in (1, 4):
        rounds = [
            (
                theirs.requests_per_s(body, n=8 // n_clients, n_clients=n_clients),
                ours.requests_per_s(body, n=40 // n_clients, n_clients=n_clients),
            )
            for _ in range(9)
        ]
        their_rate, our_rate = (statistics.median(round_[i][0] for round_ in rounds) for i in (0, 1))
        their_ms, our_ms = (statistics.median(round_[i][1] for round_ in rounds) for i in (0, 1))
        ratio = statistics.median(round_[1][0] / round_[0][0] for round_ in rounds)
        what = f"POST of a 2.56 MB WAV, {n_clients} client{'s' if n_clients > 1 else ''}"
        print(f"{what + ' (requests/s)':<46} {their_rate:12.1f} {our_rate:12.1f}   {ratio:6.1f} x")
        print(f"{'the same, median latency (ms)':<46} {their_ms:12.1f} {our_ms:12.1f}   {their_ms / our_ms:6.1f} x")
    their_mb, our_mb = theirs.resident_mb(), ours.resident_mb()
    print(f"{'resident memory after it (MB)':<46} {their_mb:12.0f} {our_mb:12.0f}   {their_mb / our_mb:6.1f} x")


if __name__ == "__main__":
    main()
