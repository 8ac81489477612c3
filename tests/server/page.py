"""What a person does on the monitor's page, by a mouse and by keys."""

import json

from .monitored import TOKEN

READY = "document.querySelector('#content:not([aria-busy]) h1') !== null"
"""Whether the part of the page that was asked for is there."""


def text(page, selector="#content"):
    """What can be read in an element."""
    return page.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")


def wait_for(page, words, selector="#content"):
    """Wait until an element says something."""
    page.wait_until(f"document.querySelector({json.dumps(selector)})?.innerText.includes({json.dumps(words)})")


def sign_in(page, token=TOKEN):
    """Sign in as Ada; the page is then where it was before."""
    page.evaluate("location.hash = '#/sign-in'")
    page.wait_until("document.querySelector('input[name=who]') !== null")
    page.click("input[name=who]")
    page.type("Ada")
    page.press("Tab")
    page.type(token)
    page.press("Enter")
    wait_for(page, "Ada", "#session")


def tab_to(page, words):
    """Press Tab until what has the focus is called so."""
    for _ in range(60):
        page.press("Tab")
        if page.evaluate("document.activeElement.innerText || document.activeElement.value || ''").startswith(words):
            return
    raise AssertionError(f"Tab does not reach {words!r}")
