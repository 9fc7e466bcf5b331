"""`specfirst generate` with the configuration of this project, in any working directory."""

from __future__ import annotations

import sys
from pathlib import Path

from specfirst.cli.main import main as specfirst

CONFIG = Path(__file__).resolve().parent.parent / "pyproject.toml"


def main() -> None:
    sys.exit(specfirst(["generate", "--config", str(CONFIG), *sys.argv[1:]], program="scripts/generate"))


if __name__ == "__main__":
    main()
