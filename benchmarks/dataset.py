"""A million tasks of a thousand users, created once and kept.

User ids and task ids follow a formula, so that any load generator can select an existing task without a
query: the k-th task of user u, oldest first, has the id 1000 k + u.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import psycopg2
from psycopg2 import extensions
from psycopg2.extras import execute_values
from sqlalchemy import make_url

from impl.postgres import migrations

MIGRATIONS = Path(migrations.__file__).parent.parent / "migrations" / "versions"

USERS, TASKS = 1000, 1_000_000
BIG = 1
"""The user with 100 000 tasks."""
SIZES = {BIG: 100_000, 2: 10_000, 3: 1_000, 4: 100}
"""The users with a fixed number of tasks, to measure the cost by the size of the list."""
SMALLEST = 200
"""The minimum for all other users: the first 200 ids of each exist."""
WRITERS = range(901, 1001)
"""The users for whom tasks are created, so that the lists of the others keep their length."""
LAST_ID = 1000 * SIZES[BIG] + USERS
SLICES = 20

_PEOPLE = """
INSERT INTO tasks_api.user (id, name, email) SELECT (100000 + u)::text, 'User ' || u, u || '@example.com'
FROM generate_series(1, %(users)s) u;
INSERT INTO tasks_api.category (user_id, id, name, color) OVERRIDING SYSTEM VALUE
SELECT (100000 + u)::text, 10 * u + c, 'Category ' || c, '#3B82F' || c
FROM generate_series(1, %(users)s) u, generate_series(1, 5) c;
CREATE UNLOGGED TABLE sizes (u int, n int);
SELECT setseed(0.5);
"""

# One slice of time after the other, so that each user's rows are scattered over the table, as they are when a
# thousand users write concurrently. Plain inserts, so that the triggers of all migrations run.
_SLICE = """
INSERT INTO tasks_api.task (user_id, id, title, description, completed, priority, due_date, category_id,
                            created_at, updated_at) OVERRIDING SYSTEM VALUE
SELECT (100000 + u)::text, 1000 * k + u,
       (ARRAY['Call the plumber', 'Write the report', 'Buy bread, milk and coffee', 'Répondre à Zoë',
              'Prepare the slides for Thursday''s meeting with the others'])[1 + k %% 5] || ' ' || k,
       CASE WHEN k %% 2 = 0 THEN repeat('What has to be done, and why. ', 1 + (k + u) %% 5) END,
       k %% 3 = 0, (ARRAY['low', 'medium', 'high'])[1 + (k * 7 + u) %% 3],
       CASE WHEN k %% 5 < 2 THEN timestamptz '2026-01-01T00:00:00Z' + k * interval '1 hour' END,
       CASE WHEN k %% 3 = 0 THEN 10 * u + 1 + k %% 5 END, at, at
FROM (SELECT u, k, date_trunc('milliseconds', timestamptz '2024-01-01T00:00:00Z'
                              + (k - random()) / n * interval '600 days') + interval '123 microseconds' AS at
      FROM sizes, generate_series(1 + n * %(slice)s / %(slices)s, n * (%(slice)s + 1) / %(slices)s) k) task
