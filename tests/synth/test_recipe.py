from dataclasses import replace

import pytest

from auscult.errors import OptionError
from auscult.synth.recipe import Recipe, check_recipe, faults_of

RECIPE = Recipe(
    machine_types=("fan", "pump"),
    n_ids=3,
    snr_db=(-6.0, 6.0),
    n_normal=4,
    n_anomalous=2,
    faults=(),
    severity=None,
    n_channels=2,
    duration_s=1.0,
    sr=16000,
    seed=5,
)


def test_a_good_recipe_passes():
    check_recipe(RECIPE)
    assert RECIPE.n_samples == 16000
    check_recipe(replace(RECIPE, severity=(0.3, 0.9), faults=("clogging", "leak", "imbalance+clogging")))


def test_a_type_takes_its_own_of_the_faults_asked_for():
    recipe = replace(RECIPE, faults=("clogging", "leak", "imbalance+clogging"))
    assert faults_of(recipe, "fan") == ["clogging", "imbalance+clogging"]
    assert faults_of(recipe, "pump") == ["clogging", "leak"]
    assert faults_of(RECIPE, "pump") == ["cavitation", "leak", "clogging"]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("machine_types", (), "each type once"),
        ("machine_types", ("fan", "fan"), "each type once"),
        ("machine_types", ("lathe",), "got 'lathe'"),
        ("faults", ("rust",), "got 'rust'"),
        ("faults", ("imbalance",), "none of them is a fault of a pump"),
        ("faults", ("clogging+clogging",), "got"),
        ("severity", (0.9, 0.3), "a lower and a higher"),
        ("severity", (float("nan"), 0.5), "a lower and a higher"),
        ("n_channels", 0, "1 to 16"),
        ("n_channels", 17, "1 to 16"),
    ],
)
def test_a_bad_recipe_is_refused_by_field(field, value, says):
    with pytest.raises(OptionError, match=says) as caught:
        check_recipe(replace(RECIPE, **{field: value}))
    assert caught.value.where.startswith(field[:7])


def test_without_anomalous_takes_no_fault_is_needed():
    check_recipe(replace(RECIPE, faults=("imbalance",), n_anomalous=0))
