"""``auscult predict``: a verdict a clip."""

import signal
from pathlib import Path

import typer

from auscult.bundle import Verdict, load
from auscult.cli.output import out, print_error, print_json
from auscult.errors import AuscultError, printable


def predict(
    bundle: Path = typer.Argument(..., help="The bundle that judges (.auscult)."),
    clips: list[Path] = typer.Argument(..., help="Recordings: WAV, FLAC, OGG, MP3, AIFF, ..."),
    machine_id: str | None = typer.Option(
        None, help="Machine the clips are of; else it is taken from the folders they lie in."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a clip."),
) -> None:
    """Say of each clip whether it is anomalous, and what it is.

    A clip that cannot be judged is reported and the others go on. Exit code 1: a clip is anomalous; 3: one could not
    be judged.
    """
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` ends it as it ends other programs
    loaded = load(bundle)
    exit_code = 0
    for path in clips:
        try:
            verdict = loaded.predict(path, machine_id=machine_id)
        except AuscultError as error:
            exit_code = 3
            if as_json:
                print_json({"clip": printable(str(path)), "error": str(error)})
            else:
                print_error(error)
            continue
        if verdict.is_anomalous:
            exit_code = max(exit_code, 1)
        if as_json:
            print_json({"clip": printable(str(path)), **verdict.to_dict()})
        else:
            _print_line(path, verdict)
    raise typer.Exit(exit_code)


def _print_line(path: Path, verdict: Verdict) -> None:
    colour = "red" if verdict.is_anomalous else "green"
    out.print(f"[{colour}]{'ANOMALOUS' if verdict.is_anomalous else 'ok':<9}[/]", end="  ")
    label, probability = max(verdict.probabilities.items(), key=lambda item: item[1])
    line = f"{printable(str(path))}  {verdict.message}  ({label} {probability:.3f}"
    if verdict.score is not None:
        line += f"; score {verdict.score:.3f}, threshold {verdict.threshold:.3f}, p {verdict.p_value:.3g}"
    if verdict.machine_id is not None:
        line += f"; machine {verdict.machine_id}"
    out.print(line + ")", markup=False)
