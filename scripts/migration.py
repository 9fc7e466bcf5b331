"""Write the migration that makes the database what impl/tables.py says.

Starts a temporary PostgreSQL, applies all migrations, and writes what differs as the next migration. Alembic
does not see a renamed column, other data, or another condition of a CHECK with the same name: edit the file
for these. scripts/serve applies migrations when it starts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from alembic import command
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import (
    AddColumnOp,
    CreateTableOp,
    MigrateOperation,
    MigrationScript,
    ModifyTableOps,
)
from alembic.runtime.migration import MigrationContext
from specfirst.serving.startup import StartupError
from sqlalchemy import NullPool, create_engine
from sqlalchemy.schema import CreateSchema

from devtools.embedded_postgres import EmbeddedPostgres
from impl.postgres.migrations import configuration, head, psycopg2_url
from impl.tables import SCHEMA


class CreateRevisionTrigger(MigrateOperation):
    def __init__(self, table: str) -> None:
        self.table = table


@renderers.dispatch_for(CreateRevisionTrigger)
def _render(_: AutogenContext, operation: CreateRevisionTrigger) -> str:
    create = f"CREATE TRIGGER {operation.table}_next_revision BEFORE UPDATE ON {SCHEMA}.{operation.table} "
    call = f"FOR EACH ROW WHEN (OLD.revision = NEW.revision) EXECUTE FUNCTION {SCHEMA}.next_revision()"
    return f'op.execute("{create}" "{call}")'


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/migration", description=__doc__)
    parser.add_argument("message", help='what the migration does, such as "Store comments on tasks"')
    message: str = parser.parse_args().message
    try:
        path = write(message.rstrip("."))
    except StartupError as error:
        sys.exit(f"scripts/migration: {error}")
    if path is None:
        print("The migrations have everything that impl/tables.py has; no migration was written")
    else:
        print(f"wrote migrations/versions/{path.name}: read it, and correct it where it does not fit")


def write(message: str) -> Path | None:
    """Write the next migration, and return its path; None if no difference is found."""
    number = f"{int(head()) + 1:04}"
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder), durable=False) as postgres,
        create_engine(psycopg2_url(postgres.url), poolclass=NullPool).begin() as connection,
    ):
        connection.execute(CreateSchema(SCHEMA))
        config = configuration(connection)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        config.cmd_opts = argparse.Namespace(quiet=True)
        command.upgrade(config, "head")
        script = command.revision(
            config, message, autogenerate=True, rev_id=number, process_revision_directives=_complete
        )
    if not script:
        return None
    assert not isinstance(script, list)
    path = Path(script.path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "# ### " not in line), encoding="utf-8")
    for action in (["check", "--fix-only"], ["format"]):
        subprocess.run([sys.executable, "-m", "ruff", *action, "--quiet", path], check=True)
    return path


def _complete(_: MigrationContext, __: object, scripts: list[MigrationScript]) -> None:
    """Leave out an empty migration, add triggers to new tables, and warn of columns that rows cannot have."""
    (script,) = scripts
    assert script.upgrade_ops
    if script.upgrade_ops.is_empty():
        scripts.clear()
        return
    for created in [op for op in script.upgrade_ops.ops if isinstance(op, CreateTableOp)]:
        # Other programs and ON DELETE SET NULL change rows without a new revision, see 0006_revisions.py.
        if any(getattr(column, "name", None) == "revision" for column in created.columns):
            script.upgrade_ops.ops.append(CreateRevisionTrigger(created.table_name))
    for added in _added_columns(script.upgrade_ops.ops):
        if not added.column.nullable and added.column.server_default is None:
            print(
                f"{added.table_name}.{added.column.name} is required and has no server_default: the "
                "migration fails if the table has rows; add one in impl/tables.py, or fill the column here"
            )


def _added_columns(operations: Iterable[object]) -> Iterator[AddColumnOp]:
    for operation in operations:
        if isinstance(operation, ModifyTableOps):
            yield from _added_columns(operation.ops)
        elif isinstance(operation, AddColumnOp):
            yield operation


if __name__ == "__main__":
    main()
