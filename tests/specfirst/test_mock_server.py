"""`specfirst mock`: any contract answers without code and without a generated package."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import httpx
import pytest
from specfirst.contract.document import Document
from specfirst.runtime.mock_server import create_mock

SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "digest": {"type": "http", "scheme": "digest"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "oauth": {"type": "oauth2", "flows": {}},
    "tls": {"type": "mutualTLS"},
}
PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
}
PROBLEM = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "integer"}},
    "additionalProperties": False,
}


def document(**operation: Any) -> Document:
    """A contract with operations for each scheme, and one that the test describes."""
    ok = {"200": {"description": "-", "content": {"application/json": {"schema": PET}}}}
    paths: dict[str, Any] = {
        f"/{name}": {"get": {"operationId": name, "security": [{name: []}], "responses": ok}}
        for name in SCHEMES
    }
    paths["/pets/{id}"] = {
        "get": {
            "operationId": "getPet",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "responses": ok,
            **operation,
        }
    }
    info = {"title": "Pets", "version": "1"}
    return Document(
        {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"securitySchemes": SCHEMES}}
    )


async def get(path: str, contract: Document | None = None, seed: int = 0, **options: Any) -> httpx.Response:
    contract = contract or document()
    transport = httpx.ASGITransport(app=create_mock(contract, b"the text", seed=seed))
    async with httpx.AsyncClient(transport=transport, base_url="http://pets") as client:
        return await client.get(path, **options)


async def test_a_response_is_made_from_the_schema() -> None:
    response = await get("/pets/7")
    assert (response.status_code, response.headers["x-mock"]) == (200, "schema")
    assert response.headers["content-type"] == "application/json"
    assert sorted(response.json()) == ["id", "name"]
    again, other = await get("/pets/8"), await get("/pets/7", seed=1)
    assert again.content == response.content != other.content


async def test_the_request_side_is_the_engine() -> None:
    for path, status in (("/pets/seven", 422), ("/pets/7?x=1", 422), ("/nowhere", 404), ("/pets", 404)):
        assert (await get(path)).status_code == status


async def test_the_contract_is_served_as_it_was_written() -> None:
    assert (await get("/openapi.yaml")).content == b"the text"
    assert (await get("/openapi.json")).json()["info"]["title"] == "Pets"


async def test_pages_of_all_origins_may_read_responses() -> None:
    response = await get("/pets/7", headers={"Origin": "http://anywhere.example"})
    assert response.headers["access-control-allow-origin"] == "*"


BASIC = b64encode(b"ada:secret").decode()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/bearer", {"Authorization": "Bearer abc.DEF-1"}, 200),
        ("/bearer", {"Authorization": "Bearer a b"}, 401),
        ("/bearer", {}, 401),
        ("/oauth", {"Authorization": "Bearer abc"}, 200),
        ("/basic", {"Authorization": f"Basic {BASIC}"}, 200),
        ("/basic", {"Authorization": "Basic nonsense"}, 401),
        ("/digest", {"Authorization": 'Digest username="ada", response="x"'}, 200),
        ("/digest", {"Authorization": "Bearer abc"}, 401),
        ("/query?key=1", {}, 200),
        ("/query?key=", {}, 401),
        ("/query", {}, 401),
        ("/tls", {}, 200),
    ],
)
async def test_a_credential_of_the_right_form_is_accepted(
    path: str, headers: dict[str, str], status: int
) -> None:
    assert (await get(path, headers=headers)).status_code == status


async def test_the_lowest_success_answers() -> None:
    async def status(*keys: str) -> int:
        return (
            await get("/pets/7", document(responses={key: {"description": "-"} for key in keys}))
        ).status_code

    assert await status("404", "204", "201") == 201
    assert await status("400", "302") == 302
    assert await status("404") == 404


async def test_accept_selects_the_media_type() -> None:
    content = {"application/json": {"schema": PET}, "application/problem+json": {"example": {"a": 1}}}
    contract = document(responses={"200": {"description": "-", "content": content}})
    assert (await get("/pets/7", contract)).headers["content-type"] == "application/json"
    accept = {"Accept": "application/json;q=0.1, application/problem+json"}
    assert (await get("/pets/7", contract, headers=accept)).json() == {"a": 1}


async def test_an_invalid_example_is_not_sent_unless_it_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    examples = {"wrong": {"value": {"id": "x"}}, "right": {"value": {"id": 1, "name": "Tom"}}}
    content = {"application/json": {"schema": PET, "examples": examples}}
    contract = document(responses={"200": {"description": "-", "content": content}})
    assert (await get("/pets/7", contract)).json() == {"id": 1, "name": "Tom"}
    assert "does not use the example 'wrong' at #/paths" in caplog.text
    assert (await get("/pets/7", contract, headers={"Prefer": "example=wrong"})).json() == {"id": "x"}


async def test_a_required_header_without_an_example_is_made() -> None:
    headers = {
        "X-Tags": {
            "required": True,
            "schema": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
        },
        "X-Optional": {"schema": {"type": "string"}},
    }
    response = await get("/pets/7", document(responses={"204": {"description": "-", "headers": headers}}))
    assert (response.status_code, response.content) == (204, b"")
    assert [part.isdigit() for part in response.headers["x-tags"].split(",")] == [True, True]
    assert "x-optional" not in response.headers


async def test_an_error_has_the_form_that_the_contract_declares() -> None:
    """The body of the engine does not match the schema, so the mock sends one that does."""
    responses = {
        "200": {"description": "-"},
        "422": {
            "description": "-",
            "headers": {"X-Reason": {"required": True, "schema": {"const": "r"}}},
            "content": {"application/json": {"schema": PROBLEM}},
        },
    }
    response = await get("/pets/seven", document(responses=responses))
    assert (response.status_code, response.headers["x-reason"]) == (422, "r")
    assert [*response.json()] == ["code"]
    responses["422"]["content"]["application/json"]["schema"] = {"required": ["detail"]}  # type: ignore[index]
    response = await get("/pets/seven", document(responses=responses))
    assert response.json()["detail"][0]["loc"] == ["path", "id"]


async def test_a_schema_without_a_value_is_said_where_it_is() -> None:
    content = {"application/json": {"schema": {"not": {}}}}
    response = await get("/pets/7", document(responses={"200": {"description": "-", "content": content}}))
    assert response.status_code == 501
    pointer = "#/paths/~1pets~1{id}/get/responses/200/content/application~1json"
    assert json.loads(response.content)["detail"] == (
        f"The mock found no value for the body at {pointer}; add an `example` to the contract"
    )
