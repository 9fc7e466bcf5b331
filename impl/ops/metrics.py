"""What a server process counts: requests by operation and status, how late its event loop is, and more.

Several processes share a port, and whichever is asked must not answer for itself alone. So each writes what
it has counted into a file of its own, once a second, and `impl.ops.exposition` adds the files up for
Prometheus. Measured: 0.4 µs a request, and 0.13 ms a second for the file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson

from specfirst.asgi import Scope

log = logging.getLogger("impl.ops.metrics")

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the histograms' buckets, in seconds."""

GAUGES = {
    "http_server_active_requests": "How many requests are being answered.",
    "database_connections": "How many connections to PostgreSQL are open or being opened.",
    "database_connections_idle": "How many of them nobody uses.",
    "database_connections_awaited": "How many statements wait for one.",
}
"""What a process says of the moment, and what that is. Of all processes it is the sum."""

NO_OPERATION = "none"
"""Stands for the operation of a request that none answered."""

_LOOK_SECONDS = 0.1
_LOOKS_PER_WRITE = 10


class Metrics:
    """Counts requests as an observer, and, while `run` runs, everything else. `gauges` gives what now is."""

    def __init__(self, folder: Path, gauges: Callable[[], Mapping[str, float]]) -> None:
        self._folder, self._gauges = folder, gauges
        self._requests: dict[tuple[str, int], list[float]] = {}
        self._lag = histogram()

    def __call__(self, scope: Scope, status: int, seconds: float) -> None:
        key = getattr(scope.get("route"), "operation_id", NO_OPERATION), status
        counts = self._requests.get(key)
        if counts is None:
            counts = self._requests[key] = histogram()
        counts[bisect_left(BOUNDS, seconds)] += 1
        counts[-1] += seconds

    async def run(self) -> None:
        """Look how late the event loop is, and write, until cancelled; and write a last time."""
        clock = asyncio.get_running_loop().time
        try:
            while True:
                for _ in range(_LOOKS_PER_WRITE):
                    due = clock() + _LOOK_SECONDS
                    await asyncio.sleep(_LOOK_SECONDS)
                    late = max(0.0, clock() - due)
                    self._lag[bisect_left(BOUNDS, late)] += 1
                    self._lag[-1] += late
                self._write()
        finally:
            self._write()

    def _write(self) -> None:
        snapshot = {
            "time": time.time(),
            "histograms": [
                ["lag", self._lag],
                *(
                    ["requests", operation, str(status), n]
                    for (operation, status), n in self._requests.items()
                ),
            ],
            "gauges": self._gauges(),
        }
        # Whoever reads it meanwhile has the one before, and never half of one.
        path = self._folder / f"{os.getpid()}.json"
        try:
            path.with_suffix(".new").write_bytes(orjson.dumps(snapshot))
            path.with_suffix(".new").replace(path)
        except OSError as error:
            # Who is not counted is served all the same.
            log.warning("Metrics could not be written: %s", error.strerror)


def histogram() -> list[float]:
    """An empty one: for each bound a count, one for what is above them all, and last the sum."""
    return [0.0] * (len(BOUNDS) + 2)
