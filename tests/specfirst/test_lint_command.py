"""specfirst lint: input, settings, baselines, fixes and exit statuses."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate
from specfirst.cli.main import main
from specfirst.lint import RULES

CLEAN, PROBLEMS, COULD_NOT_RUN = 0, 1, 2

GOOD = """\
openapi: 3.1.0
info: {title: Books, version: "1"}
paths:
  /books:
    get:
      operationId: listBooks
      responses:
        '200': {description: The books.}
        '422': {description: Invalid.}
        '500': {description: Failed.}
"""
BAD = """\
openapi: 3.1.0
info: {title: Books, version: "1"}
paths:
  /books/{isbn}:  # one book
    get:
      operationId: getBook
      responses:
        '422': {description: Invalid.}
        '500': {description: Failed.}
        '204': {$ref: '#/components/responses/Gone'}
"""


class Done(NamedTuple):
    status: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command in an empty folder; keyword arguments are the files to write there first."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **files: str) -> Done:
        for name, text in files.items():
            stem, _, suffix = name.rpartition("_")
            Path(f"{stem}.{suffix}").write_text(text, encoding="utf-8")
        status = main(["lint", *arguments])
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return run


def found(done: Done) -> list[tuple[str, str]]:
    return [(problem["rule"], problem["severity"]) for problem in json.loads(done.out)["problems"]]


# --- Results ----------------------------------------------------------------------------------------------


def test_a_clean_contract_exits_0(lint: Command) -> None:
    assert lint(openapi_yaml=GOOD) == (CLEAN, "No problems found\n", "")


def test_errors_are_shown_in_their_place_and_exit_1(lint: Command) -> None:
    done = lint("bad.yaml", bad_yaml=BAD)
    assert done.status == PROBLEMS
    assert done.err == ""
    assert done.out.startswith(
        "bad.yaml:10:17: error[reference] unresolved reference #/components/responses/Gone\n"
        "   |\n"
        "10 |         '204': {$ref: '#/components/responses/Gone'}\n"
        "   |                 ^^^^\n"
        "   = at #/paths/~1books~1{isbn}/get/responses/204\n"
        "   = help: "
    )
    assert done.out.endswith("Found 1 problem: 1 error\n")


FLOW = """\
openapi: 3.1.0
info: {title: t, version: '1'}
paths: {}
components:
  schemas:
    A: {type: array, items: {$ref: '#/components/schemas/None'}}
    B: {type: string, enum: [a, 1, b]}
    C: {type: object, required: [a, 'titel', b], properties: {a: {}, b: {}}}
