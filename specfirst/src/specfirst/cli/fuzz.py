"""`specfirst fuzz`: test a running server with Schemathesis."""

from __future__ import annotations

import argparse
import random
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from specfirst.cli.config import Config
from specfirst.cli.errors import CommandError
from specfirst.cli.inputs import check_server, path_setting, read_contract, setting

if TYPE_CHECKING:
    from specfirst.contract.document import Document

SUMMARY = "Test a running server with Schemathesis: each operation, each check, with a report."
EXAMPLES = """\
  specfirst fuzz openapi.yaml --url http://127.0.0.1:8000
  specfirst fuzz openapi.yaml --url http://127.0.0.1:8000 --header "Authorization: Bearer $TOKEN"
  specfirst fuzz openapi.yaml --url http://127.0.0.1:8000 --examples 1000 --seed 7
  specfirst fuzz openapi.yaml --url http://127.0.0.1:8000 --option=--include-tag=pets

The requests create, change and delete data: never use it on a server whose data matters.

exit status:
  0  no failure was found
  1  at least one was found
  2  the command could not run"""
EXTRA = "fuzz"
SETTINGS = {
    "url": {
        "type": "string",
        "description": "The URL of the server; without a path, that of the contract's server is added.",
    },
    "headers": {
        "type": "array",
        "items": {"type": "string", "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+:"},
        "description": "Header fields of every request, as `NAME: VALUE`.",
    },
    "examples": {
        "type": "integer",
        "minimum": 1,
        "description": "Examples for each operation and phase (default: 100).",
    },
    "workers": {"type": "integer", "minimum": 1, "description": "Parallel processes (default: 1)."},
    "output": {"type": "string", "description": "The folder of the reports (default: .specfirst/fuzz)."},
    "schemathesis": {
        "type": "string",
        "description": "A configuration of Schemathesis, merged into ours (default: schemathesis.toml).",
    },
    "strict": {"type": "boolean", "description": "Warnings and untested operations are failures."},
    "observations": {
        "type": "string",
        "description": "The folder of the observations for the coverage (default: .specfirst/observations).",
    },
}

OBSERVATIONS, OUTPUT = ".specfirst/observations", ".specfirst/fuzz"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="CONTRACT", help="a file, a URL or git:REVISION:PATH")
    parser.add_argument(
        "--url",
        metavar="URL",
        help="the URL of the server; without a path, that of the contract's server is added, such as /v1",
    )
    parser.add_argument(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="a header field of every request; may be repeated",
    )
    parser.add_argument("--examples", type=int, metavar="N", help="examples per operation and phase (100)")
    parser.add_argument("--seed", type=int, metavar="N", help="repeat an earlier run (default: random)")
    parser.add_argument("--workers", type=int, metavar="N", help="parallel processes (default: 1)")
    parser.add_argument("--output", metavar="FOLDER", help=f"where to write the reports ({OUTPUT})")
    parser.add_argument(
        "--schemathesis",
        metavar="FILE",
        help="a configuration of Schemathesis that is merged into ours (default: schemathesis.toml)",
    )
    parser.add_argument(
        "--strict",
        action=argparse.BooleanOptionalAction,
        help="treat warnings, and operations that were not tested completely, as failures",
    )
    parser.add_argument(
        "--observations", metavar="FOLDER", help=f"where to record for `specfirst coverage` ({OBSERVATIONS})"
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="OPTION",
        help="one more option of `schemathesis run`, such as --option=--phases=fuzzing; may be repeated",
    )


def run(arguments: argparse.Namespace, config: Config) -> int:
    from rich.console import Console

    from specfirst.contract.document import DocumentError
    from specfirst.fuzz.report import Report
    from specfirst.fuzz.run import ConfigurationError, Target, fuzz

    settings = config.section("fuzz")
    url = setting(arguments, settings, "url", None)
    if url is None:
        raise CommandError("--url is required: the URL of the server, such as http://127.0.0.1:8000")
    examples = setting(arguments, settings, "examples", 100)
    workers = setting(arguments, settings, "workers", 1)
    if examples < 1 or workers < 1:
        raise CommandError("--examples and --workers must be at least 1")
    headers = [*settings.get("headers", ()), *arguments.header]
    for header in headers:
        if ":" not in header:
            raise CommandError(f"--header must be 'NAME: VALUE'; it is {header.partition(' ')[0]!r}")
    contract = read_contract(arguments.file)
    document = contract.document
    check_server(url)
    try:
        base = _base_path(url, document)
    except DocumentError as error:
        raise contract.error(error) from None
    if base:
        url += base
        print(f"Testing {url}, with the path of the contract's server; to test the root, end the URL with /")
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed  # noqa: S311
    repeat = ["specfirst", "fuzz", arguments.file, "--url", url, "--examples", str(examples)]
    repeat += ["--seed", str(seed), *(["--workers", str(workers)] if workers > 1 else [])]
    output = path_setting(arguments, settings, config, "output", OUTPUT)
    report = Report(
        document,
        examples,
        seed,
        workers,
        shlex.join(repeat),
        strict=setting(arguments, settings, "strict", False),
    )
    try:
        fuzz(
            document,
            [Target(url)] * workers,
            report,
            output,
            configuration=_configuration(arguments, config),
            headers=headers,
            options=arguments.option,
            observations=path_setting(arguments, settings, config, "observations", OBSERVATIONS),
        )
        page = output.absolute() / "index.html"
        page.write_text(report.as_html(), encoding="utf-8")
    except ConfigurationError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{error.filename or output} cannot be written: {error.strerror}") from None
    console = Console()
    # A file or a CI log has no width; use one that fits the table.
    report.print(console if console.is_terminal else Console(width=200))
    print(f"Page: {page}")
    return 0 if report.passed else 1


def _base_path(url: str, document: Document) -> str:
    """Return the path of the contract's first server, if the URL has none.

    A contract may have several; a server of `specfirst serve` has all of them.
    """
    return "" if urlsplit(url).path else document.base_paths[0]


def _configuration(arguments: argparse.Namespace, config: Config) -> Path | None:
    """Return the project's configuration of Schemathesis, if there is one. Raises CommandError."""
    settings = config.section("fuzz")
    path = path_setting(arguments, settings, config, "schemathesis", "schemathesis.toml")
    if path.is_file():
        return path
    if setting(arguments, settings, "schemathesis", None):
        raise CommandError(f"The configuration {path} does not exist")
    return None
