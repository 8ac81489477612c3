"""Files of this package that browsers get: pages, their styles and scripts."""

from importlib.resources import files
from pathlib import PurePath

from fastapi.responses import Response

from auscult.server.same_origin import PAGE_HEADERS

MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def page_file(name: str, folder: str = "") -> Response | None:
    """A file as a response; None if there is none of this name.

    Parameters
    ----------
    name : str
        Without a folder, as a browser asks for it.
    folder : str
        Of `auscult.server`.
    """
    there = files("auscult.server") / folder
    suffix = PurePath(name).suffix
    if suffix not in MEDIA_TYPES or name not in {file.name for file in there.iterdir()}:
        return None
    content = (there / name).read_bytes()
    return Response(content, media_type=MEDIA_TYPES[suffix], headers={**PAGE_HEADERS, "Cache-Control": "no-cache"})
