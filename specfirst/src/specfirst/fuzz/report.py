"""The report of a fuzz run: a table for the terminal, and an HTML page."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from specfirst.contract.document import Document


@dataclass
class Tally:
    """The requests and responses of one operation."""

    cases: Counter[str] = field(default_factory=Counter)
    """By the phase of Schemathesis."""
    checks: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


@dataclass(frozen=True)
class Problem:
    """A reason why the run fails, or a warning, and the command that reproduces it."""

    operation: str
    text: str
    command: str | None = None


@dataclass
class Report:
    """The results of all workers. Each worker runs its share of the examples.

    `command` repeats the run. `reproduction` changes the curl command of a failure, for servers that are gone
    after the run. With `strict`, warnings are problems, and so is each operation that a worker stopped
    testing early or that never succeeded; Schemathesis does not report these.
    """

    document: Document
    examples: int
    seed: int
    workers: int
    command: str
    seconds: float = 0.0
    strict: bool = False
    reproduction: Callable[[str | None], str | None] = lambda command: command
    note: str = ""
    """A sentence about the commands, for the page."""
    facts: list[tuple[str, str]] = field(default_factory=list)
    """More rows of the summary."""
    operations: dict[str, Tally] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    details: list[Path] = field(default_factory=list)
    """The report pages of Schemathesis, relative to our report."""

    @property
    def passed(self) -> bool:
        return not self.problems

    @property
    def cases(self) -> int:
        return sum(sum(tally.cases.values()) for tally in self.operations.values())

    @property
    def summary(self) -> list[tuple[str, str]]:
        rate = self.cases / self.seconds if self.seconds else 0
        return [
            ("Result", "passed" if self.passed else f"{len(self.problems)} problems"),
            *([("Warnings", str(len(self.warnings)))] if self.warnings else []),
            ("Seed", f"{self.seed}, {self.examples} examples, {self.workers} workers"),
            ("Cases", f"{self.cases} in {self.seconds:.0f} s, {rate:.0f} a second"),
            *self.facts,
            ("Versions", ", ".join(f"{name} {version(name)}" for name in ("schemathesis", "hypothesis"))),
            ("To repeat", self.command),
        ]

    def add(self, worker: int, share: int, results: Path, log: Path) -> None:
        """Add the results of one Schemathesis process, which ran its share of the examples."""
        if not results.exists():
            tail = "\n".join(log.read_text().splitlines()[-20:]) if log.exists() else ""
            self.problems.append(Problem(f"worker {worker}", f"Schemathesis exited without a result\n{tail}"))
            return
        found = json.loads(results.read_text())
        for label, counts in found["operations"].items():
            tally = self.operations.setdefault(label, Tally())
            tally.cases.update(counts["cases"])
            tally.checks += counts["checks"]
            tally.statuses.update({int(status): count for status, count in counts["statuses"].items()})
            tally.seconds += counts["seconds"]
        for failure in found["failures"]:
            text = "\n".join(failure["problems"])
            self.problems.append(Problem(failure["operation"], text, self.reproduction(failure["curl"])))
        self.problems += [Problem(f"worker {worker}", error) for error in found["errors"]]
        warnings = self.problems if self.strict else self.warnings
        for name, operations in found["warnings"].items():
            if operations:
                warnings.append(Problem(", ".join(map(str, operations)), f"Schemathesis warns: {name}"))
        self._add_undeclared(found["undeclared"])
        self.facts += [("Set aside", f"{count} × {reason}") for reason, count in found["set_aside"].items()]
        if self.strict and not self.problems:
            self.problems += self._unfinished(worker, share, found)
        elif self.document.operations and not found["operations"] and not self.problems:
            # An error in a hook ends a run before it begins.
            text = "Schemathesis sent no request; its output says why"
            self.problems.append(Problem(f"worker {worker}", text))

    def _add_undeclared(self, undeclared: Mapping[str, Mapping[str, str]]) -> None:
        """Add a warning for each status that operations do not declare; with `strict`, problems of each."""
        by_status: dict[str, dict[str, str]] = {}
        for label, commands in undeclared.items():
            for status, command in commands.items():
                by_status.setdefault(status, {})[label] = command
        for status, operations in sorted(by_status.items()):
            text = f"the server responds with {status}, which the contract does not declare"
            text += "; add the response, or `default`"
            if self.strict:
                self.problems += [Problem(o, text, self.reproduction(c)) for o, c in operations.items()]
            else:
                first = self.reproduction(next(iter(operations.values())))
                self.warnings.append(Problem(", ".join(operations), text, first))

    def _unfinished(self, worker: int, share: int, found: dict[str, Any]) -> Iterator[Problem]:
        """Yield problems that Schemathesis does not report: it gave up, or never reached an operation.

        It ends a phase without a message when Hypothesis finds that data generation is not repeatable.
        """
        for operation in self.document.operations:
            label = f"{operation.method.upper()} {operation.path}"
            counts = found["operations"].get(label, {"cases": {}, "statuses": {}})
            tried = counts["cases"].get("fuzzing", 0)
            if tried < share and (operation.parameters or operation.body):
                yield Problem(label, f"worker {worker} gave up after {tried} of {share} examples")
            if not any(int(status) < 400 for status in counts["statuses"]):
                yield Problem(label, f"worker {worker} got no successful response")
        if found["scenarios"] < share:
            yield Problem(
                "Stateful", f"worker {worker} gave up after {found['scenarios']} of {share} scenarios"
            )

    def rows(self) -> Iterator[tuple[str, ...]]:
        for label, tally in sorted(self.operations.items(), key=lambda item: item[0].split()[::-1]):
            statuses = "  ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items()))
            cases = sum(tally.cases.values())
            found = sum(problem.operation == label for problem in self.problems)
            yield (
                label,
                str(cases),
                str(tally.checks),
                str(found),
                f"{tally.seconds / max(1, cases) * 1000:.1f}",
                statuses,
            )

    def print(self, console: Console) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in HEADINGS:
            table.add_column(name, justify="left" if name in ("Operation", "Responses") else "right")
        for row in self.rows():
            table.add_row(*row)
        console.print(table)
        for color, problems in (("yellow", self.warnings), ("red", self.problems)):
            for problem in problems:
                console.print(f"\n{problem.operation}: {problem.text}", style=color, markup=False)
                if problem.command:
                    console.print(f"\n{problem.command}", soft_wrap=True, markup=False, highlight=False)
        console.print()
        for name, text in self.summary:
            console.print(f"{name:<10} {text}", soft_wrap=True, markup=False, highlight=False)

    def as_html(self) -> str:
        def cells(tag: str, texts: Sequence[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts) + "</tr>\n"

        links = ", ".join(f'<a href="{path}">{path}</a>' for path in self.details)
        note = f"<p>{html.escape(self.note)}</p>\n" if self.note else ""
        return PAGE.format(
            summary="".join(f"<dt>{name}</dt><dd>{html.escape(text)}</dd>\n" for name, text in self.summary),
            problems=_sections("Problems", note, self.problems) + _sections("Warnings", "", self.warnings),
            head=cells("th", HEADINGS),
            rows="".join(cells("td", row) for row in self.rows()),
            links=links,
        )


def _sections(title: str, note: str, problems: Sequence[Problem]) -> str:
    sections = "".join(
        f"<section><h3>{html.escape(problem.operation)}</h3><pre>{html.escape(problem.text)}</pre>"
        + (f"<pre class=command>{html.escape(problem.command)}</pre>" if problem.command else "")
        + "</section>\n"
        for problem in problems
    )
    return f"<h2>{title}</h2>\n{note}{sections}" if sections else ""


HEADINGS = ("Operation", "Cases", "Checks", "Problems", "ms each", "Responses")

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Fuzz run</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: .25rem .75rem; border-bottom: 1px solid #8884; white-space: nowrap; }}
:is(th, td):is(:first-child, :last-child) {{ text-align: left; }}
td:last-child {{ white-space: normal; }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: .2rem 1.5rem; }}
dd {{ margin: 0; }}
section {{ border-left: .3rem solid #c33; padding-left: 1rem; margin: 1.5rem 0; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
.command {{ background: #8882; padding: .5rem; }}
</style>
<h1>Fuzz run</h1>
<dl>
{summary}</dl>
{problems}<h2>Operations</h2>
<table>
{head}{rows}</table>
<p>Schemathesis's own pages, with each request: {links}</p>
</html>
"""
