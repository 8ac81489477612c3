"""``auscult faults``: kinds of malfunction among anomalous clips: found, checked, listened to, named."""

import typer

from auscult.cli.faults import audit, discover, listen, name, plot
from auscult.cli.options import SeveralValues

app = typer.Typer(help="Find kinds of malfunction, check them, listen to them, name them.", no_args_is_help=True)
app.command("discover", cls=SeveralValues)(discover.discover)
app.command("audit")(audit.audit)
app.command("plot")(plot.plot)
app.command("listen")(listen.listen)
app.command("name")(name.name)
