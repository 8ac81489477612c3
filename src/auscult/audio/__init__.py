"""Recordings -> waveforms: reading them (`read_audio`) and finding them in folders (`index_clips`)."""

from auscult.audio.channels import ChannelPolicy, Waveform, check_channel_policy
from auscult.audio.index import Clip, index_clips
from auscult.audio.read import (
    Source,
    check_waveform,
    read_audio,
    read_file,
)
from auscult.audio.splits import contiguous_blocks, hold_out_last

__all__ = [
    "ChannelPolicy",
    "Clip",
    "Source",
    "Waveform",
    "check_channel_policy",
    "check_waveform",
    "contiguous_blocks",
    "hold_out_last",
    "index_clips",
    "read_audio",
    "read_file",
]
