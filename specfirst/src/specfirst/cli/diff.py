"""`specfirst diff`: what a new version of a contract means to its clients."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specfirst.cli.config import Config
from specfirst.cli.errors import CommandError
from specfirst.cli.inputs import CONTRACT, read_bundle
from specfirst.cli.output import (
    OUTPUT_SETTINGS,
    Report,
    RuleInfo,
    Severity,
    add_output_arguments,
    write_report,
)
from specfirst.cli.progress import progress
from specfirst.contract.document import pointer_text
from specfirst.problems import Problem, did_you_mean

if TYPE_CHECKING:
    from specfirst.contract.bundling import Bundle
    from specfirst.contract.document import Document
    from specfirst.diff import Change

SUMMARY = "Compare two versions of a contract, and find what breaks clients."
EXAMPLES = """\
  specfirst diff old.yaml openapi.yaml
  specfirst diff git:main openapi.yaml            the same file on the branch main
  specfirst diff git:v1.2.0:api/openapi.yaml https://example.com/openapi.json
  specfirst diff --format changelog git:v1.2.0 openapi.yaml > CHANGES.md"""

EXTRA = "codegen"
INFO = "info"
_FAIL_ON = {"error": Severity.ERROR, "warning": Severity.WARNING, INFO: Severity.STYLE, "never": None}
_LEVELS = ("breaking", "warning", "compatible", "documentation")
_LONGEST = 160

SETTINGS: dict[str, dict[str, Any]] = {
    "fail-on": {
        "enum": [*_FAIL_ON],
        "description": "The least severity with which the command fails (default: error).",
    },
    "level": {"enum": [*_LEVELS], "description": "The least level that is listed (default: documentation)."},
    "grace-days": {
        "type": "integer",
        "minimum": 0,
        "description": "The least number of days between a deprecation and its sunset date (default: 0).",
    },
    "rules": {
        "type": "object",
        "additionalProperties": {"enum": ["error", "warning", INFO, "off"]},
        "description": "The severity of single rules, by name.",
    },
    "ignore": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "rule": {"type": "string", "description": "The rule of the change."},
                "where": {"type": "string", "description": "The places of the change; * is any text."},
                "pointer": {"type": "string", "description": "The location of the change; * is any text."},
                "reason": {"type": "string", "minLength": 1, "description": "Why the change may be made."},
                "until": {"type": "string", "description": "The date after which the entry has expired."},
            },
            "required": ["reason", "until"],
            "additionalProperties": False,
        },
        "description": "Breaking changes that are made on purpose.",
    },
    **OUTPUT_SETTINGS,
    "format": {
        "enum": [*OUTPUT_SETTINGS["format"]["enum"], "changelog"],
        "description": "The format of the changes (default: text).",
    },
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "old", metavar="OLD", help=f"the older version: {CONTRACT}; git:REVISION is NEW there"
    )
    parser.add_argument("new", metavar="NEW", help=f"the newer version: {CONTRACT}")
    parser.add_argument(
        "--fail-on", choices=_FAIL_ON, help="exit with 1 from this severity on (default: error)"
    )
    parser.add_argument(
        "--level", choices=_LEVELS, help="list changes of this level and above (default: documentation)"
    )
    parser.add_argument(
        "--grace-days",
        type=_days,
        metavar="N",
        help="the least number of days between a deprecation and its sunset date (default: 0)",
    )
    add_output_arguments(parser, ["changelog"])


def _days(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return int(text)


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Compare, write the report, and return the exit status."""
    from specfirst.contract.document import DocumentError
    from specfirst.diff import diff

    settings = _Settings.of(config, arguments)
    with progress(f"Comparing {arguments.old} and {arguments.new}"):
        new = read_bundle(arguments.new)
        if _is_same(arguments, new):
            documents = [_comparable(arguments.new, new)] * 2
        else:
            old = read_bundle(arguments.old, beside=arguments.new)
            documents = [_comparable(arguments.old, old), _comparable(arguments.new, new)]
        try:
            changes = diff(*documents, today=settings.today, grace_days=settings.grace_days)
        except DocumentError as error:
            raise CommandError(error.located(arguments.new)) from None
    changes = settings.with_levels(changes)
    kept, ignored, problems = settings.ignore(changes)
    report = _report(arguments, settings, documents, new, kept, ignored, problems)
    versions = [str(document.content["info"]["version"]) for document in documents]
    changelog = lambda _report, _colour: as_changelog(versions, kept)  # noqa: E731  # It needs the changes.
    write_report(report, settings.values, arguments, {"changelog": changelog})
    return 0 if settings.fail_on is None else report.status(settings.fail_on)


