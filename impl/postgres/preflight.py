"""Checks before the server accepts requests, so that it does not start if every request would fail."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information.

from impl.postgres.database import asyncpg_options
from impl.postgres.migrations import DatabaseUnusable, error_line
from impl.settings import Settings, SettingsError
from impl.tables import SCHEMA, metadata

# The rights that the statements, and the triggers that run with the same rights, need on the tables.
_ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")
_LESS = {
    "erased_user": ("SELECT", "INSERT", "UPDATE"),
    "idempotency_key": ("SELECT", "INSERT", "DELETE"),
}
_MISSING_RIGHTS = """
SELECT privilege || ' on ' || name FROM unnest($1::text[], $2::text[]) AS needed(name, privilege)
WHERE NOT has_table_privilege(name, privilege)
UNION ALL
SELECT 'USAGE on ' || name FROM unnest($3::text[]) AS sequence(name)
WHERE NOT has_sequence_privilege(name, 'USAGE')
"""


def check_folders(settings: Settings) -> None:
    """Raise SettingsError for a folder that is not writable."""
    for name, folder in (
        ("METRICS_FOLDER", settings.metrics_folder),
        ("OBSERVATIONS", settings.observations),
    ):
        if folder:
            _check_folder(name, folder)


def _check_folder(name: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise SettingsError(
            f"{name} names {folder}, which cannot be used: {error.strerror}; "
            "use a folder that this user can write to"
        ) from None


def check_database(database_url: str) -> None:
    """Connect once as requests do; raise DatabaseUnusable if every request would fail."""
    asyncio.run(_check_database(database_url))


async def _check_database(database_url: str) -> None:
    needed = [
        (f'"{SCHEMA}"."{table.name}"', privilege)
        for table in metadata.tables.values()
        for privilege in _LESS.get(table.name, _ALL)
    ]
    sequences = [
        f"{SCHEMA}.{table.name}_{column.name}_seq"
        for table in metadata.tables.values()
        for column in table.columns
        if column.identity is not None
    ]
    try:
        connection = await asyncpg.connect(**asyncpg_options(database_url))
        try:
            missing = await connection.fetch(
                _MISSING_RIGHTS, *map(list, zip(*needed, strict=True)), sequences
            )
        finally:
            await connection.close()
    except asyncpg.ProtocolViolationError as error:
        raise DatabaseUnusable(
            f"DATABASE_URL seems to lead to a pooler in transaction mode ({error_line(error)}); "
            "add ?pgbouncer=true, or connect to the server directly"
        ) from None
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnusable(
            f"DATABASE_URL leads to a database that rejects the service's statements: {error_line(error)}; "
            f"correct it, or grant its user the rights on schema {SCHEMA}"
        ) from None
    if missing:
        raise DatabaseUnusable(
            f"DATABASE_URL has a user without the rights {', '.join(row[0] for row in missing)}; "
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA}, "
            "and USAGE ON ALL SEQUENCES"
        )
