"""Schemathesis hooks for any contract: the results of a run as JSON, and its observations for the coverage.

Schemathesis imports this module itself. `specfirst.fuzz.run` sets the environment variables that it reads.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.cli import EventHandler, ExecutionContext, handler
from schemathesis.core import hooks as loading
from schemathesis.core.failures import Failure
from schemathesis.engine import events
from schemathesis.engine.run import PhaseName
from schemathesis.openapi.checks import (
    AuthScenario,
    EnsureResourceAvailability,
    IgnoredAuth,
    UndefinedStatusCode,
    UseAfterFree,
)

from specfirst.contract.document import Document, Operation
from specfirst.coverage import Recorder
from specfirst.fuzz import CONTRACT, HOOKS, OBSERVATIONS, RESULTS
from specfirst.runtime.mock import MARK

_CONDITIONS = {"if-match": "*", "if-none-match": '"of-nothing"'}


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Add x-response-headers, which the engine sends with every response, to each response."""
    common = raw_schema.get("x-response-headers", {})
    methods = [node for item in raw_schema.get("paths", {}).values() for node in item.values()]
    operations = [node for node in methods if isinstance(node, dict)]
    inline = [r for node in operations for r in node.get("responses", {}).values() if "$ref" not in r]
    shared = raw_schema.get("components", {}).get("responses", {}).values()
    for response in (*inline, *shared) if common else ():
        response["headers"] = common | response.get("headers", {})


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Write integers in URLs in one form, and give conditional headers values whose condition holds.

    JSON Schema calls 84.0 an integer. A contract cannot say how a URL writes it, and many servers, including
    the engine, accept `84` only. Nor can a schema say which entity tags match (RFC 9110, section 13.1).
    """
    if case.meta and case.meta.generation.mode.is_positive:
        for name in case.headers or ():
            if name.lower() in _CONDITIONS:
                case.headers[name] = _CONDITIONS[name.lower()]
    for parameters in (case.path_parameters, case.query):
        for parameter, value in (parameters or {}).items():
            if isinstance(value, float) and value.is_integer():
                parameters[parameter] = int(value)


_undeclared: dict[str, set[int]] = {}
_mocked: Counter[str] = Counter()


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Set aside what the report shows as a warning or a fact, and not as a failure.

    An error response (4xx) that the contract does not declare is a gap of the contract, and a warning, as in
    lint. A mock, which marks its responses, keeps no data and accepts every credential of the right form.
    """
    if isinstance(failure, UndefinedStatusCode) and 400 <= failure.status_code < 500:
        _undeclared.setdefault(case.operation.label, set()).add(failure.status_code)
        return False
    if MARK.lower() not in response.headers:
        return True
    accepts = isinstance(failure, IgnoredAuth) and failure.scenario is not AuthScenario.NO_AUTH
    if accepts or isinstance(failure, UseAfterFree | EnsureResourceAvailability):
        _mocked[failure.title] += 1
        return False
    return True


@handler()
class Results(EventHandler[ExecutionContext]):
    """Count the requests and responses of each operation."""

    def __init__(self, *args: Any, **params: Any) -> None:
        self.operations: dict[str, dict[str, Any]] = {}
        self.scenarios = 0
        self._observe = _observer()

    def handle_event(self, ctx: ExecutionContext, event: events.EngineEvent) -> None:
        if isinstance(event, events.ScenarioFinished):
            self.scenarios += event.phase is PhaseName.STATEFUL_TESTING
            for case_id, node in event.recorder.cases.items():
                interaction = event.recorder.interactions.get(case_id)
                response = interaction.response if interaction else None
                checks = len(event.recorder.checks.get(case_id, ()))
                self._count(node.value, response, checks, event.phase)
                if interaction and response and self._observe:
                    query = urlsplit(interaction.request.uri).query
                    self._observe(node.value.operation.label, response.status_code, query.encode())

    def _count(self, case: Case[Any], response: Response | None, checks: int, phase: PhaseName) -> None:
        counts = self.operations.setdefault(
            case.operation.label,
            {"cases": Counter(), "checks": 0, "statuses": Counter(), "seconds": 0.0},
        )
        counts["cases"][phase.value] += 1
        counts["checks"] += checks
        if response:
            counts["statuses"][response.status_code] += 1
            counts["seconds"] += response.elapsed

    def shutdown(self, ctx: ExecutionContext) -> None:
        failures = [
            {
                "operation": label,
                "problems": [f"{failure.title}: {failure.message}" for failure in group.failures],
                "status": group.response.status_code if group.response else None,
                "curl": group.code_sample,
            }
            for label, groups in ctx.statistic.failures.items()
            for group in groups.values()
        ]
        errors = [f"{error.label}: {error.info.title}: {error.value}" for error in ctx.errors]
        Path(os.environ[RESULTS]).write_text(
            json.dumps(
                {
                    "operations": self.operations,
                    "failures": failures,
                    "errors": errors,
                    "warnings": ctx.summary().warnings.as_labels(),
                    "undeclared": {label: sorted(statuses) for label, statuses in _undeclared.items()},
                    "mocked": _mocked,
                    "scenarios": self.scenarios,
                }
            )
        )


def _observer() -> Any:
    """Return the function that records a response of an operation, by its label, if it is to be recorded."""
    folder = os.environ.get(OBSERVATIONS)
    if not folder:
        return None
    document = Document.from_json(Path(os.environ[CONTRACT]).read_bytes())
    recorder = Recorder(Path(folder), document)
    operations: dict[str, Operation] = {f"{o.method.upper()} {o.path}": o for o in document.operations}

    def observe(label: str, status: int, query: bytes) -> None:
        if operation := operations.get(label):
            recorder.record(operation, status, query)

    return observe


if os.environ.get(HOOKS):
    loading.load_from_path(os.environ[HOOKS])
