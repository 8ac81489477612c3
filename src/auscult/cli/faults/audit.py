"""``auscult faults audit``: what speaks for clusters, and against them."""

from pathlib import Path

import typer

from auscult.cli.faults.found import FOUND, found_as_json, load_found, print_found
from auscult.cli.output import print_json


def audit(
    found: Path = FOUND, as_json: bool = typer.Option(False, "--json", help="Print everything as one JSON object.")
) -> None:
    """Say again what was found, what speaks against it, and which names it has.

    Exit code 1: the clusters follow a machine, an SNR, a level, a channel or a day.
    """
    discovery, names = load_found(found)
    if as_json:
        print_json(found_as_json(discovery, names))
    else:
        print_found(discovery, names)
    raise typer.Exit(1 if discovery.audit["confounders"] or discovery.audit["findings"] else 0)
