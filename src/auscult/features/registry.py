"""Which features a bundle or a feature store wants: recipes by the name its manifest gives them."""

from dataclasses import asdict, fields
from typing import Any

from auscult.errors import OptionError
from auscult.features.log_mel import LogMel
from auscult.features.original_mfcc import OriginalMfcc
from auscult.features.recipe import Recipe

RECIPES: dict[str, type[LogMel] | type[OriginalMfcc]] = {"log-mel": LogMel, "original-mfcc": OriginalMfcc}

REMEDY = "Make the bundle or the store again."


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """Name and options of a recipe, as JSON can hold them."""
    name, kind = next((name, kind) for name, kind in RECIPES.items() if type(recipe) is kind)
    assert isinstance(recipe, kind)
    options = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(recipe).items()}
    return {"recipe": name, **options}


def recipe_from_dict(options: dict[str, Any]) -> Recipe:
    """Recipe with these options.

    Raises
    ------
    OptionError
        If the name or an option is unknown, missing, or of another kind than it should be.
    """
    name = options.get("recipe")
    kind = RECIPES.get(str(name))
    if kind is None:
        problem = f"unknown features {name!r}, expected one of {', '.join(RECIPES)}"
        raise OptionError("features", problem, "A newer Auscult may know them: upgrade with pip install -U auscult.")
    expected = {field.name for field in fields(kind)}
    values = {key: value for key, value in options.items() if key != "recipe"}
    if values.keys() != expected:
        problem = f"expected the options {', '.join(sorted(expected))}, got {', '.join(sorted(values))}"
        raise OptionError(f"features {name}", problem, REMEDY)
    if "groups" in values:
        values["groups"] = _words(values["groups"], f"features {name}")
    for key, value in values.items():
        if key != "groups" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise OptionError(f"features {name}", f"{key} is no number but {value!r}", REMEDY)
    return kind(**values)


def _words(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise OptionError(where, f"groups is no list of words but {value!r}", REMEDY)
    return tuple(value)
