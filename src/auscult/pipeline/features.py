"""Recordings of any machine -> a feature store.

The recordings are gone through several times: to recognise those that are known, to compute what the store lacks, to
write the table; what is kept in memory does not grow with their number.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from auscult.audio.channels import ChannelPolicy, check_channel_policy
from auscult.audio.find import Entry, Recordings
from auscult.audio.manifest import TableWriter
from auscult.audio.scan import Progress
from auscult.audio.storage import state_of
from auscult.errors import OptionError, printable
from auscult.features import Nameplate
from auscult.features.augment import AUGMENTATIONS, BACKGROUND, ORIGINAL_AUGMENTATIONS
from auscult.features.extract import Extracted, Extraction, ExtractTask, content_of
from auscult.features.store import TABLE, Specification
from auscult.features.store_writer import StoreWriter
from auscult.files import disk_errors, whole_file
from auscult.pipeline.backgrounds import Backgrounds
from auscult.pipeline.feature_table import COLUMNS, LEARNT_FROM, table_line
from auscult.pipeline.recipe_choice import choose_recipe
from auscult.workers import LostTask, Workers, open_workers

BATCH = 16
"""Recordings whose features are written at a time."""
N_NAMED = 5
"""Recordings that are named when they are left out."""


@dataclass(frozen=True)
class Built:
    """What a run did.

    Parameters
    ----------
    store : str
    n_clips : int
        Recordings found.
    n_lines : int
        Lines of the table: recordings and augmented copies.
    n_added : int
        Rows that were computed; the others were there.
    n_left_out : int
        Recordings without features.
    left_out : list of str
        The first of them, with the reason and the remedy.
    features : dict
        The recipe, as it is kept in the store.
    n_descriptors : int
    """

    store: str
    n_clips: int
    n_lines: int
    n_added: int
    n_left_out: int
    left_out: list[str]
    features: dict[str, Any]
    n_descriptors: int

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return asdict(self)


def build_store(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str],
    *,
    recipe: Literal["log-mel", "original-mfcc"] = "log-mel",
    n_mels: int = 128,
    groups: Sequence[str] | None = None,
    channels: ChannelPolicy = "mean",
    augmentations: Sequence[str] = (),
    seed: int = 0,
    with_patches: bool = True,
    nameplates: dict[str, Nameplate] | None = None,
    n_jobs: int | None = None,
    cluster: str | None = None,
    on_progress: Progress | None = None,
) -> Built:
    """Compute the features of recordings and keep them in a folder; what is there already is not computed again.

    Parameters
    ----------
    path : path or URL
        A folder, a table, or a URL of either, as for `auscult.scan`.
    root : path
        Folder of the store; made if missing. It grows by what is new.
    recipe : {"log-mel", "original-mfcc"}
    n_mels, groups : optional
        Of log-mel: as in `LogMel.for_rate`. Its sampling rate is the most common one of the recordings, or that of the
        store if it is there.
    channels : "mean", "all" or int >= 0
        As in `auscult.read_audio`. With "all", the descriptors compare the channels too, unless `groups` are given.
    augmentations : sequence of str
        Copies to make of each recording that is not for calibration or testing:
        ``noise roll stretch gain background``, or ``original-noise original-roll original-stretch``.
    seed : int >= 0
        Of the copies.
    with_patches : bool
        Whether to keep the patches too; else the descriptors only.
    nameplates : dict of str -> Nameplate, optional
        What is known of machines, by their full names (``fan/id_00``).
    n_jobs, cluster : optional
        As in `auscult.workers.open_workers`.
    on_progress : callable, optional
        Called with a stage's name, recordings done, and recordings in all.

    Returns
    -------
    Built

    Raises
    ------
    DataError
        If there are no recordings, the store is damaged or of another version, or the disk refuses it.
    OptionError
        If an option is out of range, or the store was made with others.
    """
    check_channel_policy(channels)
    _check_augmentations(augmentations)
    if seed < 0:
        raise OptionError("seed", f"expected 0 or more, got {seed}", "Give another seed.")
    root = Path(root)
    recordings = Recordings(path)
    chosen = choose_recipe(recipe, recordings, root, n_mels=n_mels, groups=groups, channels=channels)
    specification = Specification(chosen, channels, seed, with_patches, nameplates or {})
    with (
        StoreWriter.open(root, specification) as writer,
        open_workers(n_jobs=n_jobs, cluster=cluster) as workers,
    ):
        build = _Build(recordings, writer, workers, specification, augmentations, on_progress)
        if writer.n_rows_before:
            build.recognise()
        build.compute()
        build.write_table(root / TABLE)
    return build.built(str(root))


def _check_augmentations(names: Sequence[str]) -> None:
    known = [*AUGMENTATIONS, BACKGROUND, *ORIGINAL_AUGMENTATIONS]
    for name in names:
        if name not in known:
            problem = f"unknown {name!r}, expected some of {', '.join(known)}"
            raise OptionError("augmentations", problem, "Correct the name.")
    if len(set(names)) < len(names):
        raise OptionError("augmentations", f"one is named twice: {', '.join(names)}", "Name each once.")


class _Build:
    """One run over the recordings."""

    def __init__(  # noqa: PLR0917 - the parts of a run, each of its own type
        self,
        recordings: Recordings,
        writer: StoreWriter,
        workers: Workers,
        specification: Specification,
        augmentations: Sequence[str],
        on_progress: Progress | None,
    ) -> None:
        self._recordings = recordings
        self._writer = writer
        self._workers = workers
        self._specification = specification
        self._augmentations = tuple(augmentations)
        self._on_progress = on_progress
        self._n_running = self._n_lines = self._n_added = self._n_left_out = 0
        self._left_out: list[str] = []

    def recognise(self) -> None:
        """Find out the contents of files that are new or have changed: they may be those of rows that are there."""
        states: deque[str] = deque()

        def unknown() -> Iterator[str]:
            for n_passed, entry in enumerate(self._recordings, start=1):
                self._report("contents", n_passed - len(states))
                state = "" if entry.error else state_of(entry.location)
                if not entry.error and not (state and self._writer.known_content(entry.location, state)):
                    states.append(state)
                    yield entry.location

        contents: list[tuple[str, str, str]] = []
        for location, content in self._workers.map(content_of, unknown()):
            state = states.popleft()
            if isinstance(content, str):
                contents.append((location, state, content))
            if len(contents) == BATCH:
                self._writer.remember(contents)
                contents.clear()
        self._writer.remember(contents)
        self._report("contents", self._recordings.n_clips)

    def compute(self) -> None:
        """Compute what the store lacks, and add it in the order of the recordings."""
        specification = self._specification
        extraction = Extraction(specification.recipe, specification.channels, specification.seed)
        batch: list[tuple[str, str, Extracted]] = []
        for task, outcome in self._workers.map(extraction, self._tasks()):
            self._n_running -= 1
            if isinstance(outcome, Extracted):
                batch.append((task.location, task.state, outcome))
            else:
                reason = outcome.reason if isinstance(outcome, LostTask) else f"{outcome.problem}. {outcome.remedy}"
                self._leave_out(task.location, reason)
                self._writer.forget(task.location)
            if len(batch) == BATCH:
                self._n_added += self._writer.append(batch)
                batch.clear()
        self._n_added += self._writer.append(batch)
        self._report("features", self._recordings.n_clips)

    def _tasks(self) -> Iterator[ExtractTask]:
        """What the store lacks of each recording that it lacks anything of."""
        backgrounds = Backgrounds(
            self._recordings if BACKGROUND in self._augmentations else (), self._specification.seed
        )
        for n_passed, entry in enumerate(self._recordings, start=1):
            self._report("features", n_passed - self._n_running)
            if entry.error:
                self._leave_out(entry.location, entry.error)
                continue
            state = state_of(entry.location)
            content = self._writer.known_content(entry.location, state)
            there = self._writer.places(content, self._wanted(entry)) if content else {}
            if lacking := tuple(name for name in self._wanted(entry) if name not in there):
                others = backgrounds.of(entry) if BACKGROUND in lacking else ()
                plate = self._specification.nameplates.get(entry.place.machine)
                self._n_running += 1
                yield ExtractTask(entry.location, state, lacking, others, plate)

    def _wanted(self, entry: Entry) -> tuple[str, ...]:
        """Names of the rows of a recording: copies of what calibrates or tests would prove nothing."""
        return ("", *self._augmentations) if entry.place.split in LEARNT_FROM else ("",)

    def write_table(self, path: Path) -> None:
        """Write a line for every row of the recordings."""
        with disk_errors(path), whole_file(path) as file:
            table = TableWriter(file, list(COLUMNS))
            for entry in self._recordings:
                # what was read is what counts, though the file may have changed since
                content = "" if entry.error else self._writer.content_at(entry.location)
                places = self._writer.places(content, self._wanted(entry)) if content else {}
                for name, place in places.items():
                    table.write(table_line(entry, content, name, place))
                    self._n_lines += 1
            table.finish()

    def built(self, store: str) -> Built:
        """What was done."""
        return Built(
            store=store,
            n_clips=self._recordings.n_clips,
            n_lines=self._n_lines,
            n_added=self._n_added,
            n_left_out=self._n_left_out,
            left_out=self._left_out,
            features=self._specification.to_dict()["features"],
            n_descriptors=self._specification.recipe.n_descriptors,
        )

    def _leave_out(self, name: str, reason: str) -> None:
        self._n_left_out += 1
        if len(self._left_out) < N_NAMED:
            self._left_out.append(f"{printable(name)}: {reason}")

    def _report(self, stage: str, n_done: int) -> None:
        if self._on_progress is not None:
            self._on_progress(stage, n_done, self._recordings.n_clips)
