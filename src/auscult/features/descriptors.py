"""What is heard of a clip -> its descriptors, in named groups.

=============  ======================================================================================================
``level``      mean of all bands and frames in dB. With it, the pooled bands are relative to it: a microphone turned
               up moves this one number and nothing else. Without it they are levels re full scale.
``mean`` ...   each mel band pooled over time: ``mean``, ``std``, ``p5``, ``gwrp0.9`` (`auscult.features.pooling`)
``modulation`` swing of each octave's envelope, by octaves of its frequency (`auscult.features.modulation`)
``orders``     rotation frequency, its orders, blade pass and mains hum (`auscult.features.orders`)
``channels``   level differences and coherence of several channels (`auscult.features.inter_channel`)
=============  ======================================================================================================

Groups of several channels are the mean of the channels', but for ``channels``.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.features.filters import in_hz, mel_centres_hz, octave_edges_hz
from auscult.features.inter_channel import inter_channel_descriptors, inter_channel_names
from auscult.features.modulation import EDGES_HZ, Modulation
from auscult.features.nameplate import Nameplate
from auscult.features.orders import LineSpectrum, line_names, order_frequencies_hz
from auscult.features.pooling import is_pooling, pool
from auscult.features.spectrum import BandSpectrum, octave_spectrum

ENVELOPE_HOPS = 8
"""Frames of an envelope for each hop of the mel spectrum: 250 in a second where that has 31."""

OWN_GROUPS = ("level", "modulation", "orders", "channels")


@dataclass(frozen=True)
class Heard:
    """One channel of a clip, as it is heard frame by frame.

    Parameters
    ----------
    frames_db : ndarray, shape (n_frames, n_mels), float32, dB
    envelopes : ndarray, shape (n_short_frames, n_octaves), float32, optional
        Power in octaves; None if no group needs it.
    """

    frames_db: NDArray[np.float32]
    envelopes: NDArray[np.float32] | None = None


class DescriptorGroups:
    """Groups of descriptors of clips at one sampling rate.

    Parameters
    ----------
    groups : tuple of str
    sr, n_fft, hop_length, n_mels, fmin, fmax
        As in `auscult.features.LogMel`.
    n_channels : int > 0

    Attributes
    ----------
    names : tuple of str
        Of all descriptors.
    slices : dict of str -> slice
        Where each group lies among them.

    Raises
    ------
    OptionError
        If a group is unknown, named twice, or cannot be computed with these options.
    """

    def __init__(
        self,
        groups: tuple[str, ...],
        *,
        sr: int,
        n_fft: int,
        hop_length: int,
        n_mels: int,
        fmin: float,
        fmax: float,
        n_channels: int,
    ) -> None:
        _check(groups, hop_length, n_channels)
        self._groups = groups
        self._sr = sr
        self._n_fft = n_fft
        self._n_channels = n_channels
        self._edges_hz = octave_edges_hz(fmax)
        self._short_hop = hop_length // ENVELOPE_HOPS
        self.has_envelopes = bool({"modulation", "orders"} & set(groups))
        names = {name: self._names_of(name, mel_centres_hz(n_mels=n_mels, fmin=fmin, fmax=fmax)) for name in groups}
        ends = np.cumsum([0, *(len(own) for own in names.values())])
        limits = zip(groups, pairwise(map(int, ends)), strict=True)
        self.slices = {name: slice(low, high) for name, (low, high) in limits}
        self.names = tuple(name for own in names.values() for name in own)

    def envelope_spectrum(self) -> BandSpectrum:
        """Octaves of short frames: a quarter of the mel spectrum's, eight times as often."""
        n_fft = max(2, self._n_fft // 4)
        return octave_spectrum(sr=self._sr, n_fft=n_fft, hop_length=self._short_hop, edges_hz=self._edges_hz)

    def describe(
        self, y: NDArray[np.float32], heard: list[Heard], nameplate: Nameplate | None = None
    ) -> NDArray[np.float32]:
        """Descriptors of a clip.

        Parameters
        ----------
        y : ndarray, shape (n_channels, n_samples), float32
        heard : list of Heard
            Each of its channels.
        nameplate : Nameplate, optional

        Returns
        -------
        ndarray, shape (n_descriptors,), float32
        """
        parts = [self._of_channel(channel, ears, nameplate) for channel, ears in zip(y, heard, strict=True)]
        own: NDArray[np.float32] = parts[0] if len(parts) == 1 else np.mean(parts, axis=0, dtype=np.float32)
        if "channels" not in self._groups:
            return own
        between = inter_channel_descriptors(y, sr=self._sr, n_fft=self._n_fft, edges_hz=self._edges_hz)
        place = self.slices["channels"].start
        return np.concatenate([own[:place], between, own[place:]])

    def _of_channel(self, y: NDArray[np.float32], heard: Heard, nameplate: Nameplate | None) -> NDArray[np.float32]:
        groups = self._groups
        poolings = tuple(name for name in groups if is_pooling(name))
        pooled = dict(zip(poolings, pool(heard.frames_db, poolings), strict=True))
        level_db = np.float32(0)
        if "level" in groups:
            level_db = np.float32(pooled.get("mean", heard.frames_db).mean())
            pooled = {name: bands if name == "std" else bands - level_db for name, bands in pooled.items()}
        rate_hz = self._sr / self._short_hop if self.has_envelopes else 0.0
        modulation = Modulation(heard.envelopes, rate_hz) if heard.envelopes is not None else None
        parts: list[NDArray[np.float32]] = []
        for name in groups:
            if name in pooled:
                parts.append(pooled[name])
            elif name == "level":
                parts.append(np.array([level_db]))
            elif name == "modulation" and modulation is not None:
                parts.append(modulation.bands_db().reshape(-1))
            elif name == "orders" and modulation is not None:
                parts.append(self._orders(y, modulation, nameplate))
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def _orders(
        self, y: NDArray[np.float32], modulation: Modulation, nameplate: Nameplate | None
    ) -> NDArray[np.float32]:
        spectrum = LineSpectrum(y, self._sr)
        rotation = spectrum.rotation(nameplate)
        n_blades = nameplate.n_blades if nameplate else None
        lines_db = spectrum.at_db(order_frequencies_hz(rotation.frequency_hz, n_blades))
        swing_db = [modulation.at_db(order * rotation.frequency_hz) for order in (1, 2)]
        found = np.array([rotation.frequency_hz, rotation.prominence_db], np.float32)
        return np.concatenate([found, lines_db, *swing_db])

    def _names_of(self, group: str, centres_hz: NDArray[np.float64]) -> tuple[str, ...]:
        octaves = [f"{in_hz(low)} to {in_hz(high)} Hz" for low, high in pairwise(self._edges_hz)]
        if group == "level":
            return ("level",)
        if group == "modulation":
            return tuple(
                f"swing of {octave} at {slow:g} to {fast:g} Hz"
                for octave in octaves
                for slow, fast in pairwise(EDGES_HZ)
            )
        if group == "orders":
            swings = [f"swing of {octave} at order {order}" for order in (1, 2) for octave in octaves]
            return ("rotation frequency", "prominence of its multiples", *line_names(), *swings)
        if group == "channels":
            return inter_channel_names(self._n_channels, self._edges_hz)
        return tuple(f"{group} {centre:.1f} Hz" for centre in centres_hz)


def _check(groups: tuple[str, ...], hop_length: int, n_channels: int) -> None:
    for name in groups:
        if name not in OWN_GROUPS and not is_pooling(name):
            known = f"{', '.join(OWN_GROUPS)}, mean, std, p<percent>, gwrp<0 to 1>"
            raise OptionError("groups", f"unknown descriptors {name!r}, expected some of {known}", "Correct the name.")
    if len(set(groups)) < len(groups):
        raise OptionError("groups", f"one is named twice: {', '.join(groups)}", "Name each once.")
    if {"modulation", "orders"} & set(groups) and hop_length % ENVELOPE_HOPS:
        problem = f"modulation and orders need a hop_length that {ENVELOPE_HOPS} divides, got {hop_length}"
        raise OptionError(
            "hop_length", problem, f"Choose {hop_length // ENVELOPE_HOPS * ENVELOPE_HOPS or ENVELOPE_HOPS}."
        )
    if n_channels < 1:
        raise OptionError("n_channels", f"expected 1 or more, got {n_channels}", "Give the number of microphones.")
    if "channels" in groups and n_channels < 2:
        raise OptionError("groups", "'channels' compares several channels, n_channels is 1", "Leave it out.")
