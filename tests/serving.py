"""Runs scripts/serve as a user does: as a process that prints its address and is stopped by a signal."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent

# Without the settings of the developer's shell, except those of scripts/test.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "OBSERVATIONS")
CLEAN = {name: value for name, value in os.environ.items() if name in PASSED_ON}

# For `verify` of httpx, which otherwise loads the certificates of all authorities for each client: 40 ms.
TLS = ssl.create_default_context()


@dataclass
class Served:
    process: subprocess.Popen[str]
    url: str
    printed: str

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """Send a signal to stop the server, and return its exit status."""
        self.process.send_signal(signal_number)
        return self.process.wait(timeout=20)


@contextmanager
def serving(
    *arguments: str,
    command: str | Path = ROOT / "scripts" / "serve",
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[Served]:
    """Start the server, wait until it prints its address, and stop it in any case."""
    process = subprocess.Popen(
        [*str(command).split("\0"), *arguments],
        env=CLEAN | dict(env or {}),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            if "startup complete" in line:
                break
        # A full pipe that is not read would block the server.
        Thread(target=process.stdout.read, daemon=True).start()
        found = re.search(r"(?:API|Mock) +(http://\S+)", printed)
        assert found, f"scripts/serve did not start:\n{printed}"
        yield Served(process, found[1], printed)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        process.stdout.close()
