"""After a change of the contract, mypy and the start name each place in `impl/` that must follow."""

from __future__ import annotations

import re
from pathlib import Path

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
)


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    copy = Copy(tmp_path_factory.mktemp("changed") / "project")
    contract = copy.root / "openapi.yaml"
    text = contract.read_text(encoding="utf-8")
    for pattern, replacement in CHANGES:
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, pattern
    contract.write_text(text, encoding="utf-8")
    copy.succeed("scripts.generate")
    return copy


def test_mypy_names_a_renamed_parameter(changed: Copy) -> None:
    complaints = changed.run("mypy", "impl").stdout.splitlines()
    (complaint,) = (line for line in complaints if line.startswith("impl/app.py:") and ": error: " in line)
    assert '"Tasks"; expected "TasksOperations[Caller]"' in complaint
    assert any("def list_tasks(" in line and "done: bool | None" in line for line in complaints)


def test_the_start_names_the_table_without_a_new_response_property(changed: Copy, tmp_path: Path) -> None:
    serve = changed.run("scripts.serve", "--port", "0", "--data", str(tmp_path / "data"))
    problem = "Task does not fit openapi.yaml: it has no column estimate, which TaskResponse requires. "
    assert serve.returncode == 1
    assert f"scripts/serve: impl/tables.py: {problem}" in serve.stderr
