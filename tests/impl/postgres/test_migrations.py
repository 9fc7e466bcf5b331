from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from specfirst.serving.startup import StartupError
from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url, text
from sqlalchemy.dialects import postgresql

from impl.errors import DatabaseUnavailable
from impl.postgres.database import Database
from impl.postgres.migrations import (
    DatabaseUnusable,
    configuration,
    head,
    migrate,
    psycopg2_url,
)
from impl.resources.health import Health
from impl.tables import MIGRATIONS, REVISION, SCHEMA, metadata
from tests.contract import leaves
from tests.resources import RESOURCES, table_of

ROOT = Path(__file__).parents[3]

# The columns, constraints and indexes of our schema, from the catalogs of PostgreSQL.
CATALOG = f"""
SELECT 'column', table_name || '.' || column_name, concat_ws(' ', data_type, is_nullable, column_default,
       identity_generation, identity_maximum)
FROM information_schema.columns WHERE table_schema = '{SCHEMA}'
UNION ALL
SELECT 'constraint', relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE connamespace = '{SCHEMA}'::regnamespace
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = '{SCHEMA}'
ORDER BY 1, 2
"""  # noqa: S608


MANY_PROCESSES = """
import multiprocessing, sys
from impl.postgres.migrations import migrate

context = multiprocessing.get_context("fork")
barrier = context.Barrier(10)

def start():
    barrier.wait()
    migrate(sys.argv[1])

processes = [context.Process(target=start) for _ in range(10)]
for process in processes:
    process.start()
for process in processes:
    process.join()
print([process.exitcode for process in processes])
"""


@pytest.fixture
def new_database(postgres_url: str) -> Callable[[], str]:
    def create() -> str:
        name = f"db_{uuid4().hex}"
        with engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)

    return create


def engine(url: str) -> Engine:
    return create_engine(psycopg2_url(url), poolclass=NullPool)


def catalog(url: str) -> list[tuple[str, ...]]:
    with engine(url).connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(CATALOG))]
    return [row for row in rows if not row[1].startswith("alembic_version")]


def test_the_migrations_create_what_the_tables_describe(new_database: Callable[[], str]) -> None:
    migrated, described = new_database(), new_database()
    migrate(migrated)
    with engine(described).begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        metadata.create_all(connection)
    written, tables = (
        {(kind, name): definition for kind, name, definition in catalog(url)} for url in (migrated, described)
    )
    problems = [
        f"{' '.join(part)}: impl/tables.py has {tables.get(part)}, the migrations have {written.get(part)}"
        for part in sorted(written.keys() | tables.keys())
        if written.get(part) != tables.get(part)
    ]
    assert not problems, "\n".join(["The migrations differ from impl/tables.py:", *problems])
    assert len(written) > 40


