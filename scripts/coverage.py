"""List which responses of the contract were observed while the tests ran; exit 1 if one was not.

Servers record their responses in the folder that the setting OBSERVATIONS names; scripts/test sets it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from specfirst.coverage import as_html, as_text, measure

from generated.application import contract

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/coverage", description=__doc__)
    parser.add_argument("--observations", type=Path, default=ROOT / "build" / "observations")
    parser.add_argument("--page", type=Path, default=ROOT / "build" / "coverage.html")
    options = parser.parse_args()
    document = contract()
    if not any(options.observations.glob(f"{document.digest}.*")):
        folder = options.observations
        parser.exit(
            1, f"{parser.prog}: {folder} has no observations of this openapi.yaml; run scripts/test first\n"
        )
    coverage = measure(document, options.observations)
    page: Path = options.page
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(as_html(coverage, f"{document.content['info']['title']}: contract coverage"))
    print(as_text(coverage))
    print(f"Page: {page.absolute()}")
    sys.exit(1 if coverage.problems else 0)


if __name__ == "__main__":
    main()
