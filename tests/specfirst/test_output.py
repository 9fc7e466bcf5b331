"""The formats of a report: what a person, GitHub, SARIF readers and JUnit readers get."""

from __future__ import annotations

import argparse
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from specfirst.cli.errors import CommandError
from specfirst.cli.output import (
    FORMATS,
    Problem,
    Report,
    RuleInfo,
    Severity,
    add_output_arguments,
    write_report,
)

from scripts.client import install

TEXT = "openapi: 3.1.0\npaths:\n  /a,b:\n    get: {operationId: 列, x: 1}\n"
PROBLEM = Problem(
    rule="path-parameters",
    severity=Severity.ERROR,
    message="100% wrong,\nhere",
    remedy="correct it",
    file="api/open api.yaml",
    line=4,
    column=5,
    pointer=("paths", "/a,b", "get"),
)
OPINION = Problem("one-tag", Severity.STYLE, "the operation has 0 tags", file="api/open api.yaml")
REPORT = Report(
    "lint",
    [PROBLEM, OPINION],
    {"api/open api.yaml": TEXT, "clean.yaml": "openapi: 3.1.0\n"},
    {"path-parameters": RuleInfo("Each parameter has a template.", Severity.ERROR)},
)


def test_text_shows_the_source_line_with_a_caret() -> None:
    assert FORMATS["text"](REPORT, False) == (
        "api/open api.yaml:4:5: error[path-parameters] 100% wrong, here\n"
        "  |\n"
        "4 |     get: {operationId: 列, x: 1}\n"
        "  |     ^^^\n"
        "  = at #/paths/~1a,b/get\n"
        "  = help: correct it\n"
        "\n"
        "api/open api.yaml: style[one-tag] the operation has 0 tags\n"
        "\n"
        "Found 2 problems: 1 error, 1 of style\n"
    )


def test_text_without_problems_says_so() -> None:
    assert FORMATS["text"](Report("lint", []), False) == "No problems found\n"


@pytest.mark.parametrize(
    ("line", "pointer", "column", "marked"),
    [
        ("x" * 5000 + '"name": 1' + "y" * 5000, "name", 5001, '"name"'),
        ("\ttype: 5", "type", 2, "type"),
        ("列列: {b: 1}", "b", 6, "b"),
        ("missing", "other", 1, "missing"),
    ],
)
def test_the_caret_is_below_the_marked_text(line: str, pointer: str, column: int, marked: str) -> None:
    problem = Problem("r", Severity.ERROR, "m", file="f", line=1, column=column, pointer=(pointer,))
    _, _, source, carets, *_ = FORMATS["text"](Report("lint", [problem], {"f": line}), False).splitlines()
    assert len(source) < 130
    cells = "".join(c * 2 if c == "列" else c for c in source)
    start = carets.index("^")
    assert cells[start : start + carets.count("^")] == marked


def test_json_has_every_field_of_a_problem() -> None:
    content = json.loads(FORMATS["json"](REPORT, False))
    assert content["problems"][0] == {
        "rule": "path-parameters",
        "severity": "error",
        "message": "100% wrong,\nhere",
        "remedy": "correct it",
        "file": "api/open api.yaml",
        "line": 4,
        "column": 5,
        "pointer": "#/paths/~1a,b/get",
    }
    assert content["problems"][1]["line"] is None
    assert content["summary"] == {"error": 1, "warning": 0, "style": 1}


def test_github_commands_escape_what_they_must() -> None:
    assert FORMATS["github"](REPORT, False) == (
        "::error file=api/open api.yaml,line=4,col=5,title=specfirst lint%3A path-parameters"
        "::100%25 wrong,%0Ahere at #/paths/~1a,b/get; correct it\n"
        "::notice file=api/open api.yaml,title=specfirst lint%3A one-tag::the operation has 0 tags\n"
    )


def test_sarif_locates_problems_and_lists_their_rules() -> None:
    [run] = json.loads(FORMATS["sarif"](REPORT, False))["runs"]
    first, second = run["results"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["path-parameters", "one-tag"]
    assert (first["level"], second["level"], second["ruleIndex"]) == ("error", "note", 1)
    [location] = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "api/open%20api.yaml"},
        "region": {"startLine": 4, "startColumn": 5},
    }
    assert location["logicalLocations"] == [{"fullyQualifiedName": "#/paths/~1a,b/get"}]


