"""The monitor's page in a real browser, used as a person would."""

import json
import time

import httpx
import numpy as np
import pytest

from auscult.monitor.settings import HttpSettings
from auscult.server.monitor_app import create_monitor_app

from .monitored import SR, TOKEN, give
from .page import READY, sign_in, tab_to, text, wait_for
from .test_naming_page import served

SLOW_PICTURES = """{
    const ask = fetch;
    const come = new Promise((resolve) => { window.letPicturesCome = resolve; });
    window.fetch = async (path, options) => {
        if (path.includes("spectrogram")) await come;
        return ask(path, options);
    };
}"""
"""Holds the answers back from which pictures are made."""


@pytest.fixture
def address(alarmed):
    """Where that monitor's page is; it changes machines only as the test says."""
    stopping = []
    app = create_monitor_app(lambda: alarmed, HttpSettings(token=TOKEN), is_stopping=lambda: bool(stopping))
    with served(app) as url:
        yield url
        stopping.append(True)


@pytest.fixture
def opened(address, browser):
    """Function that opens a part of the page in a tab of its own."""
    pages = []

    def opened(place="", **look):
        page = browser.open(f"{address}ui/#/{place}", **look)
        pages.append(page)
        page.wait_until(READY)
        return page

    yield opened
    for page in pages:
        page.close()


def test_machines_at_a_glance_alarms_first(opened):
    page = opened()
    cards = page.evaluate("[...document.querySelectorAll('.card')].map((card) => card.innerText.split(/\\n+/))")
    assert cards[0][:3] == ["fan/id_00", "alarm", "running · microphone not heard"]  # nobody started its source
    assert cards[1][:2] == ["fan/id_02", "source is being opened"]
    page.wait_until("document.title === '(1) Machines – Auscult'")  # it is counted by a question of its own
    bars = page.evaluate(
        "[...document.querySelectorAll('.card')][0].querySelector('.track').getAttribute('aria-label')"
    )
    assert bars.startswith("Score ")
    assert page.complaints() == []


def test_it_is_live(opened, alarmed, sounds):
    """What is heard meanwhile, and a new alarm of another machine, are shown without being asked for."""
    page = opened()
    page.wait_until("document.querySelector('#connection').hidden")
    give(alarmed, sounds["strange"][: 20 * SR], source="roof")
    page.wait_until("document.querySelectorAll('.card[data-level=alarm]').length === 2")
    assert "Alarm of fan/id_02" in page.evaluate("document.querySelector('#announced').textContent")
    page.wait_until("document.title.startsWith('(2)')")


def test_a_machine_says_how_rare_its_false_alarms_are(opened):
    page = opened("machines/fan-id_00")
    wait_for(page, "of normal sound support no")


def test_a_machine_live(opened, alarmed, sounds):
    page = opened("machines/fan-id_00")
    pixels = "[...document.querySelector('.live canvas').getContext('2d').getImageData(560, 0, 60, 32).data].join()"
    wait_for(page, "microphone")
    assert page.evaluate("document.querySelectorAll('.chart').length") == 2
    assert "threshold" in page.evaluate("document.querySelector('.chart').getAttribute('aria-label')")
    before = page.evaluate(pixels)
    page.wait_until("document.querySelector('#connection').hidden")
    time.sleep(0.5)  # the stream has begun by then, or the picture is loaded with what follows
    give(alarmed, np.tile(sounds["strange"], 2)[: 10 * SR])
    page.wait_until(f"{pixels} !== {json.dumps(before)}")
    assert page.complaints() == []


def test_a_person_signs_in_and_acknowledges_by_keys_alone(opened, alarmed, alarm_id):
    page = opened(f"alarms/{alarm_id}")
    tab_to(page, "Sign in")
    page.press("Enter")
    page.wait_until("document.querySelector('input[name=who]') !== null")
    page.evaluate("document.querySelector('h1').focus()")
    page.press("Tab")
    page.type("Ada")
    page.press("Tab")
    page.type(TOKEN)
    page.press("Enter")
    wait_for(page, "Acknowledge")  # it is back at the alarm
    tab_to(page, "Acknowledge")
    page.press("Enter")
    wait_for(page, "Acknowledged.", "#status")  # the event may have told it before the answer came
    assert "acknowledged by Ada" in text(page)
    assert alarmed.desk.board.of("fan/id_00").acknowledged_by == "Ada"
    assert page.evaluate("document.activeElement.tagName") == "H1"


