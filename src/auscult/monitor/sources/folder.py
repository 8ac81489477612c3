"""A folder in which something else puts recordings: each is heard once, as soon as it is complete."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from auscult.audio import Waveform
from auscult.audio.microphone import Chunk
from auscult.errors import AudioError, DataError
from auscult.monitor.sources.chunks import pauses, refused
from auscult.monitor.sources.recordings import FileState, FoundFile, cut, find_files, read_recording

FORGET_AFTER_S = 7 * 86400.0
"""For how long a recording that was removed is remembered: it may be back when a share is mounted again."""
SAVE_PER_FILE_S = 0.01
"""Least time between two times that what was heard is kept, for each recording: many take long to write."""
FOLLOWS_WITHIN_S = 0.5
"""A recording that begins so near the end of the one before follows it: files are written to a little late."""

log = logging.getLogger("auscult.monitor")


@dataclass
class HeardRecordings:
    """What was heard of a folder, kept by whoever opens it again after a failure or a restart.

    The thread that reads the folder changes it, and so does the one that hears the sound, but no field is both's.

    Parameters
    ----------
    is_begun : bool
        Whether the folder was looked at before: what is new then was not there at the start.
    states : dict of str to FileState
        Of each recording that was read, or could not be; once a file changes it is a new recording.
    seen_at : dict of str to float
        When it was last there, Unix time.
    under_way : set of (str, FileState)
        Recordings that were read, and not yet heard to their end.
    is_changed : bool
        Whether there is more to remember than was when `is_due` last said so.
    folder : str
        Which one it is.
    """

    is_begun: bool = False
    states: dict[str, FileState] = field(default_factory=dict)
    seen_at: dict[str, float] = field(default_factory=dict)
    under_way: set[tuple[str, FileState]] = field(default_factory=set)
    is_changed: bool = False
    folder: str = ""
    _kept_at: float = 0.0

    @classmethod
    def of(cls, folder: str, remembered: dict[str, Any] | None) -> Self:
        """What an earlier run has heard.

        Parameters
        ----------
        folder : str
        remembered : dict or None
            What `to_dict` gave; of another folder it is not taken.
        """
        if remembered is None or remembered["folder"] != folder:
            return cls(folder=folder)
        files = remembered["files"]
        states = {path: FileState(n_bytes, changed_ns) for path, (n_bytes, changed_ns, _) in files.items()}
        return cls(True, states, {path: seen_at for path, (*_, seen_at) in files.items()}, folder=folder)

    def to_dict(self) -> dict[str, Any] | None:
        """What is to be remembered over a restart, as JSON can hold it; None before the folder was looked at."""
        if not self.is_begun:
            return None
        files = {
            path: (state.n_bytes, state.changed_ns, round(self.seen_at.get(path, 0.0)))
            for path, state in list(self.states.items())  # at once: another thread changes it
            if (path, state) not in self.under_way
        }
        return {"folder": self.folder, "files": files}

    def is_due(self, now: float) -> bool:
        """Whether it is to be kept now; then it is taken to be."""
        if not self.is_changed or abs(now - self._kept_at) < SAVE_PER_FILE_S * len(self.states):
            return False
        self.is_changed, self._kept_at = False, now
        return True

    def has_ended(self, path: str, state: FileState) -> None:
        """Take note that a recording was heard to its end."""
        self.under_way.discard((path, state))
        self.is_changed = True

    def see(self, paths: list[str], now: float) -> None:
        """Take note of what is there, and forget what was removed long ago."""
        self.seen_at.update(dict.fromkeys(paths, now))
        for path in [path for path, at in self.seen_at.items() if now - at > FORGET_AFTER_S]:
            del self.seen_at[path]
            self.states.pop(path, None)


class WatchedFolder:
    """New recordings in a folder and the folders in it, one after the other.

    A recording is complete when it has not changed from one look to the next, or was renamed into its place, and can be
    read. Its end is taken to have been recorded when its file was last written to.

    Parameters
    ----------
    path : path
    sr : int, Hz
        Recordings of a higher rate are resampled to it.
    every_s : float, s
        Time from one look to the next.
    is_old_heard : bool
        Whether recordings that are there at the very first start are heard, too.
    heard : HeardRecordings, optional
        What was heard before.
    clock : callable
        Unix time in seconds.
    wait : callable
        Called with seconds.

    Attributes
    ----------
    name : str
        The path.
    n_channels : int
        Of the recording that was heard last, 0 before.

    Raises
    ------
    DataError
        If there is no such folder.
    """

    can_wait = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        sr: int,
        every_s: float = 1.0,
        is_old_heard: bool = False,
        heard: HeardRecordings | None = None,
        clock: Callable[[], float] = time.time,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name, self.sr, self.n_channels = os.fspath(path), sr, 0
        self._every_s = every_s
        self._heard = HeardRecordings() if heard is None else heard
        self._clock, self._wait = clock, wait
        self._changing: dict[str, FileState] = {}
        self._said: set[str] = set()
        self._ended_at = self._written_at = 0.0
        there = self._find()
        if not self._heard.is_begun:
            if not is_old_heard:
                self._heard.states.update({file.path: file.state for file in there})
            self._heard.is_changed = True
        self._heard.is_begun = True

    def chunks(self) -> Iterator[Chunk]:
        """Sound of each new recording; empty chunks while there is none, and one that says of a bad one what is wrong.

        Raises
        ------
        DataError
            If the folder is gone.
        """
        while True:
            for file in self._look():
                y = self._read(file)
                if isinstance(y, AudioError):
                    yield refused(y)
                elif y is not None:
                    yield from self._hear(y, file)
            yield from pauses(self._every_s, max(1, self.n_channels), self._wait)

    def _find(self) -> list[FoundFile]:
        if not Path(self.name).is_dir():
            raise DataError(self.name, "there is no such folder", "Create it, or mount it again.")
        found = find_files(self.name, self._say_once)
        self._heard.see([file.path for file in found], self._clock())
        return found

    def _say_once(self, kind: str, location: str) -> None:
        if location not in self._said:
            self._said.add(location)
            log.warning("not looked into: %s (%s)", location, kind)

    def _look(self) -> list[FoundFile]:
        """Recordings that are complete and were not heard, in the order in which they were recorded."""
        new = [file for file in self._find() if self._heard.states.get(file.path) != file.state]
        complete = [file for file in new if file.is_placed or self._changing.get(file.path) == file.state]
        self._changing = {file.path: file.state for file in new}
        return sorted(complete, key=lambda file: (file.state.changed_ns, file.path))

    def _read(self, file: FoundFile) -> Waveform | AudioError | None:
        """Sound of a recording or what is wrong with it, and remember it; None if it is not complete after all."""
        y: Waveform | AudioError
        try:
            y = read_recording(file.path, self.sr)
        except AudioError as error:
            y = error
        try:
            status = Path(file.path).stat()
        except OSError:
            return None  # removed
        if FileState(status.st_size, status.st_mtime_ns) != file.state:
            return None  # written to while it was read
        if not isinstance(y, AudioError):
            self.n_channels = len(y)
            if y.size:
                self._heard.under_way.add((file.path, file.state))
        self._heard.states[file.path] = file.state
        self._heard.is_changed = True
        return y

    def _hear(self, y: Waveform, file: FoundFile) -> Iterator[Chunk]:
        n_left, written_at = y.shape[1], file.state.changed_ns / 1e9
        is_new = abs(written_at - n_left / self.sr - self._written_at) > FOLLOWS_WITHIN_S
        self._written_at = written_at
        recorded_at = min(written_at, self._clock())  # the writer's clock may be fast
        for piece in cut(y, self.sr):
            n_left -= piece.shape[1]
            self._ended_at = max(self._ended_at, recorded_at - n_left / self.sr)  # time does not run backwards
            on_heard = None if n_left else partial(self._heard.has_ended, file.path, file.state)
            yield Chunk(piece, ended_at=self._ended_at, is_new=is_new, on_heard=on_heard)
            is_new = False
