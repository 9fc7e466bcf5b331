"""Slow and hostile clients are disconnected in time, in constant memory and without effect on others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET, create_connection

import pytest
from wire import Client, closed

from tests.api.conftest import BODY_LIMIT, Person, Server, new_person, running
from tests.resilience.conftest import FULL, Report

SLOW_CLIENTS = 300 if FULL else 50
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(database_url, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def person(server: Server) -> Person:
    return new_person(server)


def resident(server: Server) -> int:
    """Return the resident memory of the server in bytes."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


@dataclass
class Bystander:
    """The measurements of a client that uses the server during the attack."""

    seconds: list[float] = field(default_factory=list)
    grown: int = 0


@asynccontextmanager
async def bystander(server: Server, person: Person) -> AsyncIterator[Bystander]:
    """Use the server during the block, and fail if a request fails. Measure the growth of its memory."""
    seen, done = Bystander(), False

    async def use() -> None:
        async with Client(server, person) as client:
            while not done:
                since = time.monotonic()
                assert (await client.request("GET", "/tasks")).status == 200
                seen.seconds.append(time.monotonic() - since)
                await asyncio.sleep(0.01)

    async with Client(server, person) as client:
        for _ in range(100):
            await client.request("GET", "/tasks")
    before = resident(server)
    task = asyncio.create_task(use())
    yield seen
    done = True
    await task
    seen.grown = resident(server) - before
    assert max(seen.seconds) < 2


def head(person: Person, *, token: bool = True) -> bytes:
    """Return the start of a request that creates a task."""
    lines = [f"POST {person.path('/tasks')} HTTP/1.1", "Host: test", "Content-Type: application/json"]
    return "\r\n".join([*lines, *([f"Authorization: Bearer {person.token}"] if token else []), ""]).encode()


async def slow(server: Server, start: bytes, drop: bytes) -> tuple[bytes, float]:
    """Send `start`, and then `drop` repeatedly. Return the response and the time until the close."""
    since = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(start)
    answered = asyncio.create_task(closed(reader))
    while not answered.done() and time.monotonic() < since + 20:
        writer.write(drop)
        await asyncio.wait([answered], timeout=0.5)
    writer.close()
    return await answered, time.monotonic() - since


async def never_reads(server: Server) -> tuple[bytes, float]:
    """Send many requests and read no response."""
    since = time.monotonic()
    connection = await asyncio.to_thread(create_connection, ("127.0.0.1", server.port))
    with connection:
        connection.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n" * 200)
        while time.monotonic() < since + 20:
            await asyncio.sleep(0.1)
            try:
                # Writes after a reset fail.
                connection.send(b"\r\n")
            except ConnectionError:
                break
    return b"", time.monotonic() - since


