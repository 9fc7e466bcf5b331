"""scripts/conformance tries contracts, up to Schemathesis against their mocks, and writes tables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from serving import ROOT

from scripts.conformance import _contracts
from scripts.conformance_report import STAGES, Row, Stage, Table, as_page, summary
from scripts.conformance_tools import TOOLS

PAGE = ROOT / "docs" / "conformance.md"

# What Schemathesis misunderstands, or a mock cannot show, in one contract; it declares no error response.
KINDS = """\
openapi: 3.1.0
info: {title: Kinds, version: '1'}
servers: [{url: 'https://example.com/v1'}]
paths:
  /things/{id}:
    get:
      operationId: getThing
      tags: [things]
      security: [{key: []}, {token: []}]
      parameters:
        - {name: Accept, in: header, required: true, schema: {type: string}}
        - {name: any, in: query, schema: {}}
      responses:
        '200':
          description: Found.
          content:
            application/json: {schema: {$ref: '#/components/schemas/Thing'}}
            application/xml: {schema: {$ref: '#/components/schemas/Thing'}}
            '*/*': {schema: {type: string}}
  /things/{name}:
    put:
      operationId: putThing
      tags: [things]
      parameters: [{name: name, in: path, required: true, schema: {type: string}}]
      requestBody:
        required: true
        content:
          application/xml: {schema: {$ref: '#/components/schemas/Thing'}}
          application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Thing'}}
      responses: {'204': {description: Kept.}}
components:
  securitySchemes:
    key: {type: apiKey, in: query, name: key}
    token: {type: http, scheme: bearer}
  schemas:
    Thing:
      type: object
      required: [name, tags]
      properties:
        name: {type: string, enum: [a, b]}
        tags: {type: array, items: {type: string}}
"""
REFUSED = """\
openapi: 3.1.0
info: {title: Refused, version: '1'}
paths:
  /a: {get: {operationId: a, security: [{nobody: []}], responses: {'204': {description: Done.}}}}
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the two contracts, without mypy, whose first run takes ten seconds."""
    folder = tmp_path_factory.mktemp("conformance")
    contracts, output = folder / "few", folder / "output"
    contracts.mkdir()
    (contracts / "kinds.yaml").write_text(KINDS)
    (contracts / "refused.yaml").write_text(REFUSED)
    (contracts / "part.yaml").write_text("type: string\n")
    command = [sys.executable, "-P", "-m", "scripts.conformance", contracts, "--no-types"]
    done = subprocess.run(
        [*command, "--examples", "1", "--output", output], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 2 served, 2 of 3 operations, 1 refused" in done.stdout
    assert done.stderr.splitlines() == ["specfirst few/kinds: served", "specfirst few/refused: refused"]
    return output


@pytest.fixture(scope="module")
def rows(output: Path) -> dict[str, Any]:
    table = json.loads((output / "table.json").read_text())
    assert table["stages"] == [stage for stage in STAGES if stage != "types"]
    return {row["contract"]: row for row in table["rows"]}


def test_a_contract_is_served_without_a_failure(rows: dict[str, Any]) -> None:
    row = rows["kinds"]
    assert (row["result"], row["operations"], row["version"], row["group"]) == ("served", 2, "3.1.0", "few")
    assert {name: stage["result"] for name, stage in row["stages"].items()} == dict.fromkeys(
        (stage for stage in STAGES if stage != "types"), "ok"
    )
    assert all(stage["seconds"] > 0 and stage["megabytes"] > 10 for stage in row["stages"].values())
    facts = row["stages"]["fuzz"]["facts"]
    assert (facts["failures"], facts["untested"]) == (0, [])
    assert facts["cases"] > 50


def test_schemathesis_reaches_both_operations(output: Path, rows: dict[str, Any]) -> None:
    """The credentials are right, and the path of the contract's server is in the URL."""
    found = json.loads((output / "fuzz/few_kinds/run-1/worker-1/results.json").read_text())
    statuses = {label: counts["statuses"].keys() for label, counts in found["operations"].items()}
    assert statuses["GET /things/{id}"] >= {"200", "401", "405"}
    assert statuses["PUT /things/{name}"] >= {"204", "422"}
    # Not silently: the report says what is set aside, and what the contract lacks.
    assert any("a mock accepts every credential" in reason for reason in found["set_aside"])
    assert "422" in found["undeclared"]["GET /things/{id}"]
    page = (output / "fuzz/few_kinds/index.html").read_text()
    assert "the server responds with 422, which the contract does not declare" in page


def test_a_refusal_has_its_line_and_its_reason(rows: dict[str, Any]) -> None:
    row = rows["refused"]
    assert [*row["stages"]] == ["load", "lint"]
    assert row["result"] == "refused"
    assert re.match(
        r"refused\.yaml:4:\d+: error\[security-requirement\] the security scheme 'nobody' ", row["reason"]
    )


