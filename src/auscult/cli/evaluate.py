"""``auscult evaluate``: a bundle and labelled recordings -> figures."""

from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from auscult.bundle import load
from auscult.bundle.figure_words import counted
from auscult.cli.options import named_as_typed
from auscult.cli.output import err, figures_table, out, print_json, progress_bar
from auscult.detect.alarm_budget import describe_period, describe_time


def evaluate(
    bundle: Path = typer.Argument(..., help="The bundle to measure (.auscult)."),
    root: Path = typer.Argument(..., metavar="DIR|CSV", help="Labelled recordings, as for train, or a table of them."),
    machine_id: str | None = typer.Option(
        None, help="Machine of the bundle that all recordings are of, where folders call it otherwise."
    ),
    same_names: bool = typer.Option(
        False, help="Clips that are called as takes that were learnt are others all the same."
    ),
    leave_one_out: bool = typer.Option(
        False, help="Learn the machines anew, each from none, 10, 20, ... of its normal takes."
    ),
    transfer: bool = typer.Option(False, help="Learn the machines anew at each SNR, and test at each other."),
    dcase: Path | None = typer.Option(None, help="Folder for scores and decisions as DCASE's evaluators read them."),
    as_json: bool = typer.Option(False, "--json", help="Print all figures as one JSON object."),
) -> None:
    """Measure a bundle on recordings that it has not learnt from; those that it has are left out.

    AUC and partial AUC with intervals, the level alone beside them, false alarms as they were and as promised.
    """
    from auscult.pipeline.evaluation import evaluate as evaluate_bundle

    with progress_bar() as on_progress, named_as_typed({"machine_id": "--machine-id"}):
        evaluation = evaluate_bundle(
            load(bundle),
            root,
            machine_id=machine_id,
            same_names=same_names,
            leave_one_out=leave_one_out,
            transfer=transfer,
            dcase=dcase,
            on_progress=on_progress,
        )
    for line in evaluation.left_out:
        err.print(f"left out: {line}", markup=False)
    if as_json:
        print_json(evaluation.to_dict())
        return
    synthetic = "synthetic " if evaluation.is_synthetic else ""
    out.print(f"{bundle} on {evaluation.n_clips} {synthetic}clips", markup=False)
    if evaluation.n_learnt:
        learnt = f"left out {evaluation.n_learnt} clips that it has learnt from, or that are called as takes it has"
        out.print(f"{learnt} learnt from (--same-names if they are others)", markup=False)
    out.print(figures_table(evaluation.figures, f"{synthetic}clips, normal + anomalous".capitalize()))
    _print_summary(evaluation.summary)
    for row in evaluation.alarms:
        out.print(_alarm_line(row), markup=False)
    if evaluation.leave_one_out:
        out.print(_curve_table(evaluation.leave_one_out))
    if evaluation.snr_transfer:
        out.print(_transfer_table(evaluation.snr_transfer))
    if dcase is not None:
        out.print(f"wrote scores and decisions for DCASE's evaluators into {dcase}", markup=False)


def _print_summary(summary: dict[str, Any]) -> None:
    for row in summary.get("by_snr", []):
        snr = "" if row["snr_db"] is None else f" at {row['snr_db']:g} dB"
        line = f"mean of {counted(row['n_machines'], 'machine')}{snr}: AUC {row['auc']:.3f}, pAUC {row['pauc']:.3f}, "
        line += f"level alone {row['level_auc']:.3f}, found {row['detection_rate']:.0%}, false alarms "
        line += f"{row['false_alarm_rate']:.0%}; worst: {row['worst_machine']} {row['worst_auc']:.3f}"
        out.print(line, markup=False)


def _alarm_line(row: dict[str, Any]) -> str:
    times = "time" if row["n_alarms"] == 1 else "times"
    line = f"{row['machine']}: alarmed {row['n_alarms']} {times} in {describe_time(row['heard_s'])} of normal sound"
    if row["n_promised"] is None:
        return f"{line}; nothing was promised: {row['promise']}"
    promised = describe_period(row["promised_s"])
    return f"{line}; promised was at most 1 per {promised}, {row['n_promised']:.2g} in this time"


def _curve_table(rows: list[dict[str, Any]]) -> Table:
    """AUC by the number of normal takes that a machine was enrolled with; 0: judged by the other machines' models."""
    sizes = sorted({row["n_takes"] for row in rows})
    table = Table(
        title="Machine left out, then enrolled with so many normal takes: AUC", title_justify="left", box=None
    )
    table.add_column("machine", no_wrap=True)
    table.add_column("SNR", justify="right")
    for size in sizes:
        table.add_column(str(size) if size else "none", justify="right")
    for machine, snr_db in dict.fromkeys((row["machine"], row["snr_db"]) for row in rows):
        own = {row["n_takes"]: row["auc"] for row in rows if (row["machine"], row["snr_db"]) == (machine, snr_db)}
        cells = [f"{own[size]:.3f}" if size in own else "" for size in sizes]
        table.add_row(escape(machine), "-" if snr_db is None else f"{snr_db:g} dB", *cells)
    return table


def _transfer_table(rows: list[dict[str, Any]]) -> Table:
    """Mean AUC by the SNR learnt at (rows) and tested at (columns)."""
    snrs_db = sorted({row["tested_db"] for row in rows}, reverse=True)
    table = Table(title="Learnt at one SNR, tested at another: mean AUC", title_justify="left", box=None)
    table.add_column("learnt at")
    for snr_db in snrs_db:
        table.add_column(f"tested at {snr_db:g} dB", justify="right")
    aucs = {(row["learnt_db"], row["tested_db"]): row["auc"] for row in rows}
    for learnt_db in snrs_db:
        cells = [f"{aucs[learnt_db, tested]:.3f}" if (learnt_db, tested) in aucs else "" for tested in snrs_db]
        table.add_row(f"{learnt_db:g} dB", *cells)
    return table
