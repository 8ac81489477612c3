"""``auscult bundle``: make a bundle of the original's model, look into one, check one."""

from pathlib import Path

import typer

from auscult.bundle import load
from auscult.bundle.golden import self_check
from auscult.bundle.model_card import MODEL_CARD, model_card
from auscult.cli.options import check_output
from auscult.cli.output import out, print_json
from auscult.errors import OptionError
from auscult.faults import ORIGINAL_FAULTS, Fault

app = typer.Typer(help="Make, inspect and verify bundles.", no_args_is_help=True)


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


def _fault(text: str) -> Fault:
    name, equals, message = text.partition("=")
    if not (name and equals and message):
        raise OptionError("--fault", f"expected NAME=MESSAGE, got {text!r}", "For example: --fault 'leak=Seal leaks'")
    return Fault(id=name.strip().replace(" ", "-"), name=name.strip(), message=message.strip())
