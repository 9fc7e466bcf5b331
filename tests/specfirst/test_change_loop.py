"""After a change of the contract, mypy names each place in `impl/` that must follow."""

from __future__ import annotations

import re

import pytest
from copies import Copy

ESTIMATE = "        estimate:\n          $ref: '#/components/schemas/Limit'\n"
CHANGES = (
    # A renamed query parameter.
    (r"^        - name: completed\n", "        - name: done\n"),
    # A new required property of a response, with its value in the examples.
    (r"^( +required: \[id, user_id, title, description, completed, )priority", r"\1estimate, priority"),
    (r"^(    TaskResponse:\n(?:      .*\n)*?      properties:\n)", rf"\1{ESTIMATE}"),
    (r"^( +)- id: 42\n", r"\g<0>\1  estimate: 3\n"),
    (r"^( +)id: 42\n", r"\g<0>\1estimate: 3\n"),
    # A property of a response with another type.
    (
        r"^(    CategoryResponse:\n(?:      .*\n)*?        created_at:\n          \$ref: '#.*/)Timestamp",
        r"\1Total",
    ),
    ("created_at: '2026-01-05T08:10:00Z'", "created_at: 5"),
)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What `mypy impl` prints after the changes."""
    copy = Copy(tmp_path_factory.mktemp("changed") / "project")
    contract = copy.root / "openapi.yaml"
    text = contract.read_text(encoding="utf-8")
    for pattern, replacement in CHANGES:
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, pattern
    contract.write_text(text, encoding="utf-8")
    copy.succeed("scripts.generate")
    return copy.run("mypy", "impl").stdout.splitlines()


def test_mypy_names_a_renamed_parameter(complaints: list[str]) -> None:
    (complaint,) = (line for line in complaints if line.startswith("impl/app.py:") and ": error: " in line)
    assert '"Tasks"; expected "TasksOperations[Caller]"' in complaint
    assert any("def list_tasks(" in line and "done: bool | None" in line for line in complaints)


def test_mypy_names_the_place_without_a_new_response_property(complaints: list[str]) -> None:
    expected = 'impl/resources/tasks.py:[0-9]+: error: Missing key "estimate" for TypedDict "TaskResponse"'
    assert any(re.match(expected, line) for line in complaints), complaints


def test_mypy_names_the_place_of_a_changed_property_type(complaints: list[str]) -> None:
    expected = r'impl/resources/categories.py:[0-9]+: error: .*TypedDict item "created_at" has type "int"'
    assert any(re.match(expected, line) for line in complaints), complaints
