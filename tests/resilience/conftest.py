"""Resilience tests: each injects a fault, load or an attack into real processes.

`scripts/test --resilience` runs them small; `scripts/resilience` runs them at full size and prints what they
measured.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.api.conftest import Cluster, Person, Server, existing_person, running
from tests.resilience.faults import postgres  # noqa: F401  # The fixture.

FULL = os.environ.get("RESILIENCE") == "full"

Report = Callable[[str, str, str], None]


def wait_until(seen: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def report() -> Report:
    """A function `report(test, required, measured)` to call at the end of a successful test."""

    def write(test: str, required: str, measured: str) -> None:
        if path := os.environ.get("RESILIENCE_REPORT"):
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(json.dumps([test, required, measured]) + "\n")

    return write


@pytest.fixture(scope="session")
def cluster(postgres_url: str) -> Cluster:
    return Cluster(postgres_url)


@pytest.fixture(scope="session")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two independent processes."""
    with running(cluster.create("promises"), tmp_path_factory.mktemp("promises"), processes=2) as server:
        yield server


@pytest.fixture
def ada(server: Server) -> Person:
    return existing_person(server)


@pytest.fixture
def bob(server: Server) -> Person:
    return existing_person(server)
