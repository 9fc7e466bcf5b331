"""`specfirst format`: the canonical order of fields and indentation."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from specfirst.cli.config import Config
from specfirst.cli.errors import CLEAN, PROBLEMS, CommandError
from specfirst.cli.inputs import require_openapi
from specfirst.cli.output import (
    OUTPUT_SETTINGS,
    Report,
    RuleInfo,
    Severity,
    add_output_arguments,
    write_report,
)
from specfirst.contract.document import DocumentError
from specfirst.problems import Problem

SUMMARY = "Write contracts in canonical layout; comments are kept."
EXAMPLES = """\
  specfirst format                     rewrite openapi.yaml
  specfirst format --check api.yaml    write nothing, and exit with 1 if the layout is another one
  specfirst format --diff api.yaml     write nothing, and print the changes"""

EXTRA = "codegen"
SETTINGS = OUTPUT_SETTINGS

_DEFAULT = "openapi.yaml"
_RULE = "layout"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="a contract, YAML or JSON (default: openapi.yaml)"
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--check", action="store_true", help="write nothing; report files in another layout")
    modes.add_argument("--diff", action="store_true", help="write nothing; print the changes")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Format all files, or none if one of them cannot be read."""
    contents = {name: _read(name) for name in dict.fromkeys(arguments.files or [_DEFAULT])}
    changed = {name: (old, new) for name, old in contents.items() if (new := _formatted(name, old)) != old}
    if arguments.diff:
        for name, (old, new) in changed.items():
            before, after = (data.decode("utf-8-sig").splitlines(keepends=True) for data in (old, new))
            sys.stdout.writelines(difflib.unified_diff(before, after, name, name))
        return PROBLEMS if changed else CLEAN
    if arguments.check:
        return _check(arguments, config, contents, changed)
    for name, (_, new) in changed.items():
        try:
            Path(name).write_bytes(new)
        except OSError as error:
            raise CommandError(f"{name} cannot be written: {error.strerror}") from None
        print(f"{name}: formatted")
    return CLEAN


def _check(
    arguments: argparse.Namespace,
    config: Config,
    contents: dict[str, bytes],
    changed: dict[str, tuple[bytes, bytes]],
) -> int:
    problems: list[Problem] = []
    for name, (old, new) in changed.items():
        lines = [data.decode("utf-8-sig").splitlines() for data in (old, new)]
        # The first line that differs; the last one if a line break is missing at the end.
        same = next((i for i, pair in enumerate(zip(*lines, strict=False)) if pair[0] != pair[1]), None)
        line = min(map(len, lines)) if same is None else same + 1
        remedy = f"run `specfirst format {name}`"
        problems.append(
            Problem(_RULE, Severity.ERROR, "the layout is not the canonical one", remedy, name, line)
        )
    sources = {name: data.decode("utf-8-sig") for name, data in contents.items()}
    rules = {_RULE: RuleInfo("The order of fields and the indentation are canonical", Severity.ERROR)}
    report = Report("format", problems, sources, rules)
    write_report(report, config.section("format"), arguments)
    return report.status()


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(
            f"{name}: the file cannot be read: {error.strerror}; use a file that exists and that you may read"
        ) from None


def _formatted(name: str, data: bytes) -> bytes:
    from specfirst.contract.formatting import formatted
    from specfirst.contract.yaml import parse

    try:
        require_openapi(parse(data)[0], name)
        return formatted(data)
    except DocumentError as error:
        raise CommandError(error.located(name)) from None
