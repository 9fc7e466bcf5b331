"""Generate generated/ from openapi.yaml: lint, generate into a temporary folder, compile, replace."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from watchfiles import watch

from specfirst.codegen.generate import GenerationError, differences, generate, write

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/generate", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not current")
    mode.add_argument("--watch", action="store_true", help="generate again whenever the contract is saved")
    parser.add_argument(
        "--contract", type=Path, default=ROOT / "openapi.yaml", help="the contract (openapi.yaml)"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "generated", help="the package (generated)")
    options = parser.parse_args()
    contract, output = options.contract.absolute(), options.output.absolute()
    done = check(contract, output) if options.check else update(contract, output)
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


if __name__ == "__main__":
    main()
