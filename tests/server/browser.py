"""A headless Chromium that tests drive over its DevTools pipe, which needs no package: NUL between JSON messages.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--mute-audio",
    "--disable-component-update",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
]
# Chromium reads messages from descriptor 3 and writes to 4; the numbers above 9 are out of each other's way.
START = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(reads, 3), os.dup2(writes, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
KEYS = {"Enter": ("\r", 13), "Escape": ("", 27), "Tab": ("", 9), "ArrowLeft": ("", 37), "ArrowRight": ("", 39)}
"""Keys that are no letters: the text that they give, and their codes."""


def chromium():
    """Path of Chromium, None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def started_browser(profile):
    """A browser, gone afterwards; ``profile`` is a folder for what it writes."""
    to_browser, messages_out = os.pipe()
    messages_in, from_browser = os.pipe()
    options = [*OPTIONS, f"--user-data-dir={profile}"]
    command = [sys.executable, "-c", START, str(to_browser), str(from_browser), chromium(), *options, "about:blank"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, pass_fds=[to_browser, from_browser], **quiet) as process:
        os.close(to_browser)
        os.close(from_browser)
        try:
            browser = Browser(messages_in, messages_out)
            yield browser
            browser.send("Browser.close")
            process.wait(timeout=20)
        finally:
            process.kill()
            os.close(messages_in)
            os.close(messages_out)


class Browser:
    """The browser's end of the pipe."""

    def __init__(self, reads, writes):
        self._reads = reads
        self._writes = writes
        self._rest = b""
        self._n_sent = 0
        self.events = []
        """What it told without being asked: pairs of session and message."""

    def send(self, method, session=None, timeout_s=30, **parameters):
        """Send a command and wait for its result."""
        self._n_sent += 1
        message = {"id": self._n_sent, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout_s
        while True:
            answer = self._next(deadline, method)
            if answer.get("id") == self._n_sent:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def wait_for_event(self, method, session, timeout_s=30):
        """Wait until the browser tells something, or take what it told before; then it is forgotten."""
        deadline = time.monotonic() + timeout_s
        while True:
            for event in self.events:
                if event["method"] == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event["params"]
            self._next(deadline, method)

    def open(self, url, **look):
        """A page of its own, once it is loaded; ``look`` as `Page.look`."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log"):
            page.send(f"{domain}.enable")
        page.look(**look)
        page.go(url)
        return page

    def _next(self, deadline, what):
        while b"\0" not in self._rest:
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"the browser says nothing to {what}"
            if select.select([self._reads], [], [], left_s)[0]:
                chunk = os.read(self._reads, 1 << 20)
                assert chunk, "the browser is gone"
                self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        content = json.loads(message)
        if "method" in content:
            self.events.append(content)
        return content


class Page:
    """A tab."""

    def __init__(self, browser, session, target):
        self._browser = browser
        self._session = session
        self._target = target

    def send(self, method, **parameters):
        """Send a command to the tab and wait for its result."""
        return self._browser.send(method, self._session, **parameters)

    def look(self, *, width=1280, height=900, is_dark=False):
        """Size of the window in CSS pixels, and whether the person likes it dark; narrow ones are phones."""
        is_phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=is_phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def go(self, url):
        """Open another address in the tab."""
        failed = self.send("Page.navigate", url=url).get("errorText")
        assert not failed, f"{url}: {failed}"
        self._browser.wait_for_event("Page.loadEventFired", self._session)

    def evaluate(self, script):
        """Value of a JavaScript expression; of a promise, what it becomes."""
        result = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=False
        )
        assert "exceptionDetails" not in result, f"{script}: {result['exceptionDetails']}"
        return result["result"].get("value")

    def wait_until(self, script, timeout_s=20):
        """Wait until an expression is true, and give its value."""
        deadline = time.monotonic() + timeout_s
        while not (value := self.evaluate(script)):
            assert time.monotonic() < deadline, f"still false: {script}"
            time.sleep(0.03)
        return value

    def press(self, *keys, ctrl=False):
        """Press keys one after the other: letters, or those of `KEYS`."""
        for key in keys:
            text, code = KEYS.get(key, (key, ord(key.upper()) if len(key) == 1 else 0))
            event = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 2 * ctrl}
            code_name = {"code": key} if key in KEYS else {"code": "Space"} if key == " " else {}
            down = {"type": "keyDown", "text": text} if text and not ctrl else {"type": "rawKeyDown"}
            self.send("Input.dispatchKeyEvent", **down, **event, **code_name)
            self.send("Input.dispatchKeyEvent", type="keyUp", **event, **code_name)

    def type(self, text):
        """Press the keys of a text's letters."""
        self.press(*text)

    def click(self, selector):
        """Click in the middle of an element."""
        middle = """((element) => {
            element.scrollIntoView({ block: "center" });
            const { x, y, width, height } = element.getBoundingClientRect();
            return [x + width / 2, y + height / 2];
        })"""
        place = self.evaluate(f"{middle}(document.querySelector({json.dumps(selector)}))")
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def screenshot(self, path, *, is_whole=False):
        """Write a picture of the window, or of all of the page, as PNG."""
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=is_whole, **self._clip(is_whole))
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the page's scripts and policies said was wrong since the last time this was asked, and forget it."""
        own = [event for event in self._browser.events if event.get("sessionId") == self._session]
        self._browser.events = [event for event in self._browser.events if event not in own]
        said = [event["params"]["exceptionDetails"] for event in own if event["method"] == "Runtime.exceptionThrown"]
        entries = [event["params"]["entry"] for event in own if event["method"] == "Log.entryAdded"]
        return said + [entry for entry in entries if entry["level"] == "error"]

    def close(self):
        """Close the tab."""
        self._browser.send("Target.closeTarget", targetId=self._target)

    def _clip(self, is_whole):
        if not is_whole:
            return {}
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
