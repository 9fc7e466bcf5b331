"""The project runs on every Python from 3.11.0 on, as the README says."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (
    "specfirst",
    "generated",
    "impl",
    "devtools",
    "migrations",
    "scripts",
    "benchmarks",
    "tests",
    "examples",
)

# Arguments that a patch release of Python 3.11 added. Type checkers know only minor versions.
LATER = {
    ("extract", "filter"): "3.11.4",
    ("extractall", "filter"): "3.11.4",
    ("unpack_archive", "filter"): "3.11.4",
    ("getaddresses", "strict"): "3.11.10",
    ("parseaddr", "strict"): "3.11.10",
}


def later(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for keyword in node.keywords:
                if version := LATER.get((name, keyword.arg or "")):
                    yield f"{path}:{node.lineno}: {name}({keyword.arg}=) needs Python {version}"


def test_no_call_needs_a_later_patch_release() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert [line for path in files if "node_modules" not in path.parts for line in later(path)] == []


def test_all_tools_check_for_the_oldest_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tools = project["tool"]
    assert project["project"]["requires-python"] == ">=3.11"
    assert tools["ruff"]["target-version"] == "py311"
    assert {tools["mypy"]["python_version"], tools["pyright"]["pythonVersion"]} == {"3.11"}
    package = tomllib.loads((ROOT / "specfirst/pyproject.toml").read_text(encoding="utf-8"))
    assert package["project"]["requires-python"] == ">=3.11"
    settings = ROOT / "specfirst/src/specfirst/codegen/templates/pyproject.toml"
    generators = tomllib.loads(settings.read_text(encoding="utf-8"))["tool"]
    assert generators["ruff"]["target-version"] == "py311"
