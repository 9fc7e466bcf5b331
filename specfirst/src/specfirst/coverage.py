"""Contract coverage: which statuses of which operations, and which query parameters, servers have observed.

A server with a `Recorder` records each observation once. `measure` compares the records of several servers
with the contract. The contract marks a response that no test can provoke, with the reason, either in the
operation or in the response that the operation refers to:

    x-unprovokable: {'500': Nothing in it can fail.}
    x-unprovokable: The reason, for every operation that refers to this response.
"""

from __future__ import annotations

import html
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from specfirst.contract.document import Document, Operation, Parameter, Response
from specfirst.runtime.asgi import Scope
from specfirst.runtime.routing import OperationHandler

MARK = "x-unprovokable"

log = logging.getLogger("specfirst")


class Recorder:
    """Observer that appends the statuses of operations to a file in `folder`.

    Each process has its own file and writes each line with one system call: several processes can record,
    and their records survive a kill -9. The file's name contains the digest of the contract.
    """

    def __init__(self, folder: Path, document: Document) -> None:
        self._folder, self._digest = folder, document.digest
        coverage = measure(document, folder / "nothing-yet")
        self._unseen = {response.line for response in coverage.responses} | {v.line for v in coverage.values}
        self._process = 0
        self._file = -1

    def __call__(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        if isinstance(route, OperationHandler):
            self.record(route.operation, status, scope["query_string"])

    def record(self, operation: Operation, status: int, query: bytes) -> None:
        for line in _observations(operation, status, query):
            if line in self._unseen:
                try:
                    os.write(self._open(), line.encode())
                except OSError as error:
                    # Clients are not affected, so one log line is enough.
                    log.error("Cannot record observations in %s: %s", self._folder, error.strerror)
                    self._unseen.clear()
                    return
                self._unseen.remove(line)

    def _open(self) -> int:
        # A forked process must not write into its parent's file.
        if self._process != os.getpid():
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{self._digest}.{os.getpid()}.{os.urandom(4).hex()}"
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            self._process = os.getpid()
        return self._file


def _observations(operation: Operation, status: int, query: bytes) -> Iterator[str]:
    if declared := operation.response(status):
        yield _line(operation, _key(declared))
    if status >= HTTPStatus.BAD_REQUEST:
        return
    # The request was accepted, so its parameters are declared and their values are valid.
    for name, text in parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True):
        yield _line(operation, name)
        for value in text.split(","):
            yield _line(operation, name, value)


def _key(response: Response) -> int | str:
    """Return the status of a declaration, or its name if it stands for several: `4XX` or `default`."""
    return response.status if response.exact else response.key


def _line(operation: Operation, *parts: str | int | None) -> str:
    return json.dumps([operation.operation_id, *(part for part in parts if part is not None)]) + "\n"


# --- Comparing with the contract ----------------------------------------------------------------------


@dataclass(frozen=True)
class ResponseCoverage:
    """A status, a range of statuses or `default` that an operation declares."""

    operation: Operation
    status: int | str
    observed: bool
    unprovokable: str | None
    """The reason that the contract gives."""

    @property
    def line(self) -> str:
        return _line(self.operation, self.status)

    @property
    def problem(self) -> str | None:
        where = f"{self.operation.operation_id} {self.status}"
        if not self.observed and not self.unprovokable:
            return (
                f"{where} was never observed; write a test that provokes it, or give the reason why no test "
                f"can as {MARK} in the contract"
            )
        if self.observed and self.unprovokable:
            return f"{where} was observed, though the contract calls it unprovokable; remove the mark"
        return None


@dataclass(frozen=True)
class Value:
    """A query parameter, or one of its values, and whether a request with it was accepted."""

    operation: Operation
    parameter: str
    value: str | None
    observed: bool

    @property
    def line(self) -> str:
        return _line(self.operation, self.parameter, self.value)

    @property
    def name(self) -> str:
        return self.parameter if self.value is None else f"{self.parameter}={self.value}"


@dataclass(frozen=True)
class Coverage:
    responses: tuple[ResponseCoverage, ...]
    values: tuple[Value, ...]

    @property
    def problems(self) -> list[str]:
        return [response.problem for response in self.responses if response.problem]

    @property
    def percent(self) -> float:
        """Percentage of observed responses among those that can be provoked, rounded down: 100 means all."""
        expected = [response for response in self.responses if not response.unprovokable]
        observed = sum(response.observed for response in expected)
        return 1000 * observed // len(expected) / 10 if expected else 100.0

    @property
    def summary(self) -> str:
        marked = sum(response.unprovokable is not None for response in self.responses)
        seen = sum(value.observed for value in self.values)
        return (
            f"{self.percent:g} % of {len(self.responses) - marked} responses were observed, "
            f"{marked} more are marked unprovokable; "
            f"{seen} of {len(self.values)} query parameters and values were accepted"
        )


def observed(document: Document, folder: Path) -> bool:
    """Return whether the folder has observations of this contract."""
    return any(folder.glob(f"{document.digest}.*"))


