"""A real Better Auth server from npm, and this API on the same database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from scripts.client import NODE
from tests.copies import import_path
from tests.serving import TLS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "better-auth"
SECRET = "better-auth-tests:0123456789abcdefghij"
START_SECONDS = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def process(
    command: list[str | Path], env: Mapping[str, str], folder: Path, log: Path, *, ready: Callable[[], object]
) -> Iterator[None]:
    """Start a server, wait until `ready` returns true, and stop it in any case."""
    with log.open("ab") as output:
        running = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            assert running.poll() is None, f"{command[0]} did not start:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"{command[0]} is not ready:\n{log.read_text()}"
            time.sleep(0.02)
        yield
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def responses(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False, verify=TLS).status_code < 500
        except httpx.TransportError:
            return False

    return ready


@contextmanager
def better_auth(database_url: str, port: int, algorithm: str, log: Path, **settings: str) -> Iterator[str]:
    """Run the server of the example; yield its URL."""
    url = f"http://127.0.0.1:{port}"
    env = {
        "PATH": os.environ["PATH"],
        "BETTER_AUTH_URL": url,
        "BETTER_AUTH_SECRET": SECRET,
        "BETTER_AUTH_TELEMETRY": "0",
        "DATABASE_URL": database_url,
        "JWT_ALGORITHM": algorithm,
        **settings,
    }
    with process([NODE, "server.js"], env, EXAMPLE, log, ready=responses(f"{url}/api/auth/ok")):
        yield url


@contextmanager
def api(database_url: str, folder: Path, **settings: str) -> Iterator[str]:
    """Run the API as it is deployed, on a migrated database; yield its URL."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": import_path(ROOT),
        "ENVIRONMENT": "test",
        "VALIDATE_RESPONSES": "true",
        "DATABASE_URL": database_url,
        **settings,
    }
    command: list[str | Path] = [sys.executable, "-m", "uvicorn", "impl.app:create_app", "--factory"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop"]
    command += ["--http", "specfirst.serving.connections:Connection"]
    url = f"http://127.0.0.1:{port}"
    # A folder without a .env file, so only these settings apply.
    with process(command, env, folder, folder / "api.log", ready=responses(f"{url}/health")):
        yield url
