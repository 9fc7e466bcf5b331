"""`specfirst proxy`: requests and responses of any server are compared with the contract, on real sockets."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from servers import running
from specfirst.contract.document import Document
from specfirst.runtime.validating_proxy import ValidatingProxy

THING = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}},
    "additionalProperties": False,
}
JSON = {"application/json": {"schema": THING}}
CONTRACT = Document(
    {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "/v1"}],
        "paths": {
            "/things": {
                "post": {
                    "operationId": "addThing",
                    "parameters": [{"name": "dry", "in": "query", "schema": {"type": "boolean"}}],
                    "requestBody": {"required": True, "content": JSON},
                    "responses": {
                        "201": {
                            "description": "-",
                            "headers": {"Location": {"required": True, "schema": {"type": "string"}}},
                            "content": JSON,
                        },
                        "422": {"description": "-"},
                    },
                },
                "get": {
                    "operationId": "getThing",
                    "responses": {"200": {"description": "-", "content": JSON}},
                },
            },
            "/events": {
                "get": {
                    "operationId": "getEvents",
                    "responses": {
                        "200": {
                            "description": "-",
                            "content": {"text/event-stream": {"schema": {"type": "string"}}},
                        }
                    },
                }
            },
        },
    }
)


class Upstream:
    """A server that sends what a test wants, and keeps what it got."""

    def __init__(self) -> None:
        self.status, self.headers, self.chunks = (
            200,
            [("content-type", "application/json")],
            [b'{"name":"a"}'],
        )
        self.got: list[tuple[dict[str, Any], bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.got.append((scope, body))
        headers = [(name.encode(), value.encode()) for name, value in self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for chunk in self.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def answer(self, status: int, body: Any, **headers: str) -> None:
        self.status, self.chunks = status, [json.dumps(body).encode()]
        self.headers = [("content-type", "application/json"), *headers.items()]


@pytest.fixture(scope="module")
def sockets() -> Iterator[tuple[Upstream, dict[str, str], list[tuple[str, int, bytes]]]]:
    upstream, observed = Upstream(), list[tuple[str, int, bytes]]()

    def observe(operation: Any, status: int, query: bytes) -> None:
        observed.append((operation.operation_id, status, query))

    with running(upstream) as server:
        proxies = {
            "reports": ValidatingProxy(CONTRACT, server, observe=observe),
            "fails": ValidatingProxy(CONTRACT, f"{server}/v1", fail=True),
            "small": ValidatingProxy(CONTRACT, server, limit=20),
        }
        with (
            running(proxies["reports"], date=False) as reports,
            running(proxies["fails"], date=False) as fails,
            running(proxies["small"], date=False) as small,
        ):
            yield upstream, {"reports": reports, "fails": fails, "small": small}, observed


@pytest.fixture
def upstream(sockets: Any) -> Upstream:
    found: Upstream = sockets[0]
    found.__init__()  # type: ignore[misc]  # As new for each test.
    return found


@pytest.fixture
def reports(sockets: Any) -> str:
    return str(sockets[1]["reports"])


@pytest.fixture
def fails(sockets: Any) -> str:
    return str(sockets[1]["fails"])


VIOLATION = "x-contract-violation"


def test_what_keeps_the_contract_passes_unchanged(upstream: Upstream, reports: str, sockets: Any) -> None:
    upstream.answer(201, {"name": "a"}, location="/v1/things/1")
    upstream.headers += [("set-cookie", "a=1"), ("set-cookie", "b=2")]
    sockets[2].clear()
    response = httpx.post(f"{reports}/v1/things?dry=true", json={"name": "a"}, headers={"X-More": "1"})
    assert (response.status_code, response.json()) == (201, {"name": "a"})
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert len(response.headers.get_list("date")) == 1
    assert VIOLATION not in response.headers
    ((scope, body),) = upstream.got
    sent = {name.decode(): value.decode() for name, value in scope["headers"]}
    assert (scope["method"], scope["raw_path"], scope["query_string"]) == ("POST", b"/v1/things", b"dry=true")
    assert (body, sent["x-more"], sent["x-forwarded-for"]) == (b'{"name":"a"}', "1", "127.0.0.1")
    assert sent["host"] != sent["x-forwarded-host"] == reports.removeprefix("http://")
    assert sockets[2] == [("addThing", 201, b"dry=true")]


@pytest.mark.parametrize(
    ("method", "path", "options", "violation"),
    [
        ("GET", "/v1/nowhere", {}, "request: The contract has no such path (404)"),
        ("DELETE", "/v1/things", {}, "request: Method not allowed (405)"),
        ("GET", "/v1/things?x=1", {}, "request query x: The operation has no such parameter"),
        ("POST", "/v1/things?dry=1", {"json": {"name": "a"}}, "request query dry: The value is not "),
        ("POST", "/v1/things", {"json": {"name": 1}}, 'request body name: The value is not of type "string"'),
        (
            "POST",
            "/v1/things",
            {"content": b"x"},
            "request: The body must be application/json in UTF-8 (415)",
        ),
    ],
)
def test_a_request_that_violates_the_contract(
    upstream: Upstream, reports: str, fails: str, method: str, path: str, options: Any, violation: str
) -> None:
    """It is forwarded and reported, and with `fail` the engine responds."""
    upstream.answer(201 if method == "POST" else 200, {"name": "a"}, location="/")
    response = httpx.request(method, reports + path, **options)
    assert response.headers[VIOLATION].startswith(violation)
    assert (response.status_code, len(upstream.got)) == (upstream.status, 1)
    response = httpx.request(method, fails + path, **options)
    assert response.status_code in (404, 405, 415, 422)
    assert response.headers[VIOLATION].startswith(violation)
    assert len(upstream.got) == 1


@pytest.mark.parametrize(
    ("status", "body", "headers", "violation"),
    [
        (200, {"name": 1}, {}, "response: the body at ['name']: The value is not of type \"string\""),
        (200, {}, {}, "response: the body at ['name']: The property is required"),
        (418, {}, {}, "response: the status 418 is not declared"),
        (200, {"name": "a"}, {"content-type": "text/html"}, "response: the media type is text/html"),
    ],
)
def test_a_response_that_violates_the_contract(
    upstream: Upstream,
    reports: str,
    fails: str,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: Any,
    headers: dict[str, str],
    violation: str,
) -> None:
    """It passes and is reported, and with `fail` the client gets 502."""
    upstream.answer(status, body)
    if headers:
        upstream.headers = [*headers.items()]
    with caplog.at_level(logging.WARNING, logger="specfirst"):
        response = httpx.get(f"{reports}/v1/things")
    assert (response.status_code, response.json()) == (status, body)
    assert response.headers[VIOLATION].startswith(violation)
    assert f"GET getThing -> {status}: {violation}" in caplog.text
    response = httpx.get(f"{fails}/v1/things")
    assert response.status_code == 502
    assert violation in response.json()["detail"]


def test_a_missing_response_header_is_reported(upstream: Upstream, reports: str) -> None:
    upstream.answer(201, {"name": "a"})
    response = httpx.post(f"{reports}/v1/things", json={"name": "a"})
    assert response.headers[VIOLATION] == "response: the header Location is missing"


def test_other_parameters_of_the_media_type_are_none(upstream: Upstream, reports: str) -> None:
    upstream.headers = [("content-type", "application/json; charset=UTF-8")]
    assert VIOLATION not in httpx.get(f"{reports}/v1/things").headers


def test_a_compressed_body_is_read_and_passes_as_it_is(upstream: Upstream, reports: str) -> None:
    upstream.headers += [("content-encoding", "gzip")]
    upstream.chunks = [gzip.compress(b'{"name": 1}')]
    response = httpx.get(f"{reports}/v1/things")
    assert (response.headers["content-encoding"], response.json()) == ("gzip", {"name": 1})
    assert "the body at ['name']" in response.headers[VIOLATION]


def test_a_stream_of_events_passes(upstream: Upstream, reports: str, fails: str) -> None:
    upstream.headers, upstream.chunks = [("content-type", "text/event-stream")], [b"data: 1\n\n"] * 3
    for url in (reports, fails):
        response = httpx.get(f"{url}/v1/events")
        assert (response.status_code, response.content) == (200, b"data: 1\n\n" * 3)
        assert VIOLATION not in response.headers


def test_large_bodies_pass_without_validation(upstream: Upstream, sockets: Any) -> None:
    upstream.answer(201, {"name": 1, "more": "x" * 100_000}, location="/")
    response = httpx.post(f"{sockets[1]['small']}/v1/things", json={"no": "y" * 100_000})
    assert (response.status_code, len(response.json()["more"])) == (201, 100_000)
    assert VIOLATION not in response.headers
    assert len(upstream.got[0][1]) > 100_000


def test_head_has_the_length_of_get(upstream: Upstream, reports: str) -> None:
    upstream.headers += [("content-length", "12")]
    response = httpx.head(f"{reports}/v1/things")
    assert (response.status_code, response.headers["content-length"]) == (200, "12")
    assert VIOLATION not in response.headers


def test_a_preflight_is_no_violation(upstream: Upstream, reports: str) -> None:
    upstream.status, upstream.chunks = 204, []
    assert VIOLATION not in httpx.options(f"{reports}/v1/things").headers


def test_fields_for_one_connection_are_not_forwarded(upstream: Upstream, reports: str) -> None:
    headers = {"Connection": "X-Hop, keep-alive", "X-Hop": "1", "TE": "trailers", "Proxy-Authorization": "x"}
    httpx.get(f"{reports}/v1/things", headers=headers)
    sent = {name for name, _ in upstream.got[0][0]["headers"]}
    assert not sent & {b"x-hop", b"te", b"proxy-authorization"}


def test_a_violation_is_one_line_of_printable_text(upstream: Upstream, reports: str) -> None:
    response = httpx.get(f"{reports}/v1/things?a%0D%0AX-Evil:1%C3%BC=1")
    assert response.headers[VIOLATION].startswith("request query a??X-Evil:1?: ")


def test_a_server_that_is_gone_is_502() -> None:
    with running(Upstream()) as url:
        pass
    with running(ValidatingProxy(CONTRACT, url)) as proxy:
        response = httpx.get(f"{proxy}/v1/things")
    assert (response.status_code, response.json()["detail"].startswith(f"{url}: ")) == (502, True)
