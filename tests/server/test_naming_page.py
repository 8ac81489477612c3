"""The page in a real browser, used by its keys as a person would."""

import dataclasses
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from made_up_discovery import made_up, renumbered

from auscult.faults import Fault
from auscult.faults.names_file import Names, read_names, write_names
from auscult.faults.naming import name_cluster
from auscult.server.naming import create_naming_app

FOCUS = "document.activeElement"


@contextmanager
def served(app):
    """Serve an application in a thread; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # who comes before it is ready waits
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(timeout=20)


@pytest.fixture
def found(tmp_path, request):
    """A discovery; its recordings last as long as a test asks for."""
    found = made_up(tmp_path, duration_s=getattr(request, "param", 0.4))
    found.save(tmp_path / "found")
    return found


@pytest.fixture
def names_file(tmp_path):
    return tmp_path / "faults.yaml"


@pytest.fixture
def opened(found, tmp_path, names_file, browser):
    """Function that opens the page in a tab of its own and waits until the clusters are there."""
    pages = []

    def opened(**look):
        page = browser.open(url, **look)
        pages.append(page)
        page.wait_until("document.querySelectorAll('article').length")
        return page

    with served(create_naming_app(tmp_path / "found", names_file)) as url:
        yield opened
        for page in pages:
            page.close()


def text(page, selector):
    return page.evaluate(f"document.querySelector({selector!r}).innerText")


def test_a_cluster_is_named_by_keys_alone(opened, names_file):
    page = opened()
    page.press("j", "j", "n")
    assert page.evaluate(f"{FOCUS}.closest('article').id") == "cluster-1"
    page.type("loose belt")
    assert text(page, "#cluster-1 .hint") == "A new fault."
    page.press("Tab")
    page.type("The belt is loose")
    page.press("Enter")
    page.wait_until("document.querySelector('#status').textContent")
    assert text(page, "#status") == "Saved: cluster 1 is called 'loose belt'."
    (fault,) = read_names(names_file).faults
    assert (fault.name, fault.message, len(fault.exemplars)) == ("loose belt", "The belt is loose", 4)
    assert text(page, "#cluster-1 h2") == "Cluster 1 loose belt"
    assert text(page, "#cluster-1 .matches") == "'loose belt' is kept: 4 of 4 exemplars in cluster 1"
    assert page.evaluate(f"{FOCUS}.id") == "cluster-1", "keys go on from there"
    page.press("k")
    assert page.evaluate(f"{FOCUS}.id") == "cluster-0"
    assert page.complaints() == []


def test_a_known_name_brings_its_message_and_what_was_written_stays(opened, names_file, found):
    names = name_cluster(found, Names(), 0, "imbalance", message="It shakes", note="heard in May")
    write_names(names_file, names)
    page = opened()
    form = "document.querySelector('#cluster-1 form').elements"
    page.press("j", "j", "n")
    page.type("Imbalance")
    assert page.evaluate(f"[{form}.message.value, {form}.note.value]") == ["It shakes", "heard in May"]
    assert text(page, "#cluster-1 .hint").startswith("Makes it 'imbalance' too")
    page.press("s")
    assert page.evaluate(f"[{form}.message.value, {form}.message.placeholder]") == ["", "Fault: Imbalances"]
    page.press("Enter")
    page.wait_until("document.querySelector('#status').textContent")
    assert [fault.name for fault in read_names(names_file).faults] == ["imbalance", "Imbalances"]
    assert read_names(names_file).faults[0] == names.faults[0]
    page.press("n")
    page.type("rattle")
    assert text(page, "#cluster-1 .hint").startswith("Gives 'Imbalances' another name; its")


def test_only_what_was_written_on_the_page_is_saved(opened, names_file, found):
    write_names(names_file, name_cluster(found, Names(), 0, "imbalance", message="It shakes", note="heard in May"))
    page = opened()
    names_file.write_text(names_file.read_text().replace("It shakes", "Balance it"))  # in an editor meanwhile
    page.press("j", "n")
    page.type("IMBALANCE")
    page.evaluate("document.querySelector('#cluster-0 textarea').focus()")
    page.evaluate(f"{FOCUS}.value = ''")
    page.press("Enter", ctrl=True)
    page.wait_until("document.querySelector('#status').textContent")
    (fault,) = read_names(names_file).faults
    assert (fault.message, fault.note) == ("Balance it", "")
    assert fault.name == "IMBALANCE"
    assert page.evaluate("document.querySelector('#cluster-0 form').elements.message.value") == "Balance it"


def test_another_name_takes_no_message_of_the_old_one(opened, names_file, found):
    write_names(names_file, name_cluster(found, Names(), 0, "imbalance", message="It shakes", note="heard in May"))
    page = opened()
    form = "document.querySelector('#cluster-0 form').elements"
    page.press("j", "n")
    page.type("dry bearing")
    assert page.evaluate(f"[{form}.message.value, {form}.note.value]") == ["", ""]
    assert page.evaluate(f"{form}.message.placeholder") == "Fault: dry bearing"
    page.press("Enter")
    page.wait_until("document.querySelector('#status').textContent")
    assert "its message 'It shakes' and its note 'heard in May'." in text(page, "#status")
    (fault,) = read_names(names_file).faults
    assert (fault.message, fault.note) == ("Fault: dry bearing", "")


def test_names_that_the_bundle_does_not_say_are_shown(found, tmp_path, names_file, browser):
    lines = ["x.auscult does not say 'leak': why", "x.auscult: its verdicts say: fault 1"]
    with served(create_naming_app(tmp_path / "found", names_file, on_named=lambda _: lines)) as url:
        page = browser.open(url)
        page.wait_until("document.querySelectorAll('article').length")
        assert page.evaluate("document.querySelector('#told').hidden")
        page.press("j", "n")
        page.type("leak")
        page.press("Enter")
        page.wait_until("document.querySelector('#status').textContent")
        assert text(page, "#told ul") == "\n".join(lines)
        page.close()


def test_what_is_refused_is_said_where_it_was_written(opened, names_file):
    page = opened()
    page.press("j", "n")
    page.type("normal")
    page.press("Enter")
    page.wait_until("document.querySelector('#cluster-0 .error').textContent")
    assert "'normal' is no name for a fault. Choose another" in text(page, "#cluster-0 .error")
    assert page.evaluate(f"[{FOCUS}.name, {FOCUS}.getAttribute('aria-invalid')]") == ["name", "true"]
    assert not names_file.exists()
    page.press("Escape")
    assert page.evaluate(f"{FOCUS}.id") == "cluster-0"


@pytest.mark.parametrize("found", [5.0], indirect=True)
def test_recordings_play_and_stop_by_keys(opened):
    page = opened()
    playing = "[...document.querySelectorAll('.exemplars > li')].findIndex((one) => one.matches('.playing'))"
    first = "document.querySelector('#cluster-0 .play')"
    head = "parseFloat(document.querySelector('.head-of-play').style.left)"
    page.press("j", " ")
    page.wait_until(f"{playing} === 0")
    assert page.evaluate(f"{first}.getAttribute('aria-label')") == "Stop recording 1 of cluster 0: fan/id_00"
    page.wait_until(f"{head} > 0")
    page.press(" ")
    page.wait_until(f"{playing} === -1")
    assert page.evaluate(f"{first}.getAttribute('aria-label')") == "Play recording 1 of cluster 0: fan/id_00"
    page.press("Tab", "ArrowRight", "ArrowRight")
    assert page.evaluate(f"{FOCUS} === {first}")
    page.wait_until(f"{head} > 39")  # two of five seconds, and what was played
    for _ in range(5):
        page.press("ArrowLeft")
    page.wait_until(f"{head} === 0")
    page.press("Tab", " ")
    page.wait_until(f"{playing} === 1")
    page.press("k", "Escape")
    page.wait_until(f"{playing} === -1")
    assert page.complaints() == []


def test_pictures_are_drawn_with_their_labels(opened):
    page = opened()
    page.wait_until("document.querySelectorAll('#cluster-2 .ticks span').length >= 16")
    assert page.evaluate("document.querySelector('.ticks span').textContent") == "5 kHz"
    assert (
        page.evaluate("document.querySelector('canvas').getAttribute('aria-label')")
        == "Spectrogram: 0.4 s, up to 8000 Hz"
    )
    rows = """[...document.querySelectorAll('article')].map((card) => {
        const canvas = card.querySelector('canvas');
        const pixels = canvas.getContext('2d').getImageData(0, 0, 1, canvas.height).data;
        const lights = Array.from({ length: canvas.height }, (_, row) => pixels[4 * row] + pixels[4 * row + 1]);
        return lights.indexOf(Math.max(...lights));
    })"""
    low, middle, high = page.evaluate(rows)
    assert 64 > low > middle > high > 0, "tones of 300, 900 and 2500 Hz, the highest at the top"


def test_a_recording_that_is_gone_is_said_and_not_played(opened, found):
    Path(found.clips[1].path).unlink()
    page = opened()
    page.wait_until("document.querySelectorAll('.missing:not([hidden])').length === 1")
    exemplar = "document.querySelectorAll('#cluster-0 .exemplars > li')[1]"
    assert page.evaluate(f"{exemplar}.querySelector('.missing').innerText") == "The recording is not there any more."
    assert page.evaluate(f"{exemplar}.querySelector('.play').hidden")


def test_warnings_and_names_without_a_cluster(opened, names_file, found):
    write_names(names_file, Names((Fault("lost", "lost one", "Lost", ("ab" * 32,)),)))
    page = opened()
    assert "cluster 1 is a loudness" in text(page, "#cluster-1 .findings")
    assert text(page, "#homeless li").endswith("'lost one' is lost: its one exemplar is not among the clips")
    assert not page.evaluate("document.querySelector('#homeless').hidden")


def test_two_browsers_see_each_others_names(opened, names_file):
    first, second = opened(), opened()
    second.press("j", "j", "j", "n")
    second.type("half a na")
    first.press("j", "n")
    first.type("imbalance")
    first.press("Enter")
    first.wait_until("document.querySelector('#status').textContent")
    second.evaluate("dispatchEvent(new Event('focus'))")
    second.wait_until("document.querySelector('#cluster-0 h2').innerText === 'Cluster 0 imbalance'")
    assert second.evaluate("document.querySelector('#cluster-2 form').elements.name.value") == "half a na"
    second.type("me")
    second.press("Enter")
    second.wait_until("document.querySelector('#status').textContent")
    assert [fault.name for fault in read_names(names_file).faults] == ["imbalance", "half a name"]


def test_a_discovery_made_anew_is_not_named_by_its_old_numbers(opened, names_file, found, tmp_path):
    page = opened()
    page.press("j", "n")
    renumbered(found, 2, 0, 1).save(tmp_path / "found")
    page.type("imbalance")
    page.press("Enter")
    page.wait_until("document.querySelector('#cluster-0 .error').textContent")
    assert "the clusters were found anew" in text(page, "#cluster-0 .error")
    assert not names_file.exists()


def test_names_of_files_and_faults_are_text_and_nothing_else(found, tmp_path, names_file, browser):
    evil = "<img src=x onerror=document.title='evil'>"
    clips = tuple(dataclasses.replace(clip, machine=evil, take=evil) for clip in found.clips)
    clusters = tuple(
        dataclasses.replace(cluster, changes=(evil,), findings=(evil,), physics=evil) for cluster in found.clusters
    )
    dataclasses.replace(found, clips=clips, clusters=clusters, reasons=(evil,)).save(tmp_path / "found")
    write_names(names_file, name_cluster(found, Names(), 0, evil, message=evil, note=evil))
    with served(create_naming_app(tmp_path / "found", names_file)) as url:
        page = browser.open(url)
        page.wait_until("document.querySelectorAll('.ticks span').length")
        assert evil in text(page, "#cluster-0")
        assert page.evaluate("document.querySelectorAll('img').length") == 0
        assert page.evaluate("document.title") == "Name faults"
        assert page.complaints() == []
        page.close()


@pytest.mark.parametrize(
    "look", [{}, {"width": 390, "height": 844}, {"width": 320, "height": 600, "is_dark": True}], ids=str
)
def test_nothing_sticks_out_and_everything_has_a_name(opened, look):
    page = opened(**look)
    page.wait_until("document.querySelectorAll('.ticks span').length")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    nameless = """[...document.querySelectorAll('button, input, textarea, article, [role=img]')].filter((one) =>
        !one.closest('[hidden]') && !(one.getAttribute('aria-label') || one.labels?.length || one.innerText ||
        one.getAttribute('aria-labelledby')))"""
    assert page.evaluate(f"{nameless}.map((one) => one.outerHTML)") == []


def test_single_keys_can_be_switched_off(opened):
    """Who speaks to the computer, or shakes, sets off single letters by accident."""
    page = opened()
    page.click("#single-keys")
    page.press("j")
    assert page.evaluate(f"{FOCUS}.id") == "single-keys"
    page.click("#single-keys")
    page.press("j")
    assert page.evaluate(f"{FOCUS}.tagName") == "ARTICLE"
