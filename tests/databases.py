"""Databases for the tests: migrated normally, or with options that must not change how the service behaves.

With PARTITIONS=16 in the environment, each table has 16 hash partitions by user, as in a sharded PostgreSQL.
With ISOLATION=serializable, transactions are serializable by default.
"""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import closing

import psycopg2
from psycopg2.extensions import quote_ident
from sqlalchemy import make_url

from devtools.embedded_postgres import binaries
from impl.postgres.migrations import migrate
from impl.tables import REVISION, SCHEMA

PARTITIONS = int(os.environ.get("PARTITIONS", "0"))
ISOLATION = os.environ.get("ISOLATION")
# The settings that a server needs for these databases.
SETTINGS = {"DATABASE_SHARDED": "true"} if PARTITIONS else {}


def prepare(url: str, *, partitions: int = PARTITIONS, isolation: str | None = ISOLATION) -> None:
    """Migrate this database, and apply the partitions and the isolation level."""
    migrate(url)
    if partitions:
        run(url, f"DROP SCHEMA {SCHEMA} CASCADE; {partitioned(dumped(url), partitions)}")
        run(url, f"INSERT INTO {SCHEMA}.alembic_version VALUES ('{REVISION}')")  # noqa: S608
    if isolation:
        with closing(psycopg2.connect(url)) as connection:
            name = quote_ident(make_url(url).database or "", connection)
        run(url, f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")


def run(url: str, statements: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statements)


def dumped(url: str) -> str:
    """Return the migrated schema as pg_dump writes it."""
    command = [str(binaries() / "pg_dump"), "--schema-only", "--no-owner", f"--schema={SCHEMA}", url]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    # Lines with a backslash are commands of psql.
    return "\n".join(line for line in lines if not line.startswith("\\"))


def partitioned(schema: str, partitions: int) -> str:
    """Return the schema with every user-owned table partitioned by user.

    PostgreSQL rejects the result if a key or a unique constraint does not contain the user.
    """

    def split(table: re.Match[str]) -> str:
        name, columns, options = table.groups("")
        key = "user_id" if "\n    user_id " in columns else "id"
        parts = (
            f"CREATE TABLE {name.replace(chr(34), '')}_{n} PARTITION OF {name} "
            f"FOR VALUES WITH (MODULUS {partitions}, REMAINDER {n}){options};"
            for n in range(partitions)
        )
        return f"CREATE TABLE {name} ({columns}) PARTITION BY HASH ({key});\n" + "\n".join(parts)

    tables = re.compile(rf"^CREATE TABLE ({SCHEMA}\.(?!alembic)\S+) \((.*?\n)\)(\n\w.*?)?;$", re.M | re.S)
    return tables.sub(split, schema).replace("ALTER TABLE ONLY", "ALTER TABLE")
