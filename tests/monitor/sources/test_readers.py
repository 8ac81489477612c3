import numpy as np
import soundfile

from auscult.monitor.sources.blocks import Blocks
from auscult.monitor.sources.readers import SourceReaders


def test_all_sources_are_read_and_what_is_new_is_told_once(settings_of, live_machine, tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16000)
    source = {"kind": "replay", "machine": live_machine, "path": str(tmp_path / "a.wav"), "speed": 1000}
    blocks = Blocks(30)
    readers = SourceReaders(settings_of(sources={"hall": source}), blocks)
    readers.add("hall", sr_wanted=16000, heard=None)
    assert readers.status("hall").state == "opening"
    readers.start()
    assert blocks.take(20).source == "hall"
    readers._readers["hall"]._thread.join(20)
    assert readers.are_finished
    assert [status.state for status in readers.news()] == ["open", "hearing", "finished"]
    assert readers.news() == []
    readers.stop()
