"""``auscult faults discover``: anomalous recordings -> clusters that have been checked."""

import shlex
import sys
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from auscult.cli.faults.found import found_as_json, next_name, print_found, print_left_out
from auscult.cli.options import named_as_typed
from auscult.cli.output import auscult_command, out, print_json, progress_bar
from auscult.errors import OptionError

RECIPES = ("signatures", "original")
OPTIONS = {"components": "--components", "clusters": "--clusters", "without": "--without", "bundle": "--bundle"}
BAR = 50
"""Characters of the longest bar of a curve on the terminal."""


def discover(
    root: Path = typer.Argument(..., metavar="DIR|CSV", help="Recordings, as for `auscult train`, or a table of them."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder for what is found."),
    bundle: Path | None = typer.Option(
        None, help="Bundle that knows the machines' normal sound; else it is learnt from the normal recordings."
    ),
    recipe: str = typer.Option(
        "signatures",
        help="How: signatures (changes against normal sound), or original (flat MFCC, PCA, elbow, KMeans).",
    ),
    components: int | None = typer.Option(None, min=1, help="Principal components; chosen if left out."),
    clusters: int | None = typer.Option(None, min=1, help="Number of clusters; chosen if left out."),
    ask: bool = typer.Option(False, "--ask", help="Show the curves and ask for both on this terminal."),
    without: str | None = typer.Option(
        None, help="Remove what clusters must not follow: machine, SNR, level, channel, day."
    ),
    by_detector: bool = typer.Option(
        False, "--by-detector", help="Take the recordings that the bundle calls anomalous, not those labelled so."
    ),
    names: Path | None = typer.Option(None, help="File of the faults' names; faults.yaml beside the data if left out."),
    nameplates: Path | None = typer.Option(
        None, help="Table of machines with their bearings (machine, rpm, n_rollers, diameter_ratio): lines are sought."
    ),
    seed: int = typer.Option(0, help="Of all draws."),
    as_json: bool = typer.Option(False, "--json", help="Print everything as one JSON object."),
) -> None:
    """Cluster the anomalous recordings by what changed, check the clusters, and draw them on one page."""
    from auscult.faults.names_file import read_names
    from auscult.features.nameplate import read_nameplates
    from auscult.pipeline.fault_discovery import Way
    from auscult.pipeline.fault_discovery import discover as find
    from auscult.pipeline.fault_pages import write_fault_pages

    if recipe not in RECIPES:
        raise OptionError("--recipe", f"expected {' or '.join(RECIPES)}, got {recipe!r}", "Choose one of them.")
    if ask and not sys.stdin.isatty():
        raise OptionError("--ask", "there is no terminal to ask on", "Give --components and --clusters instead.")
    if output.exists() and not output.is_dir():
        raise OptionError("--output", f"{output} is a file", "Name a folder: it gets several files.")
    way = Way(recipe, components, clusters, seed, ask_for if ask else None, without)  # type: ignore[arg-type]
    plates = read_nameplates(nameplates) if nameplates else None
    with progress_bar() as on_progress, named_as_typed(OPTIONS):
        found = find(
            root,
            bundle=bundle,
            way=way,
            by_detector=by_detector,
            names_file=names,
            nameplates=plates,
            on_progress=None if ask else on_progress,
        )
    found.save(output)
    known = read_names(found.names_file, missing_ok=True)
    page = write_fault_pages(found, known, output)[0]
    print_left_out(found.left_out)
    if as_json:
        print_json(found_as_json(found, known))
        return
    print_found(found, known)
    out.print(f"wrote {page}", markup=False)
    listen = f"{auscult_command()} faults listen {shlex.quote(str(output))} -o sounds"
    out.print(f"Next: {'; '.join(filter(None, (listen, next_name(output, found, known))))}", markup=False)


def ask_for(what: str, curve: NDArray[np.float64]) -> int:
    """Show a curve on the terminal and ask for a number.

    Parameters
    ----------
    what : {"components", "clusters"}
    curve : ndarray, shape (n,)
        Shares of variance of the components, or inertias of 1, 2, ... clusters.

    Returns
    -------
    int
        From 1 to n.
    """
    highest = float(curve.max()) or 1.0
    words = "share of variance" if what == "components" else "inertia"
    out.print(f"{words} of 1, 2, ... {what}")
    for number, value in enumerate(curve[:20], start=1):
        shown = f"{100 * value:5.1f} %" if what == "components" else f"{value:9.4g}"
        together = f"  together {100 * curve[:number].sum():5.1f} %" if what == "components" else ""
        out.print(f"{number:>3} {shown}{together} {'█' * round(BAR * value / highest)}", markup=False)
    while True:
        answer = typer.prompt(f"Number of {what}", type=int)
        if 1 <= answer <= len(curve):
            return int(answer)
        out.print(f"expected 1 to {len(curve)}")
