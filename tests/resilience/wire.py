"""An HTTP client that reports what happens to each request: it never retries, and reads every byte."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.api.conftest import Person, Server


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


class Client:
    """One connection, which is opened again after the server announced that it closes it."""

    def __init__(self, server: Server, person: Person | None = None) -> None:
        self._port, self._person = server.port, person
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def send(self, method: str, path: str, body: object = None, *, headers: str = "") -> None:
        await self.connect()
        assert self.writer
        if self._person:
            path = self._person.path(path)
            headers += f"Authorization: Bearer {self._person.token}\r\n"
        content = b""
        if body is not None:
            content = json.dumps(body).encode()
            headers += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n".encode() + content)

    async def response(self) -> Response:
        """Read a response; raise EOFError if the connection ends without one."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            await self.close()
        return Response(int(status.split()[1]), headers, body)

    async def request(self, method: str, path: str, body: object = None) -> Response:
        await self.send(method, path, body)
        return await self.response()

    async def close(self) -> None:
        if self.writer:
            self.writer.close()
            with suppress(ConnectionError):
                await self.writer.wait_closed()
        self.writer = None


async def closed(reader: asyncio.StreamReader) -> bytes:
    """Return what the server sends until it closes or resets the connection."""
    received = b""
    try:
        while data := await reader.read(65536):
            received += data
    except ConnectionError:
        pass
    return received


def workers(server: Server) -> set[int]:
    """Return the ids of the worker processes."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return {
        int(pid) for pid in children.split() if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }
