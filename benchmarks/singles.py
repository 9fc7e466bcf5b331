"""Values that are measured once, for our server only: start, bursts, workers and memory."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks.operations import Request
from benchmarks.servers import Server, processor_seconds, resident_megabytes, serving
from benchmarks.wrk import Wrk

TIMEOUT_SECONDS = 10.0


def seconds_to_first_response(environment: Mapping[str, str], log: Path, *, tries: int = 3) -> float:
    """Measure from the start of the process until /ready answers 200; the database is already running."""
    ready = Request("GET", "/ready")
    seconds = []
    for _ in range(tries):
        started = time.monotonic()
        with serving("ours", environment, log) as server:
            status, body = server.ask(ready)
            assert status == 200, body
            seconds.append(time.monotonic() - started)
    return median(seconds)


def unanswered(server: Server, requests: Sequence[Request], connections: int) -> int:
    """Open this many connections concurrently with one request each, and count those that fail."""
    chosen = [requests[index % len(requests)] for index in range(connections)]
    return asyncio.run(_burst(server.url, chosen))


async def _burst(url: str, requests: Sequence[Request]) -> int:
    host, _, port = urlsplit(url).netloc.partition(":")

    async def ask(request: Request) -> bool:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(host, int(port), family=socket.AF_INET)
            head = f"{request.method} {request.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            writer.write(f"{head}Authorization: Bearer {request.token}\r\n\r\n".encode())
            response = await reader.read()
            writer.close()
            return response.startswith(b"HTTP/1.1 200 ")

    responses = await asyncio.gather(*map(ask, requests), return_exceptions=True)
    return sum(response is not True for response in responses)


def growth_megabytes(server: Server, wrk: Wrk, requests: Path, *, number: int = 200_000) -> float:
    """Measure the growth of a server that has already served many requests, over more requests."""
    before, sent = resident_megabytes(server.process.pid), 0
    while sent < number:
        sent += wrk.run(server.url, requests, 5).requests
    return resident_megabytes(server.process.pid) - before


def processor_of_two_workers(
    one: Server, environment: Mapping[str, str], wrk: Wrk, requests: Path, log: Path, *, seconds: int
) -> float:
    """Measure the CPU time per request of two workers that share the load, relative to one worker."""

    def cost(server: Server) -> float:
        before = processor_seconds(server.process.pid)
        load = wrk.run(server.url, requests, seconds)
        return (processor_seconds(server.process.pid) - before) / load.requests

    with serving("ours", environment, log, workers=2) as two:
        wrk.run(two.url, requests, 1)
        return median(cost(two) / cost(one) for _ in range(3))
