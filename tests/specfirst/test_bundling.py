"""Contracts of several files become one document with stable names, and each part keeps its position."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from specfirst.codegen.generate import GenerationError, LintErrors, generate
from specfirst.contract.bundling import bundle
from specfirst.contract.document import DocumentError
from specfirst.contract.sources import FileSource, GitSource, source
from specfirst.lint import Levels, LintSettings, levels

FILES = {
    "openapi.yaml": """\
openapi: 3.1.0
info: {title: Zoo, version: 1.0.0}
tags: [{name: pets, description: {$ref: 'texts.yaml#/pets'}}]
paths:
  /pets: {$ref: paths/pets.yaml}
  /pets/{id}:
    get: {$ref: 'paths/pets.yaml#/x-get'}
components:
  schemas:
    Pet: {$ref: models/pet.yaml}
    Animal: {$ref: models/pet.yaml}
    Own: {type: object, properties: {pet: {$ref: models/pet.yaml, description: Theirs.}}}
""",
    "texts.yaml": "pets: All about pets.\n",
    "paths/pets.yaml": """\
summary: Pets
get:
  operationId: listPets
  parameters: [{$ref: ../shared/parameters.yaml#/limit}]
  responses:
    '200':
      description: The pets.
      headers: {X-Total: {$ref: '../shared/headers.yaml#/total'}}
      content:
        application/json:
          schema: {$ref: ../models/list.yaml}
          examples: {one: {$ref: ../shared/examples.yaml}}
    default: {$ref: ../shared/error.yaml}
post:
  operationId: createPet
  requestBody: {$ref: ../shared/body.yaml}
  responses: {'204': {description: It is created.}}
  x-code: [{$ref: ../shared/code.yaml}, {$ref: not a file}]
x-get: {operationId: getPet, responses: {default: {$ref: ../shared/error.yaml}}}
""",
    "models/pet.yaml": """\
$id: https://example.com/pet
type: object
properties:
  parent: {$ref: '#'}
  owner: {$ref: 'person.yaml#/$defs/Owner'}
  own: {$ref: '../openapi.yaml#/components/schemas/Own'}
  kind:
    oneOf: [{$ref: kinds/cat/list.yaml}, {$ref: 'kinds/dog.yaml#dog'}]
    discriminator: {propertyName: kind, mapping: {cat: kinds/cat/list.yaml, other: Own}}
  $ref: {type: string}
  example: {example: {$ref: data}}
""",
    "models/list.yaml": "{type: array, items: {$ref: pet.yaml}}\n",
    "models/person.yaml": "$defs: {Owner: {type: object, properties: {name: {$ref: '#/$defs/Name'}}},\n"
    "  Name: {type: string}}\n",
    "models/kinds/cat/list.yaml": "type: string\n",
    "models/kinds/dog.yaml": "x: {type: integer, $anchor: dog}\n",
    "shared/parameters.yaml": "limit: {name: limit, in: query, schema: {$ref: '#/Limit'}}\n"
    "Limit: {type: integer}\n",
    "shared/headers.yaml": "total: {schema: {$ref: 'parameters.yaml#/Limit'}}\n",
    "shared/examples.yaml": "externalValue: data/one.json\n",
    "shared/error.yaml": "description: An error.\n",
    "shared/body.yaml": "content: {a/b: {schema: {$ref: ../openapi.yaml#/components/schemas/Pet}}}\n",
    "shared/code.yaml": "lang: Shell\n",
}  # fmt: skip

ERROR = {"$ref": "#/components/responses/error"}
ONE_DOCUMENT: Any = {
    "openapi": "3.1.0",
    "info": {"title": "Zoo", "version": "1.0.0"},
    "tags": [{"name": "pets", "description": "All about pets."}],
    "paths": {
        "/pets": {
            "summary": "Pets",
            "get": {
                "operationId": "listPets",
                "parameters": [{"$ref": "#/components/parameters/limit"}],
                "responses": {
                    "200": {
                        "description": "The pets.",
                        "headers": {"X-Total": {"$ref": "#/components/headers/total"}},
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/models_list"},
                                "examples": {"one": {"$ref": "#/components/examples/examples"}},
                            }
                        },
                    },
                    "default": ERROR,
                },
            },
            "post": {
                "operationId": "createPet",
                "requestBody": {"$ref": "#/components/requestBodies/body"},
                "responses": {"204": {"description": "It is created."}},
                "x-code": [{"lang": "Shell"}, {"$ref": "not a file"}],
            },
            "x-get": {"operationId": "getPet", "responses": {"default": {"$ref": "../shared/error.yaml"}}},
        },
        "/pets/{id}": {"get": {"operationId": "getPet", "responses": {"default": ERROR}}},
    },
    "components": {
        "schemas": {
            "Pet": {
                "type": "object",
                "properties": {
                    "parent": {"$ref": "#/components/schemas/Pet"},
                    "owner": {"$ref": "#/components/schemas/Owner"},
                    "own": {"$ref": "#/components/schemas/Own"},
                    "kind": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/cat_list"},
                            {"$ref": "#/components/schemas/x"},
                        ],
                        "discriminator": {
                            "propertyName": "kind",
                            "mapping": {"cat": "#/components/schemas/cat_list", "other": "Own"},
                        },
                    },
                    "$ref": {"type": "string"},
                    "example": {"example": {"$ref": "data"}},
                },
            },
            "Animal": {"$ref": "#/components/schemas/Pet"},
            "Own": {
                "type": "object",
                "properties": {"pet": {"$ref": "#/components/schemas/Pet", "description": "Theirs."}},
            },
            "Limit": {"type": "integer"},
            "Name": {"type": "string"},
            "Owner": {"type": "object", "properties": {"name": {"$ref": "#/components/schemas/Name"}}},
            "cat_list": {"type": "string"},
            "models_list": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
            "x": {"type": "integer", "$anchor": "dog"},
        },
        "responses": {"error": {"description": "An error."}},
        "parameters": {
            "limit": {"name": "limit", "in": "query", "schema": {"$ref": "#/components/schemas/Limit"}}
        },
        "examples": {"examples": {"externalValue": "shared/data/one.json"}},
        "requestBodies": {"body": {"content": {"a/b": {"schema": {"$ref": "#/components/schemas/Pet"}}}}},
        "headers": {"total": {"schema": {"$ref": "#/components/schemas/Limit"}}},
    },
}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / next(iter(files))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return written(tmp_path, FILES)


def test_files_become_one_document_with_components(root: Path) -> None:
    content = bundle(root).content
    # An extension is kept as it is, unless its references lead to files.
    content["paths"]["/pets"]["x-get"]["responses"]["default"] = {"$ref": "../shared/error.yaml"}
    assert json.dumps(content, indent=1) == json.dumps(ONE_DOCUMENT, indent=1)


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        (("info", "title"), ("openapi.yaml", 2, 8)),
        (("tags", "0", "description"), ("texts.yaml", 1, 1)),
        (("paths", "/pets", "post", "operationId"), ("paths/pets.yaml", 15, 3)),
        (("paths", "/pets/{id}"), ("openapi.yaml", 6, 3)),
        (("paths", "/pets/{id}", "get", "operationId"), ("paths/pets.yaml", 19, 9)),
        (("components", "schemas", "Pet", "properties", "owner"), ("models/pet.yaml", 5, 3)),
        (("components", "schemas", "Own", "properties", "pet"), ("openapi.yaml", 12, 38)),
        (("components", "schemas", "Name", "type"), ("models/person.yaml", 2, 10)),
        (("components", "schemas", "Name", "nothing"), ("models/person.yaml", 2, 3)),
    ],
)
def test_each_part_has_the_position_in_its_own_file(pointer: Any, place: Any, root: Path) -> None:
    file, line, column = bundle(root).origin(pointer)
    assert (Path(file).relative_to(root.parent).as_posix(), line, column) == place


def test_generate_names_the_place_in_another_file(tmp_path: Path) -> None:
    root = written(tmp_path, FILES | {"models/person.yaml": "$defs:\n  Owner:\n    type: objct\n"})
    with pytest.raises(LintErrors) as caught:
        generate(root)
    assert f"{tmp_path}/models/person.yaml:3:5: error " in str(caught.value)
    assert str(caught.value).count("models/person.yaml") == 1


@pytest.mark.parametrize("rules", [levels(["specfirst:recommended"]), {}])
def test_generate_refuses_an_operation_without_success(rules: Levels, tmp_path: Path) -> None:
    """Also if the lint rule is off, since there would be no return type."""
    root = "openapi: 3.1.0\ninfo: {title: Pets, version: 1.0.0}\npaths: {/pets: {$ref: pets.yaml}}\n"
    pets = "get:\n  operationId: listPets\n  responses:\n    4XX: {description: An error.}\n"
    contract = written(tmp_path, {"openapi.yaml": root, "pets.yaml": pets})
    with pytest.raises(GenerationError, match="the operation declares no success response") as caught:
        generate(contract, LintSettings(rules))
    assert f"{tmp_path}/pets.yaml:{3 if rules else 1}:" in str(caught.value)


def test_a_reference_to_an_id_of_the_document_stays(tmp_path: Path) -> None:
    schemas = {
        "A": {"$id": "https://127.0.0.1:1/a", "properties": {"b": {"$ref": "b"}, "c": {"$ref": "urn:c#"}}},
        "B": {"$id": "https://127.0.0.1:1/b"},
        "C": {"$id": "urn:c", "items": {"$ref": "https://127.0.0.1:1/a"}},
        "D": {"$ref": "d.yaml"},
    }
    files = {"a.json": json.dumps({"openapi": "3.1.0", "components": {"schemas": schemas}}), "d.yaml": "{}"}
    content = bundle(written(tmp_path, files)).content
    assert content["components"]["schemas"] == {**schemas, "D": {}}


def test_a_document_of_one_file_is_not_changed(tmp_path: Path) -> None:
    text = "{openapi: 3.1.0, x: {$ref: '#/nowhere'}, paths: {/a: {$ref: '#/paths/~1b'}, /b: {get: {}}}}"
    found = bundle(written(tmp_path, {"one.yaml": text}))
    assert found.content == yaml.safe_load(text)
    assert found.files == (str(tmp_path / "one.yaml"),)


def test_names_do_not_depend_on_the_order_of_references(tmp_path: Path) -> None:
    def names(*references: str) -> Any:
        properties = {str(index): {"$ref": reference} for index, reference in enumerate(references)}
        contract = {"openapi": "3.1.0", "components": {"schemas": {"All": {"properties": properties}}}}
        (tmp_path / "openapi.yaml").write_text(json.dumps(contract))
        schemas = bundle(tmp_path / "openapi.yaml").content["components"]["schemas"]
        found = schemas["All"]["properties"].values()
        assert [schemas[each["$ref"].rpartition("/")[2]]["title"] for each in found] == [*references]
        return {reference: each["$ref"] for reference, each in zip(references, found, strict=True)}

    titles = ["a/b/all.yaml", "a/c/All.yaml", "c/All.yaml", "a b.yaml", "a_b.yaml", "All/index.yaml"]
    written(tmp_path, {title: f"title: {title}" for title in titles})
    expected = names(*titles)
    assert names(*reversed(titles)) == dict(reversed(expected.items()))
    assert {name.removeprefix("#/components/schemas/") for name in expected.values()} == {
        "all", "a_c_All", "c_All", "a_b_2", "a_b_3", "All_2"
    }  # fmt: skip


def test_definitions_of_other_files_that_nothing_uses_are_left_out(tmp_path: Path) -> None:
    """The author's own components and `$defs` stay, and so does what `$dynamicRef` may mean."""
    files = {
        "openapi.yaml": "openapi: 3.1.0\ninfo: {title: T, version: 1.0.0}\ncomponents:\n  schemas:\n"
        "    Unused: {type: string, $defs: {Inner: {type: string}}}\n"
        "    Pet: {$ref: pet.yaml}\n    Tree: {$ref: tree.yaml}\n",
        "pet.yaml": "properties: {tag: {$ref: '#/$defs/Tag'}}\n"
        "$defs: {Tag: {type: string}, Other: {$ref: 'never.yaml'}}\n",
        "tree.yaml": "items: {$dynamicRef: '#node'}\n$defs: {Node: {$dynamicAnchor: node, type: string}}\n",
    }
    schemas = bundle(written(tmp_path, files)).content["components"]["schemas"]
    assert schemas == {
        "Unused": {"type": "string", "$defs": {"Inner": {"type": "string"}}},
        "Pet": {"properties": {"tag": {"$ref": "#/components/schemas/Tag"}}},
        "Tree": {
            "items": {"$dynamicRef": "#node"},
            "$defs": {"Node": {"$dynamicAnchor": "node", "type": "string"}},
        },
        "Tag": {"type": "string"},
    }


def test_components_in_files_of_their_own_keep_their_names(tmp_path: Path) -> None:
    files = {
        "openapi.yaml": """\
openapi: 3.1.0
paths: {$ref: paths.yaml}
components: {schemas: {$ref: schemas/index.yaml}}
""",
        "paths.yaml": "/a: {get: {responses: {default: {content: {a/b: {schema: {$ref: "
        "schemas/Pet.yaml}}}}}}}",
        "schemas/index.yaml": "Pet: {$ref: Pet.yaml}\nName: {type: string}\n",
        "schemas/Pet.yaml": "properties: {a: {$ref: 'index.yaml#/Name'}, "
        "b: {$ref: '../openapi.yaml#/components/schemas/Pet'}}",
    }
    content = bundle(written(tmp_path, files)).content
    assert content["components"] == {
        "schemas": {
            "Pet": {
                "properties": {
                    "a": {"$ref": "#/components/schemas/Name"},
                    "b": {"$ref": "#/components/schemas/Pet"},
                }
            },
            "Name": {"type": "string"},
        }
    }
    media_type = content["paths"]["/a"]["get"]["responses"]["default"]["content"]["a/b"]
    assert media_type == {"schema": {"$ref": "#/components/schemas/Pet"}}


ONE_REFERENCE = "openapi: 3.1.0\npaths:\n  /a: {$ref: 'b.yaml'}\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "openapi.yaml:3:8: unresolved reference b.yaml: b.yaml: the file cannot be read: No such file"),
        ({"b.yaml": "get: ["}, "b.yaml:1:7: invalid YAML: "),
        ({"b.yaml": "$ref: openapi.yaml#/paths/~1a"}, "leads back to itself"),
        ({"b.yaml": "$ref: b.yaml"}, "b.yaml:1:1: the reference b.yaml leads back to itself"),
        ({"b.yaml": "$ref: '#/get/a'\nget: {$ref: '#/get/a'}"}, "leads back to itself"),
        (
            {"b.yaml": "parameters: [$ref: '#/x']"},
            "b.yaml:1:14: unresolved reference #/x at #/",
        ),
        ({"b.yaml": "parameters: [$ref: '#x']"}, "b.yaml:1:14: unresolved reference #x"),
        ({"b.yaml": "a: []\nget: {$ref: '#/a/-1'}"}, "b.yaml:2:7: unresolved reference #/a/-1"),
        ({"b.yaml": "openapi: 3.0.0"}, "b.yaml:1: this is OpenAPI 3.0, but openapi.yaml, which refers to it"),
        ({"b.yaml": "get: {get: {$ref: '#/get'}}"}, "b.yaml:1:13: the reference leads back to itself"),
    ],
)
def test_an_error_names_the_file_where_it_is(
    files: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, {"openapi.yaml": ONE_REFERENCE, **files})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DocumentError) as caught:
        bundle("openapi.yaml")
    assert message in caught.value.located("another.yaml")
    assert "another.yaml" not in caught.value.located("another.yaml")


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    """Serve the files of the contract, and return their base URL."""

    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(root.parent))

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_contract_and_its_parts_may_be_at_urls(address: str, root: Path) -> None:
    assert bundle(source(f"{address}/openapi.yaml#fragment")).content == bundle(root).content
    local = root.parent / "local.yaml"
    local.write_text(ONE_REFERENCE.replace("b.yaml", f"{address}/paths/pets.yaml"))
    assert "models_list" in bundle(local).content["components"]["schemas"]


