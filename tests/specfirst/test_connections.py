"""The limits of connections, with seconds made short and numbers made small, on real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from socket import socket
from typing import Any

import pytest
import uvicorn
from specfirst.runtime.asgi import HTTPResponse, Receive, Scope, Send, send_response
from specfirst.serving import connections

GET = b"GET /%d HTTP/1.1\r\nHost: test\r\n\r\n"
POST = b"POST /0 HTTP/1.1\r\nHost: test\r\n"


class Shop:
    """An application whose answer is the body, or of GET the path. It can be made to wait."""

    def __init__(self) -> None:
        self.open, self.left, self.seen = asyncio.Event(), 0, 0
        self.open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen += 1
        more = scope["method"] == "POST"
        body = b"" if more else scope["path"].encode()
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            body, more = body + message["body"], message["more_body"]
        await self.open.wait()
        await send_response(HTTPResponse(200, [], body), scope, send)


@asynccontextmanager
async def served(shop: Any, **options: Any) -> AsyncIterator[int]:
    config = uvicorn.Config(
        shop, log_config=None, lifespan="off", ws="none", http=connections.Connection, **options
    )
    server = uvicorn.Server(config)
    # Signals are pytest's here.
    server.capture_signals = nullcontext  # type: ignore[assignment, method-assign]
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it.
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SWEEP_SECONDS", 0.05)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections.Connection, "limits", connections.Limits(receive_seconds=0.3))


hastily = pytest.mark.usefixtures("hasty")


async def speak(port: int, *parts: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Send the parts, one after the other, and give all answers until the server closes the connection."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        received = await reader.read()
        writer.close()
    answers = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        answers.append((int(status.split()[1]), headers, received[:length]))
        received = received[length:]
    return answers


def is_error(answer: tuple[int, dict[str, str], bytes], status: int, detail: str) -> bool:
    given, headers, body = answer
    assert "date" in headers
    assert (headers["content-type"], headers["connection"]) == ("application/json", "close")
    return (given, json.loads(body)) == (status, {"detail": detail})


LATE = "The request took too long to arrive"
NOT_HTTP = "The request line must be METHOD TARGET HTTP/1.1"


@hastily
@pytest.mark.parametrize("nothing", [b"", b"\r\n\r\n"])
async def test_a_client_that_asks_nothing_is_told_nothing(nothing: bytes) -> None:
    async with served(Shop()) as port:
        assert await speak(port, nothing) == []


@hastily
async def test_half_a_head_is_408() -> None:
    async with served(shop := Shop()) as port:
        assert is_error((await speak(port, GET[:9]))[0], 408, LATE)
        assert shop.seen == 0


@hastily
async def test_half_a_body_is_408_and_to_the_application_the_client_has_left() -> None:
    async with served(shop := Shop()) as port:
        [answer] = await speak(port, POST + b"Content-Length: 2\r\n\r\n", b"a")
        assert is_error(answer, 408, LATE)
        assert shop.left == 1


async def test_an_idle_connection_has_its_time_after_each_request_and_is_then_closed() -> None:
    async with served(Shop(), timeout_keep_alive=1) as port, asyncio.timeout(10):
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(GET % 0)
            assert (await reader.readuntil(b"/0")).startswith(b"HTTP/1.1 200")
            since = loop.time()
            await asyncio.sleep(0.5)
        assert await reader.read() == b""
        assert 1 <= loop.time() - since < 2
        writer.close()


async def test_what_is_not_http_is_400_in_the_engine_s_error_shape() -> None:
    async with served(Shop()) as port:
        assert is_error((await speak(port, b"\0\r\n\r\n"))[0], 400, NOT_HTTP)
        chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n"
        assert is_error((await speak(port, chunked, b"x"))[0], 400, "The chunks of the body are malformed")


async def test_a_request_before_a_malformed_one_is_answered() -> None:
    async with served(shop := Shop()) as port:
        shop.open.clear()
        asyncio.get_running_loop().call_later(0.1, shop.open.set)
        answers = await speak(port, GET % 1 + b"\0\r\n", b"more\r\n\r\n")
        assert (answers[0][0], answers[0][2]) == (200, b"/1")
        assert "connection" not in answers[0][1]
        assert is_error(answers[1], 400, NOT_HTTP)
        assert len(answers) == 2


async def test_an_upgrade_is_ignored_and_what_follows_it_is_answered() -> None:
    upgrade = GET[:-2] % 1 + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    async with served(Shop()) as port:
        answers = await speak(port, upgrade + GET % 2, upgrade, b"\0\r\n")
        assert [body for _, _, body in answers[:-1]] == [b"/1", b"/2", b"/1"]


async def test_requests_that_arrive_at_once_are_begun_one_after_the_other() -> None:
    async with served(shop := Shop()) as port:
        shop.open.clear()
        asking = asyncio.create_task(speak(port, b"".join(GET % number for number in range(3000)), b"\0"))
        await asyncio.sleep(0.1)
        assert shop.seen == 1
        shop.open.set()
        answers = await asking
        assert [body for _, _, body in answers[:-1]] == [b"/%d" % number for number in range(3000)]
        assert is_error(answers[-1], 400, NOT_HTTP)


async def test_how_long_a_body_may_be_is_for_the_application_to_say() -> None:
    async with served(Shop(), timeout_keep_alive=1) as port:
        body = b"x" * 3_000_000
        [answer] = await speak(port, POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert (answer[0], answer[2]) == (200, body)


@pytest.mark.parametrize("size", [60_000, 70_000])
async def test_a_head_of_64_kib_is_taken_and_one_of_more_is_431(size: int) -> None:
    async with served(shop := Shop()) as port:
        head = GET[:-2] % 0 + b"Connection: close\r\nX: " + b"x" * size + b"\r\n\r\n"
        [answer] = await speak(port, *(head[start : start + 9000] for start in range(0, len(head), 9000)))
        if size < 65536:
            assert (answer[0], answer[2]) == (200, b"/0")
        else:
            assert is_error(answer, 431, "The head of the request is too large")
        assert shop.seen == (size < 65536)


async def test_a_client_that_sends_on_after_a_refusal_can_read_it() -> None:
    """Were the connection closed at once, it would be reset, and the answer lost on some systems."""
    async with served(Shop()) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET[:-2] % 0 + b"X: x\r\n" * 30_000)
        await writer.drain()
        # The end of the answer is one in order, and not a reset.
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
        writer.close()


async def test_a_client_that_does_not_read_its_answer_is_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections.Connection, "limits", connections.Limits(stall_seconds=0.3))
    async with served(Shop(), timeout_keep_alive=60) as port, asyncio.timeout(20):
        # What the system and the client's own buffer do not hold waits in the server.
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        body = b"x" * 16_000_000
        writer.write(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        while not writer.is_closing():
            await asyncio.sleep(0.1)
            writer.write(b"\r\n")


async def test_with_too_many_connections_the_newest_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections.Connection, "limits", connections.Limits(connections=2))
    async with served(shop := Shop(), timeout_keep_alive=1) as port:
        shop.open.clear()
        asking = [asyncio.create_task(speak(port, GET % 1)) for _ in range(2)]
        while shop.seen < 2:  # noqa: ASYNC110  # Nobody but the server knows.
            await asyncio.sleep(0.01)
        [answer] = await speak(port)
        assert is_error(answer, 503, "Too many connections")
        assert answer[1]["retry-after"] == "1"
        shop.open.set()
        await asyncio.gather(*asking)
