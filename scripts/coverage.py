"""List which responses of the contract the tests have observed: `specfirst coverage` for this project.

Servers record their responses in the folder that the setting OBSERVATIONS names; scripts/test sets it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from specfirst.cli.main import main

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
DEFAULTS = ["--observations", str(BUILD / "observations"), "--page", str(BUILD / "coverage.html")]

if __name__ == "__main__":
    # The last of repeated options counts.
    sys.exit(main(["coverage", str(ROOT / "openapi.yaml"), *DEFAULTS, *sys.argv[1:]]))
