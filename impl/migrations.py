"""Bring the database to the revision that this code was written for."""

from __future__ import annotations

import random
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg2.errors import LockNotAvailable
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema

from impl.connection_strings import read_connection_string
from impl.settings import SettingsError
from impl.tables import SCHEMA

_SCRIPTS = Path(__file__).parent.parent / "migrations"

CONNECT_SECONDS = 10
# A migration that waits for a table makes everybody who comes after it wait as well. So it gives way before a
# request would fail (impl/database.py), and tries again, for as long as a start may take.
LOCK_SECONDS, PATIENCE_SECONDS = 1, 60

# Any number will do, as long as it is always the same: whoever holds this lock migrates, the others wait.
_LOCK = 0x7461736B73


def head() -> str:
    """The revision that this code needs."""
    revision = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert revision is not None
    return revision


def psycopg2_url(database_url: str) -> URL:
    # Said in full, since SQLAlchemy takes a bare postgresql:// for psycopg 3.
    options = read_connection_string(database_url).for_psycopg2
    return URL.create(
        "postgresql+psycopg2",
        # Here, and not in the query, since SQLAlchemy hides this password where it shows a URL.
        username=options.pop("user", None),
        password=options.pop("password", None),
        database=options.pop("dbname", None),
        query={"connect_timeout": str(CONNECT_SECONDS)} | options,
    )


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for `connection`; with this there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(database_url: str) -> None:
    """Apply the missing migrations, all or none; safe when many processes start together, and under load.

    A database that a newer version of this code has migrated is left as it is.
    """
    engine = create_engine(psycopg2_url(database_url), poolclass=NullPool)
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _migrate(engine)
            return
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            if time.monotonic() > give_up:
                raise SettingsError(
                    "DATABASE_URL leads to a database that could not be migrated: others kept its tables "
                    f"locked for {PATIENCE_SECONDS} s; end the transactions that pg_locks shows"
                ) from None
            time.sleep(random.uniform(0.5, 1) * LOCK_SECONDS)  # noqa: S311  # Others get through meanwhile.


def _migrate(engine: Engine) -> None:
    try:
        connection = engine.connect()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise SettingsError(f"DATABASE_URL does not lead to a database: {reason}") from None
    with connection, connection.begin():
        # It belongs to the transaction and not to the session, so it also holds behind a transaction pooler.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
        if (context.get_current_revision() or "") < head():
            # Not before it is known to be needed: a role that may not create schemas can still serve.
            connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            command.upgrade(configuration(connection), "head")
