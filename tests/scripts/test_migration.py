"""scripts/migration writes what impl/tables.py has and the migrations lack."""

from __future__ import annotations

from pathlib import Path

import pytest
from copies import SERVICE, Copy

from impl.postgres.migrations import head

NUMBER = f"{int(head()) + 1:04}"
TABLE = """
class Label(Table, table=True):
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.user.id"], ondelete="CASCADE"),
        CheckConstraint("char_length(text) <= 20", name="text"),
    )

    user_id: str = Field(primary_key=True, sa_type=Text)
    id: int = _id()
    text: str = Field(sa_type=Text)
    revision: int = _revision()


"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "project", *SERVICE)


def change_tables(copy: Copy, before: str, added: str) -> None:
    path = copy.root / "impl" / "tables.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, added + before), encoding="utf-8")


def test_a_migration_is_written_from_the_tables(copy: Copy) -> None:
    change_tables(copy, "class TaskCount(", TABLE)
    change_tables(
        copy, "        # One index per filter", '        CheckConstraint("size > 0", name="size"),\n'
    )
    change_tables(copy, "    completed: bool", "    note: str = Field(sa_type=Text)\n")
    size = "    size: int | None = Field(default=None, sa_type=BigInteger)\n"
    change_tables(copy, "    completed: bool", size)
    written = f"migrations/versions/{NUMBER}_label_tasks.py"
    printed = copy.succeed("scripts.migration", "Label tasks.")
    assert printed == (
        "task.note is required and has no server_default: the migration fails if the table has rows; "
        "add one in impl/tables.py, or fill the column here\n"
        f"wrote {written}: read it, and correct it where it does not fit\n"
    )
    copy.succeed("ruff", "check", "migrations")
    copy.succeed("ruff", "format", "--check", "migrations")
    text = (copy.root / written).read_text(encoding="utf-8")
    assert text.startswith(
        '"""Label tasks."""\n\nfrom __future__ import annotations\n\nimport sqlalchemy as sa\n'
    )
    assert f'revision = "{NUMBER}"\ndown_revision = "{head()}"\n' in text
    for part in (
        'op.create_table(\n        "label",',
        'sa.CheckConstraint("char_length(text) <= 20", name=op.f("label_text_check"))',
        "CREATE TRIGGER label_next_revision BEFORE UPDATE ON tasks_api.label",
        'op.add_column("task", sa.Column("size", sa.BigInteger(), nullable=True), schema="tasks_api")',
        'op.create_check_constraint(op.f("task_size_check"), "task", "size > 0", schema="tasks_api")',
        'op.drop_table("label", schema="tasks_api")',
    ):
        assert part in text
    # It is applied to the new database that the next comparison begins with.
    nothing = "The migrations have everything that impl/tables.py has; no migration was written\n"
    assert copy.succeed("scripts.migration", "Again") == nothing
    assert [path.name for path in (copy.root / "migrations" / "versions").glob(f"{NUMBER}*")] == [
        Path(written).name
    ]
