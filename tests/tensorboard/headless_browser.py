"""A headless Chromium, driven over a pipe by its DevTools protocol: no driver, no further package.

The protocol's messages are JSON, ended by a zero byte; Chromium reads them from file descriptor 3
and answers on 4 (`--remote-debugging-pipe`).
"""

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time

EXECUTABLE = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
_OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
]
# Puts the pipes' ends where Chromium looks for them, by way of numbers that are neither.
_LAUNCHER = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD_CLOEXEC, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_DEADLINE = 120.0

# TensorBoard's parts lie in nested shadow trees, which document.querySelector does not enter.
_HELPERS = """
window.everything ??= function* (root = document) {
  for (const element of root.querySelectorAll('*')) {
    yield element;
    if (element.shadowRoot) yield* window.everything(element.shadowRoot);
  }
};
window.seek ??= (selector, text = '') => [...window.everything()].find(
  (element) => element.matches(selector) && element.textContent.trim().includes(text));
window.visibleText ??= () => [...window.everything()]
  .filter((element) => element.checkVisibility() && !['STYLE', 'SCRIPT'].includes(element.tagName))
  .flatMap((element) => [...element.childNodes])
  .filter((node) => node.nodeType === Node.TEXT_NODE)
  .map((node) => node.textContent.trim()).filter(Boolean).join('\\n');
"""


class Page:
    """The one page of a headless browser."""

    def __init__(self, process, to_browser, from_browser):
        self._process = process
        self._to_browser = to_browser
        self._from_browser = from_browser
        self._buffer = b""
        self._numbers = itertools.count(1)
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        session = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": session["sessionId"]}

    def open(self, url):
        """Goes to an address, in a fresh document even where only the hash differs."""
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=url)

    def evaluate(self, expression):
        """Returns the JSON value of a JavaScript expression; `seek` and `visibleText` help it."""
        answer = self._call(
            "Runtime.evaluate",
            expression=f"{_HELPERS}; ({expression})",
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_until(self, expression):
        """Waits until a JavaScript expression is truthy on the page."""
        deadline = time.monotonic() + _DEADLINE
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < deadline, (
                f"not seen: {expression}\n{self.evaluate('visibleText()')}"
            )
            time.sleep(0.1)

    def screenshot(self, path):
        """Saves what the page shows as a PNG."""
        picture = self._call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(picture["data"]))

    def _call(self, method, **parameters):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= getattr(self, "_session", {})
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def _receive(self):
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._from_browser], [], [], _DEADLINE)
            assert ready, "the browser does not answer"
            part = os.read(self._from_browser, 1 << 20)
            assert part, "the browser has died"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


@contextlib.contextmanager
def browser(profile, width=1600, height=1000):
    """Runs a headless browser and yields its page.

    Args:
        profile: A folder for the browser's own files.
        width: Of the window, in pixels.
        height: Of the window, in pixels.
    """
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    options = [*_OPTIONS, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
    ends = [commands_out, answers_in]
    process = subprocess.Popen(
        [sys.executable, "-c", _LAUNCHER, *map(str, ends), EXECUTABLE, *options],
        pass_fds=ends,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in ends:
        os.close(end)
    try:
        yield Page(process, commands_in, answers_out)
    finally:
        process.terminate()
        process.wait(_DEADLINE)
        os.close(commands_in)
        os.close(answers_out)
