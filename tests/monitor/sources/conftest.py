"""Real senders on this computer that streams are opened from."""

import io
import socket
import threading
import time
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest

RTP_SAMPLES = 160  # of a packet


def encoded(y, sr, *, form, codec):
    """A recording as FFmpeg's encoders make it; y has shape (n_channels, n_samples)."""
    content = io.BytesIO()
    layout = {1: "mono", 2: "stereo", 8: "7.1"}[len(y)]
    with av.open(content, "w", format=form) as container:
        track = container.add_stream(codec, rate=sr, layout=layout)
        frame = av.AudioFrame.from_ndarray(y.T.reshape(1, -1).astype(np.float32), format="flt", layout=layout)
        frame.sample_rate = sr
        to_codec = av.AudioResampler(
            track.codec_context.format.name, layout, sr, track.codec_context.frame_size or 1024
        )
        for piece in [*to_codec.resample(frame), *to_codec.resample(None)]:
            container.mux(track.encode(piece))
        container.mux(track.encode(None))
    return content.getvalue()


@pytest.fixture
def http():
    """Starts servers on this computer that answer with given bytes, and then end or stall; gives their addresses.

    The bytes may be followed by some that come slowly, a fiftieth every 50 ms.
    """
    servers, over = [], threading.Event()

    def start(content, slow=b"", *, is_stalling=False):
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(content)
                    n = -(-len(slow) // 50) or 1
                    for start in range(0, len(slow), n):
                        self.wfile.write(slow[start : start + n])
                        over.wait(0.05)
                    over.wait(60 if is_stalling else 0)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/live"

    yield start
    over.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def rtsp():
    """Starts a camera (RFC 2326) that sends mu-law bytes of 8 kHz, then stalls; gives its address."""
    over = threading.Event()
    threads = []

    def start(mu_law):
        listener = socket.create_server(("127.0.0.1", 0))
        threads.append(threading.Thread(target=_serve_rtsp, args=(listener, mu_law, over)))
        threads[-1].start()
        return f"rtsp://127.0.0.1:{listener.getsockname()[1]}/door"

    yield start
    over.set()
    for thread in threads:
        thread.join()


def _serve_rtsp(listener, mu_law, over):
    with closing(listener), closing(listener.accept()[0]) as camera:
        requests = camera.makefile("r", encoding="ascii", newline="\r\n")
        for line in requests:
            method, address, _ = line.split()
            headers = dict(header.rstrip().split(": ", 1) for header in iter(requests.readline, "\r\n"))
            description = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=door\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\n"
            description += "a=control:picture\r\nm=audio 0 RTP/AVP 0\r\na=control:sound\r\n"
            answer, body = "", ""
            if method == "DESCRIBE":
                answer, body = f"Content-Base: {address}/\r\nContent-Type: application/sdp\r\n", description
            if method == "SETUP":
                assert address.endswith("/sound"), "no picture was wanted"
                answer = f"Transport: {headers['Transport']}\r\nSession: 1\r\n"
            status = f"RTSP/1.0 200 OK\r\nCSeq: {headers['CSeq']}\r\n{answer}Content-Length: {len(body)}\r\n\r\n"
            camera.sendall((status + body).encode())
            if method == "PLAY":
                _send_rtp(camera, mu_law)
                over.wait(60)
                return


def _send_rtp(camera, mu_law):
    for number, start in enumerate(range(0, len(mu_law), RTP_SAMPLES)):
        times = number.to_bytes(2) + start.to_bytes(4)
        packet = b"\x80\x00" + times + b"door" + mu_law[start : start + RTP_SAMPLES]
        camera.sendall(b"$\x00" + len(packet).to_bytes(2) + packet)
        time.sleep(0)
