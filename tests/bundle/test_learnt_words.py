from dataclasses import replace

import auscult
from auscult.bundle.learnt_words import learnt_words, strange_takes


def test_what_was_heard_and_not_learnt_is_said_beside_what_was_learnt(trained_bundle):
    manifest = auscult.load(trained_bundle).manifest
    first, *others = manifest.thresholds
    usual = {name: entry | {"strange": []} for name, entry in manifest.thresholds.items()}
    manifest = replace(manifest, thresholds=usual)
    assert strange_takes(manifest) == []
    assert learnt_words(manifest) == "32 normal synthetic clips of 2 machines learnt, 0 left out"
    odd = replace(manifest, thresholds=usual | {first: usual[first] | {"strange": ["fan/id_00/normal/00000003"]}})
    assert strange_takes(odd) == ["fan/id_00/normal/00000003"]
    assert learnt_words(odd) == (
        "32 normal synthetic clips of 2 machines learnt but for 1 recording unlike all others, 0 left out"
    )
    real = replace(odd, training_data=odd.training_data | {"is_synthetic": False, "left_out": ["a", "b"]})
    assert (
        learnt_words(real) == "32 normal clips of 2 machines learnt but for 1 recording unlike all others, 2 left out"
    )
    assert others
