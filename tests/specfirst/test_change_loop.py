"""What happens between a change of the contract and code that follows it, in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from contracts import PROJECT, folder
from copies import import_path

ASSETS = "specfirst/src/specfirst/runtime/assets"
PARTS = (
    "impl",
    "generated",
    "specfirst",
    "devtools",
    "scripts",
    "migrations",
    "openapi.yaml",
    "pyproject.toml",
)

ARCHIVE = """\
  /api/{user_id}/tasks/{task_id}/archive:
    parameters:
      - $ref: '#/components/parameters/UserId'
      - $ref: '#/components/parameters/TaskId'
    put:
      operationId: archiveTask
      tags: [tasks]
      summary: Archive a task
      description: Puts the task away.
      responses:
        '200':
          $ref: '#/components/responses/Task'
        '401':
          $ref: '#/components/responses/Unauthorized'
        '403':
          $ref: '#/components/responses/Forbidden'
        '404':
          $ref: '#/components/responses/TaskNotFound'
        '422':
          $ref: '#/components/responses/UnprocessableContent'
        '500':
          $ref: '#/components/responses/InternalServerError'
        '503':
          $ref: '#/components/responses/ServiceUnavailable'

"""

START = """
import asyncio, httpx
from pydantic import SecretStr
from impl.app import create_app
from impl.settings import Settings
from impl.identity.tokens import mint_token
from impl.store.profiles import Profiles
from datetime import timedelta
from specfirst.runtime.implementations import UnimplementedOperations

async def nothing_to_write(profiles, claims): ...
Profiles.write = nothing_to_write

SECRET = "s" * 32
def app(**options):
    url = "postgresql://nobody@127.0.0.1:1/none"
    return create_app(Settings(database_url=url, better_auth_secret=SECRET, _env_file=None, **options))

try:
    app()
    print("started")
except UnimplementedOperations as error:
    print(error)

async def ask():
    transport = httpx.ASGITransport(app=app(allow_unimplemented=True))
    headers = {"Authorization": "Bearer " + mint_token(SECRET, "ada", timedelta(hours=1))}
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        for method, path in (("GET", "/health"), ("PUT", "/api/ada/tasks/1/archive")):
            response = await client.request(method, path, headers=headers)
            print(method, path, response.status_code, response.text)
asyncio.run(ask())
"""


class Copy:
    """A copy of the project, whose commands run on the copy alone."""

    def __init__(self, root: Path) -> None:
        self.root, self.contract = root, root / "openapi.yaml"
        for part in PARTS:
            source = PROJECT / part
            if source.is_dir():
                shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("__pycache__", "assets"))
            else:
                shutil.copy2(source, root / part)
        shutil.copytree(PROJECT / ASSETS, root / ASSETS)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": import_path(self.root)}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True)

    def generate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "scripts.generate", *arguments)

    def mypy(self) -> list[str]:
        """What mypy --strict says about impl/. Its cache makes all runs but the first quick."""
        done = self.run("-m", "mypy", "--cache-dir", str(folder() / "mypy"), "impl")
        return done.stdout.splitlines()

    def source(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def change(self, *edits: tuple[str, str]) -> None:
        """Edit the contract by text and generate."""
        text = self.contract.read_text(encoding="utf-8")
        for pattern, replacement in edits:
            text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
            assert count, pattern
        self.contract.write_text(text, encoding="utf-8")
        done = self.generate()
        assert done.returncode == 0, done.stderr


def errors(told: list[str]) -> list[str]:
    return [line for line in told if ": error: " in line]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("project"))


@pytest.fixture
def changed(project: Copy) -> Callable[..., Copy]:
    """Apply edits to the contract as it is in the project."""

    def change(*edits: tuple[str, str]) -> Copy:
        shutil.copy2(PROJECT / "openapi.yaml", project.contract)
        project.change(*edits)
        return project

    return change


def test_a_new_operation_is_stale_then_named_by_mypy_and_at_the_start_then_served_on_purpose(
    project: Copy,
) -> None:
    text = project.contract.read_text(encoding="utf-8")
    place = "  /api/{user_id}/categories:\n"
    assert text.count(place) == 1
    project.contract.write_text(text.replace(place, ARCHIVE + place), encoding="utf-8")

    done = project.generate("--check")
    assert done.returncode == 3
    for name in ("openapi.json", "openapi.yaml", "manifest.json", "operations.py", "routers/tasks.py"):
        assert f"generated/{name} differs" in done.stderr
    assert "generated/schemas.py" not in done.stderr
    assert "run scripts/generate" in done.stderr

    assert project.generate().returncode == 0
    told = project.mypy()
    (complaint,) = errors(told)
    assert complaint.startswith("impl/app.py:")
    assert '"Tasks"; expected "TasksOperations[Caller]"' in complaint
    assert any("archive_task" in line for line in told)

    done = project.run("-c", START)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "1 operation(s) of the contract are not implemented:"
    assert lines[1].strip() == "Tasks.archive_task  (PUT /api/{user_id}/tasks/{task_id}/archive)"
    expected = "async def archive_task(self, caller: Caller, *, user_id: UserId, task_id: TaskId)"
    assert lines[2].strip() == f"expected: {expected} -> ArchiveTask200:"
    assert "scripts/generate --skeleton" in lines[3]
    assert "--allow-unimplemented" in lines[3]
    assert lines[4].startswith("GET /health 200 ")
    message = '{"detail":"The operation archiveTask is not implemented yet"}'
    assert lines[5] == f"PUT /api/ada/tasks/1/archive 501 {message}"


def test_a_renamed_parameter_is_named_by_mypy(changed: Callable[..., Copy]) -> None:
    project = changed((r"^        - name: completed\n", "        - name: done\n"))
    told = project.mypy()
    (complaint,) = errors(told)
    assert complaint.startswith("impl/app.py:")
    assert '"Tasks"; expected "TasksOperations[Caller]"' in complaint
    assert any("def list_tasks(" in line and "done: bool | None" in line for line in told)


def test_a_new_required_response_property_is_named_by_mypy_where_the_answer_is_made(
    changed: Callable[..., Copy],
) -> None:
    project = changed(
        (r"^( +required: \[id, user_id, title, description, completed, )priority", r"\1estimate, priority"),
        (
            r"^(    TaskResponse:\n(?:      .*\n)*?      properties:\n)",
            "\\1        estimate:\n          $ref: '#/components/schemas/Limit'\n",
        ),
        (r"^( +(?:- )?)id: 42\n", lambda m: f"{m[0]}{' ' * len(m[1])}estimate: 3\n"),  # type: ignore[arg-type]
    )
    # Of a list, and of one.
    _, complaint = errors(project.mypy())
    assert re.match(
        'impl/resources/tasks.py:[0-9]+: error: Missing key "estimate" for TypedDict "TaskResponse"',
        complaint,
    )


def test_a_changed_type_of_a_response_property_is_named_by_mypy_where_the_answer_is_made(
    changed: Callable[..., Copy],
) -> None:
    timestamp = (
        r"^(    CategoryResponse:\n(?:      .*\n)*?        created_at:\n          \$ref: '#.*/)Timestamp"
    )
    project = changed((timestamp, r"\1Total"), ("created_at: '2026-01-05T08:10:00Z'", "created_at: 5"))
    _, complaint = errors(project.mypy())
    assert re.match(
        r'impl/resources/categories.py:[0-9]+: error: .*TypedDict item "created_at" has type "int"', complaint
    )
