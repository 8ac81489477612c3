"""Waveforms -> what models look at: patches `(n_bands, n_frames)` and descriptors `(n_descriptors,)`.

Two recipes, `OriginalMfcc` and `LogMel`, are frozen dataclasses whose fields go into the bundle.
"""

from auscult.features.log_mel import LogMel, LogMelStream
from auscult.features.original_mfcc import OriginalMfcc
from auscult.features.recipe import Recipe, recipe_from_dict, recipe_to_dict

__all__ = ["LogMel", "LogMelStream", "OriginalMfcc", "Recipe", "recipe_from_dict", "recipe_to_dict"]
