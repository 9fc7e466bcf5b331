"""Compare openapi.yaml with an older version and classify each change: breaking, compatible, documentation.

Exits 1 if a change is breaking and info.version has no higher major version, or if the version decreases;
exits 2 if the two files cannot be compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path
from typing import NoReturn

from specfirst.contract.document import Document, DocumentError, pointer_text
from specfirst.contract.yaml import load
from specfirst.diff import ABSENT, Change, Level, diff, require_comparable, version_problem

ROOT = Path(__file__).resolve().parent.parent
_LONGEST_LINE = 160


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/diff", description=__doc__)
    parser.add_argument(
        "base", metavar="BASE", help="the older contract: a file, or a git revision that contains it"
    )
    parser.add_argument(
        "--contract", type=Path, default=ROOT / "openapi.yaml", help="the newer contract (openapi.yaml)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    contract: Path = options.contract
    old = read_base(options.base, contract.absolute())
    new = read(contract, str(contract))
    try:
        changes = diff(old, new)
    except DocumentError as error:
        fail(error.located(str(contract)))
    breaking = any(change.level is Level.BREAKING for change in changes)
    problem = version_problem(old, new, breaking=breaking)
    if options.json:
        print(as_json(old, new, changes, problem))
    else:
        print(as_text(f"{contract.name} against {options.base}", contract.name, changes))
        versions = [document.content["info"]["version"] for document in (old, new)]
        print(f"\n{problem}" if problem else f"\ninfo.version: {' → '.join(dict.fromkeys(versions))}")
    if problem:
        sys.exit(1)


def read_base(base: str, contract: Path) -> Document:
    """Read the older contract from the file `base`, or if there is none, from the git revision `base`."""
    if Path(base).is_file():
        return read(Path(base), base)
    git = ("git", "-C", str(contract.parent))
    revision = run(*git, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    if revision.returncode != 0:
        # git explains when there is no repository or no access to it.
        reason = revision.stderr.decode(errors="replace").strip() or "give a file or a revision"
        fail(f"{base} is neither a file nor a git revision in {contract.parent}", reason)
    name = f"{base}:{contract.name}"
    content = run(*git, "show", f"{revision.stdout.decode().strip()}:./{contract.name}")
    if content.returncode != 0:
        fail(f"{contract.name} does not exist in {base}", "use a later revision")
    with tempfile.NamedTemporaryFile() as file:
        file.write(content.stdout)
        file.flush()
        return read(Path(file.name), name)


def run(*command: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        fail(f"{command[0]} was not found", "install it, or use a file instead of a revision")


def read(path: Path, name: str) -> Document:
    """Read a contract, check that it can be compared, and call it `name` in messages."""
    try:
        document = load(path)
        require_comparable(document)
    except DocumentError as error:
        fail(error.located(name))
    return document


def fail(problem: str, remedy: str = "") -> NoReturn:
    print("scripts/diff: " + "; ".join(filter(None, (problem, remedy))), file=sys.stderr)
    sys.exit(2)


def as_text(title: str, name: str, changes: list[Change]) -> str:
    """List the changes with FILE:LINE, which editors can open."""
    counts = {level: sum(change.level is level for change in changes) for level in Level}
    lines = [f"{title}: {', '.join(f'{count} {level.name.lower()}' for level, count in counts.items())}"]
    for level, group in groupby(changes, key=lambda change: change.level):
        lines += ["", level.name.capitalize()]
        for change in group:
            more = len(change.places) - 1
            others = f" (and {more} more place{'s' if more > 1 else ''})" if more else ""
            lines.append(f"  {name}:{change.line or 1}  {change.places[0]}{others}")
            reason = "" if level is Level.DOCUMENTATION else f"; {change.reason}"
            lines += [f"      {shortened(str(change))}{reason}"]
    return "\n".join(lines)


def shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…"


def as_json(old: Document, new: Document, changes: list[Change], problem: str | None) -> str:
    return json.dumps(
        {
            "versions": {"old": old.content["info"]["version"], "new": new.content["info"]["version"]},
            "problem": problem,
            "changes": [
                {
                    "level": change.level.name.lower(),
                    "line": change.line,
                    "pointer": pointer_text(change.pointer),
                    "places": change.places,
                    "what": change.what,
                    "reason": change.reason,
                    # An absent value is not null, so its field is left out.
                    **({"old": change.old} if change.old is not ABSENT else {}),
                    **({"new": change.new} if change.new is not ABSENT else {}),
                }
                for change in changes
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


if __name__ == "__main__":
    main()
