"""`specfirst format` changes order and indentation, and neither the meaning nor a comment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from specfirst.contract.formatting import formatted
from specfirst.contract.yaml import parse

from tests.specfirst.command import specfirst

ROOT = Path(__file__).parents[2]

BEFORE = """\
# About the contract.

paths:

    # The first path.
    /b:   # at the end
        # About GET.
        get:
            responses:
            # The statuses.
                '200':
                    content: {a/b: {schema: {type: string}}}
                    description: ok
            parameters:
            - schema: {type: string}
              # The name.
              name: a
              in: query
            -
              $ref: '#/components/parameters/P'
            # In one line,
            # or two.
            summary: a
               b
            operationId: x

            # x-old: commented out
        description: |2-
              indented

            text
    /a:
        description: >+
            folded

            # not a comment


        summary: "quoted
          # no comment"
info:
    title: &t x
    version: *t

openapi: 3.1.0
# The end.
"""

AFTER = """\
# About the contract.

openapi: 3.1.0
info:
  title: &t x
  version: *t

paths:

  # The first path.
  /b:   # at the end
    # About GET.
    description: |2-
          indented

        text
    get:
      operationId: x
      # In one line,
      # or two.
      summary: a
         b
      parameters:
        # The name.
        - name: a
          in: query
          schema: {type: string}
        -
          $ref: '#/components/parameters/P'
      responses:
        # The statuses.
        '200':
          description: ok
          content: {a/b: {schema: {type: string}}}

      # x-old: commented out
  /a:
    summary: "quoted
      # no comment"
    description: >+
      folded

      # not a comment


# The end.
"""


def test_fields_are_ordered_and_comments_stay_with_them() -> None:
    assert formatted(BEFORE.encode()).decode() == AFTER
    assert formatted(AFTER.encode()).decode() == AFTER


@pytest.mark.parametrize(
    "path", [ROOT / "openapi.yaml", *(ROOT / "tests" / "specfirst" / "contracts").glob("*.yaml")]
)
def test_the_meaning_and_the_comments_of_contracts_are_kept(path: Path) -> None:
    data = path.read_bytes()
    new = formatted(data)
    assert parse(new)[0] == parse(data)[0]
    assert formatted(new) == new
    assert comments(new) == comments(data)


def comments(data: bytes) -> list[str]:
    return sorted(line.strip() for line in data.decode().splitlines() if line.lstrip().startswith("#"))


@pytest.mark.parametrize(
    "text",
    [
        "openapi: 3.1.0\ninfo: {title: a}\nx: *a\n",
        "info: &a {title: a}\nx-a: *a\nopenapi: 3.1.0\npaths: {}\n",
        "{openapi: 3.1.0, info: {title: a}, paths: {}}\n",
        "? openapi\n: 3.1.0\n? info\n: title: a\n",
        "info:\n  a: >+\n    b\n\n\nopenapi: 3.1.0\nx: |+\n  c\n\n",
        "--- # start\nopenapi: 3.1.0\n...\n",
        "openapi: 3.1.0\ninfo:\n\n\n\n  title: a\n",
        "tags:\n- - - a: 1\n    # c\n    b: 2\n- &x\n  c: 3\nopenapi: 3.1.0\n",
        "info: !!map\n  title: a\nopenapi: 3.1.0\n",
        "openapi: 3.1.0\ninfo:\n  description: |\n    a\n   \n      \n    b\n",
        "info:\n  description: 'a\n\n    b'\nopenapi: 3.1.0\n",
        "\ufeffinfo: {}\r\nopenapi: 3.1.0\r\n",
        "openapi: 3.1.0\n# end without a line break",
        "",
    ],
)
def test_odd_yaml_keeps_its_meaning(text: str) -> None:
    data = text.encode()
    try:
        content = parse(data)[0]
    except Exception:  # Not YAML: formatting must fail in the same way.
        with pytest.raises(type(_error(data))):
            formatted(data)
        return
    assert parse(formatted(data))[0] == content
    assert formatted(formatted(data)) == formatted(data)


def _error(data: bytes) -> Exception:
    try:
        parse(data)
    except Exception as error:
        return error
    raise AssertionError


_TEXTS = st.text(st.sampled_from("ab #:-|'\"\n{[&*!"), max_size=12)
_DATA = st.recursive(
    st.one_of(_TEXTS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["openapi", "info", "paths", "get", "x", "schema", "type", "1"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["openapi", "info", "paths", "x"]), _DATA, min_size=1), st.integers(2, 6)
)
def test_any_data_keeps_its_meaning(content: Any, indent: int) -> None:
    data = yaml.safe_dump(content, indent=indent, sort_keys=False).encode()
    new = formatted(data)
    assert json.dumps(parse(new)[0], sort_keys=True) == json.dumps(parse(data)[0], sort_keys=True)
    assert formatted(new) == new


def test_json_is_formatted_as_json() -> None:
    data = b'{"paths":{"/a":{"get":{"responses":{},"operationId":"a"}}},"openapi":"3.1.0"}'
    expected = {"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "a", "responses": {}}}}}
    assert formatted(data).decode() == json.dumps(expected, indent=2) + "\n"


def test_the_file_is_rewritten_once(tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text(BEFORE)
    assert specfirst("format", path) == (0, f"{path}: formatted\n", "")
    assert path.read_text() == AFTER
    assert specfirst("format", path) == (0, "", "")


def test_openapi_yaml_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openapi.yaml").write_text("paths: {}\nopenapi: 3.1.0\n", encoding="utf-8")
    assert specfirst("format").stdout == "openapi.yaml: formatted\n"


def test_check_reports_the_first_line_and_writes_nothing(tmp_path: Path) -> None:
    path, other = tmp_path / "openapi.yaml", tmp_path / "other.yaml"
    path.write_text(BEFORE)
    other.write_text(AFTER)
    done = specfirst("format", "--check", path, other)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"{path}:3: error[layout] the layout is not the canonical one\n")
    assert done.stdout.count("error[layout]") == 1
    assert path.read_text() == BEFORE
    assert specfirst("format", "--check", other).returncode == 0
    report = json.loads(specfirst("format", "--check", "--format", "json", path).stdout)
    assert [problem["line"] for problem in report["problems"]] == [3]


def test_diff_shows_the_changes_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text("info: {}\nopenapi: 3.1.0\n")
    done = specfirst("format", "--diff", path)
    assert done.returncode == 1
    assert done.stdout == (
        f"--- {path}\n+++ {path}\n@@ -1,2 +1,2 @@\n+openapi: 3.1.0\n info: {{}}\n-openapi: 3.1.0\n"
    )
    assert path.read_text() == "info: {}\nopenapi: 3.1.0\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "bad.yaml: the file cannot be read: No such file or directory; "),
        ("a: [", "bad.yaml:1:5: invalid YAML: "),
        ("a: 1", "bad.yaml:1: the document is not OpenAPI; begin it with `openapi: 3"),
        ("[]", "bad.yaml:1: the document is not OpenAPI"),
        ("swagger: '2.0'", "bad.yaml: the document is Swagger 2.0; convert it"),
        ("openapi: 4.0.0", "bad.yaml: OpenAPI '4.0.0' is not supported"),
    ],
)
def test_one_bad_file_prevents_all_changes(text: str | None, message: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(BEFORE)
    if text is not None:
        bad.write_text(text)
    done = specfirst("format", good, bad)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"specfirst format: {tmp_path}/{message}")
    assert done.stderr.count("\n") == 1
    assert good.read_text() == BEFORE
