"""A page on which people listen to clusters and name them: `auscult faults name FOUND --web`.

Nothing is kept in the server: names are read from their file for every answer, so that several browsers, an editor and
the command line may be used beside each other.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from auscult.audio import Waveform, read_audio, read_file
from auscult.audio.write import wav_bytes
from auscult.errors import AudioError, AuscultError, printable
from auscult.faults.discovery import ARRAYS, DISCOVERY, Discovery, FoundClip
from auscult.faults.names import check_name
from auscult.faults.names_file import Names, read_names, write_names
from auscult.faults.naming import default_message, name_cluster, what_was_done
from auscult.server.json_body import json_response, read_json
from auscult.server.naming_state import naming_state
from auscult.server.page_files import page_file
from auscult.server.problems import answer_errors_with_problems, problem_response
from auscult.server.ranges import part_of
from auscult.server.run import serve
from auscult.server.same_origin import SameOrigin
from auscult.server.spectrogram import spectrogram

OnNamed = Callable[[Names], Sequence[str]]
PAGES = {"/": "naming.html", "/naming.css": "naming.css", "/naming.js": "naming.js"}
LOUD_PEAK = 0.9
"""Peak of recordings that are played at full level."""


class NewName(BaseModel):
    """What the page sends: only what was written on it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    message: str | None = None
    note: str | None = None
    discovery: str | None = None
    """Which discovery the page shows, as `/api/clusters` gave it: numbers of clusters mean nothing in another."""


def serve_naming(
    folder: str | os.PathLike[str],
    names_file: str | os.PathLike[str],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    on_listening: Callable[[str], None],
    on_named: OnNamed | None = None,
) -> None:
    """Serve the page until SIGTERM or Ctrl-C.

    Parameters
    ----------
    folder, names_file, on_named
        As in `create_naming_app`.
    host : str
        Address to listen on. Whoever reaches it may name faults: there is no password.
    port : int
        Port to listen on; 0 for any free one.
    on_listening : callable
        Called with the URL as soon as the port is taken.

    Raises
    ------
    DataError
        If there is no discovery, or the names cannot be read.
    OptionError
        If nothing can listen there.
    MissingExtraError
        If a package is not installed.
    """
    app = create_naming_app(folder, names_file, host=host, on_named=on_named)
    serve(app, host=host, port=port, on_listening=on_listening)


