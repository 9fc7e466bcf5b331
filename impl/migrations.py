"""Bring the database to the revision that this code was written for."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema

from impl.settings import SettingsError
from impl.tables import SCHEMA

_SCRIPTS = Path(__file__).parent.parent / "migrations"

CONNECT_SECONDS = 10

# Any number will do, as long as it is always the same: whoever holds this lock migrates, the others wait.
_LOCK = 0x7461736B73


def head() -> str:
    """The revision that this code needs."""
    revision = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert revision is not None
    return revision


def psycopg2_url(database_url: str) -> URL:
    # Said in full, since SQLAlchemy takes a bare postgresql:// for psycopg 3.
    return make_url(database_url).set(drivername="postgresql+psycopg2")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for `connection`; with this there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(database_url: str) -> None:
    """Apply the missing migrations, all or none; safe when many processes start together.

    The lock belongs to the transaction and not to the session, so it also holds behind a transaction pooler.
    """
    engine = create_engine(
        psycopg2_url(database_url), poolclass=NullPool, connect_args={"connect_timeout": CONNECT_SECONDS}
    )
    try:
        connection = engine.connect()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise SettingsError(f"DATABASE_URL does not lead to a database: {reason}") from None
    with connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
        if context.get_current_revision() != head():
            # Not before it is known to be needed: a role that may not create schemas can still serve.
            connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            command.upgrade(configuration(connection), "head")
