"""A copy of the project, in which tests follow a guide literally: apply its diffs, run its commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.serving import CLEAN, ROOT

FOLDERS = ("specfirst", "generated", "impl", "devtools", "migrations", "scripts", "tests", "clients", "docs")
# Those of them that serve and generate.
SERVICE = ("specfirst", "generated", "impl", "devtools", "migrations", "scripts")
FILES = ("openapi.yaml", "pyproject.toml", "README.md", ".env.example", "schemathesis.toml")


def import_path(root: Path) -> str:
    """Return a PYTHONPATH that imports the code of this copy instead of the project's."""
    return os.pathsep.join([str(root), str(root / "specfirst/src")])


class Copy:
    def __init__(self, folder: Path, *folders: str) -> None:
        """Copy these folders (default: all that the commands need) and the files in the root folder."""
        self.root = folder
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        for name in folders or FOLDERS:
            shutil.copytree(ROOT / name, folder / name, ignore=ignored, symlinks=True)
        for name in FILES:
            shutil.copy(ROOT / name, folder)
        # With the project's mypy cache, a run takes a second; without it, half a minute.
        if (ROOT / ".mypy_cache").is_dir():
            shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `scripts/NAME` (`scripts.NAME`) or another module with the copy's code."""
        command = [sys.executable, "-P", "-m", module, *arguments]
        env = CLEAN | {"PYTHONPATH": import_path(self.root)}
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True)

    def succeed(self, module: str, *arguments: str) -> str:
        """Run a module, assert that it exits with 0, and return what it printed."""
        done = self.run(module, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def apply(self, diff: str, document: str = "README.md") -> None:
        apply(diff, self.root, document)


def apply(diff: str, root: Path, document: str = "README.md") -> None:
    """Apply a document's unified diff to its files below the root, each hunk where its old lines are."""
    for part in re.split(r"^(?=--- )", diff, flags=re.MULTILINE):
        if not part.strip():
            continue
        name = re.search(r"^\+\+\+ b/(.+)$", part, re.MULTILINE)
        assert name, part
        path = root / name[1]
        text = path.read_text(encoding="utf-8")
        for hunk in re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]:
            lines = [line or " " for line in hunk.splitlines()]
            old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] != sign) for sign in "+-")
            assert text.count(old) == 1, (
                f"a diff in {document} does not fit {name[1]}, which must have its old lines once: correct "
                f"{document}\n{hunk}"
            )
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced code blocks of a Markdown text in this language, without indentation."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    return [dedent(code) for _, code in found]
