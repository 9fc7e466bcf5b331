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

import jsonschema_rs
import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.cli import EventHandler, ExecutionContext, handler
from schemathesis.core import hooks as loading
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.engine import events
from schemathesis.engine.run import PhaseName
from schemathesis.openapi.checks import (
    AuthScenario,
    EnsureResourceAvailability,
    IgnoredAuth,
    RejectedPositiveData,
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


_undeclared: dict[str, dict[int, str]] = {}
"""A command for each error status that the contract does not declare, by operation."""

_set_aside: Counter[str] = Counter()


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Set aside failures that are warnings, and those that say nothing about the server.

    An error response (4xx) that the contract does not declare is a gap of the contract, and a warning, as in
    lint.
    """
    if isinstance(failure, UndefinedStatusCode) and 400 <= failure.status_code < 500:
        commands = _undeclared.setdefault(case.operation.label, {})
        if failure.status_code not in commands:
            commands[failure.status_code] = case.as_curl_command()
        return False
    reason = _excuse(failure, case, response)
    if reason:
        _set_aside[f"{failure.title}: {reason}"] += 1
    return reason is None


def _excuse(failure: Failure, case: Case[Any], response: Response) -> str | None:
    """Return why a failure says nothing about the server, or None."""
    if MARK.lower() in response.headers:
        if isinstance(failure, UseAfterFree | EnsureResourceAvailability):
            return "a mock keeps no data"
        if isinstance(failure, IgnoredAuth) and failure.scenario is not AuthScenario.NO_AUTH:
            return "a mock accepts every credential of the right form"
    media_type = (case.media_type or "").partition(";")[0].strip().lower()
    accepted = isinstance(failure, AcceptedNegativeData)
    if accepted and (media_type in ("application/xml", "text/xml") or media_type.endswith("+xml")):
        return "XML does not show the types of values"
    if media_type in _FORMS and isinstance(case.body, dict):
        if isinstance(failure, RejectedPositiveData) and any(map(_is_ambiguous, case.body.values())):
            return "a form does not show an empty list, and Schemathesis writes nested objects as texts"
        if accepted and _valid_with_lists(case):
            return "a form does not show whether one value is a list"
    return None


_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _is_ambiguous(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value in ([], {}) or any(isinstance(part, dict | list) for part in inner)


def _valid_with_lists(case: Case[Any]) -> bool:
    """Return whether the body is valid if the single values that are wrong are read as lists of one."""
    alternative = case.operation.get_body_for_media_type(case.media_type)
    if alternative is None or not isinstance(case.body, dict):
        return False
    validator = jsonschema_rs.validator_for(alternative.optimized_schema)
    wrong = {error.instance_path[0] for error in validator.iter_errors(case.body) if error.instance_path}
    body = {name: [value] if name in wrong else value for name, value in case.body.items()}
    return bool(wrong) and validator.is_valid(body)


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
                    "undeclared": _undeclared,
                    "set_aside": _set_aside,
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
