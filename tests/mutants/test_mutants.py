"""Mutation tests: each mutant in mutants.yaml changes a copy of the project, and its tests must fail there.

The suite runs the same tests on the unchanged code, where they pass. `scripts/test --long` runs the mutants,
as many at a time as there are processors.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PARTS = (
    "benchmarks",
    "devtools",
    "generated",
    "impl",
    "migrations",
    "scripts",
    "specfirst",
    "tests",
    "openapi.yaml",
    "pyproject.toml",
)
# Compiled modules are copied too: all but one are current. Half-written ones are not copied.
LEFT_OUT = shutil.ignore_patterns("clients", "mutants", "*.pyc.*")

Mutant = dict[str, Any]
MUTANTS: dict[str, Mutant] = yaml.load(
    Path(__file__).with_name("mutants.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
)


def mutated(mutant: Mutant) -> str:
    """Return the text of the mutant's file with the mutation."""
    text = (ROOT / mutant["file"]).read_text(encoding="utf-8")
    assert text.count(mutant["original"]) == 1, f"{mutant['file']} has changed; update the mutant"
    return text.replace(mutant["original"], mutant["mutated"])


def copy_with(mutant: Mutant, copy: Path) -> None:
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=LEFT_OUT)
        else:
            shutil.copy2(ROOT / part, copy / part)
    (copy / mutant["file"]).write_text(mutated(mutant), encoding="utf-8")


def run(mutant: Mutant, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the mutant's tests in a copy with the mutation."""
    copy_with(mutant, folder / "copy")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-rfE", "--tb=short", f"--basetemp={folder / 'tmp'}"),
            *("-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", *mutant["caught by"]),
        ],
        cwd=folder / "copy",
        # Without OBSERVATIONS: responses of a mutant do not count towards contract coverage.
        env={"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """The runs of the selected mutants, all started at once."""
    selected = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_the_mutant_is_caught
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(run, MUTANTS[name], tmp_path_factory.mktemp("mutant")) for name in selected}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_applies_and_names_tests_that_exist(name: str) -> None:
    assert mutated(MUTANTS[name])
    for test in MUTANTS[name]["caught by"]:
        file, _, function = test.partition("::")
        assert f"def {function.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8"), test


@pytest.mark.long
@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_caught(runs: dict[str, Future[subprocess.CompletedProcess[str]]], name: str) -> None:
    done = runs[name].result()
    failed = [line.removeprefix("FAILED ") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    # 1 means that tests ran and failed; pytest exits with another status if it cannot collect a test.
    assert done.returncode == 1, done.stdout + done.stderr
    for test in MUTANTS[name]["caught by"]:
        assert any(f"{line} ".startswith((f"{test} ", f"{test}[")) for line in failed), done.stdout
