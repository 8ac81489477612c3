"""A manifest and what was learnt -> a bundle with everything that goes with it."""

from auscult.bundle.bundle import Bundle
from auscult.bundle.golden import golden_members
from auscult.bundle.manifest import Manifest
from auscult.bundle.model_card import MODEL_CARD, model_card


def new_bundle(manifest: Manifest, members: dict[str, bytes], where: str = "new bundle") -> Bundle:
    """Make a bundle, with golden samples and a model card.

    Parameters
    ----------
    manifest : Manifest
    members : dict of str -> bytes
        What was learnt: `auscult.bundle.bundle.DETECTOR`, ``CLASSIFIER``, ``FAULTS``.
    where : str
        What errors call it.

    Raises
    ------
    BundleError
        If they do not belong together.
    """
    bare = Bundle.from_members(manifest, members, where)
    card = {MODEL_CARD: model_card(manifest).encode()}
    return Bundle.from_members(manifest, members | card | golden_members(bare), where)
