"""``auscult record``: a machine's sound, from a microphone into clips."""

import itertools
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table

from auscult.audio.microphone import Chunk, LiveSource, Microphone, PlayedFile, list_devices
from auscult.audio.record import RecordedClip
from auscult.audio.record import record as record_clips
from auscult.cli.options import named_as_typed
from auscult.cli.output import auscult_command, err, out, print_json
from auscult.errors import DeviceError, OptionError

PLAYED = "file:"
SYNTHETIC = "synth:"
OPTIONS = {
    "machine_id": "--machine-id",
    "label": "--label",
    "minutes": "--minutes",
    "clip_s": "--clip",
    "bits": "--bits",
}


@dataclass(frozen=True)
class SyntheticMachine:
    """A synthetic machine that takes a microphone's place; it never ends."""

    machine_type: str
    sr: int
    n_channels: int

    @classmethod
    def named(cls, machine_type: str, *, sr: int, n_channels: int) -> "SyntheticMachine":
        """Check that there is such a machine."""
        from auscult.synth import MACHINES

        if machine_type not in MACHINES:
            raise OptionError("--device", f"expected synth: and one of {', '.join(MACHINES)}", "For example: synth:fan")
        return cls(machine_type, sr, n_channels)

    @property
    def name(self) -> str:
        """What people call it."""
        return f"synthetic {self.machine_type}"

    def chunks(self) -> Iterator[Chunk]:
        """Its sound, take after take."""
        from auscult.synth import render_clip

        for number in itertools.count():
            options = {"snr_db": 6, "take_number": number, "n_channels": self.n_channels, "sr": self.sr}
            yield Chunk(render_clip(self.machine_type, **options))  # type: ignore[arg-type]


def record(
    output: Path = typer.Option(Path("recordings"), "-o", "--output", help="Folder to write to."),
    machine_id: str = typer.Option("machine", help="Name of the machine."),
    label: str = typer.Option("normal", help="normal, or anomalous while it has a fault."),
    minutes: float = typer.Option(30.0, help="How long; Ctrl-C ends it earlier."),
    device: str | None = typer.Option(
        None,
        help="Microphone by name, a part of it, or number; file:RECORDING or synth:fan take its place. "
        "The computer's default where not given.",
    ),
    channels: int = typer.Option(1, min=1, help="Channels of the microphone."),
    sr: int = typer.Option(16000, min=1000, help="Sampling rate of the microphone in Hz."),
    clip: float = typer.Option(10.0, help="Length of a clip in seconds."),
    bits: int = typer.Option(16, help="16 or 24."),
    note: str = typer.Option("", help="Anything worth knowing later: place of the microphone, load, weather."),
    show_devices: bool = typer.Option(False, "--list", help="List the sound devices and stop."),
    as_json: bool = typer.Option(False, "--json", help="Print where the clips are as JSON."),
) -> None:
    """Record a machine into clips of ten seconds, ready to train on.

    OUTPUT/MACHINE_ID/normal/*.wav, and a JSON file beside them with device, time, levels and gaps.
    """
    if show_devices:
        _print_devices(as_json)
        return
    source = _source(device, sr=sr, n_channels=channels)
    err.print(
        f"recording {source.name} at {source.sr} Hz, {source.n_channels} channel(s); Ctrl-C ends it", markup=False
    )
    clips: list[RecordedClip] = []

    def say(recorded: RecordedClip, n_planned: int) -> None:
        clips.append(recorded)
        line = f"{len(clips)}/{n_planned}  {recorded.level_db:6.1f} dB, peak {recorded.peak_db:6.1f} dB"
        err.print(line + _warning(recorded), markup=False)

    options = {"machine_id": machine_id, "label": label, "minutes": minutes, "clip_s": clip, "bits": bits, "note": note}
    try:
        with named_as_typed(OPTIONS):
            conditions = record_clips(source, output, on_clip=say, **options)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        if not clips:
            raise
        conditions = next(output.rglob(f"{clips[0].file.rpartition('_')[0]}.json"))
    if as_json:
        print_json({"folder": str(conditions.parent), "conditions": str(conditions), "n_clips": len(clips)})
        return
    out.print(f"{conditions.parent}: {len(clips)} clips, described in {conditions.name}", markup=False)
    out.print(
        f"Next: {auscult_command()} train {shlex.quote(str(output))} -o {shlex.quote(machine_id)}.auscult", markup=False
    )


def _warning(clip: RecordedClip) -> str:
    if clip.is_clipped:
        return "  too loud: turn the gain down"
    if clip.is_silent:
        return "  silence: is the microphone on?"
    if clip.is_broken:
        return "  with gaps: the computer was too slow"
    return ""


def _source(device: str | None, *, sr: int, n_channels: int) -> LiveSource:
    if device is not None and device.startswith(PLAYED):
        return PlayedFile.open(device.removeprefix(PLAYED))
    if device is not None and device.startswith(SYNTHETIC):
        return SyntheticMachine.named(device.removeprefix(SYNTHETIC), sr=sr, n_channels=n_channels)
    return Microphone.open(device, sr=sr, n_channels=n_channels)


def _print_devices(as_json: bool) -> None:
    devices = list_devices()
    if as_json:
        print_json(devices)
        return
    if not devices:
        raise DeviceError("microphone", "this computer has no sound device that records", "Plug one in.")
    table = Table(box=None, pad_edge=False)
    for heading in ("number", "name", "channels", "preferred rate"):
        table.add_column(heading)
    for found in devices:
        rate = f"{found['default_samplerate']:.0f} Hz"
        table.add_row(str(found["index"]), found["name"], str(found["max_input_channels"]), rate)
    out.print(table)