def test_who_goes_on_by_keys_while_the_picture_is_loaded_is_not_thrown_back(opened, alarm_id):
    page = opened()
    sign_in(page)
    page.evaluate(SLOW_PICTURES)
    page.evaluate(f"location.hash = '#/alarms/{alarm_id}'")
    wait_for(page, "Acknowledge")
    tab_to(page, "Acknowledge")
    page.evaluate("letPicturesCome()")
    page.wait_until(READY)
    page.wait_until("document.querySelector('.picture canvas') !== null")
    assert page.evaluate("document.activeElement.innerText") == "Acknowledge"


def test_who_opens_the_page_to_sign_in_comes_to_the_machines(opened):
    page = opened("sign-in")
    sign_in(page)
    page.wait_until("location.hash === '#/'")
    wait_for(page, "fan/id_00")


def test_a_wrong_token_is_said(opened):
    page = opened("sign-in")
    page.click("input[name=who]")
    page.type("Eve")
    page.press("Tab")
    page.type("guess")
    page.press("Enter")
    wait_for(page, "this is not the token", "[role=alert].error")
    assert page.evaluate("document.activeElement.name") == "token"
    page.type("c")  # the next try
    assert text(page, "[role=alert].error") == ""


def test_its_sound_is_played_and_its_moment_marked(opened, alarm_id):
    page = opened(f"alarms/{alarm_id}")
    page.wait_until("document.querySelector('.picture canvas') !== null")
    left = page.evaluate("parseFloat(document.querySelector('.picture .moment').style.left)")
    assert 30 < left < 70
    assert "the alarm after" in page.evaluate("document.querySelector('.picture canvas').getAttribute('aria-label')")
    page.wait_until("document.querySelector('audio').duration > 3")
    page.click(".recording button")
    page.wait_until("document.querySelector('audio').currentTime > 0.3")
    page.wait_until("!document.querySelector('.head').hidden")
    wait_for(page, "level at")
    assert page.complaints() == []


def test_shelving_and_maintenance(opened, alarmed, alarm_id):
    page = opened()
    sign_in(page)
    page.evaluate(f"location.hash = '#/alarms/{alarm_id}'")
    wait_for(page, "Shelve")
    page.evaluate("[...document.querySelectorAll('button')].find((one) => one.innerText === 'Shelve').click()")
    wait_for(page, "Shelved until")
    assert alarmed.desk.board.of("fan/id_00").shelf.who == "Ada"
    page.evaluate("location.hash = '#/machines/fan-id_00'")
    wait_for(page, "Take out of service")
    page.click("form button")
    wait_for(page, "Out of service until")
    assert alarmed.desk.board.of("fan/id_00").state == "out of service"


def test_a_microphone_is_commissioned_anew(opened, alarmed):
    page = opened("machines/fan-id_00")
    assert "Commission anew" not in text(page)  # nobody is signed in
    sign_in(page)
    page.evaluate("location.hash = '#/machines/fan-id_00'")
    wait_for(page, "Commission anew")
    page.evaluate("[...document.querySelectorAll('button')].find((one) => one.innerText === 'Commission anew').click()")
    page.wait_until("document.querySelector('#status').innerText.includes('is commissioned anew')")
    assert alarmed.store.events()[-1].body["who"] == "Ada"
    assert page.complaints() == []


def test_a_machine_that_is_not_heard_is_not_called_well(opened):
    page = opened("machines/fan-id_02")
    assert text(page, ".state") == "source is being opened"


def test_a_recording_is_judged_in_words(opened, synthetic_data):
    page = opened("upload")
    clip = synthetic_data / "6_dB_fan" / "fan" / "id_00" / "normal" / "00000003.wav"
    document = page.send("DOM.getDocument")["root"]["nodeId"]
    node = page.send("DOM.querySelector", nodeId=document, selector="input[type=file]")["nodeId"]
    page.send("DOM.setFileInputFiles", nodeId=node, files=[str(clip)])
    page.click("button[type=submit]")
    page.wait_until("document.querySelector('.verdict') !== null")
    verdict = text(page, ".verdict")
    assert "Component OK" in verdict
    assert "00000003.wav sounds normal for fan/id_00" in verdict
    assert page.evaluate("document.activeElement.className") == "verdict"
    assert page.complaints() == []