def measure(document: Document, folder: Path) -> Coverage:
    """Compare the contract with what its servers have recorded in `folder`."""
    seen: set[str] = set()
    for path in folder.glob(f"{document.digest}.*"):
        # A line without its end was cut off by a kill.
        seen.update(line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n"))
    return Coverage(
        responses=tuple(
            ResponseCoverage(
                operation,
                _key(response),
                observed=_line(operation, _key(response)) in seen,
                unprovokable=_reason(document, operation, response),
            )
            for operation in document.operations
            for response in sorted(operation.declared.values(), key=lambda response: response.key)
        ),
        values=tuple(
            Value(operation, name, value, observed=_line(operation, name, value) in seen)
            for operation in document.operations
            for name, value in _expected_values(document, operation)
        ),
    )


def _reason(document: Document, operation: Operation, response: Response) -> str | None:
    of_operation: Mapping[str, str] = document.get(operation.pointer).get(MARK, {})
    of_response: str | None = document.get(response.pointer).get(MARK)
    return of_operation.get(response.key, of_response)


def _expected_values(document: Document, operation: Operation) -> Iterator[tuple[str, str | None]]:
    for parameter in operation.located("query"):
        yield parameter.name, None
        for value in _enumerated(document, parameter):
            yield parameter.name, value if isinstance(value, str) else json.dumps(value)


def _enumerated(document: Document, parameter: Parameter) -> Iterable[Any]:
    schema, where = document.follow(parameter.schema, (*parameter.pointer, "schema"))
    if schema.get("type") == "array":
        schema, _ = document.follow(schema.get("items", {}), (*where, "items"))
    values: Iterable[Any] = [True, False] if schema.get("type") == "boolean" else schema.get("enum", ())
    return values


# --- Reports ------------------------------------------------------------------------------------------

SEEN, MISSING, MARKED, WRONGLY_MARKED = "yes", "NO", "-", "MARK"
LEGEND = f"{SEEN}: observed   {MISSING}: never observed   {MARKED}: marked unprovokable"


def _cell(response: ResponseCoverage | None) -> str:
    if response is None:
        return ""
    if response.unprovokable:
        return WRONGLY_MARKED if response.observed else MARKED
    return SEEN if response.observed else MISSING


def _rows(coverage: Coverage) -> Iterator[list[str]]:
    """Yield the rows of a table: one row for each operation, one column for each status."""
    statuses = sorted({response.status for response in coverage.responses}, key=str)
    yield ["", *map(str, statuses)]
    responses = {(one.operation.operation_id, one.status): one for one in coverage.responses}
    for name in dict.fromkeys(response.operation.operation_id for response in coverage.responses):
        yield [name, *(_cell(responses.get((name, status))) for status in statuses)]


def as_text(coverage: Coverage) -> str:
    rows = list(_rows(coverage))
    width = max(len(row[0]) for row in rows)
    lines = [f"{row[0]:<{width}}  " + "  ".join(f"{cell:^4}" for cell in row[1:]) for row in rows]
    lines = [*(line.rstrip() for line in lines), "", LEGEND, ""]
    for name in dict.fromkeys(value.operation.operation_id for value in coverage.values):
        values = [value for value in coverage.values if value.operation.operation_id == name]
        marks = (value.name if value.observed else f"{value.name} ({MISSING})" for value in values)
        lines.append(f"{name}: accepted {', '.join(marks)}")
    return "\n".join([*lines, "", *coverage.problems, coverage.summary])


def as_data(coverage: Coverage) -> dict[str, Any]:
    """Return the coverage as JSON data."""
    return {
        "percent": coverage.percent,
        "responses": [
            {
                "operation": one.operation.operation_id,
                "status": one.status,
                "observed": one.observed,
                "unprovokable": one.unprovokable,
            }
            for one in coverage.responses
        ],
        "parameters": [
            {
                "operation": one.operation.operation_id,
                "name": one.parameter,
                "value": one.value,
                "accepted": one.observed,
            }
            for one in coverage.values
        ],
        "problems": coverage.problems,
    }


def as_html(coverage: Coverage, title: str) -> str:
    """Render a self-contained HTML page."""
    head, *body = _rows(coverage)
    return _PAGE.format(
        title=html.escape(title),
        summary=html.escape(coverage.summary),
        problems="".join(f"<p class=NO>{html.escape(problem)}</p>\n" for problem in coverage.problems),
        head="".join(f"<th>{cell}</th>" for cell in head),
        body="".join(
            "<tr>" + "".join(f"<td class={cell or 'none'}>{cell}</td>" for cell in row) + "</tr>\n"
            for row in body
        ),
        legend=LEGEND,
        reasons="".join(
            f"<li>{one.operation.operation_id} {one.status}: {html.escape(one.unprovokable)}</li>\n"
            for one in coverage.responses
            if one.unprovokable
        ),
        values="".join(
            f"<tr><td>{value.operation.operation_id}</td><td>{html.escape(value.name)}</td>"
            f"<td class={mark}>{mark}</td></tr>\n"
            for value in coverage.values
            for mark in [SEEN if value.observed else MISSING]
        ),
    )


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .2rem .8rem; border-bottom: 1px solid #8884; text-align: center; }}
:is(th, td):first-child {{ text-align: left; }}
.yes {{ color: #287a28; }}
.NO, .MARK {{ color: #c33; font-weight: bold; }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
{problems}<h2>Responses</h2>
<table><tr>{head}</tr>
{body}</table>
<p>{legend}</p>
<ul>
{reasons}</ul>
<h2>Query parameters</h2>
<table><tr><th>Operation</th><th>Parameter or value</th><th>Accepted</th></tr>
{values}</table>
</html>
"""
