"""Headless Chromium, driven by the DevTools protocol over a pipe, as a person drives a browser."""

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

# The first element that fits `selector`, as soon as there is one.
FOUND = """new Promise((resolve, reject) => {
    const end = Date.now() + 10_000;
    (function look() {
        const element = document.querySelector(selector);
        if (element) resolve(element);
        else if (Date.now() > end) reject(new Error(`there is no ${selector}`));
        else setTimeout(look, 10);
    })();
})"""


class Page:
    """The one page of a browser."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers = requests, answers
        self._received = b""
        self._sent = 0
        self._session: dict[str, str] = {}
        target = self._command("Target.createTarget", url="about:blank")["targetId"]
        session = self._command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}

    def open(self, url: str) -> None:
        self._command("Page.navigate", url=url)

    def run(self, script: str, *arguments: object) -> Any:
        """Call a function of JavaScript on the page and give what it returns, or its promise resolves to."""
        call = f"({script})(...{json.dumps(arguments)})"
        done = self._command("Runtime.evaluate", expression=call, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]["exception"]["description"]
        return done["result"].get("value")

    def text(self, selector: str) -> str:
        """Give the text of an element, as soon as there is one."""
        return str(self.run(f"async (selector) => (await {FOUND}).textContent", selector))

    def click(self, selector: str) -> None:
        self.run(f"async (selector) => (await {FOUND}).click()", selector)

    def fill(self, selector: str, value: object) -> None:
        """Type a value in place of what an input has, and leave the input."""
        self.run(f"async (selector) => (await {FOUND}).select()", selector)
        self._command("Input.insertText", text=str(value))
        self.run("() => document.activeElement.blur()")

    def picture(self, selector: str, path: Path) -> None:
        """Take a picture of the window, with an element at its top."""
        self.run(f"async (selector) => (await {FOUND}).scrollIntoView()", selector)
        taken = self._command("Page.captureScreenshot")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def _command(self, method: str, **parameters: object) -> dict[str, Any]:
        self._sent += 1
        command = {"id": self._sent, "method": method, "params": parameters, **self._session}
        os.write(self._requests, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._sent:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while b"\0" not in self._received:
            readable, _, _ = select.select([self._answers], [], [], deadline - time.monotonic())
            data = os.read(self._answers, 1 << 20) if readable else b""
            assert data, "Chromium does not answer"
            self._received += data
        message, _, self._received = self._received.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """Start a browser with a profile of its own; whatever happens, it is gone afterwards."""
    options = ["--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    options += [
        f"--user-data-dir={folder / 'profile'}",
        "--window-size=1280,1000",
        "--remote-debugging-pipe",
    ]
    # Chromium's sandbox does not work for root, as whom containers run their tests.
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    commands, answers = folder / "commands", folder / "answers"
    for pipe in (commands, answers):
        os.mkfifo(pipe)
    # Chromium reads commands from descriptor 3 and answers on 4.
    shell = ["sh", "-c", 'commands=$1 answers=$2; shift 2; exec "$@" 3<"$commands" 4>"$answers"', "sh"]
    process = subprocess.Popen(
        [*shell, commands, answers, CHROMIUM, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        with commands.open("wb", buffering=0) as requests, answers.open("rb", buffering=0) as received:
            yield Page(requests.fileno(), received.fileno())
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
