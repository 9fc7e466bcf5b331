"""The README: its commands are run, its example is built, and its tables are complete."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from copies import Copy, blocks
from serving import CLEAN, ROOT, serving

from impl.settings import Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECRET = "a secret of this test, long enough"


def test_the_readme_has_fewer_than_250_lines() -> None:
    assert len(README.splitlines()) < 250


def test_the_readme_names_every_script() -> None:
    scripts = {
        path.name for path in (ROOT / "scripts").iterdir() if os.access(path, os.X_OK) and path.is_file()
    }
    missing = {name for name in scripts if f"`scripts/{name}" not in README}
    assert scripts
    assert not missing


@pytest.mark.parametrize("document", ["README.md", ".env.example"])
def test_every_setting_is_described(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert not {
        name.upper() for name in Settings.model_fields if not re.search(rf"[`#]{name.upper()}[`=]", text)
    }


def test_every_folder_in_the_readme_exists() -> None:
    layout = README.partition("## Layout")[2]
    named = re.findall(r"^\| `([^`]+)`", layout, re.MULTILINE)
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_start_commands_print_what_the_readme_shows(tmp_path: Path) -> None:
    start, first_requests = blocks(README, "sh")[:2]
    expected = json.loads(blocks(README, "json")[0])
    env = {"BETTER_AUTH_SECRET": SECRET}
    command = ROOT / start.strip()
    with serving("--port", "0", "--data", str(tmp_path), command=command, env=env) as served:
        script = first_requests.replace("http://127.0.0.1:8000", served.url)
        done = subprocess.run(
            ["sh", "-eu", "-c", script], cwd=ROOT, env=CLEAN | env, capture_output=True, text=True, check=True
        )
    decoder, responses, rest = json.JSONDecoder(), [], done.stdout
    while rest.strip():
        response, end = decoder.raw_decode(rest.lstrip())
        responses.append(response)
        rest = rest.lstrip()[end:]
    created, listed, rejected = responses
    assert (created["title"], created["priority"]) == ("Write the contract", "high")
    assert listed == {"items": [created], "total": 1, "next_cursor": None}
    assert rejected == expected


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of the project to which the README's changes are applied."""
    return Copy(tmp_path_factory.mktemp("readme") / "project")


def test_the_steps_of_the_readme_add_an_operation(copy: Copy, tmp_path: Path) -> None:
    """The diffs apply, the commands run, and the tests of the new operation pass."""
    contract, implementation = blocks(README, "diff")
    copy.apply(contract)
    printed = copy.succeed("scripts.generate", "--skeleton")
    assert "wrote impl/resources/tasks.py: Tasks.complete_task\n" in printed

    arguments = ("--port", "0", "--data", str(tmp_path / "data"))
    not_started = copy.run("scripts.serve", *arguments)
    assert not_started.returncode == 1
    assert "Tasks.complete_task  (PUT /api/{user_id}/tasks/{task_id}/complete)\n" in not_started.stderr
    assert "async def complete_task(self, caller: Caller, *, user_id: UserId, task_id" in not_started.stderr

    copy.apply(implementation)
    for module, *options in (
        ("ruff", "check", "impl", "generated", "tests/api"),
        ("ruff", "format", "--check", "impl", "generated", "tests/api"),
        ("mypy", "impl"),
    ):
        copy.succeed(module, *options)
    tests = ["tests/api/test_examples.py", "tests/api/test_isolation.py"]
    passed = copy.succeed("pytest", *tests, "-rp", "-k", "completeTask and not 500 and not 503")
    assert "[completeTask-200]" in passed


def test_scripts_client_updates_a_stale_client(copy: Copy) -> None:
    """scripts/client only needs the changed contract."""
    if "completeTask" not in (copy.root / "openapi.yaml").read_text(encoding="utf-8"):
        copy.apply(blocks(README, "diff")[0])
    copy.succeed("scripts.client")
    contract = (copy.root / "clients/typescript/dist/contract.js").read_text(encoding="utf-8")
    assert 'completeTask: { method: "PUT", path: "/api/{user_id}/tasks/{task_id}/complete"' in contract
