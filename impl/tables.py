"""The tables, in their own PostgreSQL schema: Better Auth may share the database, and has a `user` too.

Every key contains the owner's id, so that a row can only refer to rows of the same user. The CHECK
constraints repeat the contract's limits, so that other programs cannot store values that the API could not
return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SCHEMA = "tasks_api"

MIGRATIONS = Path(__file__).parents[1] / "migrations"
# The number of the last migration, which its file name begins with.
REVISION = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
# The number of the migration that a database has.
STORED_REVISION = select(column("version_num", Text)).select_from(table("alembic_version", schema=SCHEMA))

# The largest integer that JavaScript represents exactly, and the maximum of an id in the contract.
MAX_ID = 9_007_199_254_740_991

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    },
)


class Table(SQLModel):
    metadata = metadata


def _id() -> Any:
    column = {"server_default": Identity(maxvalue=MAX_ID)}
    return Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_kwargs=column)


def _timestamp() -> Any:
    """Return a timestamp column that the database sets when the row is created."""
    column = {"server_default": text("now()")}
    return Field(default=None, nullable=False, sa_type=DateTime(timezone=True), sa_column_kwargs=column)


def _revision() -> Any:
    """Return the column of the row's version (impl/store/etags.py). No index has it, so updates stay HOT."""
    return Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})


class User(Table, table=True):
    __table_args__ = (CheckConstraint("char_length(id) BETWEEN 1 AND 128", name="id"),)

    id: str = Field(primary_key=True, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    name: str | None = Field(default=None, sa_type=Text)
    email_verified: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    image: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = _timestamp()
    updated_at: datetime = _timestamp()
    # The `iat` of the token from which the profile was copied.
    described_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ErasedUser(Table, table=True):
    """An erased user and the time of the erasure: older tokens do not restore the user."""

    __tablename__ = "erased_user"  # pyright: ignore[reportAssignmentType]  # SQLModel documents it so.

    id: str = Field(primary_key=True, sa_type=Text)
    erased_at: datetime = _timestamp()


class Category(Table, table=True):
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.user.id"], ondelete="CASCADE"),
        UniqueConstraint("user_id", "name"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name"),
        CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name="color"),
        Index("category_newest", "user_id", text("created_at DESC"), text("id DESC")),
    )

    user_id: str = Field(primary_key=True, sa_type=Text)
    id: int = _id()
    name: str = Field(sa_type=Text)
    color: str = Field(default="#3B82F6", sa_type=Text, sa_column_kwargs={"server_default": "#3B82F6"})
    created_at: datetime = _timestamp()
    revision: int = _revision()


class Task(Table, table=True):
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.user.id"], ondelete="CASCADE"),
        # Deleting a category clears only category_id; the owner is part of the key and is kept.
        ForeignKeyConstraint(
            ["user_id", "category_id"],
            [f"{SCHEMA}.category.user_id", f"{SCHEMA}.category.id"],
            ondelete="SET NULL (category_id)",
        ),
        CheckConstraint("char_length(title) BETWEEN 1 AND 255", name="title"),
        CheckConstraint("char_length(description) <= 2000", name="description"),
        CheckConstraint("priority IN ('low', 'medium', 'high')", name="priority"),
        # One index per filter, each in the order of the lists, so that a page is read and never sorted.
        Index("task_newest", "user_id", text("created_at DESC"), text("id DESC")),
        Index("task_completed", "user_id", "completed", text("created_at DESC"), text("id DESC")),
        Index("task_priority", "user_id", "priority", text("created_at DESC"), text("id DESC")),
        Index("task_category", "user_id", "category_id", text("created_at DESC"), text("id DESC")),
    )

    user_id: str = Field(primary_key=True, sa_type=Text)
    id: int = _id()
    title: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    completed: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    priority: str = Field(default="medium", sa_type=Text, sa_column_kwargs={"server_default": "medium"})
    due_date: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    category_id: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = _timestamp()
    updated_at: datetime = _timestamp()
    revision: int = _revision()


class TaskCount(Table, table=True):
    """The number of tasks of a user by completed and priority: per category, and with category_id 0 in total.

    Triggers maintain the counters (migrations/versions/0003_counts_of_tasks.py, 0009). Zero counts have no
    row.
    """

    __tablename__ = "task_count"  # pyright: ignore[reportAssignmentType]  # SQLModel documents it so.
    __table_args__ = {"postgresql_with": {"fillfactor": "50"}}  # SQLAlchemy reads it once.

    user_id: str = Field(primary_key=True, sa_type=Text)
    category_id: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    open_low: int = Field(sa_type=BigInteger)
    open_medium: int = Field(sa_type=BigInteger)
    open_high: int = Field(sa_type=BigInteger)
    done_low: int = Field(sa_type=BigInteger)
    done_medium: int = Field(sa_type=BigInteger)
    done_high: int = Field(sa_type=BigInteger)


class CategoryCount(Table, table=True):
    """The number of categories of a user, maintained by triggers; a user without categories has no row."""

    __tablename__ = "category_count"  # pyright: ignore[reportAssignmentType]  # SQLModel documents it so.

    user_id: str = Field(primary_key=True, sa_type=Text)
    categories: int = Field(sa_type=BigInteger)


class IdempotencyKey(Table, table=True):
    """The key of an idempotent write, the fingerprint of its request, and the resulting row."""

    __tablename__ = "idempotency_key"  # pyright: ignore[reportAssignmentType]  # SQLModel documents it so.
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.user.id"], ondelete="CASCADE"),
        Index("idempotency_key_oldest", "user_id", "created_at"),
    )

    user_id: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    answer: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = _timestamp()


user = metadata.tables[f"{SCHEMA}.user"]
erased_user = metadata.tables[f"{SCHEMA}.erased_user"]
category = metadata.tables[f"{SCHEMA}.category"]
task = metadata.tables[f"{SCHEMA}.task"]
task_count = metadata.tables[f"{SCHEMA}.task_count"]
category_count = metadata.tables[f"{SCHEMA}.category_count"]
idempotency_key = metadata.tables[f"{SCHEMA}.idempotency_key"]


@dataclass(frozen=True, slots=True)
class Counters:
    """The filters of a list, and the counters that give the list's total for each combination of them.

    - A filter that is a property of `columns` multiplies the columns of `table`: there is one for each
      combination of values, and the total is the sum of the columns that match the filters.
    - The filter `key` has a row of `table` for each of its values; the row of 0 counts all values.

    The triggers in migrations/versions keep the counters. A table without counters can be filtered by any
    column, and its total is counted for each request.
    """

    table: sqlalchemy.Table
    columns: Mapping[str, Mapping[str, object]]
    key: str | None = None

    @property
    def properties(self) -> tuple[str, ...]:
        """The filters that select among the columns."""
        return tuple(next(iter(self.columns.values())))


TASK_COUNTERS = Counters(
    task_count,
    columns={
        f"{state}_{priority}": {"completed": state == "done", "priority": priority}
        for state in ("open", "done")
        for priority in ("low", "medium", "high")
    },
    key="category_id",
)
CATEGORY_COUNTERS = Counters(category_count, columns={"categories": {}})
