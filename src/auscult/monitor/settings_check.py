"""What settings speak of, looked at before anything is begun: the bundle, files, folders, libraries."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from auscult.audio.header import read_header
from auscult.bundle import Bundle, load
from auscult.errors import AuscultError
from auscult.extras import require
from auscult.monitor.decisions.listener import Listener
from auscult.monitor.live_bundle import check_bundle
from auscult.monitor.settings import FolderSource, MonitorSettings, ReplaySource, Source
from auscult.monitor.settings_file import Problem, ToldSettings, problems_of, read_told
from auscult.monitor.sources.recordings import find_files

EXTRAS = {"mqtt": ("aiomqtt", "monitor"), "azure": ("azure.iot.device", "azure")}
"""Section -> package that it needs, and the extra that brings it."""
SOURCE_EXTRAS = {"stream": ("av", "monitor"), "microphone": ("sounddevice", "monitor")}


def check_settings(
    path: str | os.PathLike[str], environ: Mapping[str, str] | None = None
) -> tuple[MonitorSettings, Bundle]:
    """Check settings, and that what they speak of is there and can be used.

    Parameters
    ----------
    path : path
        The file.
    environ : mapping of str -> str, optional
        Environment variables; this process's if left out.

    Returns
    -------
    settings : MonitorSettings
    bundle : Bundle

    Raises
    ------
    DataError
        If not: all that is wrong, each with its line or its variable.
    MissingExtraError
        If PyYAML is not installed.
    """
    told = read_told(path, environ)
    settings, problems = None, []
    try:
        settings = told.checked()
    except ValidationError as error:
        problems += problems_of(error)
    bundle = _bundle(told, "bundle", check_bundle, problems)
    shadow = _bundle(told, "shadow", load, problems)
    if shadow is not None and shadow.detector is None:
        problems.append((("shadow",), "has a classifier, and no model of normal sound"))
    if bundle is not None:
        problems += _unknown_machines(told, bundle)
    if settings is not None:
        for name, source in settings.sources.items():
            problems += _source_problems(name, source, bundle)
        problems += _other_problems(settings)
    if problems:
        raise told.refusal(problems)
    assert settings is not None
    assert bundle is not None
    return settings, bundle


def _problem(place: tuple[str, ...], act: Callable[[], Any], problems: list[Problem]) -> Any:
    """Do something; None if that is refused, which is one of the problems then."""
    try:
        return act()
    except AuscultError as error:
        problems.append((place, f"{error.where}: {error.problem} ({error.remedy.rstrip('.')})"))
    except OSError as error:  # the package is there, the library that it binds is not
        problems.append((place, str(error)))
    return None


def _bundle(told: ToldSettings, name: str, read: Callable[[str], Bundle], problems: list[Problem]) -> Bundle | None:
    """A bundle that settings name, if it can be used."""
    path = _path(told, name)
    bundle: Bundle | None = _problem((name,), partial(read, path), problems) if path else None
    return bundle


def _path(told: ToldSettings, name: str) -> str:
    """A path of the settings, good or not otherwise; empty if they do not say it."""
    said = told.values.get(name)
    return str(told.path.absolute().parent / said) if isinstance(said, str) else ""


def _unknown_machines(told: ToldSettings, bundle: Bundle) -> Iterator[Problem]:
    known = list(bundle.detector.machines) if bundle.detector is not None else []
    sources = told.values.get("sources")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        machine = source.get("machine") if isinstance(source, dict) else None
        if isinstance(machine, str) and machine not in known:
            remedy = f"it knows {', '.join(known)}; enrol this one: auscult enroll {_path(told, 'bundle')} DIR"
            yield ("sources", name, "machine"), f"the bundle does not know {machine} ({remedy})"


def _source_problems(name: str, source: Source, bundle: Bundle | None) -> list[Problem]:
    found: list[Problem] = []
    place = ("sources", name)
    if source.kind in SOURCE_EXTRAS:
        package, extra = SOURCE_EXTRAS[source.kind]
        _problem((*place, "kind"), partial(require, package, extra=extra), found)
    if isinstance(source, ReplaySource | FolderSource):
        found += _recording_problems(place, source)
    elif source.kind == "stream":
        is_there = "://" in source.url or Path(source.url).exists()
        if not is_there:
            problem = "is no file, and no address: that begins with rtsp:// or http://"
            found.append(((*place, "url"), problem))
    elif bundle is not None and bundle.detector is not None and source.machine in bundle.detector.machines:
        listen = partial(Listener, bundle, source.machine, step_s=1.0, channels=source.channels)
        _problem((*place, "sr"), partial(listen, sr=source.sr, n_channels=source.n_channels), found)
    return found


def _recording_problems(place: tuple[str, str], source: ReplaySource | FolderSource) -> Iterator[Problem]:
    """What is wrong with recordings, of which the first has to do for all."""
    path = source.path
    if not path.exists():
        yield (*place, "path"), f"{path} is not there"
    elif source.kind == "folder" and not path.is_dir():
        yield (*place, "path"), f"{path} is no folder (for a recording: kind: replay)"
    elif source.kind == "replay":
        files = [found.path for found in find_files(str(path), lambda *_: None)] if path.is_dir() else [str(path)]
        if not files:
            yield (*place, "path"), f"{path} holds no recording"
            return
        refused: list[Problem] = []
        n_channels = _problem((*place, "path"), partial(_n_channels, files[0]), refused)
        yield from refused if len(files) == 1 else ()  # others may be good
        if isinstance(source.channels, int) and n_channels is not None and source.channels >= n_channels:
            problem = f"there is no channel {source.channels} in {files[0]}, which has {n_channels}, counted from 0"
            yield (*place, "channels"), problem


def _n_channels(path: str) -> int:
    with Path(path).open("rb") as file:
        return read_header(file, os.fstat(file.fileno()).st_size, path).n_channels


def _other_problems(settings: MonitorSettings) -> list[Problem]:
    found: list[Problem] = []
    for name, (package, extra) in EXTRAS.items():
        section = getattr(settings, name)
        if section is not None:
            _problem((name,), partial(require, package, extra=extra), found)
            if section.ca_file is not None and not section.ca_file.is_file():
                found.append(((name, "ca_file"), f"{section.ca_file} is not there"))
    store = settings.store.path
    nearest = next(path for path in (store, *store.parents) if path.exists())
    if not nearest.is_dir():
        found.append((("store", "path"), f"{nearest} is a file, where a folder is expected"))
    elif not os.access(nearest, os.W_OK | os.X_OK):
        found.append((("store", "path"), f"{nearest} may not be written to"))
    return found
