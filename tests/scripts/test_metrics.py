"""Metrics of `scripts/serve` for Prometheus: of all workers together, on a separate port."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import Served, serving

from tests.scripts.test_serve import startup_error

REQUESTS = "http_server_request_duration_seconds"
BOUNDS = [
    "0.001",
    "0.0025",
    "0.005",
    "0.01",
    "0.025",
    "0.05",
    "0.1",
    "0.25",
    "0.5",
    "1.0",
    "2.5",
    "5.0",
    "10.0",
    "+Inf",
]

Series = Mapping[tuple[str, ...], float]
"""The samples by name and the values of their labels, in the order of the labels' names."""


@contextmanager
def measured(folder: Path, *arguments: str, **env: str) -> Iterator[tuple[Served, str]]:
    """Run a server; yield it and the URL of its metrics."""
    arguments = ("--port", "0", "--data", str(folder), *arguments)
    with serving(*arguments, env={"METRICS_PORT": "0", **env}) as served:
        found = re.search(r"Metrics +(http://\S+)", served.printed)
        assert found, served.printed
        yield served, found[1]


@cache
def client() -> httpx.Client:
    """Return a client that opens a connection for each request, so that all workers get some."""
    return httpx.Client(trust_env=False, headers={"Connection": "close"})


def scrape(url: str) -> Series:
    response = client().get(url)
    assert response.status_code == 200
    samples = [s for family in text_string_to_metric_families(response.text) for s in family.samples]
    return {(s.name, *(value for _, value in sorted(s.labels.items()))): s.value for s in samples}


def eventually(url: str, holds: Callable[[Series], bool]) -> Series:
    deadline = time.monotonic() + 20
    while not holds(series := scrape(url)):
        assert time.monotonic() < deadline, series
        time.sleep(0.1)
    return series


def count(series: Series, operation: str, status: int) -> float:
    return series.get((f"{REQUESTS}_count", operation, str(status)), 0)


def total(series: Series) -> float:
    return sum(value for (name, *_), value in series.items() if name == f"{REQUESTS}_count")


def test_requests_of_all_workers_count_even_after_their_exit(
    with_cluster: Callable[[Path], Path], tmp_path: Path
) -> None:
    with measured(with_cluster(tmp_path), "--workers", "2") as (served, url):
        for _ in range(40):
            assert client().get(f"{served.url}/health").status_code == 200
        assert client().get(f"{served.url}/health?x=1").status_code == 422
        assert client().get(f"{served.url}/api/ada/tasks").status_code == 401
        # The public port does not serve the metrics.
        assert client().get(f"{served.url}/metrics").status_code == 404
        series = eventually(url, lambda series: total(series) == 43 and series["server_processes",] == 2)
        assert {
            key: count(series, *key)
            for key in (("getHealth", 200), ("getHealth", 422), ("listTasks", 401), ("none", 404))
        } == {("getHealth", 200): 40, ("getHealth", 422): 1, ("listTasks", 401): 1, ("none", 404): 1}
        buckets = [series[f"{REQUESTS}_bucket", bound, "getHealth", "200"] for bound in BOUNDS]
        assert buckets == sorted(buckets)
        assert buckets[-1] == 40
        assert 0 < series[f"{REQUESTS}_sum", "getHealth", "200"] < 40
        assert series["event_loop_lag_seconds_count",] > 0
        assert series["http_server_active_requests",] == 0
        assert {
            name.removeprefix("database_connections") for (name, *_) in series if name.startswith("database")
        } == {"", "_idle", "_awaited"}

        before = processes(served)
        served.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        while before & processes(served):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        client().get(f"{served.url}/health")
        eventually(url, lambda series: count(series, "getHealth", 200) == 41)
        killed = processes(served).pop()
        os.kill(killed, signal.SIGKILL)
        series = eventually(url, lambda series: killed not in processes(served))
        assert count(series, "getHealth", 200) == 41


def processes(served: Served) -> set[int]:
    """Return the process ids of a server's workers."""
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
    return {int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()}


@pytest.mark.long
def test_a_single_process_has_metrics_and_names_a_taken_port(tmp_path: Path) -> None:
    with measured(tmp_path) as (served, url):
        httpx.get(f"{served.url}/ready")
        series = eventually(url, lambda series: count(series, "getReadiness", 200) == 1)
        assert series["server_processes",] == 1
        assert series["database_connections",] == series["database_connections_idle",] == 1
        port = url.split(":")[2].split("/")[0]
        error = startup_error("--port", "0", "--data", str(tmp_path / "other"), METRICS_PORT=port)
        assert f"METRICS_PORT cannot be used, 127.0.0.1:{port}: Address already in use" in error
