"""``auscult features``: a folder of features, computed once."""

import shlex
from pathlib import Path

import typer

from auscult.cli.options import channel_policy, named_as_typed
from auscult.cli.output import auscult_command, out, print_json, progress_bar

OPTIONS = {
    "recipe": "--features",
    "n_mels": "--n-mels",
    "groups": "--groups",
    "augmentations": "--augment",
    "seed": "--seed",
    "jobs": "--jobs",
    "cluster": "--cluster",
}
ORIGINAL = "original"
"""For ``--augment``: all three of the original's."""


def features(
    path: str = typer.Argument(..., metavar="PATH", help="Folder, CSV such as clips.csv, or URL."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder of the store; what is in it is kept."),
    recipe: str = typer.Option("log-mel", "--features", help="log-mel or original-mfcc."),
    n_mels: int = typer.Option(128, help="Mel bands of log-mel."),
    groups: list[str] = typer.Option(
        [], help="Descriptors of log-mel: level mean std p5 gwrp0.9 modulation orders channels ..."
    ),
    channels: str = typer.Option("mean", help="What becomes of several channels: mean, all, or an index from 0."),
    augment: list[str] = typer.Option(
        [], help="Copies to make too: noise roll stretch gain background; or original, for the original's three."
    ),
    seed: int = typer.Option(0, help="Of the copies: the same seed makes the same."),
    no_patches: bool = typer.Option(False, "--no-patches", help="Keep the descriptors only."),
    nameplates: Path | None = typer.Option(None, help="Table of machines: machine,rpm,n_blades."),
    jobs: int | None = typer.Option(None, help="Processes that work at a time; one a core where not given."),
    cluster: str | None = typer.Option(None, help="Dask cluster instead: tcp://scheduler:8786, or local:N."),
    as_json: bool = typer.Option(False, "--json", help="Print what was done as JSON."),
) -> None:
    """Compute the features of recordings and keep them, as arrays and a table.

    Exit code 1: some recordings had to be left out.
    """
    from auscult.features.augment import ORIGINAL_AUGMENTATIONS
    from auscult.features.nameplate import read_nameplates
    from auscult.pipeline.features import build_store

    names = [name for word in augment for name in (ORIGINAL_AUGMENTATIONS if word == ORIGINAL else [word])]
    with progress_bar() as on_progress, named_as_typed(OPTIONS):
        built = build_store(
            path,
            output,
            recipe=recipe,  # type: ignore[arg-type]  # checked there
            n_mels=n_mels,
            groups=groups or None,
            channels=channel_policy(channels),
            augmentations=names,
            seed=seed,
            with_patches=not no_patches,
            nameplates=read_nameplates(nameplates) if nameplates else None,
            n_jobs=jobs,
            cluster=cluster,
            on_progress=on_progress,
        )
    if as_json:
        print_json(built.to_dict())
    else:
        out.print(
            f"{built.store}: {built.n_lines} rows of {built.n_clips} clips, {built.n_added} computed now, "
            f"{built.n_descriptors} descriptors each ({built.features['recipe']} at {built.features['sr']} Hz)",
            markup=False,
        )
        if built.n_left_out:
            out.print(f"{built.n_left_out} clips left out:", style="bold red")
            for reason in built.left_out:
                out.print(f"    {reason}", markup=False)
            if built.n_left_out > len(built.left_out):
                out.print(f"    and {built.n_left_out - len(built.left_out)} more", markup=False)
            out.print(f"All that is wrong: {auscult_command()} scan {shlex.quote(path)}", markup=False)
        out.print(f"Which row is what: {shlex.quote(str(output / 'table.csv'))}", markup=False)
    raise typer.Exit(1 if built.n_left_out else 0)
