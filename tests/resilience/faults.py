"""Faults of a database: it is killed and restarted, or the network to it is silent or loses responses."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from devtools.embedded_postgres import ENVIRONMENT, EmbeddedPostgres, binaries
from impl.postgres.migrations import migrate

# PostgreSQL's message CommandComplete, or PortalSuspended if only the first row was requested.
COMPLETED = re.compile(rb"C\0\0\0.(INSERT|UPDATE|DELETE|SELECT) |s\0\0\0\x04", re.DOTALL)
SSL_REQUEST = bytes.fromhex("0000000804d2162f")

FAST, IMMEDIATE, KILL = signal.SIGINT, signal.SIGQUIT, signal.SIGKILL


class Postgres:
    """A PostgreSQL server that can be restarted at the same address, with durable commits."""

    def __init__(self, folder: Path) -> None:
        embedded = EmbeddedPostgres(folder / "data")
        # Create the cluster and the database.
        embedded.start()
        embedded.stop()
        self.cluster = embedded.cluster
        self._prefix = embedded._unprivileged()
        self._log = (folder / "postgres.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            self.port: int = unused.getsockname()[1]
        (self.cluster / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
        self.url = self.url_of("app")

    def url_of(self, database: str, *, port: int | None = None) -> str:
        """Return the URL of a database, directly or through a proxy at `port`."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def create(self, database: str) -> str:
        self.execute(f"CREATE DATABASE {database}")
        migrate(self.url_of(database))
        return self.url_of(database)

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            # Only processes fail in these tests, not the machine, so the kernel's write cache is durable.
            "fsync": "off",
            "restart_after_crash": "off",
        }
        command = [*self._prefix, str(binaries() / "postgres"), "-D", str(self.cluster)]
        command += [f"--{name}={value}" for name, value in settings.items()]
        deadline = time.monotonic() + 60
        while True:
            self._process = subprocess.Popen(command, env=ENVIRONMENT, stdout=self._log, stderr=self._log)
            while self._process.poll() is None:
                with suppress(psycopg2.OperationalError):
                    psycopg2.connect(self.url, sslmode="disable").close()
                    return
                assert time.monotonic() < deadline
                time.sleep(0.02)
            # Some processes of a killed server may still be running.
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self, how: signal.Signals = FAST) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.stop()
        self._log.close()

    def execute(self, statement: str, *parameters: object, database: str = "app") -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url_of(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []

    def kill_connections(self, database: str) -> int:
        """Kill all connections of a database, and return their number."""
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        return len(self.execute(kill, database, database="postgres"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    postgres = Postgres(tmp_path_factory.mktemp("killable"))
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.close()


class Proxy:
    """A TCP proxy to a port; while it is silent, it holds all bytes back, as a broken network does.

    With `tls` it accepts only encrypted connections, as Neon's proxy does.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._there, self._tls = port, tls
        self.port = 0
        self.open = 0
        self.lost = self._losing = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._ready = threading.Event()
        self._thread.start()
        assert self._ready.wait(10)

    def silence(self) -> None:
        self._loop.call_soon_threadsafe(self._open.clear)

    def resume(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)

    def lose_responses(self, number: int = 1) -> None:
        """Close the connection instead of passing on the response that a statement has completed."""
        self._losing = number

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open, self._closing = asyncio.Event(), asyncio.Event()
        self._open.set()
        async with await asyncio.start_server(self._accept, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._closing.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        # Cancelled when the proxy closes.
        with suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            if self._tls:
                if await reader.read(8) != SSL_REQUEST:
                    raise ConnectionError
                writer.write(b"S")
                await writer.start_tls(self._tls)
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._there)
            try:
                await asyncio.gather(
                    self._pass_on(reader, there_writer), self._pass_on(there_reader, writer, responses=True)
                )
            finally:
                there_writer.close()
        writer.close()
        self.open -= 1

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, responses: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if responses and self._losing and COMPLETED.search(data):
                    self._losing -= 1
                    self.lost += 1
                    break
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        # The end of a connection is not passed on either.
        await self._open.wait()
        writer.close()
