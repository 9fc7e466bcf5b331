"""Compare the server under load with other servers of the same API; see docs/decisions/014-benchmark.md.

Each operation is measured in rounds in which the servers take turns. The result is the median of the ratios
of the rounds. The servers share the machine with load and database, so do not compare numbers of different
runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from specfirst.serving.startup import StartupError

from benchmarks import engine, operations, plot, tables
from benchmarks.report import Results
from benchmarks.run import FOLDER, POSTGRES, Options, Run
from benchmarks.servers import BEFORE, NAMES, WITHOUT, ServerError
from benchmarks.wrk import LoadError
from scripts.client import ClientError

ALL_SERVERS = (*NAMES, POSTGRES)
QUICK_SERVERS = ("ours", "fastify", "limit")


def main() -> None:
    options = _options()
    # A file or a CI log has no width; use one that fits the tables.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    if options.engine:
        for name, microseconds in engine.measure().items():
            console.print(f"{name:<14}{microseconds:7.1f} µs above bare ASGI", highlight=False)
        return
    quick = options.quick
    servers = options.servers or (("ours",) if options.against else QUICK_SERVERS if quick else ALL_SERVERS)
    chosen = Options(
        options.only or (operations.QUICK if quick else tuple(operations.LABELS)),
        (*servers, BEFORE) if options.against else servers,
        options.rounds or (2 if quick else 3),
        options.seconds or (1 if quick else 4),
        quick,
        options.against,
    )
    try:
        baseline = _read(options.baseline) if options.baseline else None
        with console.status("") as status:
            results = _run(chosen, lambda text: status.update(text) if console.is_terminal else _line(text))
    except (StartupError, ServerError, LoadError, ClientError) as error:
        sys.exit(f"scripts/bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    tables.show(results, baseline, console)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(results.as_json(), indent=1) + "\n", encoding="utf-8")
    print(f"Written: {options.output}")
    if options.plot:
        options.plot.write_text(plot.svg(results), encoding="utf-8")
        print(f"Drawn: {options.plot}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="about two minutes: fewer operations, servers and rounds"
    )
    parser.add_argument(
        "--engine", action="store_true", help="the engine alone, without sockets and database"
    )
    parser.add_argument("--only", type=_names(operations.LABELS), help=f"some of {_list(operations.LABELS)}")
    parser.add_argument(
        "--servers",
        type=_names((*ALL_SERVERS, *WITHOUT)),
        help=f"some of {_list(ALL_SERVERS)}, or ours without an optimization: {_list(WITHOUT)}",
    )
    parser.add_argument("--rounds", type=int, help="number of turns of each server (3; quick 2)")
    parser.add_argument("--seconds", type=int, help="seconds per turn (4; quick 1)")
    parser.add_argument(
        "--against",
        type=lambda text: Path(text).resolve(),
        metavar="CHECKOUT",
        help="compare with this service in another checkout, after scripts/setup there",
    )
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="compare with an earlier result.json")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="write a chart of the results to this SVG file"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=FOLDER / "result.json",
        help="file for the results (build/bench/result.json)",
    )
    return parser.parse_args()


def _names(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    def names(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        if unknown := set(chosen) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose from {_list(known)}")
        return tuple(name for name in known if name in chosen)

    return names


def _list(names: Iterable[str]) -> str:
    return ",".join(names)


def _read(path: Path) -> Results:
    try:
        return Results.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"scripts/bench: {path} is not the result of an earlier run: {error}")


def _run(options: Options, say: Callable[[str], None]) -> Results:
    with Run(options, say) as run:
        return run.measure()


def _line(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
