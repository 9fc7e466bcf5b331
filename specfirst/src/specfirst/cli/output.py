"""The output of all checking commands: text, JSON, GitHub annotations, SARIF and JUnit.

A command makes a `Report`, adds the arguments with `add_output_arguments`, and calls `write_report`. Its exit
status is one of `CLEAN`, `PROBLEMS` and `COULD_NOT_RUN` (`specfirst.cli.errors`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from specfirst import __version__
from specfirst.cli.errors import CLEAN, PROBLEMS, CommandError
from specfirst.contract.document import pointer_text
from specfirst.problems import Problem, Severity

__all__ = [
    "FORMATS",
    "OUTPUT_SETTINGS",
    "Problem",
    "Report",
    "RuleInfo",
    "Severity",
    "add_output_arguments",
    "write_report",
]


@dataclass(frozen=True)
class RuleInfo:
    """A rule in the catalogue of a report: one sentence, and its usual severity."""

    summary: str
    severity: Severity


@dataclass(frozen=True)
class Report:
    """The result of one command.

    `sources` maps the name of each checked file to its text, which the text format shows. `notes` are lines
    for people, such as the number of ignored problems; they are shown in the text format only. `details` are
    more fields of the JSON format, and `lowest` is the name of the lowest severity.
    """

    command: str
    problems: Sequence[Problem]
    sources: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, RuleInfo] = field(default_factory=dict)
    notes: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    lowest: str = str(Severity.STYLE)

    def name(self, severity: Severity) -> str:
        return self.lowest if severity is Severity.STYLE else str(severity)

    def count(self, severity: Severity) -> int:
        return sum(problem.severity is severity for problem in self.problems)

    def status(self, fail_on: Severity = Severity.STYLE) -> int:
        """Return the exit status: PROBLEMS if a problem is at least as severe as `fail_on`."""
        return PROBLEMS if any(p.severity.reaches(fail_on) for p in self.problems) else CLEAN


OUTPUT_SETTINGS: dict[str, dict[str, Any]] = {
    "format": {
        "enum": ["text", "json", "github", "sarif", "junit"],
        "description": "The format of the problems (default: text).",
    },
    "output-file": {
        "type": "string",
        "description": "The file to which the problems are written (default: standard output).",
    },
}
"""The settings of each checking command, for its SETTINGS."""


def add_output_arguments(parser: argparse.ArgumentParser, formats: Iterable[str] = ()) -> None:
    """Add --format, with these formats besides the usual ones, and --output-file.

    Both are None if the user did not give them.
    """
    parser.add_argument(
        "--format", choices=[*FORMATS, *formats], help="the format of the problems (default: text)"
    )
    parser.add_argument("--output-file", metavar="FILE", help="write the problems to a file, not to stdout")


def write_report(
    report: Report,
    settings: Mapping[str, Any],
    arguments: argparse.Namespace,
    formats: Mapping[str, Format] | None = None,
) -> None:
    """Write a report as the flags say, or else the settings of the command. Raises CommandError.

    `formats` are those of this command besides the usual ones.
    """
    name = arguments.format or settings.get("format", "text")
    known = {**FORMATS, **(formats or {})}
    if name not in known:
        raise CommandError(f"Unknown format {name!r}; use one of {', '.join(known)}")
    target = arguments.output_file or settings.get("output-file")
    if target is None:
        text = known[name](report, _wants_colour(sys.stdout))
        sys.stdout.write(text)
        return
    try:
        Path(target).write_text(known[name](report, False), encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{target} cannot be written: {error.strerror}; choose another --output-file"
        ) from None


def _wants_colour(stream: TextIO) -> bool:
    """Return whether to use colours: only on a terminal, and not with NO_COLOR (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


# --- Text -------------------------------------------------------------------------------------------------

_RED, _YELLOW, _CYAN, _BOLD, _BLUE = "31", "33", "36", "1", "34"
_COLOURS = {Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.STYLE: _CYAN}
_WIDEST = 120
"""Longer source lines, such as those of minified JSON, are shown in part."""


def _text(report: Report, colour: bool) -> str:
    def paint(text: str, *codes: str) -> str:
        return f"\033[{';'.join(codes)}m{text}\033[0m" if colour else text

    lines: list[str] = []
    sources = {name: text.split("\n") for name, text in report.sources.items()}
    for problem in report.problems:
        label = paint(f"{report.name(problem.severity)}[{problem.rule}]", _COLOURS[problem.severity], _BOLD)
        place = f"{paint(_one_line(problem.place), _BOLD)}: " if problem.place else ""
        lines.append(f"{place}{label} {_one_line(problem.message)}")
        source = sources.get(problem.file, [])
        gutter = " " * len(str(problem.line or ""))
        bar = paint("|", _BLUE)
        if problem.line is not None and problem.line <= len(source):
            shown, start, width = _excerpt(source[problem.line - 1], problem)
            number = paint(str(problem.line), _BLUE)
            marker = paint("^" * width, _COLOURS[problem.severity])
            lines += [f"{gutter} {bar}", f"{number} {bar} {shown}", f"{gutter} {bar} {' ' * start}{marker}"]
        if problem.pointer:
            lines.append(f"{gutter} {paint('=', _BLUE)} at {_one_line(pointer_text(problem.pointer))}")
        if problem.remedy:
            lines.append(f"{gutter} {paint('=', _BLUE)} {paint('help:', _BOLD)} {_one_line(problem.remedy)}")
        lines.append("")
    lines += [*report.notes, _summary(report)]
    return "\n".join(lines) + "\n"


_TOKEN = re.compile(r"""\$?[\w./-]+(?=\s*(:|[,\]}]|$))|"(?:[^"\\]|\\.)*"|'(?:[^']|\'\')*\'""")
"""A key or a text of YAML or JSON."""


def _excerpt(line: str, problem: Problem) -> tuple[str, int, int]:
    """Return the visible part of a source line, and the first cell and the width of the marked part."""
    at = min(max((problem.column or 1) - 1, 0), len(line))
    token = problem.pointer[-1] if problem.pointer else ""
    quoted = f"{line[at : at + 1]}{token}{line[at : at + 1]}"
    if token and line.startswith(token, at):
        end = at + len(token)
    elif token and line.startswith(quoted, at):
        end = at + len(quoted)
    else:
        # A value of a list, or a field of the part.
        found = _TOKEN.match(line, at)
        end = found.end() if found else len(line.rstrip())
    first = max(0, at - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = line[first : first + _WIDEST]
    before, marked = shown[: at - first], shown[at - first : end - first]
    return _printable(shown), _cells(_printable(before)), max(1, _cells(_printable(marked)))


def _printable(text: str) -> str:
    """Replace tabs and control characters by one space each, so that the caret is in its place."""
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Cf") else character for character in text
    )


def _cells(text: str) -> int:
    """Return the width of a text on a terminal: East Asian characters are two cells wide."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    combining = sum(unicodedata.combining(character) > 0 for character in text)
    return len(text) + wide - combining


def _one_line(text: str) -> str:
    return " ".join(_printable(text).split())


def _summary(report: Report) -> str:
    if not report.problems:
        return "No problems found"
    counts = []
    for severity, noun in ((Severity.ERROR, "error"), (Severity.WARNING, "warning")):
        if count := report.count(severity):
            counts.append(f"{count} {noun}{'s' if count > 1 else ''}")
    if count := report.count(Severity.STYLE):
        counts.append(f"{count} of style" if report.lowest == Severity.STYLE else f"{count} {report.lowest}")
    plural = "s" if len(report.problems) > 1 else ""
    return f"Found {len(report.problems)} problem{plural}: {', '.join(counts)}"


# --- JSON -------------------------------------------------------------------------------------------------


def _json(report: Report, colour: bool) -> str:
    problems = [
        {
            "rule": problem.rule,
            "severity": report.name(problem.severity),
            "message": problem.message,
            "remedy": problem.remedy,
            "file": problem.file,
            "line": problem.line,
            "column": problem.column,
            "pointer": pointer_text(problem.pointer),
            **problem.details,
        }
        for problem in report.problems
    ]
    summary = {report.name(severity): report.count(severity) for severity in Severity}
    head = {"version": 1, "command": report.command, **report.details}
    content = {**head, "problems": problems, "summary": summary}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


# --- GitHub -----------------------------------------------------------------------------------------------


def _github(report: Report, colour: bool) -> str:
    """Write workflow commands, which GitHub shows beside the lines of a pull request."""
    commands = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.STYLE: "notice"}
    lines = []
    for problem in report.problems:
        properties = {
            "file": problem.file or None,
            "line": problem.line,
            "col": problem.column,
            "title": f"specfirst {report.command}: {problem.rule}",
        }
        given = ",".join(f"{k}={_github_property(str(v))}" for k, v in properties.items() if v is not None)
        remedy = f"; {problem.remedy}" if problem.remedy else ""
        where = f" at {pointer_text(problem.pointer)}" if problem.pointer else ""
        message = _github_text(f"{problem.message}{where}{remedy}")
        lines.append(f"::{commands[problem.severity]} {given}::{message}\n")
    return "".join(lines)


def _github_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_text(text).replace(":", "%3A").replace(",", "%2C")


# --- SARIF ------------------------------------------------------------------------------------------------


def _sarif(report: Report, colour: bool) -> str:
    """Write SARIF 2.1.0 (OASIS), which code scanning of GitHub, GitLab and Azure DevOps reads."""
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.STYLE: "note"}
    catalogue = dict(report.rules)
    for problem in report.problems:
        catalogue.setdefault(problem.rule, RuleInfo(problem.rule, problem.severity))
    names = list(catalogue)
    index = {name: position for position, name in enumerate(names)}
    rules = [
        {
            "id": name,
            "shortDescription": {"text": catalogue[name].summary},
            "defaultConfiguration": {"level": levels[catalogue[name].severity]},
        }
        for name in names
    ]
    results = []
    for problem in report.problems:
        remedy = f"; {problem.remedy}" if problem.remedy else ""
        result: dict[str, Any] = {
            "ruleId": problem.rule,
            "ruleIndex": index[problem.rule],
            "level": levels[problem.severity],
            "message": {"text": f"{problem.message}{remedy}"},
            "partialFingerprints": {"specfirst/v1": fingerprint(problem)},
        }
        location: dict[str, Any] = {}
        if problem.file:
            physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(problem.file)}}
            if problem.line is not None:
                column = {} if problem.column is None else {"startColumn": problem.column}
                physical["region"] = {"startLine": problem.line, **column}
            location["physicalLocation"] = physical
        if problem.pointer:
            location["logicalLocations"] = [{"fullyQualifiedName": pointer_text(problem.pointer)}]
        if location:
            result["locations"] = [location]
        results.append(result)
    run = {
        "tool": {
            "driver": {
                "name": f"specfirst {report.command}",
                "semanticVersion": __version__,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    content = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def fingerprint(problem: Problem) -> str:
    """Return an identity of a problem that survives a change of its line: rule, file, pointer and message."""
    identity = "\0".join((problem.rule, problem.file, pointer_text(problem.pointer), problem.message))
    return sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _uri(file: str) -> str:
    return file if re.match(r"[a-z][a-z0-9+.-]+://", file) else quote(Path(file).as_posix())


# --- JUnit ------------------------------------------------------------------------------------------------

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _junit(report: Report, colour: bool) -> str:
    """Write one failed test case per problem, or a passed one per file without problems."""
    cases = list(_junit_cases(report))
    suite = f"specfirst {report.command}"
    counts = f'tests="{len(cases)}" failures="{len(report.problems)}" errors="0"'
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f"<testsuites name={quoteattr(suite)} {counts}>\n<testsuite name={quoteattr(suite)} {counts}>\n"
        + "".join(cases)
        + "</testsuite>\n</testsuites>\n"
    )


def _junit_cases(report: Report) -> Iterator[str]:
    def attribute(text: object) -> str:
        return quoteattr(_NOT_XML.sub("�", str(text)))

    for problem in report.problems:
        where = pointer_text(problem.pointer)
        place = f" file={attribute(problem.file)}" if problem.file else ""
        place += f" line={attribute(problem.line)}" if problem.line is not None else ""
        body = escape(_NOT_XML.sub("�", str(problem)))
        yield (
            f"<testcase classname={attribute(problem.rule)} name={attribute(where)}{place}>"
            f"<failure type={attribute(problem.severity)} message={attribute(problem.message)}>{body}"
            "</failure></testcase>\n"
        )
    with_problems = {problem.file for problem in report.problems}
    for name in report.sources:
        if name not in with_problems:
            yield f"<testcase classname={attribute(report.command)} name={attribute(name)}/>\n"


Format = Callable[[Report, bool], str]

FORMATS: Mapping[str, Format] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}
"""The formats of a report; each function takes the report, and whether colours may be used."""