def create_naming_app(
    folder: str | os.PathLike[str],
    names_file: str | os.PathLike[str],
    *,
    host: str = "127.0.0.1",
    on_named: OnNamed | None = None,
) -> FastAPI:
    """Application with a page that names the clusters of a discovery.

    Parameters
    ----------
    folder : path
        With a saved discovery.
    names_file : path
        Where names are kept; it need not be there yet.
    host : str
        Address that the server listens on; browsers may call it so, besides the names of this machine's loopback.
    on_named : callable, optional
        Called with all names, in a thread, whenever a cluster has got one and the file is written. The page shows the
        lines that it gives back.

    Returns
    -------
    FastAPI
        An ASGI application.

    Raises
    ------
    DataError
        If there is no discovery, or the names cannot be read.
    MissingExtraError
        If a package is not installed.
    """
    naming = _Naming(Path(folder), Path(names_file), on_named)
    naming.state()
    app = FastAPI(
        title="Auscult",
        openapi_url=None,
        # FastAPI can send traces to a collector that the environment names; nothing here sends anything anywhere.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(SameOrigin, host=host)
    answer_errors_with_problems(app)

    @app.exception_handler(HTTPException)
    async def refusal(_: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, printable(str(error.detail)), dict(error.headers or {}))

    for path, name in PAGES.items():
        app.get(path, include_in_schema=False, response_model=None)(partial(page_file, name, ""))
    _add_routes(app, naming)
    return app


def _add_routes(app: FastAPI, naming: "_Naming") -> None:
    @app.get("/api/clusters")
    def clusters() -> Response:
        return json_response(naming.state())

    @app.post("/api/clusters/{number:int}/name")
    async def name(number: int, request: Request) -> Response:
        new = await read_json(request, NewName)
        return json_response(await anyio.to_thread.run_sync(naming.name, number, new))

    @app.get("/clips/{place:int}/audio")
    def audio(place: int, request: Request) -> Response:
        y, sr = naming.recording(place)
        if request.query_params.get("level") == "full":
            y = y * np.float32(LOUD_PEAK / max(float(np.abs(y).max()), 1e-9))
        return part_of(wav_bytes(y, sr), "audio/wav", request.headers.get("range"))

    @app.get("/clips/{place:int}/spectrogram")
    def spectrogram_of(place: int) -> Response:
        return json_response(spectrogram(*naming.recording(place)))


class _Naming:
    """The files that the page stands for."""

    def __init__(self, folder: Path, names_file: Path, on_named: OnNamed | None) -> None:
        self._folder = folder
        self._names_file = names_file
        self._on_named = on_named
        self._lock = threading.Lock()
        self._read: tuple[object, str, Discovery] | None = None
        """Discovery as it was read last, its stamp, and what its files were like then."""

    def state(self) -> dict[str, Any]:
        """What the page shows."""
        stamp, discovery = self._discovery()
        names = read_names(self._names_file, missing_ok=True)
        return {"discovery": stamp, "names_file": str(self._names_file), **naming_state(discovery, names)}

    def name(self, number: int, new: NewName) -> dict[str, Any]:
        """Name a cluster, and say what was done and what there is now."""
        with self._lock:
            stamp, discovery = self._discovery()
            if new.discovery not in (None, stamp):
                raise HTTPException(409, "the clusters were found anew. Load the page again, and look at them.")
            if number >= len(discovery.clusters):
                raise HTTPException(404, f"there is no cluster {number}. Load the page again.")
            before = read_names(self._names_file, missing_ok=True)
            after = _named(discovery, before, number, new)
            write_names(self._names_file, after)
            told: Sequence[str] = ()
            if self._on_named:
                try:
                    told = self._on_named(after)
                except AuscultError as error:
                    raise HTTPException(500, f"the name is saved, and what follows from it is not: {error}") from None
        return {"saved": what_was_done(before, after, number, new.name), "told": list(told), "state": self.state()}

    def recording(self, place: int) -> tuple[Waveform, int]:
        """Waveform and sampling rate of an exemplar; what is no exemplar, or is there no more, is not found."""
        discovery = self._discovery()[1]
        if not any(place in cluster.exemplars for cluster in discovery.clusters):
            raise HTTPException(404, f"clip {place} is no exemplar of a cluster. Load the page again.")
        clip = discovery.clips[place]
        try:
            return read_audio(_content(clip))
        except AudioError as error:
            raise AudioError(clip.path, error.problem, error.remedy) from None

    def _discovery(self) -> tuple[str, Discovery]:
        """The discovery as it is now, and what tells it from others."""
        now, read = [_like(self._folder / name) for name in (DISCOVERY, ARRAYS)], self._read
        if read is None or read[0] != now:
            discovery = Discovery.load(self._folder)
            stamp = hashlib.sha256((self._folder / DISCOVERY).read_bytes()).hexdigest()[:16]
            self._read = read = (now, stamp, discovery)
        return read[1:]


def _like(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is written anew; None if it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _named(discovery: Discovery, names: Names, number: int, new: NewName) -> Names:
    """Names with the new one. What was left empty on purpose is empty afterwards."""
    name, message, note = check_name(new.name), new.message, new.note
    if message is not None:
        message = " ".join(message.split()) or default_message(name)
    after = name_cluster(discovery, names, number, name, message=message or "", note=(note or "").strip())
    named = next(fault for fault in after.faults if fault.name.casefold() == name.casefold())
    if note is not None and not note.strip():
        bare = replace(named, note="")
        after = replace(after, faults=tuple(bare if fault is named else fault for fault in after.faults))
    return after


def _content(clip: FoundClip) -> bytes:
    """Content of a recording's file, which has to be the recording that was clustered."""
    if not Path(clip.path).is_file():
        raise HTTPException(404, f"{clip.path}: the recording is not there any more")
    content = read_file(clip.path)
    if hashlib.sha256(content).hexdigest() != clip.content_hash:
        raise HTTPException(404, f"{clip.path}: another recording is there now")
    return content
