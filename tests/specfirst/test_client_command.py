"""`specfirst client`: files, tarball, names and types. tests/clients compiles and runs clients."""

from __future__ import annotations

import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from specfirst.cli.main import main
from specfirst.client.package import package, tarball
from specfirst.contract.document import Document

NOTES = """\
openapi: 3.1.0
info: {title: Café Notes, version: 2.1.0-beta.1}
paths:
  /notes/{id}:
    get:
      operationId: getNote
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        '200':
          description: A note.
          content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}
components:
  schemas:
    Note: {type: object, required: [text], properties: {text: {type: string}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "openapi.yaml").write_text(NOTES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def client(*arguments: str) -> int:
    return main(["client", "typescript", *arguments])


def test_the_package_is_written_and_packed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert client("--name", "@cafe/notes", "--pack") == 0
    manifest = json.loads((folder / "client/package.json").read_text())
    assert (manifest["name"], manifest["version"]) == ("@cafe/notes", "2.1.0-beta.1")
    packed = folder / "client/cafe-notes-2.1.0-beta.1.tgz"
    assert f"npm install ./client/{packed.name}" in capsys.readouterr().out
    with tarfile.open(packed) as archive:
        names = archive.getnames()
    assert {"package/package.json", "package/dist/index.js", "package/dist/cjs/index.d.ts"} <= {*names}
    for entry in manifest["exports"].values():
        for target in (
            [v for part in entry.values() for v in part.values()] if isinstance(entry, dict) else [entry]
        ):
            assert target.replace("./", "package/", 1) in names


def test_the_command_to_install_has_the_path_of_the_tarball(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client("--output", str(folder / "elsewhere"), "--pack") == 0
    (packed,) = (folder / "elsewhere").glob("*.tgz")
    assert f"npm install {packed}\n" in capsys.readouterr().out


def test_the_tarball_depends_only_on_the_contract() -> None:
    assert tarball(package(document())) == tarball(package(document()))


def test_check_reports_what_differs_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client("--check") == 1
    assert not (folder / "client").exists()
    assert client() == 0
    assert client("--check") == 0
    # The runtime need not be committed.
    (folder / "client/dist/client.js").unlink()
    assert client("--check") == 0
    (folder / "openapi.yaml").write_text(NOTES.replace("integer", "string"))
    capsys.readouterr()
    assert client("--check") == 1
    assert "client/dist/contract.d.ts differs" in capsys.readouterr().err


def test_fields_of_the_package_that_are_not_generated_are_kept(folder: Path) -> None:
    (folder / "client").mkdir()
    own = {"name": "mine", "license": "MIT", "repository": "example", "version": "9.9.9"}
    (folder / "client/package.json").write_text(json.dumps(own))
    assert client() == 0
    manifest = json.loads((folder / "client/package.json").read_text())
    assert [manifest[name] for name in own] == ["mine", "MIT", "example", "2.1.0-beta.1"]


def test_the_configuration_has_the_options(folder: Path) -> None:
    (folder / "specfirst.toml").write_text('[client]\noutput = "web"\nname = "notes"\nprefix = "Note"\n')
    assert client() == 0
    index = (folder / "web/dist/index.d.ts").read_text()
    assert "createClient as createNoteClient" in index
    assert "ApiError as NoteApiError" in index


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("openapi: 3.1.0\ninfo: {title: None, version: '1'}\npaths: {}", "the contract has no operations"),
        (NOTES + "    Other: [", "expected"),
    ],
)
def test_an_unusable_contract_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (folder / "openapi.yaml").write_text(text)
    assert client() == 2
    said = capsys.readouterr().err
    assert said.startswith("specfirst client: openapi.yaml:")
    assert message in said
    assert said.count("\n") == 1
    assert not (folder / "client").exists()


def test_a_contract_with_errors_has_no_client(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = NOTES.replace("operationId: getNote", "operationId: getNote\n      security: [{nobody: []}]")
    (folder / "openapi.yaml").write_text(changed)
    assert client() == 2
    first, problem, _ = capsys.readouterr().err.splitlines()
    assert first == "specfirst client: openapi.yaml has errors:"
    assert problem.startswith("openapi.yaml:7:19: error security-requirement: ")
    assert not (folder / "client").exists()


@pytest.mark.parametrize(("written", "number"), [("v3", "3.0.0"), ("1.02", "1.2.0"), ("2026-01-31", "0.0.0")])
def test_the_version_is_one_of_npm(written: str, number: str) -> None:
    files = package(document(info={"title": "T", "version": written}))
    assert json.loads(files["package.json"])["version"] == number


@pytest.mark.parametrize(
    ("servers", "own", "called"),
    [
        ([], "https://files.test/v2/", "https://files.test/v2"),
        (["https://api.test/v1", "https://staging.test/v1"], "https://files.test", "https://files.test"),
        # A mock of the API has another origin, and the client finds the operation there.
        (["https://api.test/v1", "https://staging.test/v1"], "https://staging.test/v2", "/v2"),
        (["https://api.test/v1"], "/", "/"),
        (["https://api.test/v1"], "/v1", None),
        ([], "/", None),
    ],
)
def test_the_client_calls_the_server_of_an_operation(
    servers: list[str], own: str, called: str | None
) -> None:
    item = {
        "get": {"operationId": "here", "responses": {"204": {"description": "Nothing."}}},
        "servers": [{"url": own}],
    }
    files = package(document(servers=[{"url": url} for url in servers], paths={"/": item}))
    found = re.findall(r'server: "(.*?)"', files["dist/contract.js"])
    assert found == ([] if called is None else [called])
    named = "never" if called is None else json.dumps(called)
    assert f"export type ServerUrl = {named};" in files["dist/contract.d.ts"]


# --- Types ------------------------------------------------------------------------------------------------


def document(schemas: dict[str, Any] | None = None, **fields: Any) -> Document:
    content = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1.0.0"},
        "paths": {"/": {"get": {"responses": {"204": {"description": "Nothing."}}}}},
        "components": {"schemas": schemas or {}},
    }
    return Document({**content, **fields})


def types_of(**schemas: Any) -> dict[str, str]:
    """Return the types of schemas by name, on one line each."""
    text = package(document(schemas))["dist/schemas.d.ts"]
    found = [part.partition(" = ") for part in text.split("export type ")[1:]]
    return {name: " ".join(code.strip().rstrip(";").split()) for name, _, code in found}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (True, "unknown"),
        (False, "never"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
        ({"const": {"a": [1]}}, "{ a: [1]; }"),
        ({"type": "array", "items": {"type": ["integer", "null"]}}, "(number | null)[]"),
        ({"prefixItems": [STRING, {"type": "integer"}], "minItems": 1}, "[string, (number)?, ...unknown[]]"),
        ({"type": "object"}, "{ [name: string]: unknown; }"),
        ({"type": "object", "additionalProperties": False}, "{ [name: string]: never; }"),
        ({"additionalProperties": {"type": "integer"}}, "{ [name: string]: number; }"),
        ({"properties": {"a-b": STRING}, "required": ["a-b", "c"]}, '{ "a-b": string; c: unknown; }'),
        (
            {"properties": {"a": STRING}, "additionalProperties": {"type": "integer"}},
            "{ a?: string; [name: string]: number | string | undefined; }",
        ),
        (
            {"allOf": [{"anyOf": [STRING, {"type": "integer"}]}, {"properties": {"a": STRING}}]},
            "(string | number) & { a?: string; }",
        ),
        (
            {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            "{ a: unknown; } | { b: unknown; }",
        ),
    ],
)
def test_a_schema_has_its_type(schema: Any, text: str) -> None:
    assert types_of(It=schema)["It"] == text


def test_names_are_valid_and_distinct() -> None:
    found = types_of(**{"string": STRING, "a.b": STRING, "a-b": STRING, "1st": STRING, "default": STRING})
    assert [*found] == ["string_", "AB", "AB2", "_1st", "default_"]


def test_what_is_only_sent_or_only_received_has_two_types() -> None:
    pet = {
        "required": ["id", "name"],
        "properties": {
            "id": {**STRING, "readOnly": True},
            "key": {**STRING, "writeOnly": True},
            "name": STRING,
            # Marked where the engine finds it: in a part of the property's schema.
            "born": {"allOf": [{**STRING, "readOnly": True}]},
        },
    }
    content = {"application/json": {"schema": {"type": "array", "items": ref("Pet")}}}
    body = {"content": content, "required": True}
    operation = {
        "operationId": "put",
        "requestBody": body,
        "responses": {"200": {"description": "", "content": content}},
    }
    files = package(document({"Pet": pet}, paths={"/": {"put": operation}}))
    text = " ".join(files["dist/schemas.d.ts"].split())
    assert "type Pet = { id: string; name: string; born?: string; }" in text
    assert "type PetRequest = { key?: string; name: string; }" in text
    assert "body: schemas.PetRequest[];" in files["dist/contract.d.ts"]
    assert "result: schemas.Pet[];" in files["dist/contract.d.ts"]


def test_no_type_refers_directly_to_itself() -> None:
    """A base with its variants, which each include the base, is a usual mistake."""
    found = types_of(
        Pet={"oneOf": [ref("Cat"), ref("Dog")], "properties": {"name": STRING, "friend": ref("Pet")}},
        Cat={"allOf": [ref("Pet"), {"properties": {"meow": STRING}}]},
        Dog={"allOf": [ref("Pet")]},
        Self={"anyOf": [ref("Self"), STRING]},
        Tree={"properties": {"children": {"type": "array", "items": ref("Tree")}}},
    )
    assert found["Cat"] == "{ name?: string; friend?: Pet; } & { meow?: string; }"
    assert found["Self"] == "unknown"
    assert found["Tree"] == "{ children?: Tree[]; }"


def test_the_discriminator_selects_an_alternative() -> None:
    cat = {"required": ["kind"], "properties": {"kind": STRING}}
    found = types_of(
        Cat=cat,
        Dog={"properties": {"kind": {"const": "dog"}}},
        Pet={"oneOf": [ref("Cat"), ref("Dog")], "discriminator": {"propertyName": "kind"}},
    )
    assert found["Pet"] == 'Cat & { kind: "Cat" } | Dog'
