"""The README is true: its commands are run here, its example is built, and its tables leave nothing out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import httpx
import pytest
from serving import CLEAN, ROOT, serving

from impl.identity.tokens import mint_token
from impl.settings import Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
SECRET = "a secret of this test, long enough"


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", README, re.MULTILINE | re.DOTALL)
    return [dedent(text) for _, text in found]


def test_it_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) < 250


def test_it_names_every_script() -> None:
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


def test_every_folder_that_it_names_exists() -> None:
    layout = README.partition("## Layout")[2]
    named = re.findall(r"^\| `([^`]+)`", layout, re.MULTILINE)
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_commands_of_the_start_do_what_it_shows(tmp_path: Path) -> None:
    start, first_requests = blocks("sh")[:2]
    shown = json.loads(blocks("json")[0])
    env = {"BETTER_AUTH_SECRET": SECRET}
    command = ROOT / start.strip()
    with serving("--port", "0", "--data", str(tmp_path), command=command, env=env) as served:
        script = first_requests.replace("http://127.0.0.1:8000", served.url)
        done = subprocess.run(
            ["sh", "-eu", "-c", script], cwd=ROOT, env=CLEAN | env, capture_output=True, text=True, check=True
        )
    decoder, answers, rest = json.JSONDecoder(), [], done.stdout
    while rest.strip():
        answer, end = decoder.raw_decode(rest.lstrip())
        answers.append(answer)
        rest = rest.lstrip()[end:]
    created, listed, refused = answers
    assert (created["title"], created["priority"]) == ("Write the contract", "high")
    assert listed == {"items": [created], "total": 1, "next_cursor": None}
    assert refused == shown


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project in another folder, to be changed as the README says."""
    copy = tmp_path / "project"
    for name in ("specfirst", "generated", "impl", "devtools", "migrations", "scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("openapi.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    return copy


def apply(diff: str, folder: Path) -> None:
    """Apply a unified diff, each hunk where its old lines stand."""
    name = re.search(r"^\+\+\+ b/(.+)$", diff, re.MULTILINE)
    assert name
    path = folder / name[1]
    text = path.read_text(encoding="utf-8")
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE)[1:]:
        lines = [line or " " for line in hunk.splitlines()]
        old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] != sign) for sign in "+-")
        assert text.count(old) == 1, f"the README's diff does not fit {name[1]}:\n{hunk}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = CLEAN | {"PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, "-P", "-m", *command], cwd=copy, env=env, capture_output=True, text=True
    )


def test_an_operation_is_added_in_the_steps_that_it_gives(copy: Path, tmp_path: Path) -> None:
    contract, implementation = blocks("diff")
    apply(contract, copy)
    stale = run(copy, "scripts.generate", "--check")
    assert stale.returncode == 1
    assert "generated/openapi.yaml differs" in stale.stderr
    assert run(copy, "scripts.generate").returncode == 0
    arguments = ("--port", "0", "--data", str(tmp_path / "data"))
    refused = run(copy, "scripts.serve", *arguments)
    assert refused.returncode == 1
    assert "Tasks.delete_completed_tasks" in refused.stderr
    assert "async def delete_completed_tasks(" in refused.stderr

    command = "\0".join([sys.executable, "-P", "-m", "scripts.serve"])
    env = {"PYTHONPATH": str(copy), "BETTER_AUTH_SECRET": SECRET}
    headers = {"Authorization": f"Bearer {mint_token(SECRET, 'ada', timedelta(hours=1))}"}
    with serving("--mock=unimplemented", *arguments, command=command, env=env) as served:
        assert "Mock, answers with the contract's example: deleteCompletedTasks\n" in served.printed
        url = f"{served.url}/api/ada/tasks"
        mocked, listed = httpx.delete(url, headers=headers), httpx.get(url, headers=headers)
        assert (mocked.status_code, mocked.headers["x-mock"]) == (200, "example")
        assert mocked.json() == {"message": "Completed tasks deleted successfully"}
        assert (listed.json()["items"], "x-mock" in listed.headers) == ([], False)

    apply(implementation, copy)
    with serving(*arguments, command=command, env=env) as served:
        url = f"{served.url}/api/ada/tasks"
        for completed in (True, False):
            httpx.post(url, headers=headers, json={"title": "One", "completed": completed})
        deleted = httpx.delete(url, headers=headers)
        assert (deleted.status_code, deleted.json()) == (
            200,
            {"message": "Completed tasks deleted successfully"},
        )
        assert [task["completed"] for task in httpx.get(url, headers=headers).json()["items"]] == [False]
