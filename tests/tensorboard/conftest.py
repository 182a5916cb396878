"""The real TensorBoard as a fixture, for every test that looks at what a search shows."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

# How long TensorBoard may take to start, or to have read what was written: a broken test ends.
DEADLINE = 120.0
_STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


class TensorBoard:
    """A running TensorBoard: ask its endpoints as its pages do."""

    def __init__(self, process, url):
        self._process = process
        self.url = url

    def post(self, route, request):
        """Returns the JSON answer of a route of the HParams plugin."""
        address = f"{self.url}/data/plugin/hparams/{route}"
        body = json.dumps({"experimentName": "", **request}).encode()
        # As a form, the default, the server would not see the body.
        post = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(post, timeout=DEADLINE) as answer:
            return json.load(answer)

    def get(self, route):
        """Returns the JSON answer of any other route."""
        with urllib.request.urlopen(f"{self.url}/{route}", timeout=DEADLINE) as answer:
            return json.load(answer)

    def experiment(self):
        return self.post("experiment", {})

    def session_groups(self, *columns):
        """Returns every session group by its name, in TensorBoard's order."""
        request = {
            "allowedStatuses": _STATUSES,
            "colParams": list(columns),
            "startIndex": 0,
            "sliceSize": 1000,
        }
        groups = self.post("session_groups", request).get("sessionGroups", [])
        return {group["name"]: group for group in groups}

    def wait_until(self, seen):
        """Asks until `seen()` is true: TensorBoard reads the log directory in its own time."""
        deadline = time.monotonic() + DEADLINE
        while True:
            assert self._process.poll() is None, "TensorBoard has died"
            if seen():
                return
            assert time.monotonic() < deadline, "TensorBoard does not show what was written"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def tensorboard_server(tmp_path_factory):
    """Starts TensorBoard on a log directory and a free port: `tensorboard_server(logdir)`.

    Pass `fast=False` for TensorBoard's Python reader in the place of its Rust one. The servers run
    until the module's last test has ended.
    """
    started = []

    def start(logdir, *, fast=True):
        log = tmp_path_factory.mktemp("tensorboard") / "output.log"
        command = [
            *(sys.executable, "-m", "tensorboard.main", "--logdir", str(logdir)),
            *("--host", "127.0.0.1", "--port", "0", "--reload_interval", "1"),
            *("--load_fast", "true" if fast else "false"),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        started.append(process)
        return TensorBoard(process, _address(process, log))

    try:
        yield start
    finally:
        for process in started:
            process.terminate()
            process.wait(DEADLINE)


def _address(process, log):
    """Returns the address that TensorBoard prints once it has a port, when it answers there."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and process.poll() is None:
        words = log.read_text().split()
        url = next((word.rstrip("/") for word in words if word.startswith("http://127.")), None)
        if url is not None and _answers(url):
            return url
        time.sleep(0.05)
    raise AssertionError(f"TensorBoard has not started:\n{log.read_text()}")


def _answers(url):
    try:
        with urllib.request.urlopen(f"{url}/data/runs", timeout=DEADLINE) as answer:
            return answer.status == 200
    except urllib.error.URLError:
        return False