def _is_same(arguments: argparse.Namespace, new: Bundle) -> bool:
    """Return whether the contracts are one text, in a single file: then it is read and checked once."""
    from specfirst.contract.document import DocumentError
    from specfirst.contract.sources import URLSource, source

    try:
        old = source(arguments.old, beside=arguments.new)
        # A URL is requested once only.
        single = len(new.files) == 1 and not isinstance(old, URLSource)
        return single and old.read() == new.texts[new.files[0]].encode()
    except DocumentError:
        # It is reported when the contract is read.
        return False


def _comparable(name: str, found: Bundle) -> Document:
    """Return the document of a contract that can be compared. Raises CommandError."""
    from specfirst.contract.document import Document, DocumentError
    from specfirst.diff import require_comparable

    document = Document(found.content, found.origin)
    try:
        require_comparable(document)
    except DocumentError as error:
        file, line, column = found.origin(error.pointer)
        error.line, error.column = line, column
        raise CommandError(error.located(file or name)) from None
    return document


def _report(
    arguments: argparse.Namespace,
    settings: _Settings,
    documents: Sequence[Document],
    new: Bundle,
    kept: Sequence[Change],
    ignored: Sequence[Change],
    problems: Sequence[Problem],
) -> Report:
    from specfirst.diff import RULES, Level, version_problem

    breaking = any(change.level is Level.BREAKING for change in kept)
    wrong_version = version_problem(documents[0], documents[1], breaking=breaking)
    severities = {
        # A new major version announces breaking changes.
        Level.BREAKING: Severity.ERROR if wrong_version else Severity.STYLE,
        Level.WARNING: Severity.WARNING,
    }
    found = [
        _problem(change, severities.get(change.level, Severity.STYLE), new)
        for change in kept
        if change.level <= settings.level
    ]
    if wrong_version and (severity := settings.severity(wrong_version[0], Severity.ERROR)):
        rule, problem, remedy = wrong_version
        file, line, column = new.origin(("info", "version"))
        where = ("info", "version")
        found.append(Problem(rule, severity, problem, remedy, file, line, column, where))
    versions = [str(document.content["info"]["version"]) for document in documents]
    counts = [
        f"{sum(change.level is level for change in kept)} {level.name.lower()}"
        for level in Level
        if level is not Level.WARNING or any(change.level is level for change in kept)
    ]
    notes = [f"{arguments.new} against {arguments.old}: {', '.join(counts)}"]
    if ignored:
        notes.append(f"ignored: {len(ignored)} change{'s' if len(ignored) > 1 else ''}")
    notes.append(f"info.version: {' → '.join(dict.fromkeys(versions))}")
    files = dict.fromkeys([arguments.new, *(problem.file for problem in found)])
    sources = {name: new.texts[name] for name in files if name in new.texts}
    usual = {rule: RuleInfo(summary, Severity.ERROR) for rule, summary in RULES.items()}
    rules = {problem.rule: usual[problem.rule] for problem in (*found, *problems)}
    details = {"versions": {"old": versions[0], "new": versions[1]}, "ignored": len(ignored)}
    return Report("diff", [*found, *problems], sources, rules, notes, details, INFO)


def _problem(change: Change, severity: Severity, new: Bundle) -> Problem:
    from specfirst.diff import ABSENT, Level

    file, line, column = new.origin(change.pointer)
    reason = "" if change.level is Level.DOCUMENTATION else f"; {change.reason}"
    details = {
        "level": change.level.name.lower(),
        "places": change.places,
        "what": change.what,
        "reason": change.reason,
        # An absent value is not null, so its field is left out.
        **({"old": change.old} if change.old is not ABSENT else {}),
        **({"new": change.new} if change.new is not ABSENT else {}),
    }
    removed = change.level is Level.BREAKING and change.rule.endswith("-removed")
    remedy = "deprecate it first, with `deprecated: true` and `x-sunset: YYYY-MM-DD`" if removed else ""
    return Problem(
        change.rule,
        severity,
        f"{_places(change)}: {_shortened(str(change))}{reason}",
        remedy,
        file,
        line,
        column,
        change.pointer,
        details,
    )


