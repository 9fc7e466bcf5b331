"""Policies are parameters of the engine: the format of errors, statuses, unknown parameters, async checks."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from contracts import anybody
from specfirst.contract.document import Document, DocumentError
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.documentation import BrowsersToDocs, documentation_routes
from specfirst.runtime.errors import (
    APIError,
    Forbidden,
    NotFound,
    TooManyRequests,
    Unauthenticated,
    UnreadableRequest,
)
from specfirst.runtime.routing import Engine, OperationHandler
from specfirst.runtime.security import Granted, forwarded_certificate
from specfirst.serving.startup import StartupError


def document(schemes: dict[str, Any] | None = None, **operation: Any) -> Document:
    """One operation, which declares 200 and 429 alone."""
    described = {"200": {"description": "-"}, "429": {"description": "-"}}
    body = {
        "content": {"application/json": {"schema": {"type": "object", "properties": {"n": {"type": "null"}}}}}
    }
    return Document(
        {
            "openapi": "3.1.0",
            "info": {"title": "One", "version": "1"},
            "components": {"securitySchemes": schemes or {}},
            "paths": {
                "/one/{id}": {
                    "parameters": [
                        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
                    ],
                    "put": {
                        "operationId": "one",
                        "parameters": [{"name": "q", "in": "query", "schema": {"type": "integer"}}],
                        "requestBody": body,
                        "responses": described,
                        **operation,
                    },
                }
            },
        }
    )


def serve(contract: Document | None = None, **options: Any) -> tuple[ContractAPI, list[dict[str, Any]]]:
    """Serve the operation without a generated package, and return what it is called with."""
    from fastapi import APIRouter
    from specfirst.runtime.responses import Result

    calls: list[dict[str, Any]] = []

    class One200(Result):
        status = 200

    async def one(**values: Any) -> One200:
        calls.append(values)
        return One200()

    options = {"authenticate": {}, "authorize": lambda caller, values: None} | options
    engine: Engine[Any] = Engine(contract or document(), **options)
    for operation in engine.operations.values():
        OperationHandler(engine, operation, one)
    return ContractAPI(engine, APIRouter()), calls


async def put(app: ContractAPI, path: str = "/one/1", **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://one") as client:
        return await client.put(path, **options)


async def test_a_status_that_is_not_declared_is_sent_all_the_same() -> None:
    app, calls = serve()
    response = await put(app, "/one/x")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/json")
    assert response.json()["detail"][0]["loc"] == ["path", "id"]
    assert calls == []


async def test_problem_json_is_ready_made() -> None:
    app, _ = serve(error_body="problem+json")
    response = await put(app, "/one/1?q=x", json={"n": 1})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    found = response.json()
    assert {name: found[name] for name in ("type", "status", "detail")} == {
        "type": "about:blank",
        "status": 422,
        "detail": "The request does not fit the contract",
    }
    assert found["errors"] == [
        {"detail": "The value is not of type integer", "type": "type", "in": "query", "parameter": "q"},
        {"detail": 'The value is not of type "null"', "type": "type", "pointer": "#/n"},
    ]
    response = await put(app, "/nowhere")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert response.json()["title"] == "Not Found"


async def test_an_error_body_may_be_a_function() -> None:
    app, _ = serve(error_body=lambda error: {"code": int(error.status)}, validation_status=400)
    response = await put(app, "/one/x")
    assert (response.status_code, response.json()) == (400, {"code": 400})


def with_code(**property_: Any) -> dict[str, Any]:
    """Responses whose errors have these properties in addition to `detail`."""
    properties = {"detail": {}, **property_}
    content = {"application/json": {"schema": {"allOf": [{"type": "object", "properties": properties}]}}}
    return {"200": {"description": "-"}, "4XX": {"description": "-", "content": content}}


@pytest.mark.parametrize("error_body", ["detail", "problem+json"])
async def test_errors_have_a_code_where_the_contract_declares_it(error_body: Any) -> None:
    app, _ = serve(document(responses=with_code(code={"type": "string"})), error_body=error_body)
    assert (await put(app, "/one/x")).json()["code"] == "invalid_request"
    headers = {"Content-Type": "application/json"}
    assert (await put(app, content=b"{", headers=headers)).json()["code"] == "malformed_body"
    assert (await put(app, "/nowhere")).json()["code"] == "not_found"


@pytest.mark.parametrize("properties", [{}, {"code": {"type": "integer"}}], ids=["none", "number"])
async def test_errors_have_no_code_that_the_contract_does_not_declare(properties: dict[str, Any]) -> None:
    app, _ = serve(document(responses=with_code(**properties)))
    for path in ("/one/x", "/nowhere"):
        assert (await put(app, path)).json().keys() == {"detail"}


async def test_a_function_finds_the_code_of_the_error() -> None:
    app, _ = serve(error_body=lambda error: {"error": error.code})
    assert (await put(app, "/one/x")).json() == {"error": "invalid_request"}
    assert (await put(app, "/nowhere")).json() == {"error": "not_found"}


def test_the_code_of_an_error_is_its_own_or_that_of_its_status() -> None:
    class OutOfStock(APIError):
        status = 409

    class BookMissing(NotFound):
        code = "book_missing"

    class Gone(BookMissing):
        status = 410

    class Detailed(BookMissing):
        pass

    class Unknown(APIError):
        status = 499

    classes = (NotFound, OutOfStock, BookMissing, Gone, Detailed, Unknown)
    codes = ["not_found", "conflict", "book_missing", "gone", "book_missing", "error"]
    assert [kind.code for kind in classes] == codes
    named = [UnreadableRequest(HTTPStatus(status), "-").code for status in (413, 414, 431, 503)]
    assert named == [
        "content_too_large",
        "uri_too_long",
        "request_header_fields_too_large",
        "service_unavailable",
    ]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": "string", "pattern": "^#"}, "x", 'The value does not match "^#"'),
        ({"type": "string", "pattern": "^#", "x-error-message": "Write #"}, "x", "Write #"),
        ({"type": "string", "format": "date", "x-error-message": "Write a date"}, "x", "Write a date"),
        (
            {"type": "string", "pattern": "^2", "format": "date", "x-error-message": "Write a day from 2000"},
            "x",
            "Write a day from 2000",
        ),
        (
            {"type": "string", "maxLength": 1, "x-error-message": "?"},
            "xy",
            "The value is longer than 1 character",
        ),
        ({"$ref": "#/components/schemas/Color"}, "x", "Write a colour"),
        ({"anyOf": [{"$ref": "#/components/schemas/Color"}, {"type": "null"}]}, "x", "Write a colour"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Color"}}, ["x"], "Write a colour"),
    ],
)
async def test_a_schema_says_what_a_pattern_means(schema: dict[str, Any], value: Any, message: str) -> None:
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"n": schema}}}}}
    source = document(requestBody=body).source
    color = {"type": "string", "pattern": "^#", "x-error-message": "Write a colour"}
    components = {**source["components"], "schemas": {"Color": color}}
    app, _ = serve(Document({**source, "components": components}))
    found = (await put(app, json={"n": value})).json()["detail"]
    assert [error["msg"] for error in found] == [message]


@pytest.mark.parametrize(
    ("declared", "invalid", "malformed"),
    [([], 422, 400), ([400], 400, 400), ([422], 422, 422), ([400, 422], 422, 400), (["4XX"], 422, 400)],
)
async def test_of_400_and_422_an_operation_gets_the_declared_one(
    declared: list[Any], invalid: int, malformed: int
) -> None:
    responses = {str(key): {"description": "-"} for key in ["200", *declared]}
    app, _ = serve(document(responses=responses))
    assert (await put(app, "/one/x")).status_code == invalid
    headers = {"Content-Type": "application/json"}
    assert (await put(app, content=b"{", headers=headers)).status_code == malformed


def test_an_unknown_error_body_is_refused() -> None:
    with pytest.raises(ValueError, match=r"error_body is 'xml'; use 'detail', 'problem\+json' or a function"):
        serve(error_body="xml")


async def test_unknown_query_parameters_may_be_ignored() -> None:
    assert (await put(serve()[0], "/one/1?x=1")).status_code == 422
    app, calls = serve(unknown_query="ignore")
    assert (await put(app, "/one/1?x=1&q=2")).status_code == 200
    assert calls[0]["q"] == 2


ANYBODY = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}


async def test_authorize_may_be_a_coroutine_function() -> None:
    async def authorize(caller: str, values: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        if caller == "eve":
            raise Forbidden("Not for you")

    app, _ = serve(
        document(ANYBODY, security=[{"key": []}]), authenticate={"key": anybody}, authorize=authorize
    )
    for key, status in (("ada", 200), ("eve", 403)):
        assert (await put(app, headers={"X-Key": key})).status_code == status


async def test_a_rate_limit_may_be_a_coroutine_function() -> None:
    async def limit(scope: Any, caller: Any) -> None:
        await asyncio.sleep(0)
        raise TooManyRequests(7)

    response = await put(serve(limit=limit)[0])
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


# --- Security schemes ---------------------------------------------------------------------------------


async def remember(credential: str, scopes: tuple[str, ...]) -> str:
    if credential == "false":
        raise Unauthenticated
    return f"{credential} {' '.join(scopes)}".strip()


PEM = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("scheme", "request_", "caller"),
    [
        ({"type": "apiKey", "in": "query", "name": "key"}, {"params": {"key": "a+b c"}}, "a+b c"),
        ({"type": "apiKey", "in": "query", "name": "key"}, {"params": {"key": "false"}}, None),
        ({"type": "apiKey", "in": "query", "name": "key"}, {"params": [("key", "a"), ("key", "b")]}, None),
        ({"type": "apiKey", "in": "query", "name": "key"}, {}, None),
        ({"type": "apiKey", "in": "cookie", "name": "key"}, {"headers": {"Cookie": "key=a"}}, "a"),
        (
            {"type": "http", "scheme": "Digest"},
            {"headers": {"Authorization": 'digest username="a"'}},
            'username="a"',
        ),
        ({"type": "http", "scheme": "HOBA"}, {"headers": {"Authorization": "HOBA result=x"}}, "result=x"),
        ({"type": "http", "scheme": "HOBA"}, {"headers": {"Authorization": "Bearer x"}}, None),
        ({"type": "openIdConnect"}, {"headers": {"Authorization": "Bearer x"}}, "x read"),
        (
            {"type": "mutualTLS"},
            {"headers": {"Client-Cert": f":{b64encode(bytes([1, 2, 3])).decode()}:"}},
            PEM.strip(),
        ),
        ({"type": "mutualTLS"}, {"headers": {"Client-Cert": "nonsense"}}, None),
        ({"type": "mutualTLS"}, {}, None),
    ],
)
async def test_each_scheme_has_its_credential(scheme: Any, request_: Any, caller: str | None) -> None:
    scopes = ["read"] if scheme["type"] == "openIdConnect" else []
    app, calls = serve(
        document({"s": scheme}, security=[{"s": scopes}]),
        authenticate={"s": remember},
        client_certificate=forwarded_certificate(),
    )
    response = await put(app, **request_)
    assert response.status_code == (401 if caller is None else 200)
    assert [call["caller"] for call in calls] == ([] if caller is None else [caller])
    if caller is None:
        assert response.headers["www-authenticate"]


async def test_the_engine_enforces_the_scopes_that_are_granted() -> None:
    async def granted(credential: str, scopes: tuple[str, ...]) -> Granted[str]:
        return Granted(credential, frozenset(credential.split("-")))

    flows = {"clientCredentials": {"tokenUrl": "/t", "scopes": {}}}
    contract = document({"o": {"type": "oauth2", "flows": flows}}, security=[{"o": ["read", "write"]}])
    app, calls = serve(contract, authenticate={"o": granted})
    for token, status in (("read-write", 200), ("read", 403)):
        response = await put(app, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == status
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="read write"'
    assert [call["caller"] for call in calls] == ["read-write"]


def test_a_missing_function_stops_the_start() -> None:
    with pytest.raises(
        StartupError, match=r"no function authenticates .* scheme key; add it to `authenticate`"
    ):
        serve(document(ANYBODY, security=[{"key": []}]))


def test_an_undeclared_scheme_is_said_where_it_is() -> None:
    with pytest.raises(
        DocumentError, match=r"#/paths/~1one~1\{id\}/put/security: the security scheme 'none'"
    ):
        serve(document(security=[{"none": []}]))


# --- Documents ----------------------------------------------------------------------------------------


async def test_the_urls_of_the_documents_are_a_parameter() -> None:
    app, _ = serve()
    routes = documentation_routes(title="One", openapi_json=b"{}", openapi_yaml=b"", prefix="/internal")
    app.router.routes.extend(routes)
    app.add_middleware(BrowsersToDocs, docs="/internal/docs")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://one") as client:
        assert (await client.get("/internal/openapi.json")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 404
        response = await client.get("/", headers={"Accept": "text/html"})
        assert response.headers["location"] == "internal/docs"
        page = (await client.get("/internal/docs")).text
        script = page.partition('src="')[2].partition('"')[0]
        assert (await client.get(f"/internal/{script}")).status_code == 200
