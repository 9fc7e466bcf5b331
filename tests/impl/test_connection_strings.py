"""Connection strings: both drivers get the same parameters, or a one-line error names the parameter."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information.
import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg2.extensions import parse_dsn
from sqlalchemy import make_url

from impl.connection_strings import read_connection_string

USED = "postgresql://ada:p%40ss@db.example.com/app"


@pytest.mark.parametrize(
    "query",
    [
        "?sslmode=require&channel_binding=require",
        "?pgbouncer=true&connection_limit=1",
        "?sslmode=disable&supa=base-pooler.x",
        "?schema=public",
        "?ssl=require",
        "?keepalives_interval=10",
        "?sslsni=1",
        "?sslcompression=0&load_balance_hosts=disable&gssencmode=disable&client_encoding=utf8",
        "?sslmode=",
    ],
)
def test_parameters_without_effect_on_requests_are_accepted(query: str) -> None:
    options = read_connection_string(USED + query).for_asyncpg
    sent = (options["user"], options["password"], options["host"], options["database"])
    assert sent == ("ada", "p@ss", ["db.example.com"], "app")
    assert "server_settings" not in options
    assert options["dsn"] in (
        "postgresql://?",
        *(f"postgresql://?sslmode={m}" for m in ("require", "disable")),
    )


def test_parameters_of_other_tools_are_named() -> None:
    found = read_connection_string(f"{USED}?connection_limit=1&schema=public&sslmode=require")
    assert found.without_effect == ("connection_limit", "schema")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sslmod=require", "unknown parameter sslmod; did you mean sslmode?"),
        ("search_path=app", "unknown parameter search_path; remove it"),
        ("sslmode=on", "unknown sslmode"),
        ("ssl=no-verify", "write sslmode="),
        ("sslaccept=strict", "unknown parameter sslaccept"),
        ("require_auth=scram-sha-256", "require_auth, which asyncpg does not support"),
        ("load_balance_hosts=random", "load_balance_hosts that asyncpg does not support"),
        ("hostaddr=127.0.0.1", "hostaddr, which asyncpg does not support"),
        ("gssencmode=require", "gssencmode that asyncpg does not support"),
        ("sslsni=0", "sslsni that asyncpg does not support"),
        ("client_encoding=LATIN1", "client_encoding that asyncpg does not support"),
        ("target_session_attrs=any&target_session_attrs=primary", "target_session_attrs twice"),
        ("host=other", "host twice; write a list of hosts"),
        ("user=bob", "user twice"),
        ("connect_timeout=soon", "connect_timeout that is not a number"),
        ("pgbouncer=yes", "unknown pgbouncer"),
        ("sslrootcert=/nonexistent", "sslrootcert=/nonexistent, which cannot be read: No such file"),
        ("sslrootcert=system", "sslrootcert=system, which asyncpg does not support"),
        ("sslmode", "a parameter that is not NAME=VALUE"),
        ("application_name=%", "a % that encodes nothing"),
        ("application_name=%ff", "not UTF-8"),
        ("application_name=a%00b", "a control character"),
    ],
)
def test_other_parameters_are_rejected_by_name(query: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^(has|gives|names|says) ") as caught:
        read_connection_string(f"{USED}?{query}")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ("db:0", "port"),
        ("db:65536", "port"),
        ("db:99999", "port"),
        ("db:text", "port"),
        ("db:5432:5433", "host"),
        ("::1", "host"),
        ("[::1", "host"),
        (":5432", "no host"),
        ("a,,b", "an empty entry"),
        ("a,b:5432,c:5433/x?port=1,2", "port twice"),
        ("/x?host=a,b,c&port=1,2", "2 ports for 3 hosts"),
        ("pass/word@db", "password"),
        ("ada:pass@word@db", "password"),
    ],
)
def test_invalid_hosts_and_ports_are_rejected(hosts: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_connection_string(f"postgresql://{hosts}")


@pytest.mark.parametrize(
    ("url", "hosts", "ports"),
    [
        ("postgresql://db/app", ("db",), ()),
        ("postgres://db:5433/app", ("db",), (5433,)),
        ("postgresql://a,b:5433/app", ("a", "b"), (5432, 5433)),
        ("postgresql://[::1]:5433,c/app", ("::1", "c"), (5433, 5432)),
        ("postgresql://%2Ftmp%2Fa:5433/app", ("/tmp/a",), (5433,)),
        ("postgresql:///app?host=/tmp/a&port=5433", ("/tmp/a",), (5433,)),
        ("postgresql:///app?host=a,b&port=1,2", ("a", "b"), (1, 2)),
        ("postgresql:///app", (), ()),
    ],
)
def test_hosts_are_parsed_as_libpq_does(url: str, hosts: tuple[str, ...], ports: tuple[int, ...]) -> None:
    found = read_connection_string(url)
    assert (found.hosts, found.ports) == (hosts, ports)
    by_libpq = parse_dsn(url)
    assert by_libpq.get("host", "") == ",".join(hosts)
    # The default port of libpq is 5432 too.
    assert [port or "5432" for port in by_libpq.get("port", "").split(",")] == [*map(str, ports or (5432,))]


@given(
    st.fixed_dictionaries(
        {"user": st.text(st.characters(exclude_categories=("C",)), min_size=1)},
        optional={
            "password": st.text(st.characters(exclude_categories=("C",)), min_size=1),
            "dbname": st.text(st.characters(exclude_categories=("C",)), min_size=1),
        },
    )
)
def test_percent_encoded_texts_are_decoded_as_libpq_does(parts: dict[str, str]) -> None:
    encoded = {name: quote(value, safe="") for name, value in parts.items()}
    url = f"postgresql://{encoded['user']}:{encoded.get('password', '')}@db/{encoded.get('dbname', '')}"
    found = read_connection_string(url).for_psycopg2
    assert found == {key: value for key, value in parse_dsn(url).items() if value} == parts | {"host": "db"}


@given(st.text())
def test_any_text_is_parsed_or_rejected_in_one_line(text: str) -> None:
    for url in (text, f"postgresql://{text}", f"postgresql://db/app?{text}"):
        try:
            found = read_connection_string(url)
        except ValueError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017  # Most texts are rejected, some are valid.
        else:
            assert found.for_asyncpg["dsn"].startswith("postgresql://?")
            assert isinstance(found.for_psycopg2, dict)


SESSION = "SELECT current_setting('application_name'), current_setting('work_mem'), inet_server_port()"


@pytest.mark.parametrize(
    ("query", "program"),
    [
        ("application_name=tasks%20api", "tasks api"),
        ("fallback_application_name=other", "other"),
        ("fallback_application_name=other&application_name=tasks", "tasks"),
    ],
)
async def test_both_drivers_give_the_session_the_same_settings(
    database_url: str, query: str, program: str
) -> None:
    url = f"{database_url}&{query}&options=-c%20work_mem%3D5MB&sslmode=prefer&target_session_attrs=primary"
    string = read_connection_string(
        f"{url}&keepalives_count=3&tcp_user_timeout=1000&sslsni=1&gssencmode=disable"
    )
    connection: Any = await asyncpg.connect(**string.for_asyncpg)
    by_asyncpg = tuple(await connection.fetchrow(SESSION))
    await connection.close()
    with closing(psycopg2.connect(**string.for_psycopg2)) as other, other.cursor() as cursor:
        cursor.execute(SESSION)
        assert cursor.fetchone() == by_asyncpg == (program, "5MB", None)


async def test_both_drivers_try_each_host_of_a_list(database_url: str, tmp_path: Path) -> None:
    url = make_url(database_url)
    hosts = f"host={quote(str(tmp_path))},127.0.0.1,{url.query['host']}&port=5432,1,{url.query['port']}"
    string = read_connection_string(f"postgresql://postgres@/{url.database}?{hosts}")
    connection: Any = await asyncpg.connect(**string.for_asyncpg)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    with closing(psycopg2.connect(**string.for_psycopg2)) as other:
        assert other.get_parameter_status("server_encoding") == "UTF8"
