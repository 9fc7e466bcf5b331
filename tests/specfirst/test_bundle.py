"""`specfirst bundle` writes one document, the same on every run, or nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specfirst.cli.bundle import as_yaml
from specfirst.contract.bundling import bundle
from specfirst.contract.yaml import parse

from tests.specfirst.command import specfirst
from tests.specfirst.test_bundling import FILES, written


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, FILES)


def test_yaml_is_written_to_stdout(root: Path) -> None:
    done = specfirst("bundle", "openapi.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "openapi: 3.1.0\ninfo:\n  title: Zoo\n  version: 1.0.0\ntags:\n  - name: pets\n"
    )
    assert parse(done.stdout.encode())[0] == bundle(root).content
    assert specfirst("bundle", "openapi.yaml").stdout == done.stdout


@pytest.mark.parametrize(
    ("arguments", "is_json"),
    [((), True), (("--format", "yaml"), False), (("--format", "json"), True)],
)
def test_the_format_is_that_of_the_output(arguments: tuple[str, ...], is_json: bool, root: Path) -> None:
    done = specfirst("bundle", "openapi.yaml", "--output", "out.json", *arguments)
    assert done == (0, "out.json: 14 files\n", "")
    text = Path("out.json").read_bytes()
    assert parse(text)[0] == bundle(root).content
    assert text.startswith(b'{\n  "openapi"') == is_json


def test_a_bundle_is_a_contract_of_one_file(root: Path) -> None:
    specfirst("bundle", "openapi.yaml", "-o", "out.yaml")
    assert bundle("out.yaml").files == ("out.yaml",)
    again = specfirst("bundle", "out.yaml")
    assert again.stdout == Path("out.yaml").read_text()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("none.yaml", None, "none.yaml: the file cannot be read: No such file or directory; "),
        ("models", None, "models: the file cannot be read: Is a directory; "),
        ("bad.yaml", "a: [", "bad.yaml:1:5: invalid YAML: "),
        (
            "bad.yaml",
            "type: object",
            "bad.yaml:1: the document is not OpenAPI; begin it",
        ),
        ("bad.yaml", "text", "bad.yaml:1: the document is not OpenAPI; begin it"),
        ("bad.yaml", "swagger: '2.0'", "bad.yaml: the document is Swagger 2.0; convert it"),
        ("bad.yaml", "openapi: 3.1.0\nx-a: {$ref: none.yaml}", None),
        (
            "bad.yaml",
            "openapi: 3.1.0\npaths: {/a: {$ref: n.yaml}}",
            "bad.yaml:2:14: unresolved reference n.",
        ),
        ("bad.yaml", "openapi: 3.1.0\npaths: {/a: {$ref: '#/b'}}", "bad.yaml:2:9: unresolved reference #/b"),
        ("bad.yaml", "openapi: 3.1.0\npaths: {/a: {$ref: '#/paths/~1a'}}", "leads back to itself"),
        (
            "http://127.0.0.1:1/a",
            None,
            "http://127.0.0.1:1/a: the URL cannot be read: [Errno 111] ",
        ),
        ("git:v1:a.yaml", None, "v1:a.yaml: 'v1' is not a revision in git"),
        ("git:v1", None, "git:v1 names no file; write git:REVISION:PATH"),
    ],
)
def test_what_cannot_be_bundled_is_one_line_and_status_2(
    file: str, text: str | None, message: str | None, root: Path
) -> None:
    if text is not None:
        Path(file).write_text(text)
    done = specfirst("bundle", file, "--output", "out.yaml")
    if message is None:
        # An extension may contain anything.
        assert done.returncode == 0
        return
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("specfirst bundle: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Path("out.yaml").exists()


def test_an_output_that_cannot_be_written_is_an_error(root: Path) -> None:
    done = specfirst("bundle", "openapi.yaml", "-o", "none/out.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "specfirst bundle: none/out.yaml cannot be written: No such file or directory; "
        "choose another --output\n"
    )
    assert not os.path.exists("none")


_DATA = st.recursive(
    st.one_of(
        st.text(max_size=8),
        st.text(st.sampled_from("a #:-|\n\t'\"{0eo.~"), max_size=8),
        st.sampled_from(["no", "1e3", "0o7", "0x1", "1_0", "2026-01-01", "<<", "=", "~", ".nan", "12:30:00"]),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.none(),
        st.booleans(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(_DATA)
def test_any_data_is_read_again_as_it_was(content: Any) -> None:
    text = as_yaml({"x": content})
    assert json.dumps(parse(text.encode())[0]) == json.dumps({"x": content})
