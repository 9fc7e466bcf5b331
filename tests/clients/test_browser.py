"""The client in a real browser page, with an origin that the API allows and with another one."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from frontend import Frontend

from impl.identity.tokens import mint_token
from scripts.client import run

CHROMIUM = shutil.which("chromium") or ""

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="chromium is not on the PATH (Debian: apt install chromium)"
)

Visit = Callable[[str], dict[str, Any]]


@pytest.fixture
def user_id() -> str:
    return uuid4().hex


@pytest.fixture
def visit(
    consumer: Path, frontend: Frontend, environment: dict[str, str], user_id: str, tmp_path: Path
) -> Visit:
    """Open the page at an origin and return its report."""
    esbuild = consumer / "node_modules" / "esbuild" / "bin" / "esbuild"
    run(esbuild, "page.ts", "--bundle", "--format=esm", "--outfile=page.js", folder=consumer)
    frontend.script = (consumer / "page.js").read_bytes()
    token = mint_token(environment["BETTER_AUTH_SECRET"], user_id, timedelta(hours=1))
    parameters = urlencode({"baseUrl": environment["API_URL"], "user_id": user_id, "token": token})

    def visit(origin: str) -> dict[str, Any]:
        log = tmp_path / "chromium.log"
        # With a debugging port, Chromium runs until it is killed.
        options = ["--headless", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0"]
        options += ["--no-first-run", f"--user-data-dir={tmp_path / 'profile'}"]
        # Chromium's sandbox does not work for root, and containers run tests as root.
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        with log.open("w") as output:
            process = subprocess.Popen(
                [CHROMIUM, *options, f"{origin}/?{parameters}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return frontend.report.get(timeout=60)
        except queue.Empty:
            pytest.fail(f"the page sent no report; the log of Chromium:\n{log.read_text()}")
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    return visit


def test_the_front_end_origin_can_use_every_operation(visit: Visit, frontend: Frontend, user_id: str) -> None:
    found = visit(frontend.origin)
    assert found["origin"] == frontend.origin
    assert found["location"].startswith(f"/api/{user_id}/tasks/")
    assert found["health"]["status"] == "healthy"
    assert found["changed"]["completed"] is True
    assert found["withCredentials"] == found["changed"]
    assert found["invalid"]["status"] == 422
    assert found["invalid"]["body"]["detail"][0]["loc"] == ["query", "limit"]
    assert found["anonymous"]["status"] == 401
    assert found["anonymous"]["authenticate"].startswith("Bearer")
    assert found["forbidden"]["status"] == 403
    assert "deleted" in found["deleted"]["message"]
    assert found["missing"]["status"] == 404


def test_another_origin_cannot_read_any_response(visit: Visit, frontend: Frontend) -> None:
    found = visit(frontend.foreign_origin)
    assert found.pop("origin") == frontend.foreign_origin
    assert found.pop("location") is None
    assert set(found.values()) == {"TypeError: Failed to fetch"}
