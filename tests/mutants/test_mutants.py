"""Every mutant in mutants.yaml is planted in a copy of the project, and the tests that it names fail there.

On sound code these tests pass, since the suite runs them too. So each entry proves that a test can tell the
one from the other. Mutants run side by side, as many as there are processors.
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
# Compiled modules come along: they are current, but for the one that is changed. Half-written ones do not.
LEFT_OUT = shutil.ignore_patterns("clients", "mutants", "*.pyc.*")

Mutant = dict[str, Any]
MUTANTS: dict[str, Mutant] = yaml.safe_load(
    Path(__file__).with_name("mutants.yaml").read_text(encoding="utf-8")
)


def plant(mutant: Mutant, copy: Path) -> None:
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=LEFT_OUT)
        else:
            shutil.copy2(ROOT / part, copy / part)
    file = copy / mutant["file"]
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant["sound"]) == 1, f"{mutant['file']} has changed; update the mutant"
    file.write_text(text.replace(mutant["sound"], mutant["faulty"]), encoding="utf-8")


def run(mutant: Mutant, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of the mutant in a copy that has it."""
    plant(mutant, folder / "copy")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-rfE", "--tb=short", f"--basetemp={folder / 'tmp'}"),
            *("-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", *mutant["caught by"]),
        ],
        cwd=folder / "copy",
        # Without OBSERVATIONS, since what a faulty server answers does not count; and in a hurry.
        env={"PATH": os.environ["PATH"], "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "WORKERS": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """The runs of the mutants that were asked for, all begun at once."""
    asked = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_the_mutant_is_caught
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(run, MUTANTS[name], tmp_path_factory.mktemp("mutant")) for name in asked}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mutant_is_caught(runs: dict[str, Future[subprocess.CompletedProcess[str]]], name: str) -> None:
    done = runs[name].result()
    failed = [line.removeprefix("FAILED ") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    # 1 means that tests ran and failed; it is another number if one is not there, or cannot be collected.
    assert done.returncode == 1, done.stdout + done.stderr
    for test in MUTANTS[name]["caught by"]:
        assert any(f"{line} ".startswith((f"{test} ", f"{test}[")) for line in failed), done.stdout
