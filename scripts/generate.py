"""Generate generated/ from openapi.yaml: lint, generate into a temporary folder, compile, replace."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from specfirst.codegen.generate import GenerationError, differences, generate, write
from specfirst.codegen.skeleton import Layout, missing, write_missing
from specfirst.contract.document import tag_name
from specfirst.contract.yaml import load
from watchfiles import watch

ROOT = Path(__file__).resolve().parent.parent
LAYOUT = Layout(
    generated=ROOT / "generated",
    resources=ROOT / "impl" / "resources",
    imports={"Caller": "impl.identity.caller", "Database": "impl.postgres.database"},
    constructor="    def __init__(self, database: Database) -> None:\n        self._database = database\n",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/generate", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not current")
    mode.add_argument("--watch", action="store_true", help="generate again whenever the contract is saved")
    mode.add_argument(
        "--skeleton",
        action="store_true",
        help="also write the methods that impl/resources/ lacks, with their bodies left to write",
    )
    parser.add_argument(
        "--contract", type=Path, default=ROOT / "openapi.yaml", help="the contract (openapi.yaml)"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "generated", help="the package (generated)")
    options = parser.parse_args()
    contract, output = options.contract.absolute(), options.output.absolute()
    if options.skeleton and output != LAYOUT.generated:
        parser.error("--skeleton is for impl/ of this project, so it allows no other --output")
    done = check(contract, output) if options.check else update(contract, output)
    if done and not options.check and output == LAYOUT.generated:
        done = write_skeletons(contract) if options.skeleton else tell_missing(contract)
    if options.watch:
        # Not KeyboardInterrupt, which may be raised where Python ignores it, such as in a destructor.
        stop = threading.Event()
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        print(f"Watching {contract}; Ctrl-C stops", flush=True)
        for _ in watch(contract.parent, watch_filter=lambda _, path: path == str(contract), stop_event=stop):
            update(contract, output)
    elif not done:
        sys.exit(1)


def check(contract: Path, output: Path) -> bool:
    try:
        found = differences(generate(contract), output)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return False
    for difference in found:
        print(f"{output.name}/{difference}", file=sys.stderr)
    if found:
        print(f"{output.name}/ is not what {contract.name} says; run scripts/generate", file=sys.stderr)
    else:
        print(f"{output.name}/ is current")
    return not found


def update(contract: Path, output: Path) -> bool:
    started = time.monotonic()
    try:
        changed = write(generate(contract), output)
    except GenerationError as error:
        print(error, file=sys.stderr, flush=True)
        return False
    for name in changed:
        print(f"wrote {output.name}/{name}")
    print(f"{output.name}/ is current, {time.monotonic() - started:.1f} s", flush=True)
    return True


def tell_missing(contract: Path) -> bool:
    """Say which operations have no method yet. This is no error: the contract comes first."""
    try:
        gaps = missing(load(contract), LAYOUT)
    except GenerationError as error:
        # The generation itself is complete.
        print(f"{error}", file=sys.stderr)
        return True
    for gap in gaps:
        names = ", ".join(operation.identifier for operation in gap.operations)
        print(f"{gap.module.relative_to(ROOT)} lacks {gap.class_name}.{names}")
    if gaps:
        print("scripts/generate --skeleton writes these methods, with their bodies left to write")
    return True


def write_skeletons(contract: Path) -> bool:
    try:
        gaps = missing(load(contract), LAYOUT)
        for gap in gaps:
            is_new = gap.is_new
            write_missing(gap, LAYOUT)
            where = gap.module.relative_to(ROOT)
            for operation in gap.operations:
                print(f"wrote {where}: {gap.class_name}.{operation.identifier}")
            if is_new:
                dotted = where.with_suffix("").as_posix().replace("/", ".")
                print(
                    f"Add to impl/app.py: from {dotted} import {gap.class_name}, "
                    f"and {tag_name(gap.tag)}={gap.class_name}(database) in the call of build_router"
                )
    except GenerationError as error:
        print(error, file=sys.stderr)
        return False
    if not gaps:
        print("impl/resources/ has a method for every operation")
    return True


if __name__ == "__main__":
    main()
