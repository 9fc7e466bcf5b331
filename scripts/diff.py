"""Compare openapi.yaml with an older version: `specfirst diff` with the contract of this service."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from specfirst.cli.main import main as specfirst

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/diff", description=__doc__, epilog="Other options go to `specfirst diff`."
    )
    parser.add_argument(
        "base", metavar="BASE", help="the older contract: a file, a URL, or a git revision that contains it"
    )
    parser.add_argument(
        "--contract", default=relative(ROOT / "openapi.yaml"), help="the newer contract (openapi.yaml)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON: --format json")
    options, others = parser.parse_known_args()
    base = options.base
    if not Path(base).is_file() and not base.startswith(("git:", "http://", "https://")):
        base = f"git:{base}"
    formats = ["--format", "json"] if options.json else []
    config = ["--config", str(ROOT / "pyproject.toml")]
    arguments = ["diff", *config, *formats, *others, "--", base, options.contract]
    sys.exit(specfirst(arguments, program="scripts/diff"))


def relative(path: Path) -> str:
    """Return the path as people write it: relative to the working directory if it is in there."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
