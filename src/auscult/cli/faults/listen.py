"""``auscult faults listen``: the sound of clusters."""

from pathlib import Path

import typer

from auscult.cli.faults.found import FOUND, load_found, print_left_out
from auscult.cli.output import out
from auscult.errors import AudioError, OptionError


def listen(
    found: Path = FOUND,
    cluster: int | None = typer.Option(None, min=0, help="Which one's; all of them if left out."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Folder for them as WAV files."),
    play: bool = typer.Option(False, "--play", help="Play them on this machine's loudspeaker (extra 'monitor')."),
) -> None:
    """Export or play the most typical recordings of each cluster."""
    from auscult.audio.play import play_clip
    from auscult.pipeline.fault_pages import write_exemplars

    discovery, _ = load_found(found)
    if output is None and not play:
        raise OptionError("--output", "neither a folder nor --play is given", "Say -o FOLDER, or --play.")
    numbers = list(range(len(discovery.clusters))) if cluster is None else [cluster]
    if output is not None:
        written, missing = write_exemplars(discovery, output, numbers)
        for path in written:
            out.print(f"wrote {path}", markup=False)
        print_left_out(missing)
    if play:
        for number in numbers:
            for clip in discovery.exemplars(number):
                out.print(f"cluster {number}: {clip.path}", markup=False)
                try:
                    play_clip(clip.path)
                except AudioError as error:
                    print_left_out([str(error)])
