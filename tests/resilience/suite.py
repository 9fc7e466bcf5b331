"""The other tests, run once more on databases of another form (tests/databases.py)."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.serving import ROOT

# Whatever uses a database that the fixtures prepare.
EVERYTHING = ("tests/api", "tests/model", "tests/impl")
# What takes seconds, as it needs no server.
SOME = ("tests/impl/resources",)


def run_suite(*tests: str, **environment: str) -> int:
    """How many of these tests passed; not one may fail."""
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *tests]
    run = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    assert run.returncode == 0, f"{run.stdout[-8000:]}\n{run.stderr[-2000:]}"
    passed = re.search(r"(\d+) passed", run.stdout)
    return int(passed[1]) if passed else 0
