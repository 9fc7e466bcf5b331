"""Every fault in faults.yaml is planted in a copy of the project, and the tests that it names fail there.

On sound code these tests pass, since the suite runs them too. So each entry proves that a test can tell the
one from the other. Faults run side by side, as many as there are processors.
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
LEFT_OUT = shutil.ignore_patterns("clients", "faults", "*.pyc.*")

Fault = dict[str, Any]
FAULTS: dict[str, Fault] = yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text(encoding="utf-8"))


def plant(fault: Fault, copy: Path) -> None:
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, copy / part, ignore=LEFT_OUT)
        else:
            shutil.copy2(ROOT / part, copy / part)
    file = copy / fault["file"]
    text = file.read_text(encoding="utf-8")
    assert text.count(fault["sound"]) == 1, f"{fault['file']} has changed; plant the fault anew"
    file.write_text(text.replace(fault["sound"], fault["faulty"]), encoding="utf-8")


def run(fault: Fault, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of the fault in a copy that has it."""
    plant(fault, folder / "copy")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-rfE", "--tb=short", f"--basetemp={folder / 'tmp'}"),
            *("-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider", *fault["caught by"]),
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
    """The runs of the faults that were asked for, all begun at once."""
    asked = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_the_fault_is_caught
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(run, FAULTS[name], tmp_path_factory.mktemp("fault")) for name in asked}


@pytest.mark.parametrize("name", FAULTS)
def test_the_fault_is_caught(runs: dict[str, Future[subprocess.CompletedProcess[str]]], name: str) -> None:
    done = runs[name].result()
    failed = [line.removeprefix("FAILED ") for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    # 1 means that tests ran and failed; it is another number if one is not there, or cannot be collected.
    assert done.returncode == 1, done.stdout + done.stderr
    for test in FAULTS[name]["caught by"]:
        assert any(f"{line} ".startswith((f"{test} ", f"{test}[")) for line in failed), done.stdout
