"""DATABASE_URL as Neon provides it, on a PostgreSQL with TLS, passwords and cold starts."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from impl.errors import DatabaseUnavailable
from impl.postgres import database as database_module
from impl.postgres.database import Database
from impl.postgres.migrations import head, migrate
from impl.postgres.statement import Statement
from tests.api.conftest import existing_person, running
from tests.resilience.conftest import FULL, Report, wait_until
from tests.resilience.faults import Postgres, Proxy
from tests.resilience.wire import Client

COLD_STARTS = 5 if FULL else 1
PASSWORD = "npg_5Tz/0+x@y"
DIRECT = "ep-cool-dawn-a1b2c3d4.eu-central-1.aws.neon.tech"
POOLED = "ep-cool-dawn-a1b2c3d4-pooler.eu-central-1.aws.neon.tech"
SETTINGS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def url(host: str, port: int, more: str = "sslmode=require&channel_binding=require") -> str:
    return f"postgres://neondb_owner:npg_5Tz%2F0%2Bx%40y@{host}:{port}/neondb?{more}"


def certificate(folder: Path) -> None:
    """Write a self-signed certificate for Neon's hosts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "*.eu-central-1.aws.neon.tech")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("*.eu-central-1.aws.neon.tech")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.fixture
def neon(postgres: Postgres, tmp_path: Path) -> Iterator[Proxy]:
    """A database with passwords, behind a proxy that terminates TLS, as Neon's does."""
    certificate(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    postgres.execute(f"CREATE ROLE neondb_owner LOGIN PASSWORD '{PASSWORD}'")
    migrate(postgres.create("neondb"))
    postgres.execute("GRANT ALL ON SCHEMA tasks_api TO neondb_owner", database="neondb")
    postgres.execute("GRANT ALL ON ALL TABLES IN SCHEMA tasks_api TO neondb_owner", database="neondb")
    postgres.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA tasks_api TO neondb_owner", database="neondb")
    access = postgres.cluster / "pg_hba.conf"
    before = access.read_text()
    access.write_text("host neondb neondb_owner 127.0.0.1/32 scram-sha-256\n" + before)
    postgres.execute("SELECT pg_reload_conf()")
    with closing(Proxy(postgres.port, tls)) as proxy:
        yield proxy
    access.write_text(before)
    postgres.execute("DROP DATABASE neondb WITH (FORCE)")
    postgres.execute("DROP ROLE neondb_owner")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
async def all_closed(neon: Proxy) -> AsyncIterator[None]:
    """Wait for the end of all connections: asyncpg closes a refused TLS connection in the background."""
    before = open_files()
    yield
    await asyncio.to_thread(wait_until, lambda: open_files() <= before)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve Neon's host names to this machine."""
    ask = socket.getaddrinfo

    def response(host: Any, *arguments: Any, **options: Any) -> Any:
        return ask("127.0.0.1" if host in (DIRECT, POOLED) else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", response)


async def settings_of(database: Database) -> tuple[Any, ...]:
    found = await database.one(
        Statement(text("SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in SETTINGS)))
    )
    assert found is not None
    return tuple(found.values())


@pytest.mark.usefixtures("names", "all_closed")
async def test_the_connection_string_works_unchanged(neon: Proxy) -> None:
    for host, expected in (
        (DIRECT, ("2300ms", "2s", "5s")),
        # A transaction pooler rejects these (decision 17).
        (POOLED, ("0", "0", "0")),
    ):
        database = Database(url(host, neon.port))
        assert await database.revision() == head()
        assert await settings_of(database) == expected
        await database.close()


@pytest.mark.usefixtures("names", "all_closed")
async def test_neon_rejects_plain_text_and_wrong_passwords(
    neon: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "OUTAGE_SECONDS", 0.1)
    for wrong in (url(DIRECT, neon.port, "sslmode=disable"), url(DIRECT, neon.port).replace("npg", "pgn")):
        database = Database(wrong)
        with pytest.raises(DatabaseUnavailable):
            await database.revision()
        await database.close()


@pytest.mark.usefixtures("names", "all_closed")
async def test_verify_full_rejects_a_wrong_certificate(neon: Proxy, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    certificate(other)
    for host, folder, trusted in (
        (DIRECT, tmp_path, True),
        (DIRECT, other, False),
        ("localhost", tmp_path, False),
    ):
        database = Database(url(host, neon.port, f"sslmode=verify-full&sslrootcert={folder / 'server.crt'}"))
        if trusted:
            assert await database.revision() == head()
        else:
            with pytest.raises(DatabaseUnavailable):
                await database.revision()
        await database.close()


async def test_the_first_requests_after_a_cold_start_succeed(
    postgres: Postgres, neon: Proxy, tmp_path: Path, report: Report
) -> None:
    slowest, responses = 0.0, 0
    with running(url("localhost", neon.port), tmp_path) as server:
        clients = [Client(server, existing_person(server)) for _ in range(20)]
        for _ in range(COLD_STARTS):
            # Neon closes the connections, and lets new ones wait until the database has started.
            neon.silence()
            postgres.stop()
            began = time.monotonic()
            requests = [client.request("POST", "/tasks", {"title": "x"}) for client in clients]
            gathered = asyncio.gather(*requests)
            await asyncio.to_thread(postgres.start)
            neon.resume()
            statuses = [response.status for response in await gathered]
            slowest, responses = max(slowest, time.monotonic() - began), responses + len(statuses)
            assert set(statuses) == {201}
        for client in clients:
            await client.close()
    [(stored,)] = postgres.execute("SELECT count(*) FROM tasks_api.task", database="neondb")
    assert stored == responses
    assert slowest < 3
    report(
        "Neon: the first requests after a cold start",
        "< 3 s, no 5xx",
        f"{responses} × 201, the slowest after {slowest:.1f} s, {COLD_STARTS} cold starts",
    )
