import socket
import time

import numpy as np
import pytest

from auscult.errors import DeviceError
from auscult.monitor.sources.pcm_socket import PcmSocket


def opened(port=0, *, n_channels=1, sample_format="s16le", timeout_s=5.0):
    kind = {"sr": 8000, "n_channels": n_channels, "sample_format": sample_format, "timeout_s": timeout_s}
    return PcmSocket.open("127.0.0.1", port, **kind)


def port_of(source):
    return int(source.name.rpartition(":")[2])


def connect(source):
    return socket.create_connection(("127.0.0.1", port_of(source)), timeout=5)


def heard(chunks, n_samples):
    """That many samples, or those until the source fails, and why it did."""
    found = []
    try:
        while sum(y.shape[1] for y in found) < n_samples:
            found.append(next(chunks).y)
    except DeviceError as error:
        return joined(found), str(error)
    return joined(found), ""


def joined(parts):
    return np.concatenate(parts, axis=1) if parts else np.empty((1, 0))


def test_what_a_sender_sends_is_heard_wherever_the_network_cuts_it(rng):
    sent = rng.integers(-30000, 30000, (4000, 2)).astype("<i2")
    source = opened(n_channels=2)
    with connect(source) as sender:
        data = sent.tobytes()
        for start in range(0, len(data), 777):
            sender.sendall(data[start : start + 777])
    y, error = heard(source.chunks(), 1 << 30)
    np.testing.assert_array_equal(y.T * 32768, sent)
    assert error == f"{source.name}: its sender 127.0.0.1 hung up. Start the sender again."
    assert (source.sr, source.n_channels) == (8000, 2)


def test_a_sender_that_left_may_come_back_to_the_same_port():
    with opened().listener as listener:
        port = listener.getsockname()[1]
    for _ in range(3):
        source = opened(port)
        with connect(source) as sender:
            sender.sendall(bytes(3200))
            y, error = heard(source.chunks(), 1600)
            assert (y.shape, error) == ((1, 1600), "")


def test_while_no_sender_is_there_it_can_be_stopped():
    source = opened()
    chunks = source.chunks()
    assert next(chunks).y.shape == (1, 0)
    chunks.close()
    opened(port_of(source)).listener.close()  # the port is free again


def test_a_second_sender_is_refused_while_there_is_one():
    source = opened()
    with connect(source) as sender:
        sender.sendall(bytes(1600))
        heard(source.chunks(), 800)
        with pytest.raises(ConnectionRefusedError):
            connect(source)


def test_a_sender_that_falls_silent_is_given_up_and_told():
    source = opened(timeout_s=0.4)
    with connect(source) as sender:
        sender.sendall(bytes(1600))
        start = time.monotonic()
        y, error = heard(source.chunks(), 1 << 30)
    assert y.shape[1] == 800
    assert "has been silent for 0.4 s" in error
    assert 0.4 <= time.monotonic() - start < 3


def test_a_sender_that_breaks_off_is_one_that_hung_up():
    source = opened()
    with connect(source) as sender:
        sender.sendall(bytes(1600))
        chunks = source.chunks()
        assert heard(chunks, 800)[0].shape == (1, 800)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # no farewell
    assert "hung up (Connection reset by peer)" in heard(chunks, 1 << 30)[1]


def test_floats_that_are_no_sound_are_refused():
    source = opened(sample_format="f32le")
    with connect(source) as sender:
        sender.sendall(np.array([0, np.nan], "<f4").tobytes())
        chunks = source.chunks()
        with pytest.raises(DeviceError, match=r"NaN or infinite. Check .* sample_format"):
            next(chunks)


def test_a_port_that_is_taken_is_said():
    source = opened()
    with source.listener, pytest.raises(DeviceError, match=r"127.0.0.1:\d+: cannot be listened on .*[Aa]ddress"):
        opened(port_of(source))
