"""Schemathesis reports no failure of the running server, and each injected fault of a changed copy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from generated.application import contract
from impl.identity.tokens import mint_token
from scripts.fuzz import ROOT, Report, database, fuzz, reproduction, serving

SEED = 20_261_123


@pytest.mark.long
def test_the_fuzz_run_reports_no_failure(tmp_path: Path) -> None:
    """Run the same as `scripts/fuzz --examples 100`; a failure shows the commands that reproduce it."""
    report = fuzz(100, SEED, tmp_path, quiet=True)
    assert not report.problems, "\n\n".join(
        f"{problem.operation}: {problem.text}\n{problem.command or ''}" for problem in report.problems
    )


@pytest.mark.parametrize(
    ("examples", "phases"),
    [(3, "examples,fuzzing"), pytest.param(10, "examples,coverage,fuzzing,stateful", marks=pytest.mark.long)],
)
def test_plain_schemathesis_reports_no_failure(
    postgres_url: str, tmp_path: Path, examples: int, phases: str
) -> None:
    """Run the command of the README, without our hooks and our configuration, with few examples.

    It erases the account early, and then finds no items. With items there, it reports each 412, and each 422
    for a reused Idempotency-Key, as "Schema-valid request rejected": no schema can say which tags match. The
    hooks of scripts/fuzz keep the account and the items.
    """
    secret, user = (
        "plain:0123456789abcdefghijklmnop",
        contract().content["components"]["parameters"]["PathUserId"],
    )
    token = mint_token(secret, user["example"], timedelta(hours=1))
    empty = tmp_path / "empty"
    empty.mkdir()
    with serving(database(postgres_url, 90 + examples), secret, tmp_path / "server", ROOT) as url:
        command = [sys.executable, "-P", "-m", "schemathesis.cli", "run", f"{url}/openapi.json"]
        command += ["-H", f"Authorization: Bearer {token}", "-n", str(examples)]
        command += ["--phases", phases, "--seed", str(SEED), "--no-color"]
        run = subprocess.run(command, cwd=empty, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


# The injected faults: by file, the original text and its replacement. Responses are changed after the engine,
# because the engine would not send such responses.
FAULTS: Mapping[str, tuple[str, str]] = {
    "specfirst/src/specfirst/runtime/asgi.py": (
        "    headers = [*response.headers]\n",
        """    headers = [*response.headers]
    if scope["path"].endswith("/complete") and response.status == 200:
        response = HTTPResponse(218, headers, response.body)
    if scope["path"].endswith("/tasks") and response.status == 201:
        headers = [(name, value) for name, value in headers if name != b"location"]
    if scope["path"] == "/health":
        response = HTTPResponse(response.status, headers, response.body.replace(b'"API is running"', b"[]"))
""",
    ),
    "impl/identity/caller.py": (
        '    if path_parameters.get("user_id", caller.user_id) != caller.user_id:\n',
        '    if "task_id" not in path_parameters and path_parameters.get("user_id") != caller.user_id:\n',
    ),
    "impl/store/statements.py": (
        "    return Statement(select(*_position(given), table).where(_this_row(table, given)))\n",
        """    owner = given["user_id"] if table.name == "category" else table.c.user_id
    return Statement(
        select(*_position(given), table).where(owner == given["user_id"], table.c.id == given["id"])
    )
""",
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of a short run against a copy of the service with all injected faults."""
    code = tmp_path_factory.mktemp("code")
    for package in ("generated", "impl", "migrations", "specfirst"):
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, (original, mutated) in FAULTS.items():
        text = (code / name).read_text(encoding="utf-8")
        assert text.count(original) == 1, f"{name} has changed; update the fault"
        (code / name).write_text(text.replace(original, mutated), encoding="utf-8")
    return fuzz(10, SEED, tmp_path_factory.mktemp("report"), code=code, quiet=True)


