"""The tables of scripts/conformance: on the terminal, as JSON, as HTML, and as docs/conformance.md."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from scripts.conformance_measure import Stage

STAGES = ("load", "lint", "generate", "compile", "types", "start", "mock", "fuzz")


@dataclass
class Row:
    """One contract."""

    group: str
    contract: str
    operations: int = 0
    version: str = ""
    stages: dict[str, Stage] = field(default_factory=dict)
    measured: str = ""
    """When, and with which versions and options."""

    @property
    def result(self) -> str:
        results = [stage.result for stage in self.stages.values()]
        return next((result for result in ("failed", "refused") if result in results), "served")

    @property
    def reason(self) -> str:
        """The first line of what is wrong, without the folder of the contract."""
        for name, stage in self.stages.items():
            if stage.result != "ok" and stage.text:
                lines = [line for line in stage.text.splitlines() if line.strip()]
                last = name in ("generate", "compile", "start", "mock") and "Traceback" in stage.text
                errors = [line for line in lines if ": error[" in line] if name == "lint" else []
                line = (errors or lines)[-1 if last else 0]
                return re.sub(r"(?:/[^\s/:]+)+/(?=[^\s/:]+)", "", line)
        return ""

    @property
    def untested(self) -> list[str]:
        """The operations that Schemathesis did not reach, with the reasons."""
        return self.stages["fuzz"].facts.get("untested", []) if "fuzz" in self.stages else []

    @property
    def megabytes(self) -> int:
        return max((stage.megabytes for stage in self.stages.values()), default=0)


@dataclass
class Table:
    """All contracts, tried with one tool."""

    tool: str
    stages: list[str]
    rows: list[Row] = field(default_factory=list)

    def write(self, path: Path) -> None:
        rows = [asdict(row) | {"result": row.result, "reason": row.reason} for row in self.rows]
        path.write_text(json.dumps(asdict(self) | {"rows": rows}, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Table:
        found = json.loads(path.read_text(encoding="utf-8"))
        rows = []
        for row in found.pop("rows"):
            row["stages"] = {name: Stage(**stage) for name, stage in row["stages"].items()}
            rows.append(Row(**{name: row[name] for name in Row.__dataclass_fields__}))
        return cls(**found, rows=rows)

    def updated(self, newer: Table) -> Table:
        """Return the newer table, with the rows of this one that it does not have, sorted by their names."""
        places = {(row.group, row.contract): row for row in (*self.rows, *newer.rows)}
        rows = sorted(places.values(), key=lambda row: (row.group, row.contract.lower()))
        stages = [name for name in STAGES if name in {*self.stages, *newer.stages}]
        return replace(newer, rows=rows, stages=stages)

    @property
    def measured(self) -> list[str]:
        """Say how the rows were measured, with a sentence for each part that was measured otherwise."""
        contracts: dict[str, list[str]] = {}
        for row in self.rows:
            contracts.setdefault(row.measured, []).append(row.contract)
        most, *others = sorted(contracts, key=lambda text: -len(contracts[text]))
        return [f"Measured {most}", *(f"Except {', '.join(contracts[text])}: {text}" for text in others)]

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        for group in dict.fromkeys(row.group for row in self.rows):
            yield group, [row for row in self.rows if row.group == group]

    def cells(self, row: Row) -> list[str]:
        """Return a text for each stage: its processor seconds, or what went wrong."""
        cells = []
        for name in self.stages:
            stage = row.stages.get(name)
            if stage is None:
                cells.append("")
            elif name == "fuzz" and stage.facts:
                facts = stage.facts
                text = f"{facts['failures']} of {facts['cases']}, n = {facts['examples']}"
                if facts["covered"] < row.operations - len(facts["untested"]):
                    text += f", coverage of {facts['covered']} operations"
                cells.append(text + (f", {len(facts['untested'])} untested" if facts["untested"] else ""))
            else:
                cells.append(f"{stage.seconds:.1f}" if stage.result == "ok" else stage.result)
        return cells

    @property
    def headings(self) -> list[str]:
        stages = ["failures of cases" if name == "fuzz" else f"{name}, s" for name in self.stages]
        return ["contract", "OpenAPI", "operations", *stages, "MB", "result", "reason"]

    def lines(self, rows: Sequence[Row]) -> Iterator[list[str]]:
        for row in rows:
            yield [
                row.contract,
                row.version,
                str(row.operations),
                *self.cells(row),
                str(row.megabytes),
                row.result,
                row.reason,
            ]


def summary(rows: Sequence[Row]) -> str:
    """Say how many contracts and operations are served."""
    served = [row for row in rows if row.result == "served"]
    operations, all_ = sum(row.operations for row in served), sum(row.operations for row in rows)
    text = f"{len(served)} of {len(rows)} served, {operations} of {all_} operations"
    for result in ("refused", "failed"):
        count = sum(row.result == result for row in rows)
        text += f", {count} {result}" if count else ""
    return text


def print_table(table: Table, console: Console) -> None:
    for group, rows in table.groups():
        grid = Grid(*table.headings, title=f"{table.tool}: {group}", box=None, padding=(0, 1))
        for line in table.lines(rows):
            grid.add_row(
                *line[:-1], line[-1][:120], style={"failed": "red", "refused": "yellow"}.get(line[-2])
            )
        console.print(grid)
        console.print(summary(rows))


# --- HTML -----------------------------------------------------------------------------------------------


def as_html(tables: Sequence[Table]) -> str:
    """Return one page with all tables, and the whole message of each failure."""
    parts = []
    for table in tables:
        parts.append(f"<h2>{html.escape(table.tool)}</h2>\n<p>{html.escape(' '.join(table.measured))}</p>\n")
        for group, rows in table.groups():
            head = "".join(f"<th>{html.escape(name)}</th>" for name in table.headings)
            body = "".join(
                f'<tr class="{line[-2]}">'
                + "".join(f"<td>{html.escape(cell)}</td>" for cell in line[:-1])
                + f"<td>{_detail(row)}</td></tr>\n"
                for row, line in zip(rows, table.lines(rows), strict=True)
            )
            parts.append(f"<h3>{html.escape(group)}: {summary(rows)}</h3>\n")
            parts.append(f"<table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>\n")
    return _HTML.replace("BODY", "".join(parts))


def _detail(row: Row) -> str:
    wrong = next((stage for stage in row.stages.values() if stage.result != "ok"), None)
    if wrong is None:
        return ""
    reason = html.escape(row.reason[:160])
    return f"<details><summary>{reason}</summary><pre>{html.escape(wrong.text)}</pre></details>"


_HTML = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Conformance</title>
<meta name="viewport" content="width=device-width">
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 100rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #8884; white-space: nowrap; }
thead th { position: sticky; top: 0; background: Canvas; }
:is(th, td):is(:first-child, :nth-last-child(-n+2)) { text-align: left; }
td:last-child { white-space: normal; max-width: 40rem; }
tr.served td:nth-last-child(2) { color: #2a2; }
tr.refused td:nth-last-child(2) { color: #b70; }
tr.failed td:nth-last-child(2) { color: #c33; font-weight: bold; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 30rem; overflow: auto; }
</style>
<h1>Conformance</h1>
BODY</html>
"""


