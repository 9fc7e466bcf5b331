"""Headless Chromium, controlled with the DevTools protocol over a pipe."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or ""
TIMEOUT_SECONDS = 30.0

# Waits for the first element that matches `selector`.
FOUND = """new Promise((resolve, reject) => {
    const end = Date.now() + 10_000;
    (function look() {
        const element = document.querySelector(selector);
        if (element) resolve(element);
        else if (Date.now() > end) reject(new Error(`no element matches ${selector}`));
        else setTimeout(look, 10);
    })();
})"""


class Page:
    """The only page of a browser."""

    def __init__(self, requests: int, responses: int) -> None:
        self._requests, self._responses = requests, responses
        self._received = b""
        self._sent = 0
        self._session: dict[str, str] = {}
        target = self._command("Target.createTarget", url="about:blank")["targetId"]
        session = self._command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}

    def open(self, url: str) -> None:
        self._command("Page.navigate", url=url)

    def run(self, script: str, *arguments: object) -> Any:
        """Call a JavaScript function on the page and return its result; a promise is awaited."""
        call = f"({script})(...{json.dumps(arguments)})"
        done = self._command("Runtime.evaluate", expression=call, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]["exception"]["description"]
        return done["result"].get("value")

    def text(self, selector: str) -> str:
        """Wait for an element and return its text."""
        return str(self.run(f"async (selector) => (await {FOUND}).textContent", selector))

    def click(self, selector: str) -> None:
        self.run(f"async (selector) => (await {FOUND}).click()", selector)

    def fill(self, selector: str, value: object) -> None:
        """Replace the value of an input, and leave the input."""
        self.run(f"async (selector) => (await {FOUND}).select()", selector)
        self._command("Input.insertText", text=str(value))
        self.run("() => document.activeElement.blur()")

    def picture(self, selector: str, path: Path) -> None:
        """Take a screenshot of the window, scrolled to an element."""
        self.run(f"async (selector) => (await {FOUND}).scrollIntoView()", selector)
        taken = self._command("Page.captureScreenshot")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _command(self, method: str, **parameters: object) -> dict[str, Any]:
        self._sent += 1
        command = {"id": self._sent, "method": method, "params": parameters, **self._session}
        os.write(self._requests, json.dumps(command).encode() + b"\0")
        while True:
            response = self._receive()
            if response.get("id") == self._sent:
                assert "error" not in response, f"{method}: {response['error']}"
                result: dict[str, Any] = response["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while b"\0" not in self._received:
            readable, _, _ = select.select([self._responses], [], [], deadline - time.monotonic())
            data = os.read(self._responses, 1 << 20) if readable else b""
            assert data, "Chromium has closed the pipe"
            self._received += data
        message, _, self._received = self._received.partition(b"\0")
        response: dict[str, Any] = json.loads(message)
        return response


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """Start a browser with its own profile, and stop it in any case."""
    options = ["--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    options += [
        f"--user-data-dir={folder / 'profile'}",
        "--window-size=1280,1000",
        "--remote-debugging-pipe",
    ]
    # Chromium's sandbox does not work for root, and containers run tests as root.
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    commands, responses = folder / "commands", folder / "responses"
    for pipe in (commands, responses):
        os.mkfifo(pipe)
    # Chromium reads commands from file descriptor 3 and writes responses to 4.
    shell = ["sh", "-c", 'commands=$1 responses=$2; shift 2; exec "$@" 3<"$commands" 4>"$responses"', "sh"]
    process = subprocess.Popen(
        [*shell, commands, responses, CHROMIUM, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with commands.open("wb", buffering=0) as requests, responses.open("rb", buffering=0) as received:
            yield Page(requests.fileno(), received.fileno())
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
