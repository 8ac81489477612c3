"""``auscult predict``: a verdict a clip."""

from pathlib import Path

import typer

from auscult.bundle import Bundle, Verdict, load
from auscult.cli.output import err, out, print_error, print_json
from auscult.cli.registry import CaFile, PasswordStdin, PlainHttp, Username, bundle_file
from auscult.errors import AuscultError, printable


def predict(
    bundle: str = typer.Argument(..., help="The bundle that judges (.auscult, or oci://registry/name@sha256:...)."),
    clips: list[Path] = typer.Argument(..., help="Recordings: WAV, FLAC, OGG, MP3, AIFF, ..."),
    machine_id: str | None = typer.Option(
        None, help="Machine the clips are of; else it is taken from the folders they lie in."
    ),
    explain: bool = typer.Option(
        False, "--explain", help="Tell what is different about each clip: bands, swing, orders."
    ),
    explain_dir: Path | None = typer.Option(
        None, help="Folder for a WAV of what is louder than normal, and a picture, of each clip; implies --explain."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a clip."),
    username: Username = None,
    password_stdin: PasswordStdin = False,
    ca_file: CaFile = None,
    plain_http: PlainHttp = False,
) -> None:
    """Say of each clip whether it is anomalous, and what it is.

    A clip that cannot be judged is reported and the others go on. Exit code 1: a clip is anomalous; 3: one could not
    be judged.
    """
    loaded = load(bundle_file(bundle, username, password_stdin, ca_file, plain_http))
    exit_code = 0
    for path in clips:
        try:
            verdict = loaded.predict(path, machine_id=machine_id, explain=explain or explain_dir is not None)
            files = [] if explain_dir is None else _write(loaded, path, verdict, explain_dir)
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
            named = {"explanation_files": [str(file) for file in files]} if files else {}
            print_json({"clip": printable(str(path)), **verdict.to_dict(), **named})
        else:
            _print_line(path, verdict)
            _print_explanation(verdict, files)
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
    if verdict.warning is not None:
        err.print(f"{printable(str(path))}: {verdict.warning}", markup=False)


def _write(bundle: Bundle, path: Path, verdict: Verdict, folder: Path) -> list[Path]:
    """Files that explain a verdict, named after the clip and the folders that tell it from others of its name."""
    from auscult.pipeline.explanations import write_explanation

    stem = "_".join([*path.resolve().parts[-3:-1], path.stem])
    return write_explanation(bundle, path, verdict, folder, stem)


def _print_explanation(verdict: Verdict, files: list[Path]) -> None:
    if verdict.explanation is not None:
        told = verdict.explanation.changes
        for change in told:
            out.print(f"             {change}", markup=False)
        if not told:
            out.print("             nothing is farther from the nearest normal clips than they are from each other")
    for file in files:
        out.print(f"             wrote {file}", markup=False)
