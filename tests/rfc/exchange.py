"""Starts servers, and sends them raw bytes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from impl.identity.tokens import mint_token
from tests.copies import import_path

ROOT = Path(__file__).resolve().parents[2]
SECRET = "http-tests:123456789abcdefghijklm"
FRONTEND = "https://tasks.example.com"
CONNECTION = "specfirst.serving.connections:Connection"

PROBE = b"DELETE /health HTTP/1.1\r\nHost: probe\r\nX-Request-ID: probe\r\nContent-Length: 0\r\n\r\n"
"""A request that gets 405, unless the server reads preceding bytes as a part of it."""

_PROGRAM = (
    "import sys, uvicorn; from impl.app import create_app; "
    "uvicorn.run(create_app, factory=True, fd=int(sys.argv[1]), http=sys.argv[2], ws='none', "
    "log_config=None, server_header=False)"
)


@dataclass
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Exchange:
    """The responses, whether the server closed the connection, and whether the responses are valid HTTP."""

    responses: list[Response] = field(default_factory=list)
    closed: bool = False
    garbage: bytes = b""

    @property
    def outcome(self) -> str:
        """The outcome in the notation of the expectations in `cases`."""
        statuses = " ".join(str(response.status) for response in self.responses) or "-"
        return f"{statuses}{'!' if self.closed else ''}{' and garbage' if self.garbage else ''}"


@contextmanager
def serving(http: str, folder: Path) -> Iterator[int]:
    """Serve the mock of the API with this HTTP protocol class of uvicorn, and yield the port."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": import_path(ROOT),
        "MOCK": "all",
        "ENVIRONMENT": "test",
        "BETTER_AUTH_SECRET": SECRET,
        "FRONTEND_URL": FRONTEND,
    }
    with (
        socket.create_server(("127.0.0.1", 0), backlog=128) as listener,
        (folder / "log").open("wb") as log,
    ):
        port: int = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(listener.fileno()), http],
            pass_fds=[listener.fileno()],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        # Requests wait until the server has started.
        assert exchange(port, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "200?", timeout=60).responses
        yield port
    finally:
        process.terminate()
        process.wait(15)


def with_token(data: bytes) -> bytes:
    return data.replace(b"TOKEN", _TOKEN)


_TOKEN = mint_token(SECRET, "ada", timedelta(hours=1)).encode()


def exchange(port: int, data: bytes, expected: str, *, step: int = 0, timeout: float = 5) -> Exchange:
    """Send `data`, in pieces of `step` bytes, and read until the expected data or the timeout.

    If the connection must stay open, another request must then get its normal response.
    """
    count = 0 if expected == "-" else len(expected.split())
    if "!" in expected:
        # The server decides how many bytes there are to read.
        count += 1
    seen = Exchange()
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = with_token(data)
        # The server may close the connection before it has read the rest.
        with suppress(ConnectionError):
            for start in range(0, len(data), step or len(data)):
                connection.sendall(data[start : start + (step or len(data))])
        reader = _Reader(connection, seen, skips_interim=expected != "100")
        heads = data.lstrip(b"\r\n").startswith(b"HEAD ")
        while len(seen.responses) < count and reader.response(head=heads):
            pass
        if expected in ("-", "100"):
            connection.settimeout(0.1)
            reader.response(head=heads)
        elif not seen.closed and not seen.garbage and not expected.endswith(("!", "?")):
            with suppress(ConnectionError):
                connection.sendall(PROBE)
            probe = Exchange()
            reader.seen = probe
            while reader.response(head=False) and probe.responses[-1].headers.get("x-request-id") != "probe":
                # There are more responses than requests.
                seen.responses.append(probe.responses[-1])
            seen.closed = probe.closed
            seen.garbage = probe.garbage
    return seen


class _Reader:
    def __init__(self, connection: socket.socket, seen: Exchange, *, skips_interim: bool) -> None:
        self._connection, self.seen, self._data = connection, seen, b""
        self.skips_interim = skips_interim

    def _more(self) -> bool:
        try:
            data = self._connection.recv(65536)
        except TimeoutError:
            return False
        except ConnectionError:
            data = b""
        self._data += data
        self.seen.closed = not data
        return bool(data)

    def _length(self, headers: Mapping[str, str]) -> int:
        """Return the length of a body without Content-Length; plain uvicorn sends such responses."""
        if headers.get("transfer-encoding") == "chunked":
            while b"0\r\n\r\n" not in self._data and self._more():
                pass
            return self._data.find(b"0\r\n\r\n") + 5
        while headers.get("connection") == "close" and self._more():
            pass
        return len(self._data)

    def response(self, *, head: bool) -> bool:
        """Read one response; False if there is none."""
        while b"\r\n\r\n" not in self._data:
            if not self._more():
                self.seen.garbage = self._data
                return False
        start, _, rest = self._data.partition(b"\r\n\r\n")
        line, *lines = start.decode("latin-1").split("\r\n")
        if not line.startswith("HTTP/1.1 "):
            self.seen.garbage = self._data
            return False
        status = int(line.split(" ")[1])
        if status == 100 and self.skips_interim:
            self._data = rest
            return self.response(head=head)
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self._data = rest
        length = 0
        if not head and status not in (100, 204, 304):
            length = int(headers.get("content-length") or self._length(headers))
        while len(self._data) < length:
            if not self._more():
                self.seen.garbage = self._data or b"the body is incomplete"
                return False
        body, self._data = self._data[:length], self._data[length:]
        self.seen.responses.append(Response(status, headers, body))
        return True


def fits(expected: str, outcome: str) -> bool:
    """Return whether an outcome is one of the expected ones."""
    required, found = expected.rstrip("?").split(" "), outcome.split(" ")
    if (expected.endswith("!") != outcome.endswith("!") and not expected.endswith("?")) or len(
        required
    ) != len(found):
        return False
    return all(
        status.rstrip("!") in choice.rstrip("!").split("/")
        for choice, status in zip(required, found, strict=True)
    )
