"""Migrate the database to the revision that this code needs.

Alembic is imported only if there is something to migrate: it takes 0.1 s and 7 MB in each process.
"""

from __future__ import annotations

import random
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from psycopg2.errors import InsufficientPrivilege, LockNotAvailable, ReadOnlySqlTransaction
from specfirst.serving.startup import StartupError
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.schema import CreateSchema

from impl.connection_strings import read_connection_string
from impl.tables import MIGRATIONS, REVISION, SCHEMA, STORED_REVISION, metadata

if TYPE_CHECKING:
    from alembic.config import Config

CONNECT_SECONDS = 10
# A migration that waits for a lock on a table blocks every later statement on that table. So it times out
# before requests would (impl/postgres/database.py), and retries for as long as a start may take.
LOCK_SECONDS, TIMEOUT_SECONDS = 1, 60

# An arbitrary constant: the process that holds this lock migrates, the others wait.
_LOCK = 0x7461736B73


# The first two columns decide whether the database is suitable, the others whether it can be written to now.
_FACTS = """
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), pg_is_in_recovery(),
       current_setting('transaction_read_only') = 'on'
"""
OLDEST_VERSION = 15

_COLUMNS = """
SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = to_regnamespace(:schema) AND attnum > 0 AND NOT attisdropped
"""


class DatabaseUnusable(StartupError):
    """DATABASE_URL leads to no database, or to one that this service cannot use as it is."""


def head() -> str:
    """Return the number of the last migration. Raises StartupError if the migrations are no sequence."""
    from alembic.script import ScriptDirectory

    _check_numbers()
    last, *others = ScriptDirectory(str(MIGRATIONS)).get_heads()
    if others:
        raise StartupError(
            f"migrations/versions: no migration follows {' and '.join(sorted([last, *others]))}; "
            "correct the down_revision of the last one"
        )
    return last


def _check_numbers() -> None:
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    for name, following in pairwise(names):
        if name[:4] == following[:4]:
            raise StartupError(
                f"migrations/versions has two migrations of one number: {name} and {following}; give the "
                "later one the next number in its name and as its revision, and the other one as its "
                "down_revision"
            )


def psycopg2_url(database_url: str) -> URL:
    # The driver is explicit, since SQLAlchemy takes a bare postgresql:// for psycopg 3.
    options = read_connection_string(database_url).for_psycopg2
    return URL.create(
        "postgresql+psycopg2",
        # Not in the query, since SQLAlchemy hides only this password when it prints a URL.
        username=options.pop("user", None),
        password=options.pop("password", None),
        database=options.pop("dbname", None),
        query={"connect_timeout": str(CONNECT_SECONDS)} | options,
    )


def configuration(connection: Connection) -> Config:
    """Return Alembic's configuration for `connection`; it replaces alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(database_url: str) -> None:
    """Apply the missing migrations, all or none; safe under load and when many processes start together.

    A database that a newer version of this code has migrated is left unchanged. Raises DatabaseUnusable, also
    if the database then lacks a column of the tables, and StartupError if the migrations are no sequence.
    """
    _check_numbers()
    engine = create_engine(psycopg2_url(database_url), poolclass=NullPool)
    give_up = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            _migrate(engine)
            return
        except DBAPIError as error:
            if not isinstance(error.orig, LockNotAvailable):
                # Any other error is a bug in a migration and is raised as it is.
                if isinstance(error.orig, (InsufficientPrivilege, ReadOnlySqlTransaction)):
                    raise DatabaseUnusable(
                        f"DATABASE_URL has a user who may not migrate the database: {error_line(error)}; "
                        f"grant the rights, or migrate as the owner of the schema {SCHEMA}"
                    ) from None
                if isinstance(error, OperationalError):
                    raise DatabaseUnusable(
                        f"DATABASE_URL leads to a database that could not be migrated: {error_line(error)}; "
                        "fix that, and start again"
                    ) from None
                raise
            if time.monotonic() > give_up:
                raise DatabaseUnusable(
                    "DATABASE_URL leads to a database that could not be migrated: others kept its tables "
                    f"locked for {TIMEOUT_SECONDS} s; end the transactions that pg_locks shows"
                ) from None
            time.sleep(random.uniform(0.5, 1) * LOCK_SECONDS)  # noqa: S311  # Let other statements run.


def _migrate(engine: Engine) -> None:
    try:
        connection = engine.connect()
    except (DBAPIError, UnicodeError) as error:
        raise DatabaseUnusable(
            f"DATABASE_URL does not lead to a database: {error_line(error)}; correct it, or start that server"
        ) from None
    with connection, connection.begin():
        _check(connection)
        # The lock belongs to the transaction, not to the session, so it also works behind a transaction
        # pooler.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        revision = _revision(connection)
        if revision < REVISION:
            from alembic import command

            # Only if needed: a role that may not create schemas can still serve.
            connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            command.upgrade(configuration(connection), head())
            revision = REVISION
        _check_columns(connection, revision)


def _revision(connection: Connection) -> str:
    """Return the revision of the database, or an empty text before the first migration."""
    if not inspect(connection).has_table("alembic_version", schema=SCHEMA):
        return ""
    return connection.execute(STORED_REVISION).scalar() or ""


def _check(connection: Connection) -> None:
    """Reject a database that cannot store every value that the contract allows, or that is read-only."""
    version, encoding, recovering, read_only = connection.execute(text(_FACTS)).one()
    if version // 10_000 < OLDEST_VERSION:
        problem = f"PostgreSQL {version // 10_000}; use {OLDEST_VERSION} or later"
    elif encoding != "UTF8":
        problem = (
            f"a database with the encoding {encoding}, which cannot store every text; create one with "
            "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
        )
    elif recovering:
        problem = "a read replica; set it to the primary, and DATABASE_READ_URL to the replica"
    elif read_only:
        problem = (
            "a read-only database; set default_transaction_read_only to off for the database and its user"
        )
    else:
        return
    raise DatabaseUnusable(f"DATABASE_URL leads to {problem}")


def _check_columns(connection: Connection, revision: str) -> None:
    """Reject a database without a column of impl/tables.py; requests would only get 500."""
    there = {(table, column) for table, column in connection.execute(text(_COLUMNS), {"schema": SCHEMA})}
    lacking = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if (table.name, column.name) not in there
    ]
    if lacking:
        raise DatabaseUnusable(
            f"DATABASE_URL leads to a database that has the revision {revision}, and not what impl/tables.py "
            f"has: {', '.join(lacking)}. If no migration adds it, write one with scripts/migration. If one "
            "does, another version of the code, such as another branch, has applied its own migration of "
            "this number: use another database, or another folder with --data DIR"
        )


def error_line(error: Exception) -> str:
    """Return the message of the server or the driver, without the statement that follows it."""
    return (
        " ".join(str(getattr(error, "orig", error)).partition("\nLINE ")[0].split()) or type(error).__name__
    )
