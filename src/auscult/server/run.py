"""A served bundle as a process: bind, say so, answer until told to stop, drain, stop."""

import ctypes
import logging
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from auscult.errors import OptionError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>

DRAIN_S = 20
"""Longest wait for requests under way after SIGTERM."""


def serve(app: FastAPI, *, host: str, port: int, on_listening: Callable[[str], None]) -> None:
    """Serve an application until SIGTERM or SIGINT; then requests under way are answered and the process goes on.

    Parameters
    ----------
    app : FastAPI
    host : str
        Address to listen on; ``0.0.0.0`` for all of this machine's.
    port : int
        Port to listen on; 0 for any free one.
    on_listening : callable
        Called with the URL as soon as the port is taken.

    Raises
    ------
    OptionError
        If nothing can listen there.
    """
    _keep_freed_memory()
    listener = _listen(host, port)
    taken_port = listener.getsockname()[1]
    on_listening(f"http://{f'[{host}]' if ':' in host else host}:{taken_port}")
    config = uvicorn.Config(
        app, log_level="warning", http="httptools", timeout_graceful_shutdown=DRAIN_S, server_header=False
    )
    signal.signal(signal.SIGTERM, _exit_quietly)  # uvicorn raises the signal again when it has drained
    signal.signal(signal.SIGINT, _exit_quietly)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # asyncio sends small answers at once (TCP_NODELAY) only if the protocol is named: 40 ms a request otherwise
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)  # bursts wait in the queue instead of being refused
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        remedy = "Choose another with --host and --port; --port 0 takes any free one."
        raise OptionError(f"{host}:{port}", f"cannot listen there ({reason})", remedy) from None
    return listener


def _keep_freed_memory() -> None:
    """Let glibc keep up to 64 MB that a request has freed, for the next one.

    As it comes, it gives blocks of a recording's size back to the kernel after every request and takes them anew, page
    by page: a tenth of a request's time. Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, 64 << 20)
        mallopt(M_MMAP_THRESHOLD, 16 << 20)


def _exit_quietly(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