def test_alembic_finds_no_difference_to_the_tables(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate(url)
    with engine(url).connect() as connection:
        # Raises an error with the differences.
        command.check(configuration(connection))


def test_every_table_with_a_revision_has_its_trigger(database_url: str) -> None:
    triggers = "SELECT tgname FROM pg_trigger WHERE tgname LIKE '%_next_revision'"
    with engine(database_url).connect() as connection:
        found = set(connection.execute(text(triggers)).scalars())
    needed = {f"{table.name}_next_revision" for table in metadata.sorted_tables if "revision" in table.c}
    assert not needed - found, "scripts/migration creates these triggers with a table"


def test_migrations_and_tables_have_the_limits_of_the_contract(
    new_database: Callable[[], str],
) -> None:
    """The failure message lists each differing limit, and what to change where."""
    migrated = new_database()
    migrate(migrated)
    with engine(migrated).connect() as connection:
        rows = connection.execute(text(CHECKS)).all()
        assert wrong_limits(connection, {name: (table, check) for table, name, check in rows}) == []


# The checks of each column as PostgreSQL has them after all migrations.
CHECKS = f"""
SELECT conrelid::regclass::text, conname, pg_get_expr(conbin, conrelid)
FROM pg_constraint WHERE connamespace = '{SCHEMA}'::regnamespace AND contype = 'c'
"""  # noqa: S608


def wrong_limits(connection: Connection, checks: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return a message for each property whose limits differ between database and contract."""
    problems = []
    for parameter, resource in RESOURCES.items():
        table = table_of(parameter)
        for name, schema in resource.schema["properties"].items():
            if name not in table.c or name in RESOURCES:
                continue
            check = checks.get(f"{table.name}_{name}_check", ("", "true"))[1]
            column = f"NULL::{table.c[name].type.compile(postgresql.dialect())}"
            for value, allowed in at_the_limits(schema):
                row = f"SELECT {check} FROM (SELECT CAST(:value AS text)::{column[6:]} AS {name}) AS given"  # noqa: S608
                stored = connection.execute(text(row), {"value": str(value)}).scalar()
                if stored is not allowed:
                    example = value if len(str(value)) < 30 else f"a text of {len(str(value))} characters"
                    problems.append(
                        f"openapi.yaml {'allows' if allowed else 'forbids'} {example!r} as {name} of "
                        f"{resource.name}, and the database {'stores' if stored else 'rejects'} it: change "
                        f'CheckConstraint(..., name="{name}") of {table.name} in impl/tables.py, and add a '
                        "migration that does the same"
                    )
    return problems


def at_the_limits(schema: Any) -> Iterator[tuple[Any, bool]]:
    """Yield values on both sides of each limit, and whether the contract allows them."""
    for leaf in leaves(schema):
        if leaf["type"] == "string" and "maxLength" in leaf:
            shortest, longest = leaf.get("minLength", 0), leaf["maxLength"]
            yield from (("a" * length, True) for length in (shortest, longest))
            yield "a" * (longest + 1), False
            if shortest:
                yield "a" * (shortest - 1), False
        if leaf["type"] == "integer":
            yield from ((leaf[limit], True) for limit in ("minimum", "maximum") if limit in leaf)
            yield from ([(leaf["minimum"] - 1, False)] if "minimum" in leaf else [])
            yield from ([(leaf["maximum"] + 1, False)] if "maximum" in leaf else [])
        if "enum" in leaf:
            yield from ((value, True) for value in leaf["enum"])
            yield "another", False


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's migrations, which replaces them."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("impl.postgres.migrations.MIGRATIONS", tmp_path / "migrations")
    return tmp_path / "migrations" / "versions"


def write_migration(folder: Path, number: str, after: str, name: str) -> None:
    text = f'revision, down_revision = "{number}", "{after}"\n\ndef upgrade() -> None:\n    pass\n'
    (folder / f"{number}_{name}.py").write_text(text, encoding="utf-8")


def test_two_migrations_of_one_number_stop_the_start(migrations: Path) -> None:
    for name in ("ours", "theirs"):
        write_migration(migrations, "9998", REVISION, name)
    with pytest.raises(StartupError, match=r"of one number: 9998_ours\.py and 9998_theirs\.py; "):
        head()


def test_two_migrations_after_the_same_one_stop_the_start(migrations: Path) -> None:
    for number in ("9998", "9999"):
        write_migration(migrations, number, REVISION, "new")
    with pytest.raises(StartupError, match="no migration follows 9998 and 9999; "):
        head()


@pytest.mark.parametrize("change", ["DROP COLUMN color", "RENAME TO other"])
def test_a_database_without_a_column_of_the_tables_stops_the_start(
    new_database: Callable[[], str], change: str
) -> None:
    """Another branch may have applied another migration of the same number to it."""
    url = new_database()
    migrate(url)
    with engine(url).begin() as connection:
        connection.execute(text(f"ALTER TABLE {SCHEMA}.category {change}"))
    expected = (
        rf"has the revision {REVISION}, and not what impl/tables.py has: .*category\.color.*scripts/migration"
    )
    with pytest.raises(DatabaseUnusable, match=expected):
        migrate(url)


def test_revision_names_increase() -> None:
    # A server compares the names to detect that its database is older or newer.
    scripts = ScriptDirectory.from_config(configuration(None)).walk_revisions()  # type: ignore[arg-type]
    names = [script.revision for script in scripts]
    assert names == sorted(names, reverse=True)
    assert {len(name) for name in names} == {4}
    assert names[0] == head() == REVISION


def test_downgrades_undo_upgrades(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate(url)
    full = catalog(url)
    with engine(url).begin() as connection:
        command.downgrade(configuration(connection), "base")
    assert catalog(url) == []
    migrate(url)
    assert catalog(url) == full


def test_a_migration_counts_existing_tasks(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate(url)
    with engine(url).begin() as connection:
        command.downgrade(configuration(connection), "0002")
        connection.exec_driver_sql(
            """
            INSERT INTO tasks_api."user" (id) VALUES ('ada');
            INSERT INTO tasks_api.category (user_id, name) VALUES ('ada', 'Work');
            INSERT INTO tasks_api.task (user_id, title, category_id, completed)
            SELECT 'ada', 'x', id, n = 1 FROM tasks_api.category, generate_series(1, 3) n;
            """
        )
    migrate(url)
    with engine(url).connect() as connection:
        counted = connection.exec_driver_sql(
            "SELECT category_id > 0, open_medium, done_medium FROM tasks_api.task_count ORDER BY 1"
        )
        assert [tuple(row) for row in counted] == [(False, 2, 1), (True, 2, 1)]


def test_many_processes_may_migrate_concurrently(new_database: Callable[[], str]) -> None:
    url = new_database()
    # Another process forks, because this one has threads and open connections.
    run = subprocess.run(
        [sys.executable, "-c", MANY_PROCESSES, url], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == ("[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n", "")
    assert catalog(url)


def test_a_failed_migration_is_rolled_back(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()

    def fail(*arguments: object) -> None:
        command_upgrade(*arguments)  # type: ignore[arg-type]
        raise RuntimeError

    command_upgrade = command.upgrade
    monkeypatch.setattr(command, "upgrade", fail)
    with pytest.raises(RuntimeError):
        migrate(url)
    with engine(url).connect() as connection:
        found = text("SELECT count(*) FROM pg_namespace WHERE nspname = :name")
        assert connection.execute(found, {"name": SCHEMA}).scalar() == 0


def test_the_tables_of_better_auth_are_not_changed(new_database: Callable[[], str]) -> None:
    url = new_database()
    with engine(url).begin() as connection:
        connection.execute(text('CREATE TABLE public."user" (id text PRIMARY KEY)'))
    migrate(url)
    with engine(url).begin() as connection:
        command.downgrade(configuration(connection), "base")
        assert connection.execute(text('SELECT count(*) FROM public."user"')).scalar() == 0


def test_a_migrated_database_needs_no_create_privilege(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate(url)
    role = f"role_{uuid4().hex}"
    with engine(url).begin() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {role}"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {role}"))
    migrate(make_url(url).set(username=role).render_as_string(hide_password=False))


def test_an_unreachable_database_is_a_one_line_error() -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        migrate("postgresql://ada:hunter2@127.0.0.1:1/app")
    message = str(caught.value)
    assert message.startswith("DATABASE_URL ")
    assert "\n" not in message
    assert "hunter2" not in message


def test_psycopg2_accepts_the_connection_string_of_neon() -> None:
    url = psycopg2_url(
        "postgres://ada:p%40ss@ep-1.aws.neon.tech/db?sslmode=require&channel_binding=require&pgbouncer=true"
    )
    arguments, options = url.get_dialect()().create_connect_args(url)
    assert (url.drivername, arguments) == ("postgresql+psycopg2", [])
    assert options == {
        "host": "ep-1.aws.neon.tech",
        "user": "ada",
        "password": "p@ss",
        "dbname": "db",
        "sslmode": "require",
        "channel_binding": "require",
        "connect_timeout": "10",
    }


async def test_the_service_is_ready_only_if_migrated(
    new_database: Callable[[], str],
) -> None:
    url = new_database()
    database = Database(url)
    health = Health(database, name="Tasks API", version="1.0.0", docs="/docs", revision=head())
    with pytest.raises(DatabaseUnavailable):
        await health.get_readiness()
    assert (await health.get_health()).model_dump() == {"status": "healthy", "message": "API is running"}
    assert (await health.get_root()).model_dump() == {
        "name": "Tasks API",
        "version": "1.0.0",
        "docs": "/docs",
        "health": "/health",
    }
    migrate(url)
    assert (await health.get_readiness()).status == "ready"
    # The previous version, and the next version before its migration.
    for revision, ready in (("0000", True), ("9999", False)):
        other = Health(database, name="Tasks API", version="1.0.0", docs="/docs", revision=revision)
        if ready:
            assert (await other.get_readiness()).status == "ready"
        else:
            with pytest.raises(DatabaseUnavailable):
                await other.get_readiness()
    await database.close()
