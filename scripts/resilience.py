"""Run the resilience tests at full size: inject faults into real processes and print the results.

Arguments go to pytest: `scripts/resilience -k restart` runs only these.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "resilience.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/resilience", usage="%(prog)s [-h] [PYTEST ARGUMENT]...", description=__doc__
    )
    _, arguments = parser.parse_known_args()
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.unlink(missing_ok=True)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/resilience", "-v", *arguments],
        cwd=ROOT,
        env=os.environ | {"RESILIENCE": "full", "RESILIENCE_REPORT": str(REPORT)},
    )
    table = Table("test", "required", "measured", title="Resilience tests", title_justify="left")
    for line in REPORT.read_text(encoding="utf-8").splitlines() if REPORT.exists() else []:
        table.add_row(*json.loads(line))
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