def test_the_page_shows_each_contract(output: Path, rows: dict[str, Any]) -> None:
    page = (output / "index.html").read_text()
    assert "<h3>few: 1 of 2 served" in page
    assert page.count("<tr class=") == 2
    assert "security scheme" in page


# --- Tables ------------------------------------------------------------------------------------------------


def test_contracts_are_found_wherever_openapi_is(tmp_path: Path) -> None:
    """Its place in the document, and the form of the document, do not matter."""
    (tmp_path / "last.yaml").write_text("paths: {}\nopenapi: 3.1.0\n")
    (tmp_path / "line.json").write_text('{"paths": {}, "openapi": "3.1.0"}')
    (tmp_path / "old.yml").write_text("'swagger': '2.0'\n")
    (tmp_path / "part.yaml").write_text("properties:\n  openapi: {type: string}\n")
    (tmp_path / "part.json").write_text('{"properties": {"openapi": {"type": "string"}}}')
    (tmp_path / "openapi.md").write_text("openapi: 3.1.0\n")
    found = [(group, path.name) for group, path in _contracts([tmp_path])]
    assert found == [(tmp_path.name, name) for name in ("last.yaml", "line.json", "old.yml")]


def test_a_table_says_how_each_row_was_measured() -> None:
    earlier = Table(
        "specfirst", ["load", "types"], [Row("g", "a", measured="on 1."), Row("g", "b", measured="on 1.")]
    )
    newer = Table(
        "specfirst", ["load", "fuzz"], [Row("g", "b", measured="on 2."), Row("g", "c", measured="on 2.")]
    )
    table = earlier.updated(newer)
    assert [(row.contract, row.measured) for row in table.rows] == [
        ("a", "on 1."),
        ("b", "on 2."),
        ("c", "on 2."),
    ]
    assert table.stages == ["load", "types", "fuzz"]
    assert table.measured == ["Measured on 2.", "Except a: on 1."]


def test_a_row_shows_what_schemathesis_did_not_reach() -> None:
    facts = {"failures": 0, "cases": 9, "examples": 1, "covered": 1, "untested": ["`COPY /a` (why)"]}
    row = Row("g", "a", 3, stages={"fuzz": Stage("ok", 1, 1, facts=facts)})
    table = Table("specfirst", ["fuzz"], [row])
    assert table.cells(row) == ["0 of 9, n = 1, coverage of 1 operations, 1 untested"]
    assert "Untested in a: `COPY /a` (why)." in as_page([table])
    row.stages["fuzz"].facts = facts | {"covered": 3, "untested": []}
    assert table.cells(row) == ["0 of 9, n = 1"]


def test_the_reason_of_a_refusal_is_the_error_not_a_warning() -> None:
    text = "/f/a.yaml:1:1: warning[x] so\n\n/f/a.yaml:2:1: error[y] wrong"
    assert Row("g", "a", stages={"lint": Stage("refused", 1, 1, text)}).reason == "a.yaml:2:1: error[y] wrong"


# --- docs/conformance.md --------------------------------------------------------------------------------


def test_the_published_page_has_the_form_that_the_script_writes() -> None:
    """Its tables are parsed, and written again: the same text comes out."""
    text = PAGE.read_text(encoding="utf-8")
    table = parsed(text)
    assert {name for name, _ in table.groups()} >= {"constructs", "corpus"}
    for group, rows in table.groups():
        assert f"\n## {group.capitalize()}\n\n{summary(rows)}.\n" in text
    assert text.startswith(
        as_page([Table("specfirst", [], [Row("", "", measured=table.rows[0].measured)])])[:-1].partition(
            "\n## "
        )[0]
    )
    tools = ["specfirst", *re.findall(r"^- ([\w-]+): Measured on \d{4}-\d\d-\d\d with ", text, re.M)]
    assert {"specfirst", "connexion"} <= {*tools} <= {"specfirst", *TOOLS}
    assert text.count(f"| contract | {' | '.join(sorted(tools))} |") == len({row.group for row in table.rows})


def parsed(text: str) -> Table:
    """Read our tables of the page."""
    measured = re.search(r"^Measured (on \d{4}-\d\d-\d\d with .*)$", text, re.M)
    assert measured
    table = Table("specfirst", [*STAGES])
    sections = re.findall(r"^## (\w+)\n\n[^\n]*\n\n((?:\|.*\n)+)", text, re.M)
    for group, lines in sections:
        head, _, *body = [
            [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines.splitlines()
        ]
        if head[0].strip("| ") != "contract":
            continue
        assert [cell.strip("| ") for cell in head] == table.headings
        for cells in body:
            assert len(cells) == len(table.headings), cells
            row = Row(group.lower(), cells[0].strip("| "), int(cells[2]), cells[1], measured=measured[1])
            result = {"served": "ok"}.get(cells[-2], cells[-2])
            row.stages["load"] = Stage(result, 0, int(cells[-3]))
            table.rows.append(row)
    return table
