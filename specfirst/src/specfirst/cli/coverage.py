"""`specfirst coverage`: which responses and parameters of a contract have been observed."""

from __future__ import annotations

import argparse
import json

from specfirst.cli.config import Config
from specfirst.cli.errors import CommandError
from specfirst.cli.inputs import path_setting, read_contract, setting

SUMMARY = "List which responses and parameters of a contract have been observed."
EXAMPLES = """\
  specfirst coverage openapi.yaml
  specfirst coverage openapi.yaml --page coverage.html --fail-under 90
  specfirst coverage openapi.yaml --json

`specfirst proxy` and `specfirst fuzz` record observations, and so does a server with a
specfirst.coverage.Recorder.

exit status:
  0  enough has been observed
  1  a response was never observed, or the percentage is less than --fail-under
  2  the command could not run"""
EXTRA = "lint"
SETTINGS = {
    "contract": {"type": "string", "description": "The contract (default: openapi.yaml)."},
    "observations": {
        "type": "string",
        "description": "The folder of the observations (default: .specfirst/observations).",
    },
    "page": {"type": "string", "description": "The HTML page to write (default: none)."},
    "fail-under": {
        "type": "number",
        "minimum": 0,
        "maximum": 100,
        "description": "The percentage of responses that must have been observed (default: 100).",
    },
}

OBSERVATIONS = ".specfirst/observations"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", metavar="CONTRACT", help="a file, a URL or git:REVISION:PATH (openapi.yaml)"
    )
    parser.add_argument("--observations", metavar="FOLDER", help=f"the observations ({OBSERVATIONS})")
    parser.add_argument("--page", metavar="FILE", help="also write an HTML page")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument(
        "--fail-under",
        type=float,
        metavar="PERCENT",
        help="exit 1 only if less than this was observed (default: 100)",
    )


def run(arguments: argparse.Namespace, config: Config) -> int:
    from specfirst.coverage import as_data, as_html, as_text, measure, observed

    settings = config.section("coverage")
    least = setting(arguments, settings, "fail-under", None)
    if least is not None and not 0 <= least <= 100:
        raise CommandError(f"--fail-under must be a percentage from 0 to 100, and is {least:g}")
    name = arguments.file or config.contract(settings.get("contract", "openapi.yaml"))
    folder = path_setting(arguments, settings, config, "observations", OBSERVATIONS)
    document = read_contract(name).document
    if not observed(document, folder):
        raise CommandError(
            f"{folder.resolve()} has no observations of {name}; run `specfirst proxy` or `specfirst fuzz` "
            "first, or a server with a Recorder"
        )
    coverage = measure(document, folder)
    named = setting(arguments, settings, "page", None)
    page = path_setting(arguments, settings, config, "page", "") if named else None
    if page:
        try:
            page.parent.mkdir(parents=True, exist_ok=True)
            title = f"{document.content['info']['title']}: contract coverage"
            page.write_text(as_html(coverage, title), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{page} cannot be written: {error.strerror}") from None
    print(json.dumps(as_data(coverage), indent=2) if arguments.json else as_text(coverage))
    if not arguments.json:
        print(f"Observations: {folder.resolve()}")
        if page:
            print(f"Page: {page}")
    return int(bool(coverage.problems) if least is None else coverage.percent < least)