def test_a_contract_at_a_url_cannot_refer_to_local_files(address: str, root: Path) -> None:
    root.write_text(ONE_REFERENCE.replace("b.yaml", "file:///etc/hostname"))
    with pytest.raises(DocumentError, match="it is not an http or https URL"):
        bundle(source(f"{address}/openapi.yaml"))


def test_an_unreachable_url_is_one_error(address: str) -> None:
    with pytest.raises(DocumentError) as caught:
        bundle(source(f"{address}/none.yaml"))
    assert caught.value.located("") == (
        f"{address}/none.yaml: the URL cannot be read: the response is 404 File not found; "
        "check the URL and the network, or download the file and use it"
    )
    for url in ("http://127.0.0.1:1/a", "http://[", "http://127.0.0.1:x/", "http://a b/"):
        with pytest.raises(DocumentError, match="the URL cannot be read"):
            bundle(source(url))


def test_all_files_are_from_the_same_revision(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = bundle(root).content
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "Zoo"), ("tag", "v1")):
        git = ["git", "-C", str(root.parent), *identity, "-c", "core.hooksPath=/dev/null"]
        subprocess.run([*git, *command], check=True)
    (root.parent / "models" / "pet.yaml").unlink()
    monkeypatch.chdir(root.parent / "models")
    for text in ("git:v1:openapi.yaml", "git:v1:../openapi.yaml", "git:v1:./../openapi.yaml"):
        assert bundle(source(text)).content == expected, text
    assert bundle(source("git:v1", beside="../openapi.yaml")).content == expected
    assert source("git:v1", beside="pet.yaml") == GitSource(
        "v1", "models/pet.yaml", str(root.parent / "models")
    )
    for text, message in {
        "git:v2:openapi.yaml": "'v2' is not a revision in git; use a branch, a tag or a commit",
        "git:--help:openapi.yaml": "'--help' is not a revision",
        "git:v1:none.yaml": "none.yaml does not exist in v1; use another revision, or a path from the root",
        "git:v1": "git:v1 names no file; write git:REVISION:PATH",
    }.items():
        with pytest.raises(DocumentError) as caught:
            bundle(source(text))
        assert message in caught.value.located(text)


def test_two_names_of_one_file_are_one_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("a.yaml", "./a.yaml", "b/../a.yaml", str(tmp_path / "a.yaml"))
    assert {FileSource(name) for name in names} == {FileSource("a.yaml")}
    assert FileSource("./a.yaml").name == "./a.yaml"
    assert FileSource("b.yaml") != FileSource("a.yaml")