"""


def test_the_caret_marks_the_value_that_is_wrong(lint: Command) -> None:
    lines = lint(openapi_yaml=FLOW).out.splitlines()
    marked = {}
    for above, line in pairwise(lines):
        if "^" in line:
            marked[above.partition("|")[2].split(":")[0].strip()] = above[
                line.index("^") : line.rindex("^") + 1
            ]
    assert marked == {"A": "$ref", "B": "1", "C": "'titel'"}


def test_warnings_fail_only_if_asked_for(lint: Command) -> None:
    contract = GOOD.replace("'500'", "'501'")
    assert found(lint("a.yaml", "--format", "json", a_yaml=contract)) == [("declared-statuses", "warning")]
    assert lint("a.yaml").status == CLEAN
    assert lint("a.yaml", "--fail-on", "warning").status == PROBLEMS
    assert lint("a.yaml", "--fail-on", "style").status == PROBLEMS


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
def test_each_version_of_openapi_3_is_checked(version: str, lint: Command) -> None:
    good = GOOD.replace("3.1.0", version)
    assert lint("a.yaml", a_yaml=good).status == CLEAN
    bad = good.replace("operationId", "operationld") + "        '99': {description: None.}\n"
    done = lint("a.yaml", "--format", "json", a_yaml=bad)
    assert ("openapi-structure", "error") in found(done)
    assert [p["pointer"] for p in json.loads(done.out)["problems"] if p["severity"] == "error"] == [
        "#/paths/~1books/get/operationld",
        "#/paths/~1books/get/responses/99",
    ]


def test_3_0_structure_errors_name_their_cause(lint: Command) -> None:
    """The schema of OpenAPI 3.0 nests alternatives, each of which has errors."""
    contract = {
        "openapi": "3.0.3",
        "info": {"title": "A", "version": "1"},
        "paths": {
            "/a": {
                "get": {
                    "parameters": [{"name": "q", "in": "query"}],
                    "responses": {
                        "200": {
                            "description": "A.",
                            "content": {"application/json": {"schema": {"type": "text"}}},
                        }
                    },
                }
            }
        },
        "components": {
            "schemas": {"A": {"type": "object", "properties": {"a": {"required": True}}}},
            "securitySchemes": {"login": {"type": "password"}},
        },
    }
    done = lint("a.json", "--format", "json", a_json=json.dumps(contract))
    errors = [p for p in json.loads(done.out)["problems"] if p["rule"] == "openapi-structure"]
    assert {p["pointer"]: p["message"] for p in errors} == {
        "#/paths/~1a/get/parameters/0": '"schema" is missing or "content" is missing',
        "#/paths/~1a/get/responses/200/content/application~1json/schema/type": (
            '"text" is not one of "array", "boolean", "integer", "number", "object" or "string"'
        ),
        "#/components/schemas/A/properties/a/required": 'it is not of type "array"',
        "#/components/securitySchemes/login/type": (
            '"password" is not one of "apiKey", "http", "oauth2" or "openIdConnect"'
        ),
    }


def test_several_contracts_are_checked_at_once(lint: Command) -> None:
    done = lint("a.yaml", "b.yaml", "--format", "json", a_yaml=BAD, b_yaml=BAD)
    assert [problem["file"] for problem in json.loads(done.out)["problems"]] == ["a.yaml", "b.yaml"]


def test_a_problem_in_another_file_is_shown_there(lint: Command) -> None:
    part = "schema:\n  type: string\n  default: 5\n"
    contract = GOOD + "components: {schemas: {A: {$ref: 'part.yaml#/schema'}}}\n"
    done = lint("a.yaml", a_yaml=contract, part_yaml=part)
    assert "part.yaml:3:3: warning[valid-example]" in done.out
    assert "3 |   default: 5\n" in done.out


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            ok = self.path == "/bad.yaml"
            self.send_response(200 if ok else 404)
            self.end_headers()
            self.wfile.write(BAD.encode() if ok else b"")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_url_is_checked(server: str, lint: Command) -> None:
    done = lint(f"{server}/bad.yaml")
    assert done.status == PROBLEMS
    assert done.out.startswith(f"{server}/bad.yaml:10:17: error[reference] ")
    assert "10 |         '204'" in done.out


# --- Input that is no contract ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is not a mapping; use an OpenAPI document, which begins with `openapi:`"),
        ("[]", "it is not a mapping; use an OpenAPI document, which begins with `openapi:`"),
        ("name: x", "it is not OpenAPI: it has no `openapi`; begin it with `openapi: 3.1.0`"),
        ("a: [", "1:5: invalid YAML: "),
        ("info: {}\nswagger: '2.0'", "2: the document is Swagger 2.0; convert it to OpenAPI 3, for example"),
    ],
)
def test_what_is_no_contract_is_named_and_exits_2(text: str, message: str, lint: Command) -> None:
    done = lint("a.yaml", a_yaml=text)
    assert done.status == COULD_NOT_RUN
    assert done.out == ""
    assert done.err.startswith("specfirst lint: a.yaml:")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_what_cannot_be_read_is_named_and_exits_2(server: str, lint: Command, tmp_path: Path) -> None:
    for name, reason in [
        ("none.yaml", "the file cannot be read: No such file or directory"),
        (str(tmp_path), "the file cannot be read: Is a directory"),
        (f"{server}/none", "the URL cannot be read: the response is 404 Not Found"),
        ("http://127.0.0.1:1/a", "the URL cannot be read: "),
    ]:
        done = lint(name)
        assert done.status == COULD_NOT_RUN
        assert done.out == ""
        assert done.err.startswith(f"specfirst lint: {name}: {reason}")
        assert done.err.count("\n") == 1


# --- Settings -----------------------------------------------------------------------------------------------


def test_the_configuration_selects_rules_and_contracts(lint: Command) -> None:
    config = """
        [tool.specfirst.lint]
        contracts = ["a.yaml"]
        extends = ["specfirst:strict"]
        fail-on = "warning"
        format = "json"
        [tool.specfirst.lint.rules]
        description = "warn"
        one-tag = "style"
        success-status = "off"
    """
    done = lint(a_yaml=GOOD, pyproject_toml=config)
    assert done.status == PROBLEMS
    assert found(done) == [("description", "warning")] * 2 + [("one-tag", "style")]
    assert lint("--rule", "description=off").status == CLEAN
    assert found(lint("--extends", "specfirst:recommended", "--rule", "description=off")) == [
        ("one-tag", "style")
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("lnit = {}", "unknown setting lnit; did you mean lint?"),
        ("[lint]\nfail_on = 'error'", "unknown setting lint.fail_on; did you mean lint.fail-on?"),
        ("[lint]\nfail-on = 'never'", "the setting lint.fail-on is invalid: "),
        ("[lint]\nextends = 'x'", "the setting lint.extends is invalid: "),
        ("[lint.rules]\nnulable = 'off'", "lint: unknown rule 'nulable'; did you mean nullable?"),
        ("[lint.rules]\nnullable = 'maybe'", '"maybe" is not one of "off", "style", "warn" or "error"'),
        (
            "[lint.rules]\nreference = 'off'",
            "lint: the rule reference cannot be off, since other rules depend",
        ),
        (
            "[lint]\nbaseline = 'none.json'",
            "the baseline none.json cannot be read: No such file or directory",
        ),
        ("[lint", "specfirst.toml cannot be read: "),
    ],
)
def test_a_broken_configuration_is_named_and_exits_2(config: str, message: str, lint: Command) -> None:
    done = lint(openapi_yaml=GOOD, specfirst_toml=config)
    assert done.status == COULD_NOT_RUN
    assert done.out == ""
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rule", "nulable=off"], "unknown rule 'nulable'; did you mean nullable?"),
        (
            ["--rule", "nullable"],
            "--rule nullable has no level; write --rule nullable=off, or style, warn, error",
        ),
        (["--rule", "nullable=on"], "the level of nullable is 'on'; use one of off, style, warn, error"),
        (["--extends", "x"], "unknown set 'x'; use specfirst:recommended or specfirst:strict"),
        (["--explain", "nulable"], "unknown rule 'nulable'; did you mean nullable?"),
    ],
)
def test_a_wrong_flag_is_named_and_exits_2(arguments: list[str], message: str, lint: Command) -> None:
    assert lint(*arguments, openapi_yaml=GOOD) == (COULD_NOT_RUN, "", f"specfirst lint: {message}\n")


def test_every_setting_has_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    from specfirst.cli.lint import SETTINGS

    with pytest.raises(SystemExit):
        main(["lint", "--help"])
    usage = capsys.readouterr().out
    others = {"contracts": "CONTRACT", "rules": "--rule NAME=LEVEL"}
    for name in SETTINGS:
        assert others.get(name, f"--{name} ") in usage


def test_rules_are_listed_with_their_severities(lint: Command) -> None:
    lines = lint("--list-rules", "--rule", "nullable=off").out.splitlines()
    assert {line.split()[0]: line.split()[1] for line in lines}.keys() == RULES.keys()
    assert [line.split()[:2] for line in lines if line.startswith(("nullable ", "reference "))] == [
        ["nullable", "off"],
        ["reference", "error"],
    ]


def test_a_rule_is_explained_with_an_example(lint: Command) -> None:
    done = lint("--explain", "nullable")
    assert done.status == CLEAN
    for text in ("ignore it.", "strict: error", "Bad, in `components/schemas`:", "nullable: true", "Fix: "):
        assert text in done.out


# --- Baselines ----------------------------------------------------------------------------------------------


def test_a_baseline_hides_the_known_problems_only(lint: Command) -> None:
    assert lint("a.yaml", "--write-baseline", a_yaml=BAD).out == "wrote 1 problem to lint-baseline.json\n"
    known = lint("a.yaml", "--baseline", "lint-baseline.json", a_yaml=f"# A comment\n{BAD}")
    assert known.status == CLEAN
    assert known.out == "1 known problem is in lint-baseline.json\nNo problems found\n"
    more = BAD.replace("getBook", "getBook\n      sumary: x")
    new = lint("a.yaml", "--baseline", "lint-baseline.json", "--format", "json", a_yaml=more)
    assert new.status == PROBLEMS
    assert found(new) == [("openapi-structure", "error")]
    gone = lint("a.yaml", "--baseline", "lint-baseline.json", a_yaml=GOOD)
    assert "1 problem in lint-baseline.json no longer exists; use --write-baseline" in gone.out


def test_a_file_that_is_no_baseline_is_named(lint: Command) -> None:
    done = lint("a.yaml", "--baseline", "a.yaml", a_yaml=GOOD)
    assert done == (
        COULD_NOT_RUN,
        "",
        "specfirst lint: a.yaml is not a baseline; write it again with --write-baseline\n",
    )


# --- Fixes --------------------------------------------------------------------------------------------------

TO_FIX = """\
# The shop
openapi: 3.1.0
info: {title: Books, version: "1"}
paths:
  /books:
    # All books
    get:
      # Filters
      parameters:
        - name: Accept  # ignored
          in: header
          schema: {type: string}
        - name: limit
          in: query
          schema:
            type: integer
            maxLength: 4  # has no effect
            # The largest page
            maximum: 100
      responses:
        '200': {description: The books.}
        '422': &no {description: No.}
        '500': {description: Failed.}
    put: {responses: {'204': {description: A., content: {a/b: {}}}, '422': *no, '500': *no}}
