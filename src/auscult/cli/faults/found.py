"""A discovery as every verb of ``auscult faults`` reads and prints it."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape
from rich.table import Table

from auscult.cli.output import auscult_command, err, out

if TYPE_CHECKING:
    from auscult.faults.discovery import Discovery
    from auscult.faults.names_file import Names

FOUND = typer.Argument(..., metavar="FOUND", help="Folder that `auscult faults discover` wrote.")


def load_found(folder: Path) -> "tuple[Discovery, Names]":
    """A discovery, and the names as they are now."""
    from auscult.faults.discovery import Discovery
    from auscult.faults.names_file import read_names

    discovery = Discovery.load(folder)
    return discovery, read_names(discovery.names_file, missing_ok=True)


def print_found(discovery: "Discovery", names: "Names") -> None:
    """Clusters, what speaks for and against them, and their names."""
    from auscult.pipeline.fault_pages import cluster_names

    n_takes = len({(clip.machine, clip.take) for clip in discovery.clips})
    n_none = sum(clip.cluster < 0 for clip in discovery.clips)
    out.print(f"{len(discovery.clips)} anomalous recordings of {n_takes} takes, {n_none} like no cluster", markup=False)
    for reason in discovery.reasons:
        out.print(f"  {reason}", markup=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("cluster", "recordings", "takes", "what changed, in deviations of normal recordings"):
        table.add_column(heading, justify="right" if heading in ("recordings", "takes") else "left")
    for cluster, called in zip(discovery.clusters, cluster_names(discovery, names), strict=True):
        changes = escape(", ".join(cluster.changes)) or "nothing by much"
        physics = f"\n[dim]if it turns: {escape(cluster.physics)}[/]" if cluster.physics else ""
        table.add_row(escape(called), str(cluster.n_clips), str(cluster.n_takes), changes + physics)
    out.print(table)
    for row in discovery.audit["rows"]:
        chance = "" if row["is_decided"] else ", too few recordings to tell"
        out.print(f"  {row['attribute']}: AMI {row['ami']:.2f}, p {row['p_value']:.3g}{chance}", markup=False)
    colour = "red" if discovery.audit["confounders"] or discovery.audit["findings"] else "green"
    out.print(f"[{colour}]{escape(discovery.audit['verdict'])}[/]")
    for finding in discovery.audit["findings"]:
        out.print(f"  {finding}", markup=False, style="red")
    print_names(discovery, names)


def print_names(discovery: "Discovery", names: "Names") -> None:
    """What became of each name."""
    faults = {fault.id: fault for fault in names.faults}
    for match in discovery.matching(names).matches:
        fault = faults[match.fault_id]
        out.print(f"{fault.name} ({fault.message}): {match.message}", markup=False)


def next_name(folder: Path, discovery: "Discovery", names: "Names") -> str:
    """The command that names the first cluster without a name; empty if all have one."""
    named = discovery.matching(names).fault_of_cluster
    number = next((cluster.number for cluster in discovery.clusters if cluster.number not in named), None)
    return "" if number is None else f"{auscult_command()} faults name {shlex.quote(str(folder))} {number} NAME"


def found_as_json(discovery: "Discovery", names: "Names") -> dict[str, Any]:
    """All of it, as JSON can hold it."""
    from dataclasses import asdict

    matching = discovery.matching(names)
    faults = {fault.id: fault.name for fault in names.faults}
    clips = [
        {**asdict(clip), "fault": faults[own] if own else None}
        for clip, own in zip(discovery.clips, matching.names_of_clips, strict=True)
    ]
    clusters = [
        {
            **asdict(cluster),
            "exemplars": [clip.path for clip in discovery.exemplars(cluster.number)],
            "fault": faults.get(matching.fault_of_cluster.get(cluster.number, "")),
        }
        for cluster in discovery.clusters
    ]
    return {
        "root": discovery.root,
        "recipe": discovery.recipe,
        "n_components": discovery.n_components,
        "n_clusters": len(discovery.clusters),
        "reasons": list(discovery.reasons),
        "clusters": clusters,
        "clips": clips,
        "audit": discovery.audit,
        "names": [{**asdict(match), "name": faults[match.fault_id]} for match in matching.matches],
        "left_out": list(discovery.left_out),
    }


def print_left_out(lines: "tuple[str, ...] | list[str]") -> None:
    """What could not be used, and why."""
    for line in lines:
        err.print(f"left out: {line}", markup=False)
