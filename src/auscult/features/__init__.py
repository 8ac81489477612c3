"""Waveforms -> what models look at: patches `(n_bands, n_frames)` and descriptors `(n_descriptors,)`.

Two recipes, `OriginalMfcc` and `LogMel`, are frozen dataclasses whose fields go into the bundle and the feature store.
"""

from auscult.features.log_mel import LogMel
from auscult.features.nameplate import Nameplate
from auscult.features.original_mfcc import OriginalMfcc
from auscult.features.recipe import Features, Recipe
from auscult.features.registry import recipe_from_dict, recipe_to_dict
from auscult.features.store import FeatureStore
from auscult.features.stream import FeatureStream, feature_stream

__all__ = [
    "FeatureStore",
    "FeatureStream",
    "Features",
    "LogMel",
    "Nameplate",
    "OriginalMfcc",
    "Recipe",
    "feature_stream",
    "recipe_from_dict",
    "recipe_to_dict",
]
