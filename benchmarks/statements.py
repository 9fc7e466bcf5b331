"""The statements of `limit` and pgbench: as simple as possible, for one request each."""

from __future__ import annotations

from collections.abc import Collection

from impl.tables import Task, task

_NAMES = [str(column.key) for column in task.c if column.name != "revision"]
COLUMNS = ", ".join([*_NAMES, "revision"])
_THIS_TASK = "user_id = $1 AND id = $2"
_TOTAL = "open_low + open_medium + open_high + done_low + done_medium + done_high"

GET = f"SELECT {COLUMNS} FROM tasks_api.task WHERE {_THIS_TASK}"

TOGGLE = (
    "UPDATE tasks_api.task SET completed = NOT completed, updated_at = clock_timestamp() "
    f"WHERE {_THIS_TASK} RETURNING {COLUMNS}"
)

NEW = tuple(name for name in _NAMES if name not in ("user_id", "id", "created_at", "updated_at"))
"""The parameters of CREATE after user_id, in this order."""

DEFAULTS = {
    name: Task.model_fields[name].default for name in NEW if not Task.model_fields[name].is_required()
}

CREATE = (
    f"INSERT INTO tasks_api.task (user_id, {', '.join(NEW)}) "
    f"VALUES ($1, {', '.join(f'${index}' for index in range(2, len(NEW) + 2))}) "
    f"RETURNING {COLUMNS}"
)


def update(names: Collection[str]) -> str:
    """Return an UPDATE. Parameters: user_id, id, and the values of the named columns."""
    changes = ", ".join(f"{name} = ${index}" for index, name in enumerate(names, 3))
    return (
        f"UPDATE tasks_api.task SET {changes}, updated_at = clock_timestamp() "
        f"WHERE {_THIS_TASK} RETURNING {COLUMNS}"
    )


def page(*, after_cursor: bool) -> str:
    """Return a page query. Parameters: user_id, limit, offset, and with a cursor its created_at and id."""
    place = "AND (created_at, id) < ($4, $5)" if after_cursor else ""
    return (
        f"SELECT page.*, coalesce((SELECT {_TOTAL} FROM tasks_api.task_count "
        "WHERE user_id = $1 AND category_id = 0), 0) AS total "
        f"FROM tasks_api.user LEFT JOIN (SELECT {COLUMNS} FROM tasks_api.task WHERE user_id = $1 {place} "
        "ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3) page ON true "
        "WHERE tasks_api.user.id = $1 ORDER BY page.created_at DESC, page.id DESC"
    )
