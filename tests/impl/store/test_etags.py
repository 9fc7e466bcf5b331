"""Each version of a task or category has another revision, also after writes of other programs."""

from __future__ import annotations

from typing import Any

import psycopg2

from generated.schemas import (
    CategoryCreate,
    CategoryReplace,
    CategoryUpdate,
    TaskCreate,
    TaskReplace,
    TaskUpdate,
)
from impl.identity.caller import Caller
from impl.postgres.database import Database
from impl.resources.categories import Categories
from impl.resources.tasks import Tasks


class OtherProgram:
    """Another program that writes into the database, and reads the revisions."""

    def __init__(self, database_url: str, caller: Caller) -> None:
        self._url, self._user_id = database_url, caller.user_id

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self._url)
        with connection, connection.cursor() as cursor:
            cursor.execute(sql, {"user": self._user_id})
            rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def revisions(self, table: str) -> list[int]:
        rows = self.run(f"SELECT revision FROM tasks_api.{table} WHERE user_id = %(user)s ORDER BY id")  # noqa: S608
        return [revision for (revision,) in rows]


async def test_each_change_of_a_task_changes_its_revision(
    database: Database, ada: Caller, database_url: str
) -> None:
    tasks, other_program = Tasks(database), OtherProgram(database_url, ada)
    user_id = ada.user_id
    task_id = (await tasks.create_task(ada, user_id=user_id, body=TaskCreate(title="A"))).body["id"]
    seen = other_program.revisions("task")
    await tasks.toggle_task(ada, user_id=user_id, task_id=task_id)
    seen += other_program.revisions("task")
    await tasks.update_task(ada, user_id=user_id, task_id=task_id, body=TaskUpdate(title="B"))
    seen += other_program.revisions("task")
    await tasks.replace_task(ada, user_id=user_id, task_id=task_id, body=TaskReplace(title="B"))
    seen += other_program.revisions("task")
    assert len({*seen}) == len(seen) == 4
    assert all(0 <= revision < 2**62 for revision in seen)


async def test_each_change_of_a_category_changes_its_revision(
    database: Database, ada: Caller, database_url: str
) -> None:
    categories, other_program = Categories(database), OtherProgram(database_url, ada)
    user_id = ada.user_id
    created = await categories.create_category(ada, user_id=user_id, body=CategoryCreate(name="A"))
    category_id = created.body["id"]
    seen = other_program.revisions("category")
    update, replacement = CategoryUpdate(name="B"), CategoryReplace(name="B")
    await categories.update_category(ada, user_id=user_id, category_id=category_id, body=update)
    seen += other_program.revisions("category")
    await categories.replace_category(ada, user_id=user_id, category_id=category_id, body=replacement)
    seen += other_program.revisions("category")
    assert len({*seen}) == len(seen) == 3


async def test_deleting_its_category_changes_a_tasks_revision(
    database: Database, ada: Caller, database_url: str
) -> None:
    tasks, categories, other_program = Tasks(database), Categories(database), OtherProgram(database_url, ada)
    created = await categories.create_category(ada, user_id=ada.user_id, body=CategoryCreate(name="A"))
    category_id = created.body["id"]
    for category in (category_id, category_id, None):
        await tasks.create_task(ada, user_id=ada.user_id, body=TaskCreate(title="A", category_id=category))
    before = other_program.revisions("task")
    await categories.delete_category(ada, user_id=ada.user_id, category_id=category_id)
    after = other_program.revisions("task")
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


async def test_writes_of_other_programs_change_the_revision(
    database: Database, ada: Caller, database_url: str
) -> None:
    other_program = OtherProgram(database_url, ada)
    other_program.run("INSERT INTO tasks_api.task (user_id, title) VALUES (%(user)s, 'A')")
    other_program.run("INSERT INTO tasks_api.category (user_id, name) VALUES (%(user)s, 'A')")
    assert other_program.revisions("task") == other_program.revisions("category") == [0]
    other_program.run("UPDATE tasks_api.task SET title = 'B' WHERE user_id = %(user)s")
    other_program.run("UPDATE tasks_api.category SET name = 'B' WHERE user_id = %(user)s")
    assert other_program.revisions("task") == other_program.revisions("category") == [1]
