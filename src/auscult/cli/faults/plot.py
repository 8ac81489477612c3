"""``auscult faults plot``: pictures of a discovery."""

from pathlib import Path

import typer

from auscult.cli.faults.found import FOUND, load_found
from auscult.cli.output import out


def plot(
    found: Path = FOUND,
    output: Path | None = typer.Option(None, "-o", "--output", help="Folder for them; the discovery's if left out."),
) -> None:
    """Draw all pictures anew, with the names of today: each as a file, and all on one page."""
    from auscult.pipeline.fault_pages import write_fault_pages

    discovery, names = load_found(found)
    for path in write_fault_pages(discovery, names, output or found):
        out.print(f"wrote {path}", markup=False)