def _places(change: Change) -> str:
    more = len(change.places) - 1
    return change.places[0] + (f" (and {more} more place{'s' if more > 1 else ''})" if more else "")


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def as_changelog(versions: Sequence[str], changes: Sequence[Change]) -> str:
    """Return the changes that clients notice as a section of a changelog, in Markdown."""
    from specfirst.diff import Level

    sections: dict[str, list[str]] = {
        name: [] for name in ("Breaking changes", "Deprecated", "Removed", "Added", "Changed")
    }
    for change in changes:
        if change.level is Level.BREAKING:
            section = "Breaking changes"
        elif change.level is Level.DOCUMENTATION:
            continue
        elif change.rule.startswith(("deprecated", "sunset", "reactivated")):
            section = "Deprecated"
        elif change.rule.endswith("-removed"):
            section = "Removed"
        else:
            section = "Added" if change.rule.endswith("-added") else "Changed"
        text = _markdown(f"{_shortened(str(change))}; {change.reason}")
        sections[section].append(f"- **{_markdown(_places(change))}**: {text}\n")
    head = f"## {versions[1]}\n" if versions[0] != versions[1] else "## Unreleased\n"
    parts = [f"### {name}\n\n{''.join(lines)}" for name, lines in sections.items() if lines]
    return "\n".join([head, *(parts or ["Nothing changes for clients.\n"])])


def _markdown(text: str) -> str:
    """Escape what Markdown would not show as it is."""
    return re.sub(r"([\\`*_<>\[\]#|])", r"\\\1", " ".join(text.split()))


# --- The settings -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ignore:
    """An entry of the ignore list. A change must match all of `rule`, `where` and `pointer` that it has."""

    rule: str | None
    where: str | None
    pointer: str | None
    reason: str
    until: date
    line: int | None

    def matches(self, change: Change, places: Callable[[Iterable[bool]], bool] = all) -> bool:
        """Return whether the entry is for a change, with all of its places or `any` of them."""
        return (
            self.rule in (None, change.rule)
            and (self.where is None or places(_like(self.where, place) for place in change.places))
            and (self.pointer is None or _like(self.pointer, pointer_text(change.pointer)))
        )

    def __str__(self) -> str:
        named = {"rule": self.rule, "where": self.where, "pointer": self.pointer}
        return ", ".join(f"{name} {value!r}" for name, value in named.items() if value is not None)


