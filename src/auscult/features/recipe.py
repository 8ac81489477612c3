"""Which features a bundle wants: recipes by the name its manifest gives them."""

from dataclasses import asdict, fields
from typing import Any

from auscult.errors import OptionError
from auscult.features.log_mel import LogMel
from auscult.features.original_mfcc import OriginalMfcc

Recipe = LogMel | OriginalMfcc
RECIPES: dict[str, type[LogMel] | type[OriginalMfcc]] = {"log-mel": LogMel, "original-mfcc": OriginalMfcc}


def recipe_to_dict(recipe: Recipe) -> dict[str, Any]:
    """Name and options of a recipe, as JSON can hold them."""
    name = next(name for name, kind in RECIPES.items() if type(recipe) is kind)
    return {"recipe": name, **asdict(recipe)}


def recipe_from_dict(options: dict[str, Any]) -> Recipe:
    """Recipe with these options.

    Raises
    ------
    OptionError
        If the name or an option is unknown, missing, or not a number.
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
        raise OptionError(f"features {name}", problem, "Make the bundle again.")
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise OptionError(f"features {name}", f"{key} is no number but {value!r}", "Make the bundle again.")
    return kind(**values)