components:
  schemas:
    # Nobody uses it
    Old:
      type: object
      description: |
        Not used.

        Any more.
    # Used by none either
    Older: {type: string}
"""
FIXED = """\
# The shop
openapi: 3.1.0
info: {title: Books, version: "1"}
paths:
  /books:
    # All books
    get:
      # Filters
      operationId: getBooks
      parameters:
        - name: limit
          in: query
          schema:
            type: integer
            # The largest page
            maximum: 100
      responses:
        '200': {description: The books.}
        '422': &no {description: No.}
        '500': {description: Failed.}
    put: {"operationId": "putBooks", responses: {'204': {description: A.}, '422': *no, '500': *no}}
components:
  schemas:
    # Nobody uses it
    # Used by none either
    {}
"""


def test_fixes_keep_comments_and_layout(lint: Command) -> None:
    done = lint("a.yaml", "--fix", a_yaml=TO_FIX)
    assert Path("a.yaml").read_text() == FIXED
    assert done == (CLEAN, "Fixed 7 problems in a.yaml\nNo problems found\n", "")
    assert lint("a.yaml", "--fix").out == "No problems found\n"


def test_fixes_keep_json_and_its_layout(lint: Command) -> None:
    contract = {
        "openapi": "3.1.0",
        "info": {"title": "A", "version": "1"},
        "paths": {
            "/a": {"get": {"responses": {key: {"description": "\t☃"} for key in ("200", "422", "500")}}}
        },
        "components": {
            "schemas": {"A": {"type": "string", "minimum": 1}, "B": {"$ref": "#/components/schemas/A"}}
        },
    }
    for indent in (None, 2, "\t"):
        lint("a.json", "--fix", "--rule", "unused-component=off", a_json=json.dumps(contract, indent=indent))
        fixed: Any = json.loads(json.dumps(contract))
        fixed["paths"]["/a"]["get"] = {"operationId": "getA", **fixed["paths"]["/a"]["get"]}
        del fixed["components"]["schemas"]["A"]["minimum"]
        assert Path("a.json").read_text() == json.dumps(fixed, indent=indent)


def test_fixes_need_no_particular_yaml_style(lint: Command) -> None:
    """Each fix is checked: the file has exactly the intended content, or it is not written."""
    schemas = [
        "  A: {type: integer, maxLength: 4}\n",
        "  A: {maxLength: 4, type: integer}\n",
        "  A: {maxLength: 4}\n",
        "  A:\n    type: integer\n    maxLength: 4",
        "  A:\n    maxLength:\n      4\n    type: integer\n",
        "  A:\n    type: integer\n    pattern: |\n      a\n\n  B: {type: string}\n",
        "  A:\n    allOf:\n    - pattern: a\n      type: integer\n    - minLength: 3\n      type: integer\n",
    ]
    for text in schemas:
        contract = f"{GOOD}components:\n schemas:\n{text}"
        lint("a.yaml", "--fix", "--rule", "unused-component=off", a_yaml=contract)
        content = yaml.safe_load(Path("a.yaml").read_text())
        validate(content)
        left = json.dumps(content["components"])
        assert "integer" not in left or not any(
            name in left for name in ("maxLength", "pattern", "minLength")
        )


def test_a_layout_that_cannot_be_edited_is_left_alone(lint: Command) -> None:
    contract = f"{GOOD}components:\n schemas:\n  A: &a\n    type: integer\n    maxLength: 4\n  B: *a\n"
    done = lint("a.yaml", "--fix", "--rule", "unused-component=off", a_yaml=contract)
    assert done == (
        COULD_NOT_RUN,
        "",
        "specfirst lint: a.yaml: --fix cannot edit this layout; fix the problems by hand\n",
    )
    assert Path("a.yaml").read_text() == contract


def test_a_read_only_file_is_named_and_not_fixed(lint: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, data: bytes) -> int:
        raise PermissionError(13, os.strerror(13), str(self))

    # As root, every file can be written.
    monkeypatch.setattr(Path, "write_bytes", refuse)
    done = lint("a.yaml", "--fix", a_yaml=TO_FIX)
    assert done == (COULD_NOT_RUN, "", "specfirst lint: a.yaml cannot be written: Permission denied\n")


# --- The schema of the configuration ------------------------------------------------------------------------


def test_the_shipped_schema_is_that_of_the_commands() -> None:
    """python -m specfirst.cli.config > specfirst/src/specfirst/config.schema.json"""
    from specfirst.cli import config

    shipped = json.loads(config.SCHEMA.read_text(encoding="utf-8"))
    assert shipped == config.schema(config.command_settings())
    jsonschema.Draft202012Validator.check_schema(shipped)
