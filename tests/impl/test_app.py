"""FastAPI's schema of the generated routes equals the contract, except for explained differences.

The server does not serve FastAPI's schema. It is made only from the generated code, so the parts that equal
the contract prove that the generated code is correct.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.openapi.utils import get_openapi
from specfirst.runtime.application import ContractAPI

from impl.app import create_app
from impl.settings import Settings

CONTRACT = yaml.load((Path(__file__).parents[2] / "openapi.yaml").read_bytes(), yaml.CSafeLoader)

Json = Any

# The differences and their reasons: `-` is missing in FastAPI's schema, `+` is only there, `~` differs. A
# location is the path of names to it. Operations are identified by operationId, parameters by `in.name`.
DIFFERENCES = {
    # Not passed to FastAPI, because nothing would read it.
    "- info *": "the application has a title and a version",
    "- tags": "a router has the names of its tags, and their descriptions in docstrings",
    "- x-max-body-bytes": "the engine reads it from the contract",
    "- x-response-headers": "the engine reads them from the contract",
    "- operations * x-unprovokable": "scripts/coverage reads it from the contract",
    "- operations * responses * links": "nothing in Python follows links",
    "- operations * example": "half of each stub would be examples",
    "- operations * requestBody description": "Body() describes the schema",
    "+ operations * requestBody content application/json schema description": "Body() describes the schema",
    # Inlined by FastAPI at each use, where it is compared.
    "- components headers": "written out at each use",
    "- components parameters": "written out at each use",
    "- components responses": "written out at each use",
    "- components schemas RetryAfter": "the schema of a header, written out with it",
    # Equivalent notations.
    "+ operations * parameters * required": "false is the default",
    "+ operations * responses * headers * required": "false is the default",
    "+ operations * parameters * schema title": "Pydantic adds a title",
    "+ operations * parameters * schema description": "Path() and Query() describe the schema as well",
    "+ operations * parameters * schema default": "the function's default, in the contract the component's",
    "+ components schemas * title": "Pydantic adds a title",
    # Not repeated in the models, because the contract's schemas validate values.
    "- components schemas * description": "docstrings and comments, which FastAPI does not read",
    "- components schemas Limit default": "the function's default",
    "- components schemas Offset default": "the function's default",
    "- components schemas * format": "checked once, by the contract's validator",
    "- components schemas ErrorCode x-extensible-enum": "for clients",
    "- * x-error-message": "in the messages of the contract's validator",
    "- * pattern": "checked once, by the contract's validator",
    "- * minLength": "checked once, by the contract's validator",
    "- * maxLength": "checked once, by the contract's validator",
    "- * minimum": "checked once, by the contract's validator",
    "- * maximum": "checked once, by the contract's validator",
    "- * minItems": "checked once, by the contract's validator",
    "- * maxItems": "checked once, by the contract's validator",
}


def resolved(document: Json, node: Json) -> Json:
    """Return the target of a reference, except references to schemas."""
    while "$ref" in node:
        names = node["$ref"].removeprefix("#/").split("/")
        node = document
        for name in names:
            node = node[name]
    return node


def comparable(document: Json) -> Json:
    """Return the document in one notation, with inherited and referenced parts inlined."""
    operations = {}
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            node = dict(item[method])
            parameters = [
                resolved(document, p) for p in [*item.get("parameters", []), *node.get("parameters", [])]
            ]
            node["parameters"] = {f"{p['in']}.{p['name']}": p | {"schema": given(p)} for p in parameters}
            node["security"] = node.get("security", document.get("security", []))
            if "requestBody" in node:
                node["requestBody"] = resolved(document, node["requestBody"])
            node["responses"] = {
                status: without_references(document, resolved(document, response))
                for status, response in node["responses"].items()
            }
            operations[node.pop("operationId")] = {"method": method, "path": path, **node}
    rest = {name: value for name, value in document.items() if name not in ("paths", "security")}
    return {"operations": operations, **with_alternatives(rest)}


def given(parameter: Json) -> Json:
    """Return the schema of a present parameter; an optional parameter is `... | None` in Python."""
    schema = dict(parameter["schema"])
    match schema.get("anyOf"):
        case [alternative, {"type": "null"}] if not parameter["required"]:
            del schema["anyOf"]
            return schema | alternative
    return schema


def with_alternatives(node: Json) -> Json:
    """Return the node with each list of types as `anyOf`, as Pydantic writes it."""
    if isinstance(node, list):
        return [with_alternatives(child) for child in node]
    if not isinstance(node, dict):
        return node
    node = {name: with_alternatives(child) for name, child in node.items()}
    if "oneOf" in node:
        node["anyOf"] = node.pop("oneOf")
    if isinstance(node.get("type"), list):
        node["anyOf"] = [{"type": name} for name in node.pop("type")]
    return node


def without_references(document: Json, response: Json) -> Json:
    headers = {}
    for name, reference in response.get("headers", {}).items():
        header = resolved(document, reference)
        headers[name] = header | {"schema": resolved(document, header["schema"])}
    return response | ({"headers": headers} if headers else {})


def differences(contract: Json, other: Json, *place: str) -> Iterator[str]:
    if isinstance(contract, dict) and isinstance(other, dict):
        for name in contract | other:
            there = " ".join((*place, name))
            if name not in other:
                yield f"- {there}"
            elif name not in contract:
                yield f"+ {there}"
            else:
                yield from differences(contract[name], other[name], *place, name)
    elif isinstance(contract, str) and isinstance(other, str):
        # Docstrings have other line breaks.
        if contract.split() != other.split():
            yield f"~ {' '.join(place)}"
    elif contract != other:
        yield f"~ {' '.join(place)}"


def app(**settings: Any) -> ContractAPI:
    secret, nowhere = "0123456789abcdefghijklmnopqrstuv", "postgresql://nobody@localhost/nothing"
    return create_app(
        Settings(
            _env_file=None, database_url=nowhere, better_auth_secret=secret, environment="test", **settings
        )
    )


@cache
def found() -> list[str]:
    # Equal to get_openapi() of the routes: the application does not override openapi().
    made = app().openapi()
    assert made == get_openapi(
        title=made["info"]["title"], version=made["info"]["version"], routes=app().routes
    )
    # Converted to JSON and back, so that statuses are strings and tuples are lists.
    return list(differences(comparable(CONTRACT), comparable(json.loads(json.dumps(made)))))


def test_the_fastapi_schema_has_only_explained_differences() -> None:
    assert [line for line in found() if not any(fnmatchcase(line, pattern) for pattern in DIFFERENCES)] == []


def test_every_explanation_is_used() -> None:
    assert [p for p in DIFFERENCES if not any(fnmatchcase(line, p) for line in found())] == []


@pytest.mark.parametrize("enabled", [True, False])
def test_response_validation_follows_the_setting(enabled: bool) -> None:
    assert (app(validate_responses=enabled).engine.validation is not None) is enabled