ORDER BY at
"""

# No autovacuum: vacuum runs between runs, and not by chance during the turn of one server.
_FINISH = f"""
DROP TABLE sizes;
ALTER TABLE tasks_api.task ALTER COLUMN id RESTART WITH {LAST_ID + 1};
ALTER TABLE tasks_api.category ALTER COLUMN id RESTART WITH {10 * USERS + 10};
ALTER TABLE tasks_api.task SET (autovacuum_enabled = false);
ALTER TABLE tasks_api.user SET (autovacuum_enabled = false);
"""


def user_id(user: int) -> str:
    return str(100_000 + user)


def task_id(user: int, number: int) -> int:
    return 1000 * number + user


def sizes() -> list[tuple[int, int]]:
    """Return the number of tasks of each user: fixed for a few, log-normal around a thousand for others."""
    dice = random.Random(1)  # noqa: S311  # The same numbers each time are the point.
    others = [user for user in range(1, USERS + 1) if user not in SIZES]
    weights = [dice.lognormvariate(0, 0.5) for _ in others]
    spare = TASKS - sum(SIZES.values()) - SMALLEST * len(others)
    numbers = [SMALLEST + int(spare * weight / sum(weights)) for weight in weights]
    numbers[0] += TASKS - sum(SIZES.values()) - sum(numbers)
    return [*SIZES.items(), *zip(others, numbers, strict=True)]


def prepare(server_url: str, say: Callable[[str], None]) -> tuple[str, str]:
    """Return the URLs of the loaded database and of its copy, in which no trigger maintains counters.

    The copy is for servers that count rows themselves, so that their writes do not pay for counters that they
    do not use. Both are created again when a migration or this file has changed.
    """
    files = [Path(__file__), *sorted(MIGRATIONS.glob("*.py"))]
    name = "bench_" + sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    copy = f"{name}_copy"
    url, copy_url = (
        make_url(server_url).set(database=database).render_as_string(hide_password=False)
        for database in (name, copy)
    )
    with _cursor(server_url) as cursor:
        cursor.execute("SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database")
        databases = {row[0]: row[1] for row in cursor.fetchall() if row[0].startswith("bench_")}
        if databases.get(name) != "loaded":
            for stale in databases:
                cursor.execute(f"DROP DATABASE {stale}")
            cursor.execute(f"CREATE DATABASE {name}")
            migrations.migrate(url)
            load(url, sizes(), say)
            cursor.execute(f"CREATE DATABASE {copy} TEMPLATE {name}")
            with _cursor(copy_url) as in_copy:
                # USER excludes the triggers that enforce foreign keys.
                in_copy.execute("ALTER TABLE tasks_api.task DISABLE TRIGGER USER")
            cursor.execute(f"COMMENT ON DATABASE {name} IS 'loaded'")
    for each in (url, copy_url):
        restore(each, say)
    return url, copy_url


def load(url: str, numbers: Sequence[tuple[int, int]], say: Callable[[str], None]) -> None:
    """Fill a migrated database; `numbers` are the numbers of tasks of the users."""
    with _cursor(url) as cursor:
        cursor.execute(_PEOPLE, {"users": max(user for user, _ in numbers)})
        execute_values(cursor, "INSERT INTO sizes VALUES %s", numbers)
        total = sum(number for _, number in numbers)
        for index in range(SLICES):
            say(f"Loading {total} tasks: {index * 100 // SLICES} %")
            cursor.execute(_SLICE, {"slice": index, "slices": SLICES})
        cursor.execute(_FINISH)


def restore(url: str, say: Callable[[str], None]) -> None:
    """Delete the tasks that earlier runs created, and vacuum."""
    say("Vacuuming")
    with _cursor(url) as cursor:
        cursor.execute("DELETE FROM tasks_api.task WHERE id > %s", [LAST_ID])
        cursor.execute("VACUUM (ANALYZE)")
    checkpoint(url)


def checkpoint(url: str) -> None:
    """Write dirty pages now, and not at a time that PostgreSQL selects."""
    with _cursor(url) as cursor:
        cursor.execute("CHECKPOINT")


def cursor_at(url: str, user: int, depth: int) -> str:
    """Return the cursor after the first `depth` tasks of a user's list, in the contract's format."""
    with _cursor(url) as cursor:
        cursor.execute(
            "SELECT (extract(epoch FROM created_at) * 1000000)::bigint, id FROM tasks_api.task"
            " WHERE user_id = %s ORDER BY created_at DESC, id DESC OFFSET %s LIMIT 1",
            [user_id(user), depth - 1],
        )
        row = cursor.fetchone()
        assert row is not None
        return f"{row[0]:014x}{row[1]:014x}"


@contextmanager
def _cursor(url: str) -> Iterator[extensions.cursor]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