async def test_slow_clients_are_disconnected_within_10_seconds(
    server: Server, person: Person, report: Report
) -> None:
    begun = head(person)
    kinds: dict[str, tuple[bytes, bytes, bytes]] = {
        "silent": (b"", b"", b""),
        "line breaks": (b"", b"\r\n", b""),
        "heads": (begun + b"X-Slow: ", b"x", b"408"),
        "bodies": (begun + b"Content-Length: 1000\r\n\r\n[", b" ", b"408"),
        "chunks": (begun + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", b"408"),
        "next requests": (b"GET /health HTTP/1.1\r\nHost: test\r\n\r\nGET /hea", b"l", b"200"),
    }
    async with bystander(server, person) as seen, asyncio.TaskGroup() as tasks:
        open_connections = [
            (response, tasks.create_task(slow(server, start, drop)))
            for start, drop, response in kinds.values()
            for _ in range(SLOW_CLIENTS // len(kinds))
        ]
        open_connections.append((b"", tasks.create_task(never_reads(server))))
    longest = 0.0
    for expected, task in open_connections:
        response, seconds = task.result()
        assert response.startswith(b"HTTP/1.1 " + expected if expected else b"")
        assert bool(response) == bool(expected)
        if expected:
            assert (
                b'\r\n\r\n{"detail":"The request took too long to arrive","code":"request_timeout"}'
                in response
            )
        longest = max(longest, seconds)
    assert longest <= 10.5
    assert seen.grown < 10 * MEGABYTE
    report(
        f"Slow HTTP: {len(open_connections)} connections",
        "closed in ≤ 10 s, other clients unaffected, memory constant",
        f"closed in {longest:.1f} s; others answered in ≤ {max(seen.seconds) * 1000:.0f} ms; "
        f"{seen.grown / MEGABYTE:+.1f} MB",
    )


async def pour(server: Server, start: bytes, more: bytes) -> tuple[bytes, float, int]:
    """Send until the server closes the connection.

    Return the response, the time until it started, and the number of bytes that were sent by then.
    """
    since = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.transport.set_write_buffer_limits(high=0)
    writer.write(start)
    begun = asyncio.create_task(reader.readexactly(1))
    sent = 0
    while not begun.done():
        writer.write(more)
        sent += len(more)
        await asyncio.wait([begun, asyncio.create_task(writer.drain())], return_when="FIRST_COMPLETED")
    seconds = time.monotonic() - since
    rest = asyncio.create_task(closed(reader))
    # The rest of the response can be read for a short time; then the server closes the connection.
    with suppress(ConnectionError):
        while time.monotonic() < since + 20:
            writer.write(more)
            await writer.drain()
    assert time.monotonic() < since + 10
    writer.close()
    return await begun + await rest, seconds, sent


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


TOO_LARGE = (413, "The request is too large")
HEAD_TOO_LARGE = (431, "The head of the request is too large")
TRAILERS_TOO_LARGE = (431, "The trailers of the request are too large")
TARGET_TOO_LONG = (414, "The request target is too long")
BODY_TOO_LARGE = (413, f"The body is larger than {BODY_LIMIT} bytes")
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "a body": (b"Content-Length: 100000000\r\n\r\n", b" " * 65536, BODY_TOO_LARGE),
    "chunks": (CHUNKED, chunk(b" " * 65536), BODY_TOO_LARGE),
    "chunks of one byte": (CHUNKED, chunk(b" ") * 10_000, BODY_TOO_LARGE),
    "extensions of a chunk": (CHUNKED + b"1;", b"x" * 65536, TOO_LARGE),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n" * 10_000, TRAILERS_TOO_LARGE),
    "a trailer": (CHUNKED + b"0\r\nX-Large: ", b"x" * 65536, TRAILERS_TOO_LARGE),
    "headers": (b"", b"a: b\r\n" * 10_000, HEAD_TOO_LARGE),
    "a header": (b"X-Large: ", b"x" * 65536, HEAD_TOO_LARGE),
}
UNAUTHENTICATED = (401, "Not authenticated")
CODES = {
    400: b"bad_request",
    401: b"unauthorized",
    413: b"content_too_large",
    414: b"uri_too_long",
    431: b"request_header_fields_too_large",
}


async def test_endless_requests_are_rejected_and_not_read(
    server: Server, person: Person, report: Report
) -> None:
    begun = head(person)
    cases = {kind: (begun + start, more, response) for kind, (start, more, response) in ENDLESS.items()}
    for kind in ("a body", "chunks"):
        start, more, _ = ENDLESS[kind]
        cases[f"{kind}, without token"] = (head(person, token=False) + start, more, UNAUTHENTICATED)
    cases["a target"] = (b"GET /", b"x" * 65536, TARGET_TOO_LONG)
    async with bystander(server, person) as seen:
        responses = await asyncio.gather(*(pour(server, start, more) for start, more, _ in cases.values()))
    slowest = most = 0.0
    for kind, (response, seconds, sent) in zip(cases, responses, strict=True):
        status, detail = cases[kind][2]
        headers, _, body = response.partition(b"\r\n\r\n")
        assert (kind, headers.split()[1], body) == (
            kind,
            b"%d" % status,
            b'{"detail":"%s","code":"%s"}' % (detail.encode(), CODES[status]),
        )
        assert b"content-type: application/json" in headers
        slowest, most = max(slowest, seconds), max(most, sent)
    assert slowest < 2
    assert most < 10 * MEGABYTE
    assert seen.grown < 10 * MEGABYTE
    report(
        "Endless bodies, chunks, trailers, headers, targets",
        "413, 414, 431 or 401, closed, memory constant",
        f"answered in ≤ {slowest:.1f} s, {most / MEGABYTE:.1f} MB of 100 MB sent; others answered in "
        f"≤ {max(seen.seconds) * 1000:.0f} ms; {seen.grown / MEGABYTE:+.1f} MB",
    )


async def test_pipelined_requests_are_answered_in_order(
    server: Server, person: Person, report: Report
) -> None:
    count = 20_000 if FULL else 5_000
    async with bystander(server, person) as seen, asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        # HEAD and GET alternate: only responses to GET have a body.
        request = b"HEAD /health HTTP/1.1\r\nHost: test\r\n\r\n"
        writer.write(request * count + b"GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\nTRACE")
        for _ in range(count):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
        writer.close()
    assert seen.grown < 5 * MEGABYTE
    report(
        f"Pipelining: {count:,} requests",
        "all answered, other clients unaffected, memory constant",
        f"others answered in ≤ {max(seen.seconds) * 1000:.0f} ms; {seen.grown / MEGABYTE:+.1f} MB",
    )