# --- docs/conformance.md ----------------------------------------------------------------------------------


def as_page(tables: Sequence[Table]) -> str:
    """Return docs/conformance.md: our tables, and the comparison with the tables of other tools."""
    own = next(table for table in tables if table.tool == "specfirst")
    others = [table for table in tables if table.tool != "specfirst"]
    parts = [_INTRODUCTION, *(f"{text}\n\n" for text in own.measured)]
    for group, rows in own.groups():
        parts.append(f"## {group.capitalize()}\n\n{summary(rows)}.\n\n")
        parts.append(_markdown(own.headings, own.lines(rows)) + "\n")
        parts += [
            f"Untested in {row.contract}: {', '.join(row.untested)}.\n\n" for row in rows if row.untested
        ]
    if others:
        parts.append(_COMPARISON)
        parts.append("".join(f"- {table.tool}: {' '.join(table.measured)}\n" for table in others))
        for group, rows in own.groups():
            parts.append(f"\n### {group.capitalize()}\n\n")
            parts.append(_markdown(*_comparison(tables, group, [row.contract for row in rows])))
    return "".join(parts).rstrip("\n") + "\n"


def _comparison(
    tables: Sequence[Table], group: str, contracts: Sequence[str]
) -> tuple[list[str], Iterator[list[str]]]:
    steps = ("generate", "compile", "types", "start")
    found = [{row.contract: row for row in table.rows if row.group == group} for table in tables]

    def marks(row: Row | None) -> str:
        if row is None:
            return "–"
        return " ".join(
            {"ok": "✓", "": "·"}.get(row.stages[step].result if step in row.stages else "", "✗")
            for step in steps
        )

    def counts(rows: dict[str, Row]) -> str:
        return " ".join(
            str(sum(step in row.stages and row.stages[step].result == "ok" for row in rows.values()))
            for step in steps
        )

    def lines() -> Iterator[list[str]]:
        yield ["**all**", *(f"**{counts(rows)}**" for rows in found)]
        for contract in contracts:
            yield [contract, *(marks(rows.get(contract)) for rows in found)]

    return ["contract", *(table.tool for table in tables)], lines()


def _markdown(headings: Sequence[str], lines: Iterator[list[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|")[:300] for cell in cells) + " |\n"

    return line(headings) + "|" + "---|" * len(headings) + "\n" + "".join(map(line, lines))


_INTRODUCTION = """# Conformance

<!-- scripts/conformance --page writes this page; change scripts/conformance_report.py instead. -->

`scripts/conformance` tries `specfirst` with every contract of a folder. To repeat the tables of this page:

```sh
scripts/conformance FOLDER ...                  # the first tables; an hour for the documents here
scripts/conformance FOLDER ... --compare        # the other tools, each in an environment of its own
scripts/conformance --page                      # write this page from both
scripts/conformance petstore.yaml --no-types --examples 5      # one contract, quickly
```

It also writes `build/conformance/index.html` with the whole message of each failure, and `table*.json`.

| column | what happens |
|---|---|
| load | read the contract, and all files that it refers to |
| lint | find the errors: what cannot be served |
| generate, compile | make the package, and compile all of its modules |
| types | check the package with `mypy --strict` |
| start | import the package, and build its application |
| mock | make a valid response of each declared status and media type |
| failures of cases | test the mock with Schemathesis, all phases and checks |

A number is the processor time of user and system in seconds, which other load on the machine changes little.
MB is the largest process of all stages. *Refused* means a message with the place and the remedy, and *failed*
anything else. An operation is *untested* if Schemathesis sent it no request. *Coverage of n operations* means
that the time of this phase ended before it reached the others, which the other phases tested.

"""

_COMPARISON = """## Comparison

The same contracts with other tools that make a Python server of a contract. Each is used as its documentation
shows, without options that change what it accepts. The four marks are: it generates, the result compiles, it
passes `mypy --strict`, the server starts. A dot means that the step was not reached, and a dash that the
contract was not tried with this tool. connexion generates no code, so it has only the last one.

"""
