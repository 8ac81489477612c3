"""An application as a process: bind, say so, answer until told to stop, drain, stop."""

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
from auscult.server.bounded_http import BoundedHttp

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>

DRAIN_S = 20
"""Longest wait for requests under way after SIGTERM."""
OTHER_PORT = "Choose another with --host and --port; --port 0 takes any free one."


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
    server = HttpServer(host, port)
    on_listening(server.url)
    server.run(app)


class HttpServer:
    """A port that is taken, and later served.

    Parameters
    ----------
    host : str
        Address to listen on; ``0.0.0.0`` for all of this machine's.
    port : int
        Port to listen on; 0 for any free one.
    remedy : str
        What to do if nothing can listen there.

    Attributes
    ----------
    url : str

    Raises
    ------
    OptionError
        If nothing can listen there.
    """

    def __init__(self, host: str, port: int, *, remedy: str = OTHER_PORT) -> None:
        self._listener = _listen(host, port, remedy)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._listener.getsockname()[1]}"
        self._server: uvicorn.Server | None = None
        self._is_stopping = False

    @property
    def is_stopping(self) -> bool:
        """Whether it takes no more requests: answers that have no end are to end."""
        return self._is_stopping or (self._server is not None and self._server.should_exit)

    def run(self, app: FastAPI) -> None:
        """Serve an application until `stop`, SIGTERM or SIGINT; to be called in the main thread.

        Parameters
        ----------
        app : FastAPI
        """
        _keep_freed_memory()
        config = uvicorn.Config(
            app, log_level="warning", http=BoundedHttp, timeout_graceful_shutdown=DRAIN_S, server_header=False
        )
        signal.signal(signal.SIGTERM, _exit_quietly)  # uvicorn raises the signal again when it has drained
        signal.signal(signal.SIGINT, _exit_quietly)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        self._server = uvicorn.Server(config)
        self._server.should_exit = self._is_stopping
        self._server.run(sockets=[self._listener])

    def stop(self) -> None:
        """Stop to serve, from any thread; requests under way are answered."""
        self._is_stopping = True
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Give the port back, where `run` was not called."""
        self._listener.close()


def _listen(host: str, port: int, remedy: str) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # asyncio sends small answers at once (TCP_NODELAY) only if the protocol is named: 40 ms a request otherwise
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)  # bursts wait in the queue instead of being refused
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
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
