"""``auscult enroll``: a bundle and normal sound of one machine -> a bundle that knows it."""

import shlex
from pathlib import Path

import typer

from auscult.bundle import load
from auscult.bundle.figure_words import counted
from auscult.cli.options import check_output, named_as_typed
from auscult.cli.output import auscult_command, err, out, print_json, progress_bar
from auscult.cli.promises import machine_line, promise_lines
from auscult.errors import OptionError

OPTIONS = {"machine_id": "--machine-id", "alarms": "--alarms", "false-alarm rate": "--false-alarm-rate"}


def enroll(
    bundle: Path = typer.Argument(..., help="The bundle to add to (.auscult)."),
    root: Path = typer.Argument(..., metavar="DIR|CSV", help="Normal recordings of one machine, or a table of them."),
    machine_id: str = typer.Option(..., help="Full name of the machine: fan/id_08, press_3."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Write here; else the bundle itself is replaced."),
    add: bool = typer.Option(False, "--add", help="The machine is known: learn this as a further session."),
    replace: bool = typer.Option(False, "--replace", help="The machine is known: forget what it was enrolled with."),
    alarms: str | None = typer.Option(
        None, help="False alarms that are tolerated: 1/week, 2/day, 1/30d. Else those of the known machine, or 1/week."
    ),
    false_alarm_rate: float = typer.Option(0.05, help="Share of single normal clips that may be called anomalous."),
    as_json: bool = typer.Option(False, "--json", help="Print what was learnt as JSON."),
) -> None:
    """Teach a bundle another machine. Nothing else in it is learnt anew, no anomalous recording is needed."""
    from auscult.pipeline.enrolment import enroll as enroll_machine

    if add and replace:
        raise OptionError("--add", "contradicts --replace", "Give one of them.")
    written = check_output(output or bundle)
    with progress_bar() as on_progress, named_as_typed(OPTIONS):
        enrolled, left_out = enroll_machine(
            load(bundle),
            root,
            machine_id=machine_id,
            known="add" if add else "replace" if replace else "refuse",
            alarms=alarms,
            false_alarm_rate=false_alarm_rate,
            on_progress=on_progress,
        )
    enrolled.save(written)
    for line in left_out:
        err.print(f"left out: {line}", markup=False)
    threshold = enrolled.manifest.thresholds[machine_id]
    if as_json:
        print_json({"machine_id": machine_id, "bundle": str(written), "left_out": left_out, **threshold})
        return
    assert enrolled.detector is not None
    machine = enrolled.detector.machines[machine_id]
    n_machines = counted(len(enrolled.manifest.thresholds), "machine")
    out.print(f"{written}: enrolled {machine_id}, knows {n_machines}", markup=False)
    out.print(machine_line(machine_id, machine, false_alarm_rate), markup=False)
    for line in promise_lines(machine):
        out.print(line, markup=False)
    command = f"{auscult_command()} predict {shlex.quote(str(written))} CLIP.wav --machine-id {shlex.quote(machine_id)}"
    out.print(f"Next: {command}", markup=False)