@pytest.fixture(scope="module")
def sarif_schema() -> dict[str, Any]:
    """The schema of OASIS, from the package with which Microsoft's SDK tests its reports."""
    folder = Path(__file__).resolve().parent / "sarif"
    install(folder)
    schemas = folder / "node_modules" / "@microsoft" / "jest-sarif" / "lib" / "schemas"
    schema: dict[str, Any] = json.loads((schemas / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    return schema


@pytest.mark.parametrize("problems", [REPORT.problems, [], [Problem("r", Severity.WARNING, "m")]])
def test_sarif_is_valid(problems: list[Problem], sarif_schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft4Validator(sarif_schema)
    log = json.loads(FORMATS["sarif"](Report("lint", problems), False))
    assert list(validator.iter_errors(log)) == []
    log["runs"][0]["columnKind"] = "bytes"
    assert not validator.is_valid(log)


def test_a_sarif_fingerprint_survives_a_change_of_line() -> None:
    def fingerprint(**changes: Any) -> str:
        problem = Problem(**{**PROBLEM.__dict__, **changes})
        [run] = json.loads(FORMATS["sarif"](Report("lint", [problem]), False))["runs"]
        return str(run["results"][0]["partialFingerprints"]["specfirst/v1"])

    assert fingerprint(line=99) == fingerprint()
    assert fingerprint(message="else") != fingerprint()


def test_junit_has_a_case_per_problem_and_per_clean_file() -> None:
    odd = Problem("r", Severity.WARNING, 'a "quote" <&> \x00', file="f.yaml", line=1)
    text = FORMATS["junit"](Report("lint", [odd], {"clean.yaml": ""}), False)
    root = ElementTree.fromstring(text)  # noqa: S314  # Our own output.
    assert root.attrib == {"name": "specfirst lint", "tests": "2", "failures": "1", "errors": "0"}
    bad, good = root.iter("testcase")
    assert bad.attrib == {"classname": "r", "name": "#", "file": "f.yaml", "line": "1"}
    failure = bad.find("failure")
    assert failure is not None
    assert failure.attrib == {"type": "warning", "message": 'a "quote" <&> �'}
    assert good.attrib == {"classname": "lint", "name": "clean.yaml"}
    assert len(good) == 0


@pytest.mark.parametrize(
    ("severity", "fail_on", "status"),
    [("error", "error", 1), ("warning", "error", 0), ("warning", "warning", 1), ("style", "warning", 0)],
)
def test_the_status_depends_on_the_severity(severity: str, fail_on: str, status: int) -> None:
    report = Report("lint", [Problem("r", Severity(severity), "m")])
    assert report.status(Severity(fail_on)) == status


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_output_arguments(parser)
    return parser.parse_args(given)


def test_a_flag_wins_over_the_setting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "out"
    write_report(REPORT, {"format": "json"}, arguments("--format", "github", "--output-file", str(target)))
    assert target.read_text().startswith("::error")
    write_report(REPORT, {"format": "json"}, arguments())
    assert json.loads(capsys.readouterr().out)["version"] == 1


def test_an_output_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing/out cannot be written: No such file or directory"):
        write_report(REPORT, {}, arguments("--output-file", str(tmp_path / "missing" / "out")))


WRITE = """
import argparse
from specfirst.cli.output import *
parser = argparse.ArgumentParser()
add_output_arguments(parser)
write_report(Report("lint", [Problem("r", Severity.ERROR, "m")]), {}, parser.parse_args([]))
"""


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_without_no_color(environment: dict[str, str], coloured: bool) -> None:
    main, secondary = pty.openpty()
    variables = {**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    if not environment:
        variables.pop("NO_COLOR", None)
    subprocess.run([sys.executable, "-c", WRITE], stdout=secondary, check=True, env=variables)
    os.close(secondary)
    written = b""
    while b"Found" not in written:
        written += os.read(main, 1024)
    os.close(main)
    assert (b"\033[" in written) == coloured
