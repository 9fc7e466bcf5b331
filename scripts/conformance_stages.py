"""The stages of scripts/conformance that run in a process of their own: `load`, `start`, `mock` and `fuzz`.

Each prints its result as JSON. The exit status is 1, with a message, if the contract is refused.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from specfirst.contract.document import METHODS, Document, DocumentError, Operation

Facts = dict[str, Any]


def load(options: argparse.Namespace) -> Facts:
    """Read the contract."""
    document = Document.load(options.contract)
    return {"operations": len(document.operations), "version": document.source["openapi"]}


def start(options: argparse.Namespace) -> Facts:
    """Import the generated package, and build its application without an implementation."""
    started = time.process_time()
    _application(options.package)
    return {"seconds": round(time.process_time() - started, 2)}


def _application(package: str) -> Any:
    from specfirst.runtime.application import ContractAPI
    from specfirst.runtime.mock_server import accept_all
    from specfirst.runtime.routing import Engine

    application = importlib.import_module(f"{package}.application")
    document = application.contract()
    engine = Engine(
        document, mock=True, authenticate=accept_all(document), authorize=lambda caller, values: None
    )
    return ContractAPI(engine, application.build_router(engine))


def mock(options: argparse.Namespace) -> Facts:
    """Make the validators and models of all operations, and a valid response of each declared status."""
    from specfirst.runtime.mock import Mock, NoExample
    from specfirst.runtime.responses import ResponseValidation

    engine = _application(options.package).engine
    engine.prepare()
    validation = ResponseValidation(engine.document, engine.schemas)
    made, wrong = 0, []
    for operation in engine.operations.values():
        answers = Mock(engine.document, operation, engine.values)
        for key, declared in operation.declared.items():
            status = str(declared.status) if key == "default" else key.lower().replace("xx", "00")
            for media_type in declared.content or [None]:
                headers = [(b"prefer", f"code={status}".encode())]
                headers += [(b"accept", media_type.essence.encode())] if media_type else []
                place = f"{operation.method.upper()} {operation.path} {key}"
                try:
                    response = answers.response(headers)
                except NoExample as error:
                    wrong.append(f"{place}: {error.detail}")
                    continue
                made += 1
                wrong += [f"{place}: {problem}" for problem in validation.problems(operation, response)]
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        raise SystemExit(f"{len(wrong)} of {made} responses are not valid; the first is {wrong[0]}")
    return {"responses": made}


def fuzz(options: argparse.Namespace) -> Facts:
    """Serve the contract's mock, and test it with Schemathesis."""
    from specfirst.fuzz.mock import mock_settings
    from specfirst.fuzz.report import Report
    from specfirst.fuzz.run import Target
    from specfirst.fuzz.run import fuzz as run
    from specfirst.runtime.mock_server import create_mock

    document = Document.load(options.contract)
    report = Report(document, options.examples, options.seed, 1, "scripts/conformance")
    runs: list[tuple[str, ...]] = [()]
    if options.coverage_seconds:
        # The cases of the phase coverage grow with the schemas: thousands for an operation with a large body.
        # With `--max-time`, each operation gets an equal share of the time. The other phases, which it would
        # repeat until then, run in a process of their own.
        limit = f"--max-time={options.coverage_seconds}"
        runs = [("--phases=examples,coverage", limit), ("--phases=fuzzing,stateful",)]
    with _serving(create_mock(document, options.contract.read_bytes())) as url:
        for index, extra in enumerate(runs):
            run(
                document,
                [Target(url + document.base_paths[0])],
                report,
                options.output / f"run-{index + 1}",
                settings=mock_settings(document),
                options=extra,
                limit=options.seconds or None,
                quiet=True,
            )
    (options.output / "index.html").write_text(report.as_html(), encoding="utf-8")
    untested = [o for o in document.operations if f"{o.method.upper()} {o.path}" not in report.operations]
    return {
        "cases": report.cases,
        "covered": sum(tally.cases["coverage"] > 0 for tally in report.operations.values()),
        "examples": options.examples,
        "failures": [f"{problem.operation}: {problem.text}" for problem in report.problems],
        "set_aside": [text for name, text in report.facts if name == "Set aside"],
        "untested": [f"`{o.method.upper()} {o.path}` ({_why_untested(o)})" for o in untested],
    }


def _why_untested(operation: Operation) -> str:
    if operation.method not in METHODS:
        return "Schemathesis does not read additionalOperations"
    if "#" in operation.path:
        return "no client sends the fragment of its path"
    return "not reached in the time"


@contextmanager
def _serving(app: Any) -> Iterator[str]:
    """Serve an application in a thread, on a free port, and give its URL."""
    from specfirst.serving.listening import bind, configure, listen, url_of
    from uvicorn import Server

    with bind("127.0.0.1", 0) as listener:
        listen(listener, "127.0.0.1", 0)
        server = Server(configure(app))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            # The socket listens already, so requests wait until the server is ready.
            yield url_of(listener, "127.0.0.1")
        finally:
            server.should_exit = True
            thread.join(20)


STAGES = {"load": load, "start": start, "mock": mock, "fuzz": fuzz}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.conformance_stages", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("contract", type=Path)
    parser.add_argument("--package", default="", help="the generated package, on the import path")
    parser.add_argument("--output", type=Path, default=Path("fuzz"), help="folder for the report of fuzz")
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--coverage-seconds", type=int, default=0)
    options = parser.parse_args()
    try:
        facts = STAGES[options.stage](options)
    except DocumentError as error:
        sys.exit(error.located(str(options.contract)))
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