@pytest.mark.long
@pytest.mark.parametrize(
    ("operation", "failure"),
    [
        pytest.param("/complete", "Undocumented status code", id="a-status-that-is-not-declared"),
        pytest.param(
            "POST /api/{user_id}/tasks", "Missing required response headers", id="a-header-that-is-missing"
        ),
        pytest.param("GET /health", "Response violates schema", id="a-property-of-the-wrong-type"),
        pytest.param(
            "GET /api/{user_id}/tasks/{task_id}",
            "Object-level authorization bypass",
            id="a-path-without-an-owner-check",
        ),
        pytest.param(
            # GET and an empty PATCH read an item; with few examples, only one of them may find the fault.
            "/api/{user_id}/categories/{category_id}",
            "A user can reach another user's item through their own path",
            id="a-query-without-the-owner-of-the-item",
        ),
    ],
)
def test_the_fuzz_run_finds_an_injected_fault(found: Report, operation: str, failure: str) -> None:
    assert any(
        operation in problem.operation and failure in problem.text and problem.command
        for problem in found.problems
    ), found.problems


@pytest.mark.long
def test_the_report_shows_failures_and_their_command(found: Report) -> None:
    page = found.as_html()
    assert "Undocumented status code" in page
    assert "curl -X PATCH" in page
    assert "scripts/fuzz --examples 10 --seed 20261123" in page


def test_a_reproduction_command_gets_its_own_token() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
    command = f"curl -H 'Authorization: Bearer {token}' http://127.0.0.1:4711/api/ada"
    assert reproduction(command) == (
        'curl -H "Authorization: Bearer $(scripts/token ada)" http://127.0.0.1:8000/api/ada'
    )


# --- Failures that Schemathesis itself does not report -------------------------------------------------


def results(folder: Path, share: int, **changes: object) -> Path:
    """Write the results of a run in which each operation had its share of examples and succeeded."""
    operations = {
        f"{operation.method.upper()} {operation.path}": {
            "cases": {"fuzzing": share},
            "checks": share,
            "statuses": {str(operation.successes[0].status): share},
            "seconds": 1.0,
        }
        for operation in contract().operations
    }
    found = {
        **{"operations": operations, "failures": [], "errors": [], "warnings": {}, "scenarios": share},
        **{"undeclared": {}, "set_aside": {}},
    }
    path = folder / "results.json"
    path.write_text(json.dumps(found | changes), encoding="utf-8")
    return path


def problems(path: Path, share: int, *, strict: bool = True) -> list[str]:
    report = Report(contract(), share, SEED, 1, "", strict=strict)
    report.add(1, share, path, path.with_name("log"))
    return [f"{problem.operation}: {problem.text}" for problem in report.problems]


def test_a_run_with_enough_examples_passes(tmp_path: Path) -> None:
    assert problems(results(tmp_path, 20), 20) == []


def test_a_run_with_too_few_examples_fails(tmp_path: Path) -> None:
    found = problems(results(tmp_path, 20), 21)
    assert "DELETE /api/{user_id}/tasks/{task_id}: worker 1 gave up after 20 of 21 examples" in found
    assert "Stateful: worker 1 gave up after 20 of 21 scenarios" in found
    # An operation without parameters has only one example.
    assert not any("GET /health" in problem for problem in found)


def test_a_run_without_a_success_of_an_operation_fails(tmp_path: Path) -> None:
    path = results(tmp_path, 1, operations={})
    assert "GET /health: worker 1 got no successful response" in problems(path, 1)


def test_a_run_without_a_request_fails(tmp_path: Path) -> None:
    found = problems(results(tmp_path, 1, operations={}), 1, strict=False)
    assert found == ["worker 1: Schemathesis sent no request; its output says why"]
    assert problems(results(tmp_path, 1), 1, strict=False) == []


def test_a_run_with_a_warning_or_an_error_fails(tmp_path: Path) -> None:
    warned = results(tmp_path, 1, warnings={"missing_test_data": ["GET /x"], "rate_limited": []})
    assert problems(warned, 1) == ["GET /x: Schemathesis warns: missing_test_data"]
    assert problems(results(tmp_path, 1, errors=["Hook Error: no"]), 1) == ["worker 1: Hook Error: no"]


def test_a_run_without_a_result_fails_with_the_last_output(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("Hook Error\n", encoding="utf-8")
    (problem,) = problems(tmp_path / "results.json", 1)
    assert "exited without a result" in problem
    assert "Hook Error" in problem
