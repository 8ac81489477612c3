"""How a server that does not answer, or not well, is asked again: how often, after how long, and when no more."""

import email.utils
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from auscult.errors import DataError
from auscult.files import part_size, size_text

BLOCK = 1 << 20
"""Bytes that are read at a time, and that an attempt must bring for the count of attempts to start anew."""

OnNote = Callable[[str], None]
"""Called with a line that the user may want to read: what went wrong and is tried again."""
T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often."""

    n_attempts: int = 8
    """Attempts in a row that bring less than a MiB."""
    timeout_s: float = 60.0
    """Without a byte, after which a connection is given up."""
    first_wait_s: float = 1.0
    """Before the second attempt; doubles from attempt to attempt; up to a half is taken off by chance."""
    longest_wait_s: float = 60.0
    longest_retry_after_s: float = 600.0
    """A server that wants to be left alone for longer is not waited for."""
    sleep: Callable[[float], None] = time.sleep


PATIENCE = Patience()


class PassingError(Exception):
    """A failure that may be over the next time."""

    def __init__(self, problem: str, wait_s: float | None = None) -> None:
        super().__init__(problem)
        self.wait_s = wait_s


class GaveUpError(DataError):
    """A failure that may pass did not, for as long as the patience lasted."""


def persist(
    url: str, ask: Callable[[], T], patience: Patience, on_note: OnNote | None = None, part: Path | None = None
) -> T:
    """Ask, and ask again while it fails in a way that may pass and the patience lasts.

    Raises
    ------
    GaveUpError
        Once there is no patience left.
    """
    furthest, n_failed = part_size(part) if part else 0, 0
    while True:
        try:
            return ask()
        except PassingError as passing:
            error = passing
        n_bytes, remedy = part_size(part) if part else 0, "Check the network and the address, proxies included."
        if n_bytes:
            remedy = f"{size_text(n_bytes)} are kept in {part}: run it again, and it goes on there."
        if n_bytes >= furthest + BLOCK:  # bytes that came again after a restart do not count
            furthest, n_failed = n_bytes, 0
        n_failed += 1
        if n_failed >= patience.n_attempts:
            raise GaveUpError(url, f"{error} ({n_failed} attempts in a row)", remedy)
        if error.wait_s is not None and error.wait_s > patience.longest_retry_after_s:
            raise GaveUpError(url, f"{error}, and asks to be left alone for {error.wait_s:.0f} s", remedy)
        wait_s = min(patience.longest_wait_s, patience.first_wait_s * 2 ** (n_failed - 1)) * random.uniform(0.5, 1)
        wait_s = max(wait_s, error.wait_s or 0.0)
        (on_note or say_nothing)(f"{url}: {error}; attempt {n_failed + 1} of {patience.n_attempts} in {wait_s:.0f} s")
        patience.sleep(wait_s)


def say_nothing(_: str) -> None:
    """Where nobody wants to read notes."""


def retry_after_s(text: str | None) -> float | None:
    """Seconds to wait as the header Retry-After says: a number, or a date."""
    if (seconds := number(text)) is not None:
        return float(seconds)
    try:
        return (email.utils.parsedate_to_datetime(text or "").astimezone(UTC) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return None


def number(text: str | None) -> int | None:
    """Whole number in a header, None if there is none."""
    return int(text) if text and text.isascii() and text.isdigit() else None
