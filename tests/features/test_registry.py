import json

import pytest

from auscult.errors import OptionError
from auscult.features import LogMel, OriginalMfcc, recipe_from_dict, recipe_to_dict


@pytest.mark.parametrize("recipe", [LogMel(), LogMel.for_rate(48000, n_mels=40), OriginalMfcc()])
def test_recipe_goes_through_json(recipe):
    assert recipe_from_dict(json.loads(json.dumps(recipe_to_dict(recipe)))) == recipe


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"recipe": "wavelet"}, "unknown features 'wavelet'"),
        ({}, "unknown features None"),
        ({"recipe": "log-mel", "sr": 16000}, "expected the options"),
        (recipe_to_dict(LogMel()) | {"colour": 1}, "expected the options"),
        (recipe_to_dict(LogMel()) | {"sr": "16000"}, "sr is no number"),
    ],
)
def test_nonsense_is_refused(options, match):
    with pytest.raises(OptionError, match=match):
        recipe_from_dict(options)
