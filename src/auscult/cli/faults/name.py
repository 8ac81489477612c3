"""``auscult faults name``: names for clusters, on the command line and on a web page."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from auscult.cli.faults.found import FOUND, load_found, next_name, print_names
from auscult.cli.options import check_output, named_as_typed
from auscult.cli.output import err, out
from auscult.errors import OptionError

if TYPE_CHECKING:
    from auscult.bundle import Bundle
    from auscult.faults.discovery import Discovery
    from auscult.faults.names_file import Names

OPTIONS = {"name": "NAME", "bundle": "--bundle"}


def name(
    found: Path = FOUND,
    cluster: int | None = typer.Argument(None, min=0, help="Number of the cluster."),
    called: str | None = typer.Argument(None, metavar="NAME", help="What people call the fault."),
    message: str = typer.Option("", help="What a verdict says: 'Component is imbalanced'."),
    note: str = typer.Option("", help="Whatever is to be remembered of it."),
    forget: str | None = typer.Option(None, help="Fault whose name is to be forgotten."),
    bundle: Path | None = typer.Option(None, help="Bundle that is to know the names: its verdicts say them."),
    web: bool = typer.Option(False, "--web", help="Name them on a web page, with players and spectrograms."),
    host: str = typer.Option("127.0.0.1", help="Address of the web page."),
    port: int = typer.Option(5001, min=0, max=65535, help="Port of the web page; 0 for any free one."),
) -> None:
    """Give a cluster a name; it belongs to the cluster's most typical recordings and survives every new discovery.

    With neither a number nor a name: say which names there are; with --bundle, teach them to it.
    """
    from auscult.faults import naming
    from auscult.faults.names_file import write_names

    discovery, names = load_found(found)
    if bundle is not None:
        check_output(bundle)
    if (cluster is None) != (called is None):
        raise OptionError("NAME", "a number of a cluster and a name belong together", "Say: name FOUND 0 imbalance")
    if web:
        _serve(found, discovery.names_file, bundle, host=host, port=port)
        return
    with named_as_typed(OPTIONS):
        if forget is not None:
            names = naming.forget(names, forget)
        before = names
        if cluster is not None and called is not None:
            names = naming.name_cluster(discovery, names, cluster, called, message=message, note=note)
    taught = None if bundle is None else _taught(bundle, discovery, names)  # or nothing is changed
    if forget is not None or cluster is not None:
        write_names(discovery.names_file, names)
        out.print(f"wrote {discovery.names_file}", markup=False)
    if cluster is not None and called is not None:
        out.print(naming.what_was_done(before, names, cluster, called), markup=False)
        _warn_of_physics(discovery, cluster, called)
    print_names(discovery, names)
    if not names.faults:
        out.print(f"No fault has a name yet. Give one: {next_name(found, discovery, names)}", markup=False)
    if bundle is not None and taught is not None:
        _save(bundle, taught)


def _warn_of_physics(discovery: "Discovery", cluster: int, called: str) -> None:
    """Say where a name disagrees with what the sound is consistent with."""
    from auscult.faults.physics import disagreement

    found = discovery.clusters[cluster]
    if warning := disagreement(called, found.physics_kind, found.physics):
        err.print(f"warning: {warning}", markup=False)


class _Taught(NamedTuple):
    """A bundle that knows the names, not yet saved."""

    bundle: "Bundle"
    unsaid: list[str]
    """Lines on the names that its verdicts cannot say."""
    said: str
    """What they do say."""


def _taught(path: Path, discovery: "Discovery", names: "Names") -> _Taught:
    """Teach the names to a bundle, whose file stays as it is."""
    from auscult.bundle import load
    from auscult.pipeline.fault_names import with_names

    with named_as_typed(OPTIONS):
        bundle, unsaid = with_names(load(path), discovery, names)
    lines = [f"{path} does not say {one!r}: {why}" for one, why in unsaid.items()]
    if unsaid and bundle.network is not None:
        remedy = f"auscult train DIR -o {path} --labels {discovery.names_file}"
        lines.append(f"Its network learns what people named when it is trained again: {remedy}")
    known = ", ".join(fault.name for fault in bundle.manifest.faults[1:])
    return _Taught(bundle, lines, f"{path}: its verdicts say: {known}")


def _save(path: Path, taught: _Taught) -> None:
    taught.bundle.save(path)
    for line in taught.unsaid:
        err.print(line, markup=False)
    out.print(taught.said, markup=False)


def _serve(found: Path, names_file: str, bundle: Path | None, *, host: str, port: int) -> None:
    """Serve the page until Ctrl-C."""
    from auscult.server.naming import serve_naming

    if bundle is not None:
        _taught(bundle, *load_found(found))  # what cannot be taught is said before anything is named

    def teach(names: "Names") -> list[str]:
        if bundle is None:
            return []
        taught = _taught(bundle, load_found(found)[0], names)  # it may have been made anew in the meantime
        _save(bundle, taught)
        return [*taught.unsaid, taught.said] if taught.unsaid else []

    def say(url: str) -> None:
        err.print(f"auscult: name the faults on {url} (Ctrl-C ends it)", markup=False)

    serve_naming(found, Path(names_file), host=host, port=port, on_listening=say, on_named=teach)
