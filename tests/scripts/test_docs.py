"""The documentation pages of scripts/serve: every operation can be tried out on the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from chromium import CHROMIUM, Page, browsing
from serving import ROOT, serving

from generated.application import contract

PICTURES = ROOT / "build" / "docs"

pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="chromium is not on the PATH (Debian: apt install chromium)"
)


@pytest.fixture(scope="module")
def url(with_cluster: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = with_cluster(tmp_path_factory.mktemp("data"))
    with serving("--port", "0", "--data", str(data)) as served:
        yield served.url


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browsing(tmp_path) as page:
        yield page


def try_out(page: Page, operation_id: str, *, any_status: bool = False, **parameters: int) -> Any:
    """Execute an operation and return the body that the page shows.

    The status must be a success, or with `any_status` one that the operation declares.
    """
    operation = next(o for o in contract().operations if o.operation_id == operation_id)
    block = f"#operations-{operation.tag}-{operation_id}"
    page.click(f"{block} .opblock-summary-control")
    # The operation is loaded when the page shows its possible responses.
    page.text(f"{block} .response")
    for name, value in parameters.items():
        page.fill(f'{block} [data-param-name="{name}"] input', value)
    page.click(f"{block} .execute")
    response = f"{block} .live-responses-table tbody"
    displayed = (
        page.text(f"{response} .response-col_status"),
        page.text(f"{response} .highlight-code code"),
    )
    expected = operation.responses if any_status else [operation.successes[0].status]
    if displayed[0] not in map(str, expected):
        page.picture(block, PICTURES / f"{operation_id}.png")
        pytest.fail(f"{operation_id} answers {displayed}; see {PICTURES}")
    # Close the operation, because a long page is slow.
    page.click(f"{block} .opblock-summary-control")
    return json.loads(displayed[1] or "null")


def opened(page: Page, url: str) -> Callable[..., Any]:
    """Open the printed address, which leads to the page, which is already authorized."""
    page.open(url)
    page.text(".authorize.locked")
    assert page.run("() => location.pathname") == "/docs"
    return partial(try_out, page)


def test_a_task_can_be_created_listed_changed_and_deleted_on_the_page(page: Page, url: str) -> None:
    execute = opened(page, url)
    task = execute("createTask")
    assert task["due_date"] == "2026-02-01T17:00:00Z"
    assert execute("listTasks")["items"] == [task]
    assert execute("updateTask", task_id=task["id"])["due_date"] is None
    assert execute("deleteTask", task_id=task["id"]) == {"message": "Task deleted successfully"}


# Swagger UI takes more than a second for each operation.
@pytest.mark.long
def test_every_operation_can_be_tried_out_on_the_page(page: Page, url: str) -> None:
    execute = opened(page, url)
    tried = set()

    def try_out(operation_id: str, **options: Any) -> Any:
        tried.add(operation_id)
        return execute(operation_id, **options)

    assert try_out("getRoot")["docs"] == "/docs"
    assert try_out("getHealth")["status"] == "healthy"
    assert try_out("getReadiness")["status"] == "ready"
    user_id = try_out("getUser")["id"]

    category = try_out("createCategory")
    category_id = category["id"]
    assert (category["user_id"], category["name"]) == (user_id, "Work")
    assert try_out("listCategories") == {"items": [category], "total": 1, "next_cursor": None}
    assert try_out("getCategory", category_id=category_id) == category
    replaced = try_out("replaceCategory", category_id=category_id)
    assert replaced == category | {"color": "#10B981", "etag": replaced["etag"]}
    assert try_out("updateCategory", category_id=category_id)["color"] == "#10B981"

    task = try_out("createTask")
    task_id = task["id"]
    assert (task["user_id"], task["due_date"]) == (user_id, "2026-02-01T17:00:00Z")
    assert try_out("listTasks") == {"items": [task], "total": 1, "next_cursor": None}
    assert try_out("getTask", task_id=task_id) == task
    assert try_out("replaceTask", task_id=task_id)["completed"] is True
    assert try_out("updateTask", task_id=task_id)["due_date"] is None
    assert try_out("toggleTask", task_id=task_id)["completed"] is False

    # Operations that this test does not list are executed with the default values of the page.
    known = {"deleteTask", "deleteCategory", "deleteUser", *tried}
    for operation in contract().operations:
        if operation.operation_id not in known:
            try_out(operation.operation_id, any_status=True)

    assert try_out("deleteTask", task_id=task_id) == {"message": "Task deleted successfully"}
    assert try_out("deleteCategory", category_id=category_id) == {"message": "Category deleted successfully"}
    assert try_out("deleteUser") == {"message": "User deleted successfully"}
    assert tried == {operation.operation_id for operation in contract().operations}
