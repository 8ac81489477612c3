"""The fields of a multipart form, kept in memory.

The parser is python-multipart's. Starlette's form, built on it too, goes through a temporary file and takes twice as
long for a recording; here the upload gate has bounded the size already.
"""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_FIELDS = 16

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # the client is told what is wrong with its form


@dataclass
class FormField:
    """One field of a form."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    content: bytes = b""
    """What was sent, once all of it is there."""
    coming: bytearray = field(default_factory=bytearray)

    @property
    def options(self) -> dict[bytes, bytes]:
        """What its Content-Disposition says: ``name`` and, of a file, ``filename``."""
        return dict(parse_options_header(self.headers.get(b"content-disposition"))[1])

    @property
    def name(self) -> str:
        """Name of the field."""
        return self.options.get(b"name", b"").decode(errors="replace")

    @property
    def filename(self) -> str | None:
        """Name of the file, None if the field is no file."""
        filename = self.options.get(b"filename")
        return None if filename is None else filename.decode(errors="replace")

    def end(self) -> None:
        """Take what came as the content; it is not kept twice, as a recording may be large."""
        self.content = bytes(self.coming)
        self.coming = bytearray()


async def read_form(request: Request) -> dict[str, FormField]:
    """Fields of a request's multipart form by their names.

    Raises
    ------
    HTTPException
        415 if the request is no multipart form, 400 if it is a damaged one.
    """
    content_type, options = parse_options_header(request.headers.get("content-type"))
    if content_type != b"multipart/form-data":
        raise HTTPException(415, f"expected a multipart form, got {content_type.decode(errors='replace') or 'nothing'}")
    if not options.get(b"boundary"):
        raise HTTPException(400, "the multipart form does not name its boundary")
    collector = _Collector()
    try:
        parser = MultipartParser(options[b"boundary"], collector.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
        parser.finalize()
    except ClientDisconnect:
        raise HTTPException(400, "the client went away in the middle of the upload") from None
    except FormParserError as error:
        raise HTTPException(400, f"the multipart form is damaged ({error})") from None
    if not collector.is_complete:
        raise HTTPException(400, "the multipart form is damaged (it ends in the middle)")
    names = [form_field.name for form_field in collector.fields]
    if len(set(names)) < len(names):
        raise HTTPException(400, "the multipart form has two fields of the same name")
    return dict(zip(names, collector.fields, strict=True))


class _Collector:
    """Takes what the parser finds."""

    def __init__(self) -> None:
        self.fields: list[FormField] = []
        self.is_complete = False
        self._header_name = b""
        self._header_value = b""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_to_header_name,
            "on_header_value": self._add_to_header_value,
            "on_header_end": self._end_header,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.fields) == MAX_FIELDS:
            raise HTTPException(400, f"the multipart form has more than {MAX_FIELDS} fields")
        self.fields.append(FormField())

    def _add_to_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_to_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self.fields[-1].headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self.fields[-1].coming += data[start:end]

    def _end_part(self) -> None:
        self.fields[-1].end()

    def _end(self) -> None:
        self.is_complete = True