def test_alarms_and_faults_are_listed(opened, alarm_id):
    page = opened("alarms")
    wait_for(page, "1 alarm, the latest first.")
    assert page.evaluate("document.querySelector('.alarms a').hash") == f"#/alarms/{alarm_id}"
    page.evaluate("location.hash = '#/faults'")
    wait_for(page, "knows no fault by name")
    assert page.complaints() == []


def test_without_a_token_it_may_be_looked_at(alarmed, alarm_id, browser):
    stopping = []
    with served(create_monitor_app(lambda: alarmed, HttpSettings(), is_stopping=lambda: bool(stopping))) as url:
        page = browser.open(f"{url}ui/#/alarms/{alarm_id}")
        wait_for(page, "may only be looked at")
        assert "Acknowledge" not in text(page)
        page.close()
        stopping.append(True)


def test_a_phone_and_the_dark(opened, alarm_id):
    for place in ("", "machines/fan-id_00", "alarms", f"alarms/{alarm_id}", "faults", "upload", "sign-in"):
        page = opened(place, width=390, height=844, is_dark=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"


def test_streams_end_when_the_browser_goes(opened, alarmed):
    page = opened()
    page.wait_until("document.querySelector('#connection').hidden")
    for place in ("alarms", "faults", "upload", ""):
        page.evaluate(f"location.hash = '#/{place}'")
        page.wait_until(READY)
    page.go("about:blank")
    deadline = time.monotonic() + 10
    while alarmed.live._waiting and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alarmed.live._waiting == []


def test_served_without_a_monitor_it_judges_recordings(server, browser):
    assert httpx.get(f"{server.url}/metrics").status_code == 200
    page = browser.open(f"{server.url}/ui/")
    page.wait_until("document.querySelector('input[type=file]') !== null")
    assert page.evaluate("document.querySelector('nav').hidden")
    assert page.evaluate("document.querySelectorAll('option').length") == 2
    assert page.complaints() == []
    page.close()


def asked_what_it_was(opened, alarm_id):
    """An alarm's page, signed in, once nothing on it moves any more."""
    page = opened()
    sign_in(page)
    page.evaluate(f"location.hash = '#/alarms/{alarm_id}'")
    wait_for(page, "What was it?")
    page.wait_until("document.querySelector('.picture canvas') !== null")  # nothing moves any more
    return page


def test_what_was_refused_is_not_said_any_more_after_something_else_was_done(opened, alarm_id):
    page = asked_what_it_was(opened, alarm_id)
    page.click("input[value='fault']")
    page.evaluate("[...document.querySelectorAll('button')].find((one) => one.type === 'submit').click()")
    wait_for(page, "fault: has no name.")
    page.evaluate("[...document.querySelectorAll('button')].find((one) => one.innerText === 'Acknowledge').click()")
    wait_for(page, "Acknowledged.", "#status")
    assert "has no name" not in text(page)


def test_a_false_alarm_is_said_after_its_effect_was_shown_and_taken_back(opened, alarmed, alarm_id):
    page = asked_what_it_was(opened, alarm_id)
    page.click("input[value='false alarm']")
    page.evaluate(
        "[...document.querySelectorAll('button')].find((one) => one.innerText.startsWith('What would')).click()"
    )
    wait_for(page, "would have removed 1 of the last 1 alarm")
    assert page.evaluate("document.querySelector('form [role=status]').innerText").endswith("faults.\n\nKeep it")
    assert alarmed.store.feedback() == []
    page.press("Enter")  # what has the focus keeps it
    wait_for(page, "A false alarm, says Ada")
    assert alarmed.store.alarm(alarm_id).is_confirmed is False
    page.evaluate("[...document.querySelectorAll('button')].find((one) => one.innerText === 'Take it back').click()")
    wait_for(page, "Taken back by Ada")
    assert alarmed.store.alarm(alarm_id).is_confirmed is None
    assert page.complaints() == []
