"""The command line: one file a verb, each parses, calls one function and prints.

Exit codes: 0 ok, 1 findings (an anomalous clip), 2 usage, 3 bad data, 70 a bug, 130 interrupted.
"""

import io
import sys
import traceback

import typer

from auscult import __version__
from auscult.cli import (
    alarms,
    bundle,
    commission,
    demo,
    enroll,
    evaluate,
    faults,
    features,
    fetch,
    live_bundle,
    monitor,
    package,
    predict,
    record,
    scan,
    serve,
    synth,
    train,
)
from auscult.cli.options import SeveralValues
from auscult.cli.output import err, print_error
from auscult.errors import AuscultError

INTERRUPTED = 130
"""Exit code after Ctrl-C."""
BUG = 70
"""Exit code of an unexpected error (EX_SOFTWARE), apart from those that mean something."""

app = typer.Typer(
    name="auscult",
    help="Listens to machines: learns their normal sound and tells when it changes.",
    epilog="Exit codes: 0 ok, 1 findings (an anomalous clip), 2 usage, 3 bad data, 70 a bug, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("synth", cls=SeveralValues)(synth.synth)
app.command("record")(record.record)
app.command("scan", cls=SeveralValues)(scan.scan)
app.command("features", cls=SeveralValues)(features.features)
app.command("commission")(commission.commission)
app.command("train")(train.train)
app.command("enroll")(enroll.enroll)
app.command("evaluate")(evaluate.evaluate)
app.command("predict")(predict.predict)
app.command("serve")(serve.serve)
app.command("package")(package.package)
app.command("monitor")(monitor.monitor)
app.command("alarms")(alarms.alarms)
app.command("replay")(live_bundle.replay)
app.command("deploy")(live_bundle.deploy)
app.command("rollback")(live_bundle.rollback)
app.add_typer(faults.app, name="faults")
app.add_typer(bundle.app, name="bundle")
app.add_typer(fetch.app, name="fetch")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"auscult {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    pass


def main() -> None:
    """Run the command line: what Auscult says of errors goes to stderr, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to stop
    try:
        app()
    except AuscultError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print(
                "interrupted: nothing is half-written; synth, fetch, features and train go on where they were when run "
                "again",
                markup=False,
            )
        raise
    except Exception:  # noqa: BLE001 - the last resort
        traceback.print_exc()
        err.print("This is a bug in Auscult: please report it with the lines above.", markup=False)
        sys.exit(BUG)
