"""The real server: uvicorn in its own process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.copies import import_path
from tests.databases import SETTINGS
from tests.pgbouncer import served

ROOT = Path(__file__).resolve().parents[2]
SECRET = "only-the-model-tests-sign-with-these-words"
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    url: str
    secret: str
    log: Path


@contextmanager
def running_server(database_url: str, folder: Path) -> Iterator[Server]:
    """Run the application as scripts/serve does, with response validation.

    `folder` is empty and the environment minimal, so a developer's .env file or shell has no effect.
    """
    log = folder / "server.log"
    command = [sys.executable, "-m", "uvicorn", "impl.app:create_app", "--factory", "--no-access-log"]
    command += ["--host", "127.0.0.1", "--port", "0", "--loop", "uvloop"]
    command += ["--http", "specfirst.serving.connections:Connection"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": import_path(ROOT),
        "ENVIRONMENT": "test",
        "DATABASE_URL": served(database_url),
        "BETTER_AUTH_SECRET": SECRET,
        "VALIDATE_RESPONSES": "true",
        "OBSERVATIONS": os.environ.get("OBSERVATIONS", ""),
        **SETTINGS,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        yield Server(_wait_for_url(process, log), SECRET, log)
    finally:
        process.terminate()
        try:
            process.wait(TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait for the URL in uvicorn's log; the operating system chose the port."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if found := re.search(r"running on (http://[\w.:]+)", log.read_text()):
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")
