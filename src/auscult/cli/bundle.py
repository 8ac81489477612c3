"""``auscult bundle``: make a bundle of the original's model, look into one, check one, keep it in a registry."""

import shutil
from pathlib import Path

import typer

from auscult.bundle import load
from auscult.bundle.golden import self_check
from auscult.bundle.model_card import MODEL_CARD, model_card
from auscult.cli.options import check_output
from auscult.cli.output import out, print_json
from auscult.cli.registry import CaFile, PasswordStdin, PlainHttp, Username, note, registry_client, said_again
from auscult.errors import OptionError
from auscult.faults import ORIGINAL_FAULTS, Fault
from auscult.files import disk_errors, whole_file
from auscult.registry import Reference
from auscult.registry import pull as pull_bundle
from auscult.registry import push as push_bundle
from auscult.registry.cache import Cache

app = typer.Typer(help="Make, inspect, verify, push and pull bundles.", no_args_is_help=True)


@app.command("import-keras")
def import_keras(
    model: Path = typer.Argument(..., help="Keras 2 HDF5 file of a whole sequential model (.h5, .hdf5)."),
    output: Path = typer.Option(..., "-o", "--output", help="The bundle to write (.auscult)."),
    fault: list[str] = typer.Option(
        [], help="A class as NAME=MESSAGE, normality first; repeat it for each. The default is the original's four."
    ),
) -> None:
    """Turn the original's Keras model into a bundle that answers as the original did."""
    from auscult.bundle.import_keras import import_keras as import_model

    check_output(output)
    bundle = import_model(model, faults=[_fault(text) for text in fault] or ORIGINAL_FAULTS)
    bundle.save(output)
    names = ", ".join(fault.name for fault in bundle.manifest.faults)
    out.print(f"{output}: the classes are {names}", markup=False)
    out.print(f"Next: auscult predict {output} CLIP.wav, or auscult serve {output}", markup=False)


@app.command()
def inspect(bundle: Path = typer.Argument(..., help="A bundle (.auscult).")) -> None:
    """Print a bundle's manifest as JSON."""
    print_json(load(bundle).manifest.to_dict(), indent=2)


@app.command()
def card(bundle: Path = typer.Argument(..., help="A bundle (.auscult).")) -> None:
    """Print a bundle's model card: what it is for, what it learnt from, how good it is."""
    loaded = load(bundle)
    stored = loaded.members.get(MODEL_CARD)  # older bundles have none
    text = model_card(loaded.manifest) if stored is None else stored.decode(errors="replace")
    lines = ("".join(sign if sign.isprintable() else " " for sign in line) for line in text.splitlines())
    out.print("\n".join(lines), markup=False, emoji=False)


@app.command()
def verify(bundle: Path = typer.Argument(..., help="A bundle (.auscult).")) -> None:
    """Check that a bundle is whole and gives on this machine the verdicts it gave where it was made."""
    loaded = load(bundle)
    self_check(loaded, str(bundle))
    out.print(f"{bundle}: {len(loaded.members)} members are whole, golden samples agree", markup=False)


@app.command()
def push(
    bundle: Path = typer.Argument(..., help="A bundle (.auscult)."),
    reference: str = typer.Argument(..., help="Where to: registry/name:tag; a tag that is there moves."),
    username: Username = None,
    password_stdin: PasswordStdin = False,
    ca_file: CaFile = None,
    plain_http: PlainHttp = False,
    as_json: bool = typer.Option(False, "--json", help="Print where it is now as one JSON object."),
) -> None:
    """Put a bundle into a container registry, and print the reference that will always mean it."""
    parsed = Reference.parse(reference)
    with registry_client(parsed, username, password_stdin, ca_file, plain_http) as client:
        pinned = push_bundle(bundle, parsed, client, note)
    if as_json:
        print_json({"reference": str(pinned), "digest": pinned.digest})
        return
    out.print(f"{bundle} is {parsed} now, and always {pinned}", markup=False)
    out.print(f"Next: auscult serve {pinned}{said_again(ca_file, plain_http)}", markup=False)


@app.command()
def pull(
    reference: str = typer.Argument(..., help="Which: registry/name@sha256:..., or registry/name:tag."),
    output: Path = typer.Option(..., "-o", "--output", help="The bundle to write (.auscult)."),
    username: Username = None,
    password_stdin: PasswordStdin = False,
    ca_file: CaFile = None,
    plain_http: PlainHttp = False,
    as_json: bool = typer.Option(False, "--json", help="Print what was pulled as one JSON object."),
) -> None:
    """Get a bundle from a container registry, checked byte by byte; it stays in the cache, too."""
    check_output(output)
    parsed = Reference.parse(reference)
    with registry_client(parsed, username, password_stdin, ca_file, plain_http) as client:
        cached, pinned = pull_bundle(parsed, client, Cache(), note)
    load(cached)
    with disk_errors(output), cached.open("rb") as source, whole_file(output) as file:
        shutil.copyfileobj(source, file)
    if as_json:
        print_json({"bundle": str(output), "reference": str(pinned), "digest": pinned.digest})
        return
    out.print(f"{output}: pulled from {pinned}", markup=False)


def _fault(text: str) -> Fault:
    name, equals, message = text.partition("=")
    if not (name and equals and message):
        raise OptionError("--fault", f"expected NAME=MESSAGE, got {text!r}", "For example: --fault 'leak=Seal leaks'")
    return Fault(id=name.strip().replace(" ", "-"), name=name.strip(), message=message.strip())
