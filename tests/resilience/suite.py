"""Runs the other tests again with other databases (tests/databases.py)."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.serving import ROOT

# The tests that use a database of the fixtures.
EVERYTHING = ("tests/api", "tests/model", "tests/impl")


def run_suite(*tests: str, **environment: str) -> int:
    """Run the tests with these settings, check that all pass, and return their number."""
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-m", "not long"]
    command += tests or EVERYTHING
    run = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    assert run.returncode == 0, f"{run.stdout[-8000:]}\n{run.stderr[-2000:]}"
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed, run.stdout[-2000:]
    assert tests or int(passed[1]) > 1000
    return int(passed[1])
