"""What servers were seen to do, compared with what their contract promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from contracts import PROJECT, package, serve
from specfirst.contract.document import Document
from specfirst.coverage import Recorder, as_html, as_text, measure

from generated.application import contract as served_contract
from tests.specfirst.command import specfirst


def contract(**changes: Any) -> Document:
    """Two operations: one that lists by a filter, and one that never fails where anybody can see it."""
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "Shelves & more", "version": "1"},
            "paths": {
                "/shelves": {
                    "get": {
                        "operationId": "listShelves",
                        "parameters": [
                            {"name": "size", "in": "query", "schema": {"$ref": "#/components/schemas/Size"}},
                            {
                                "name": "sizes",
                                "in": "query",
                                "explode": False,
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Size"}},
                            },
                            {"name": "full", "in": "query", "schema": {"type": "boolean"}},
                            {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                        ],
                        "responses": {
                            "200": {"description": "The shelves."},
                            "422": {"description": "No."},
                            "500": {"$ref": "#/components/responses/Failed"},
                        },
                    }
                },
                "/door": {
                    "get": {
                        "operationId": "getDoor",
                        "responses": {"200": {"description": "The door."}, "404": {"description": "None."}},
                        **changes,
                    }
                },
            },
            "components": {
                "schemas": {"Size": {"type": "string", "enum": ["small", "large"]}},
                "responses": {"Failed": {"description": "Failed.", "x-unprovokable": "It never <fails>."}},
            },
        }
    )


def record(folder: Path, document: Document, *observations: tuple[str, int, bytes]) -> None:
    recorder = Recorder(folder, document)
    operations = {operation.operation_id: operation for operation in document.operations}
    for operation_id, status, query in observations:
        recorder.record(operations[operation_id], status, query)


EVERYTHING = (
    ("listShelves", 200, b""),
    ("listShelves", 422, b""),
    ("getDoor", 200, b""),
    ("getDoor", 404, b""),
)


def test_a_contract_is_covered_when_each_response_was_observed(tmp_path: Path) -> None:
    record(tmp_path, contract(), *EVERYTHING)
    coverage = measure(contract(), tmp_path)
    assert coverage.problems == []
    assert coverage.percent == 100


def test_without_observations_every_response_is_missing(tmp_path: Path) -> None:
    coverage = measure(contract(), tmp_path / "nothing")
    assert len(coverage.problems) == 4
    assert coverage.percent == 0


def test_what_is_missing_is_named_with_what_to_do(tmp_path: Path) -> None:
    record(tmp_path, contract(), *EVERYTHING[:-1])
    coverage = measure(contract(), tmp_path)
    (problem,) = coverage.problems
    assert problem == (
        "getDoor 404 was never observed; write a test that provokes it, "
        "or give the reason why no test can as x-unprovokable in the contract"
    )
    assert coverage.percent == 75


def test_a_mark_on_the_operation_excuses_its_status_alone(tmp_path: Path) -> None:
    document = contract(**{"x-unprovokable": {"404": "There is always a door."}})
    record(tmp_path, document, ("listShelves", 200, b""), ("listShelves", 422, b""))
    (problem,) = measure(document, tmp_path).problems
    assert problem.startswith("getDoor 200")


def test_a_mark_on_what_was_observed_is_wrong(tmp_path: Path) -> None:
    record(tmp_path, contract(), *EVERYTHING, ("listShelves", 500, b""))
    coverage = measure(contract(), tmp_path)
    assert coverage.problems == [
        "listShelves 500 was observed, though the contract calls it unprovokable; remove the mark"
    ]
    assert "MARK" in as_text(coverage)


def test_parameters_and_their_values_count_where_they_were_accepted(tmp_path: Path) -> None:
    record(
        tmp_path,
        contract(),
        ("listShelves", 422, b"full=true&size=large&limit=0"),
        ("listShelves", 200, b"size=sm%61ll&sizes=large,small"),
    )
    coverage = measure(contract(), tmp_path)
    assert {value.name for value in coverage.values if value.observed} == {
        *("size", "size=small"),
        *("sizes", "sizes=large", "sizes=small"),
    }
    assert {value.name for value in coverage.values if not value.observed} == {
        *("size=large", "full", "full=true", "full=false", "limit"),
    }


def test_each_process_writes_each_observation_once(tmp_path: Path) -> None:
    record(tmp_path, contract(), *EVERYTHING, *EVERYTHING)
    (path,) = tmp_path.iterdir()
    assert len(path.read_text().splitlines()) == 4


def test_what_several_processes_saw_counts_together_even_of_those_that_were_killed(tmp_path: Path) -> None:
    document = contract()
    recorder = Recorder(tmp_path, document)
    for operation_id, status, query in EVERYTHING:
        child = os.fork()
        if child == 0:
            operation = next(o for o in document.operations if o.operation_id == operation_id)
            recorder.record(operation, status, query)
            os.kill(os.getpid(), 9)
        os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 4
    assert measure(document, tmp_path).problems == []


def test_what_another_contract_s_server_saw_does_not_count(tmp_path: Path) -> None:
    record(tmp_path, contract(summary="Another"), *EVERYTHING)
    assert len(measure(contract(), tmp_path).problems) == 4


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    record(tmp_path, contract(), *EVERYTHING)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    (problem,) = measure(contract(), tmp_path).problems
    assert problem.startswith("getDoor 404")


def test_the_table_has_a_line_for_each_operation_and_a_column_for_each_status(tmp_path: Path) -> None:
    record(tmp_path, contract(), *EVERYTHING[:-1])
    head, shelves, door = as_text(measure(contract(), tmp_path)).splitlines()[:3]
    assert head.split() == ["200", "404", "422", "500"]
    assert shelves.split() == ["listShelves", "yes", "yes", "-"]
    assert door.split() == ["getDoor", "yes", "NO"]


def test_the_page_needs_nothing_else_and_escapes_what_the_contract_says(tmp_path: Path) -> None:
    page = as_html(measure(contract(), tmp_path), "Shelves & more")
    assert "Shelves &amp; more" in page
    assert "It never &lt;fails&gt;." in page
    assert "http" not in page
    assert "<script" not in page


async def test_an_engine_records_statuses_and_query_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = package("bookshop").operations.ListBooks200(body=[], x_total_count=0)
    served = serve("bookshop", {"list_books": nothing})
    # Other tests use the same application.
    monkeypatch.setattr(served.app.observation, "observers", [Recorder(tmp_path, served.engine.document)])
    await served.get("/books?inStock=true")
    await served.get("/books?inStock=perhaps")
    coverage = measure(served.engine.document, tmp_path)
    assert {
        (response.operation.operation_id, response.status)
        for response in coverage.responses
        if response.observed
    } == {
        ("listBooks", 200),
        ("listBooks", 422),
    }
    assert {value.name for value in coverage.values if value.observed} == {"inStock", "inStock=true"}


def command(folder: Path) -> subprocess.CompletedProcess[str]:
    arguments = ["--observations", str(folder), "--page", str(folder / "page.html")]
    return subprocess.run(
        [sys.executable, "-m", "scripts.coverage", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_an_unwritable_folder_is_one_log_line_and_no_client_s_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    nothing = package("bookshop").operations.ListBooks200(body=[], x_total_count=0)
    served = serve("bookshop", {"list_books": nothing})
    recorder = Recorder(tmp_path / "file", served.engine.document)
    monkeypatch.setattr(served.app.observation, "observers", [recorder])
    assert [(await served.get("/books")).status_code for _ in range(2)] == [200, 200]
    assert caplog.messages == [f"Cannot record observations in {tmp_path / 'file'}: File exists"]


def test_the_command_without_a_run_says_what_to_run(tmp_path: Path) -> None:
    done = command(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path} has no observations of {PROJECT}/openapi.yaml; run `specfirst proxy`" in done.stderr


def test_the_command_fails_while_something_is_missing(tmp_path: Path) -> None:
    record(tmp_path, served_contract(), ("getHealth", 200, b""))
    done = command(tmp_path)
    assert done.returncode == 1
    assert "was never observed" in done.stdout
    assert "% of" in (tmp_path / "page.html").read_text()


def test_the_command_passes_once_all_was_observed(tmp_path: Path) -> None:
    document = served_contract()
    responses = [response for response in measure(document, tmp_path).responses if not response.unprovokable]
    record(tmp_path, document, *((a.operation.operation_id, a.status, b"") for a in responses))
    done = command(tmp_path)
    assert done.returncode == 0
    assert "100 % of" in done.stdout


def test_settings_are_relative_to_their_file_and_options_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the default folder is that of the project, which is where its configuration is."""
    project, here = tmp_path / "project", tmp_path / "here"
    for folder in (project, here):
        folder.mkdir()
    document = contract()
    (project / "notes.json").write_bytes(document.to_json())
    (project / "specfirst.toml").write_text('[coverage]\ncontract = "notes.json"\npage = "build/page.html"\n')
    record(project / ".specfirst/observations", document, *EVERYTHING, ("listShelves", 500, b""))
    record(here / "own", document, *EVERYTHING)
    monkeypatch.chdir(here)
    configured = ("coverage", "--config", "../project/specfirst.toml")
    done = specfirst(*configured)
    assert f"Observations: {project / '.specfirst/observations'}\nPage: ../project/build/page.html\n" in (
        done.stdout
    )
    assert (project / "build/page.html").is_file()
    done = specfirst(*configured, "--observations", "own", "--page", "page.html")
    assert f"Observations: {here / 'own'}\nPage: page.html\n" in done.stdout
    assert (here / "page.html").is_file()
    done = specfirst(*configured, "--observations", "none")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{here / 'none'} has no observations of ../project/notes.json" in done.stderr