def _like(pattern: str, text: str) -> bool:
    """Return whether a text matches a pattern in which * is any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


@dataclass(frozen=True)
class _Settings:
    values: Mapping[str, Any]
    file: str
    fail_on: Severity | None
    level: int
    grace_days: int
    levels: Mapping[str, str]
    ignored: Sequence[_Ignore]
    today: date

    @classmethod
    def of(cls, config: Config, arguments: argparse.Namespace) -> _Settings:
        """Read [tool.specfirst.diff] and the flags, which precede it. Raises CommandError."""
        from specfirst.diff import RULES

        values, file = config.section("diff"), str(config.path or "")
        rules: Mapping[str, str] = values.get("rules", {})
        for rule in rules:
            _check_rule(file, f"diff.rules.{rule}", rule, RULES)
        fail_on = arguments.fail_on or values.get("fail-on", "error")
        level = arguments.level or values.get("level", "documentation")
        days = arguments.grace_days
        return cls(
            values,
            file,
            _FAIL_ON[fail_on],
            _LEVELS.index(level) + 1,
            values.get("grace-days", 0) if days is None else days,
            rules,
            [_ignore(file, index, entry) for index, entry in enumerate(values.get("ignore", []))],
            date.today(),
        )

    def with_levels(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes with the levels that the settings give to their rules."""
        from dataclasses import replace

        from specfirst.diff import Level

        levels = {"error": Level.BREAKING, "warning": Level.WARNING, INFO: Level.COMPATIBLE}
        return sorted(
            (
                replace(change, level=levels[self.levels[change.rule]])
                if change.rule in self.levels
                else change
                for change in changes
                if self.levels.get(change.rule) != "off"
            ),
            key=lambda change: change.level,
        )

    def ignore(self, changes: Sequence[Change]) -> tuple[list[Change], list[Change], list[Problem]]:
        """Return the changes that are left, those that the list ignores, and the problems of the list."""
        from specfirst.diff import Level

        problems: list[Problem] = []
        valid: list[_Ignore] = []
        for entry in self.ignored:
            if entry.until < self.today:
                message = f"the entry for {entry} expired on {entry.until} (its reason: {entry.reason})"
                remedy = "remove it, or give it a later date"
                problems += self._problem("ignore-expired", message, remedy, entry)
            else:
                valid.append(entry)
        used: set[int] = set()
        kept: list[Change] = []
        ignored: list[Change] = []
        for change in changes:
            found = {index for index, entry in enumerate(valid) if entry.matches(change)}
            if found and change.level <= Level.WARNING:
                ignored.append(change)
                used |= found
            else:
                kept.append(change)
        for index, entry in enumerate(valid):
            if index not in used:
                message = f"the entry for {entry} matches no breaking change"
                remedy = "remove it, or correct it"
                if entry.rule and (level := self.levels.get(entry.rule)) in (INFO, "off"):
                    remedy = f"remove it, since the rule has the severity {level}"
                elif any(entry.matches(change, any) for change in changes if change.level <= Level.WARNING):
                    remedy = "it matches some places of a change; match all of them, as `where` with * can"
                problems += self._problem("ignore-unused", message, remedy, entry)
        return kept, ignored, problems

    def _problem(self, rule: str, message: str, remedy: str, entry: _Ignore) -> list[Problem]:
        """Return a problem of the ignore list with the severity of its rule: none if the rule is off."""
        severity = self.severity(rule, Severity.WARNING)
        return [Problem(rule, severity, message, remedy, self.file, entry.line)] if severity else []

    def severity(self, rule: str, usual: Severity) -> Severity | None:
        """Return the severity that the settings give to a rule, None if it is off."""
        level = self.levels.get(rule)
        return usual if level is None else {**_FAIL_ON, "off": None}[level]


def _check_rule(file: str, setting: str, rule: str, rules: Mapping[str, str]) -> None:
    if rule not in rules:
        remedy = did_you_mean(rule, list(rules)) or "docs/specfirst/diff.md lists the rules"
        raise CommandError(f"{file}: {setting}: unknown rule {rule}; {remedy}")


def _ignore(file: str, index: int, entry: Mapping[str, Any]) -> _Ignore:
    """Read an entry of the ignore list, which has the types of SETTINGS."""
    from specfirst.diff import RULES

    name = f"diff.ignore.{index}"
    if not entry.keys() & {"rule", "where", "pointer"}:
        raise CommandError(f"{file}: {name} would ignore everything; add rule, where or pointer")
    if "rule" in entry:
        _check_rule(file, f"{name}.rule", entry["rule"], RULES)
    until = entry["until"]
    if isinstance(until, str):
        try:
            until = date.fromisoformat(until)
        except ValueError:
            until = None
    if type(until) is not date:
        raise CommandError(f"{file}: {name}.until is not a date; write it as YYYY-MM-DD")
    rule, where, pointer = (entry.get(key) for key in ("rule", "where", "pointer"))
    return _Ignore(rule, where, pointer, entry["reason"], until, _line(file, index))


def _line(file: str, index: int) -> int | None:
    """Return the line of an entry of the ignore list, if it is a table of its own."""
    header = re.compile(r"\s*\[\[\s*(tool\s*\.\s*specfirst\s*\.\s*)?diff\s*\.\s*ignore\s*\]\]")
    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError:
        return None
    lines = [number for number, line in enumerate(text.splitlines(), 1) if header.match(line)]
    return lines[index] if index < len(lines) else None
