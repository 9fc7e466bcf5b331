"""Promises under load, faults and bad intent: each test injects the fault into real processes.

`scripts/test` runs them small; `scripts/faults` runs them at full size and prints what each one showed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.promises.faults import postgres  # noqa: F401  # The fixture.

FULL = os.environ.get("PROMISES") == "full"

Report = Callable[[str, str, str], None]


def wait_until(seen: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def report() -> Report:
    """Call `report(promise, must_show, shown)` once the test has seen it hold."""

    def write(promise: str, must_show: str, shown: str) -> None:
        if path := os.environ.get("PROMISES_REPORT"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps([promise, must_show, shown]) + "\n")

    return write
