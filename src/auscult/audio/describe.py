"""One file -> its header, the statistics of its sound and a fingerprint to know it again by; opened once."""

import hashlib
import io
from dataclasses import dataclass

from auscult.audio.channels import Waveform
from auscult.audio.fingerprint import Fingerprint, fingerprint
from auscult.audio.header import Header, read_header
from auscult.audio.read import read_audio
from auscult.audio.statistics import ClipStatistics, clip_statistics
from auscult.audio.storage import open_recording
from auscult.errors import AudioError, AuscultError


@dataclass(frozen=True)
class Description:
    """What a file holds.

    Parameters
    ----------
    n_bytes : int, optional
        Its length; None if it cannot be opened.
    header : Header, optional
        None if it cannot be read.
    statistics : ClipStatistics, optional
    fingerprint : Fingerprint, optional
        Of the mean of the channels; None if the clip is too short for one. None, as the statistics, if the sound was
        not asked for or cannot be read.
    error : AuscultError, optional
        Why something is missing.
    """

    n_bytes: int | None = None
    header: Header | None = None
    statistics: ClipStatistics | None = None
    fingerprint: Fingerprint | None = None
    error: AuscultError | None = None


def describe_file(location: str, *, with_audio: bool = True) -> Description:
    """Describe a recording.

    Parameters
    ----------
    location : str
        Path or URL.
    with_audio : bool
        Whether to read the sound too, or the header only.

    Returns
    -------
    Description
        Of a file that cannot be read, with the error.
    """
    n_bytes = header = None
    try:
        with open_recording(location) as (file, n_bytes):
            if not with_audio:
                header = read_header(file, n_bytes, location)
            else:
                content = file.read()
        if with_audio:
            header = read_header(io.BytesIO(content), len(content), location)
            y, sr = read_audio(content, channels="all")
            return Description(n_bytes, header, clip_statistics(y, sr), _fingerprint(y, sr, content))
        if header is not None and header.n_samples == 0:
            raise AudioError(location, "holds no samples", "Record it again.")
    except AuscultError as error:
        return Description(n_bytes, header, error=error)
    except MemoryError:
        remedy = "Cut it into shorter clips, or scan with --no-audio."
        return Description(n_bytes, header, error=AudioError(location, "does not fit into memory", remedy))
    return Description(n_bytes, header)


def _fingerprint(y: Waveform, sr: int, content: bytes) -> Fingerprint | None:
    content_hash = hashlib.sha256(content).hexdigest()
    try:
        return fingerprint(y.mean(axis=0), sr, content_hash=content_hash)
    except AudioError:
        return None
