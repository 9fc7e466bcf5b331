"""Expose the sums over all server processes to Prometheus, processes that have exited included."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from impl.ops.metrics import BOUNDS, GAUGES, histogram

# Gauges of a process that has not written for this long are ignored.
_STALE_SECONDS = 5.0


def expose(folder: Path, host: str, port: int) -> int:
    """Serve metrics from a thread and return the port; the system selects one for 0."""
    registry = CollectorRegistry()
    registry.register(Totals(folder))
    server, _ = start_http_server(port, host, registry)
    return server.server_port


class Totals(Collector):
    """Sums over the files that `impl.ops.metrics` writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # The counts of processes that have exited; they are kept, so that counters never decrease, while
        # their files are deleted.
        self._ended: dict[tuple[str, ...], list[float]] = {}
        self._lock = Lock()

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            counts = {series: [*numbers] for series, numbers in self._ended.items()}
            snapshots = []
            for path in self._folder.glob("*.json"):
                # Check liveness before reading, so that a process that has exited has written its final
                # counts.
                ended = not _exists(int(path.stem))
                snapshots.append(orjson.loads(path.read_bytes()))
                _add(counts, snapshots[-1])
                if ended:
                    _add(self._ended, snapshots[-1])
                    path.unlink()
        present = [each for each in snapshots if each["time"] > time.time() - _STALE_SECONDS]
        requests = HistogramMetricFamily(
            "http_server_request_duration_seconds",
            "Request duration by operation of the contract and response status.",
            labels=["operation", "status"],
        )
        lag = HistogramMetricFamily("event_loop_lag_seconds", "Delay of the event loop's timers.")
        for (name, *labels), numbers in sorted(counts.items()):
            family = requests if name == "requests" else lag
            *buckets, total = numbers
            bounds = [*map(str, BOUNDS), "+Inf"]
            family.add_metric(labels, [*zip(bounds, accumulate(buckets), strict=True)], total)
        yield requests
        yield lag
        yield GaugeMetricFamily("server_processes", "Number of server processes.", len(present))
        gauges = Counter[str]()
        for each in present:
            gauges.update(each["gauges"])
        for name, text in GAUGES.items():
            yield GaugeMetricFamily(name, text, gauges[name])


def _add(counts: dict[tuple[str, ...], list[float]], snapshot: dict[str, Any]) -> None:
    for *series, numbers in snapshot["histograms"]:
        before: Sequence[float] = counts.get(tuple(series), histogram())
        counts[tuple(series)] = [sum(pair) for pair in zip(before, numbers, strict=True)]


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        # The pid is unused, or another user's process has it now.
        return False
    else:
        return True
