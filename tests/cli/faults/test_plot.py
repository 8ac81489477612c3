import dataclasses

from auscult.faults.discovery import Discovery


def test_pictures_have_the_names_of_today(auscult_cli, found, tmp_path):
    assert auscult_cli("faults", "name", found, "0", "worn seal").returncode == 0
    done = auscult_cli("faults", "plot", found, "-o", tmp_path / "drawn")
    assert done.returncode == 0, done.stderr
    assert "worn seal" in (tmp_path / "drawn" / "faults.html").read_text(encoding="utf-8")
    assert "worn seal" in (tmp_path / "drawn" / "pictures" / "swarm.html").read_text(encoding="utf-8")
    assert f"wrote {tmp_path / 'drawn' / 'faults.html'}" in done.stdout
    assert not (found / "faults.html").exists()


def test_page_goes_into_the_discovery_where_no_folder_is_given(auscult_cli, found):
    assert auscult_cli("faults", "plot", found).returncode == 0
    assert (found / "faults.html").exists()


def test_page_goes_on_without_a_recording_that_is_gone(auscult_cli, found, tmp_path):
    discovery = Discovery.load(found)
    place = discovery.clusters[0].exemplars[0]
    moved = dataclasses.replace(discovery.clips[place], path=str(tmp_path / "gone.wav"))
    dataclasses.replace(
        discovery, clips=(*discovery.clips[:place], moved, *discovery.clips[place + 1 :])
    ).save(found)  # fmt: skip
    done = auscult_cli("faults", "plot", found)
    assert done.returncode == 0, done.stderr
    page = (found / "faults.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 5
    assert f"{moved.machine}: {moved.take.rpartition('/')[2]}, 6 dB: " in page
