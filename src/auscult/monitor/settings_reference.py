"""The settings' model -> a file to begin with, the reference page's tables, and JSON Schema."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from auscult.monitor.settings import (
    FolderSource,
    MicrophoneSource,
    MonitorSettings,
    ReplaySource,
    SocketSource,
    StdinSource,
    StreamSource,
)

SOURCES = (MicrophoneSource, StreamSource, FolderSource, SocketSource, StdinSource, ReplaySource)
_BEGINNING = """\
# What `auscult monitor` listens to. docs/monitor.md explains every line.
# Check this file with: auscult monitor auscult.yaml --check

bundle: fan.auscult        # made by: auscult train DATA -o fan.auscult

sources:
  hall:                    # a name of your own
    machine: fan/id_00     # as the bundle knows it: auscult bundle inspect fan.auscult
    kind: microphone       # or stream, folder, socket, stdin, replay

# Everything below is optional; what stands there is what holds without it.
"""


def default_settings() -> str:
    """A file to begin with: what has to be said, and all that need not be, as comments with their defaults."""
    lines = [_BEGINNING]
    for name, field in _rest():
        section = section_of(field)
        if section is None:
            lines += [f"# {field.description}", f"#{name}: {_yaml(_default(field))}", ""]
            continue
        is_used, is_by_name = bool(_default(field)), get_origin(field.annotation) is dict
        lines += [f"# {_title(section)}", f"#{name}:" if is_used else f"#{name}:  # not used"]
        lines += ["#  a-name:"] if is_by_name else []
        indent = "    " if is_by_name else "  "
        lines += [f"#{indent}{key}: {_yaml(_default(of))}  # {of.description}" for key, of in _fields(section)]
        lines.append("")
    return "\n".join(lines)


def settings_tables() -> str:
    """Every setting as Markdown: a table for each kind of source and each section."""
    parts = ["| setting | default | meaning |", "|---|---|---|"]
    parts += [_row(name, field) for name, field in MonitorSettings.model_fields.items() if section_of(field) is None]
    for source in SOURCES:
        kind = get_args(source.model_fields["kind"].annotation)[0]
        parts += ["", f"### `kind: {kind}`", "", _title(source), "", "| setting | default | meaning |", "|---|---|---|"]
        parts += [_row(name, field) for name, field in _fields(source) if name != "kind"]
    for name, field in _rest():
        section = section_of(field)
        if section is not None:
            parts += ["", f"### `{name}`", "", _title(section), "", "| setting | default | meaning |", "|---|---|---|"]
            parts += [_row(key, of) for key, of in _fields(section)]
    return "\n".join(parts) + "\n"


def settings_schema() -> dict[str, Any]:
    """JSON Schema of the file, with which editors check it while it is written."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | MonitorSettings.model_json_schema()


def _rest() -> Iterator[tuple[str, FieldInfo]]:
    """All but what has to be said."""
    return ((name, field) for name, field in MonitorSettings.model_fields.items() if name not in ("bundle", "sources"))


def _fields(section: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    return iter(section.model_fields.items())


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Section that a setting is, if it is one; of sections by name, what each of them holds.

    Parameters
    ----------
    field : FieldInfo
    """
    kinds: tuple[Any, ...] = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _default(field: FieldInfo) -> Any:
    return "..." if field.is_required() else field.get_default(call_default_factory=True)


def _row(name: str, field: FieldInfo) -> str:
    default = "**needed**" if field.is_required() else f"`{_yaml(_default(field))}`"
    return f"| `{name}` | {default} | {(field.description or '').replace('|', chr(92) + '|')} |"


def _title(section: type[BaseModel]) -> str:
    return (section.__doc__ or "").splitlines()[0]


def _yaml(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return "{}" if value == {} else f"{value:g}" if isinstance(value, float) else str(value)
