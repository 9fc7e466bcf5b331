"""`specfirst lint`: check contracts, show the rules, fix what is mechanical, and keep a baseline."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specfirst.cli.config import Config
from specfirst.cli.errors import CLEAN, CommandError
from specfirst.cli.output import OUTPUT_SETTINGS, Report, RuleInfo, add_output_arguments, write_report
from specfirst.cli.progress import progress
from specfirst.problems import Problem, Severity, counted

if TYPE_CHECKING:
    from specfirst.contract.bundling import Bundle
    from specfirst.contract.sources import Source
    from specfirst.lint import LintSettings

SUMMARY = "Check contracts."
EXAMPLES = """\
  specfirst lint                                   openapi.yaml of this folder
  specfirst lint api.yaml https://example.com/openapi.json
  specfirst lint api.yaml --extends specfirst:strict --rule description=off
  specfirst lint api.yaml --fail-on warning --format github
  specfirst lint api.yaml --write-baseline         accept the present problems of an old contract
  specfirst lint api.yaml --fix                    fix what is mechanical; keeps comments and layout
  specfirst lint --explain path-parameters

exit status:
  0  no problem is as severe as --fail-on
  1  problems were found
  2  the command could not run"""
EXTRA = "codegen"
BASELINE = "lint-baseline.json"
SETTINGS: dict[str, dict[str, Any]] = {
    "contracts": {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
        "description": "The contracts: files or URLs (default: openapi.yaml).",
    },
    "extends": {
        "type": "array",
        "items": {"enum": ["specfirst:recommended", "specfirst:strict"]},
        "description": 'The named sets of rules; later ones win (default: ["specfirst:recommended"]).',
    },
    "rules": {
        "type": "object",
        "additionalProperties": {"enum": ["off", "style", "warn", "error"]},
        "description": "The severity of single rules, by name.",
    },
    "fail-on": {
        "enum": ["error", "warning", "style"],
        "description": "The least severity with which the command fails (default: error).",
    },
    "baseline": {"type": "string", "description": "The file with known problems, which are not reported."},
    **OUTPUT_SETTINGS,
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "contracts", nargs="*", metavar="CONTRACT", help="a file or a URL (default: openapi.yaml)"
    )
    parser.add_argument(
        "--extends",
        action="append",
        metavar="SET",
        help="a named set of rules, specfirst:recommended or :strict",
    )
    parser.add_argument(
        "--rule",
        action="append",
        metavar="NAME=LEVEL",
        help="set a rule to off, style, warn or error",
        default=[],
    )
    parser.add_argument(
        "--fail-on", choices=[*Severity], help="the least severity with which the exit status is 1 (error)"
    )
    parser.add_argument("--baseline", metavar="FILE", help="do not report the problems in this file")
    parser.add_argument(
        "--write-baseline", action="store_true", help=f"write the present problems to --baseline ({BASELINE})"
    )
    parser.add_argument("--fix", action="store_true", help="edit the files where the fix is mechanical")
    parser.add_argument("--list-rules", action="store_true", help="list the rules with their severities")
    parser.add_argument("--explain", metavar="RULE", help="explain a rule")
    add_output_arguments(parser)


def lint_settings(config: Config, arguments: argparse.Namespace | None = None) -> LintSettings:
    """Return the settings of [tool.specfirst.lint], or the flags that replace them. Raises CommandError."""
    from specfirst.lint import LintSettings, UnknownRule, levels

    settings, flags = config.section("lint"), vars(arguments) if arguments else {}
    changes = dict(settings.get("rules", {}))
    for text in flags.get("rule") or ():
        name, equals, level = text.partition("=")
        if not equals:
            raise CommandError(f"--rule {text} has no level; write --rule {name}=off, or style, warn, error")
        changes[name] = level
    sets = flags.get("extends") or settings.get("extends", ["specfirst:recommended"])
    try:
        rules = levels(sets, changes)
    except UnknownRule as error:
        where = f"{config.path}: lint: " if config.path and not flags.get("rule") else ""
        raise CommandError(f"{where}{error}") from None
    baseline = flags.get("baseline")
    configured = config.file(settings["baseline"]) if "baseline" in settings else None
    return LintSettings(
        rules,
        Severity(flags.get("fail_on") or settings.get("fail-on", "error")),
        Path(baseline) if baseline else configured,
    )


def run(arguments: argparse.Namespace, config: Config) -> int:
    from specfirst.lint import RULES, catalogue
    from specfirst.lint.baseline import BaselineError, apply_baseline, write_baseline

    settings = lint_settings(config, arguments)
    if arguments.explain:
        if arguments.explain not in RULES:
            from specfirst.lint.rules import unknown_rule

            raise CommandError(unknown_rule(arguments.explain))
        sys.stdout.write(catalogue.explanation(arguments.explain))
        return CLEAN
    if arguments.list_rules:
        sys.stdout.write(catalogue.table(settings.rules))
        return CLEAN
    section = config.section("lint")
    configured = [config.contract(name) for name in section.get("contracts", [])]
    names = arguments.contracts or configured or ["openapi.yaml"]
    problems: list[Problem] = []
    sources: dict[str, str] = {}
    notes: list[str] = []
    for name in names:
        if arguments.fix:
            notes += _fix(name, settings)
        with progress(f"Linting {name}"):
            found, texts = _check(name, settings)
        problems += found
        sources |= texts
    try:
        if arguments.write_baseline:
            path = settings.baseline or Path(BASELINE)
            write_baseline(problems, path)
            print(f"wrote {counted(len(problems), 'problem')} to {path}")
            return CLEAN
        if settings.baseline:
            problems, known, gone = apply_baseline(problems, settings.baseline)
            if known:
                are = "is" if known == 1 else "are"
                notes.append(f"{counted(known, 'known problem')} {are} in {settings.baseline}")
            if gone:
                exist = "exists" if gone == 1 else "exist"
                problems_gone = f"{counted(gone, 'problem')} in {settings.baseline}"
                notes.append(f"{problems_gone} no longer {exist}; use --write-baseline")
    except BaselineError as error:
        raise CommandError(str(error)) from None
    rules = {
        rule.name: RuleInfo(rule.reason, settings.rules.get(rule.name, rule.severity))
        for rule in RULES.values()
    }
    report = Report("lint", problems, sources, rules, notes)
    write_report(report, section, arguments)
    return report.status(settings.fail_on)


def _check(name: str, settings: LintSettings) -> tuple[list[Problem], dict[str, str]]:
    """Return the problems of a contract, and the text of each of its files."""
    from specfirst.contract.document import Document
    from specfirst.lint import lint

    found, texts = _read(name)
    problems = lint(Document(found.content, found.origin), settings.rules)
    return problems, {name: data.decode("utf-8-sig") for name, data in texts.items()}


@dataclass(frozen=True)
class _Remembering:
    """A source that remembers what was read, by its name, so that no URL is read twice."""

    inner: Source
    texts: dict[str, bytes] = field(compare=False)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def path(self) -> str:
        return self.inner.path

    def read(self) -> bytes:
        self.texts[self.name] = self.inner.read()
        return self.texts[self.name]

    def at(self, reference: str) -> Source:
        return _Remembering(self.inner.at(reference), self.texts)


def _read(name: str) -> tuple[Bundle, dict[str, bytes]]:
    """Read a contract, and the text of each of its files. Raises CommandError if it is not OpenAPI 3."""
    from specfirst.contract.bundling import bundle
    from specfirst.contract.document import DocumentError
    from specfirst.contract.sources import source
    from specfirst.lint.structure import CONVERT

    texts: dict[str, bytes] = {}
    try:
        found = bundle(_Remembering(source(name), texts))
    except DocumentError as error:
        raise CommandError(error.located(name)) from None
    if not isinstance(found.content, dict):
        raise CommandError(
            f"{name}: it is not a mapping; use an OpenAPI document, which begins with `openapi:`"
        )
    if "openapi" not in found.content:
        if "swagger" in found.content:
            line = found.origin(("swagger",)).line
            raise CommandError(
                f"{name}:{line}: the document is Swagger {found.content['swagger']}; {CONVERT}"
            )
        raise CommandError(f"{name}: it is not OpenAPI: it has no `openapi`; begin it with `openapi: 3.1.0`")
    return found, texts


def _fix(name: str, settings: LintSettings) -> list[str]:
    """Fix a file until nothing is left to fix; return a note about it. Raises CommandError."""
    from specfirst.contract.document import Document
    from specfirst.lint import edits
    from specfirst.lint.fixes import FixError, fix

    total = 0
    while True:
        found, texts = _read(name)
        if not Path(name).is_file():
            raise CommandError(f"{name}: only files can be fixed; download it first")
        # Parts of other files are left as they are.
        here = [
            edit
            for edit in edits(Document(found.content), settings.rules)
            if found.origin(edit.pointer).file == name
        ]
        text = texts[name].decode("utf-8")
        try:
            fixed, count = fix(text, here) if here else (text, 0)
        except FixError:
            raise CommandError(f"{name}: --fix cannot edit this layout; fix the problems by hand") from None
        if not count:
            break
        try:
            Path(name).write_bytes(fixed.encode("utf-8"))
        except OSError as error:
            raise CommandError(f"{name} cannot be written: {error.strerror}") from None
        total += count
    return [f"Fixed {counted(total, 'problem')} in {name}"] if total else []
