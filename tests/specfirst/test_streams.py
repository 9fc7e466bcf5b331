"""Streams of items in requests: each item is valid and typed, and the stream ends when the client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from constructs import DONE, REF, Json, Service, contract, errors, posting, serve

LINES = "application/jsonl"


def taking(media_type: str, item: Any = REF, **more: Any) -> Json:
    """A contract of one operation that takes a stream of items."""
    return posting({media_type: {"itemSchema": item}}, version="3.2.0", **more)


async def read(service: Service, body: AsyncIterator[Any]) -> None:
    service.calls.append(("items", {"items": [item async for item in body]}))


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def sent(source: Json, *parts: bytes, media_type: str = LINES) -> Any:
    """The response to a body that arrives in these chunks, and the service."""
    service = serve(source, {"things": read})
    return await service.post(content=chunks(*parts), headers={"Content-Type": media_type}), service


BODIES = [
    (LINES, [b'{"a":"x"}\n{"a":"y"}\n']),
    (LINES, [b'{"a":"x"}\r\n\r\n{"a":"y"}']),
    (LINES, [b'{"a"', b':"x"}\n{"a":', b'"y"}', b"\n"]),
    ("application/x-ndjson", [b'{"a":"x"}\n', b'{"a":"y"}\n']),
    ("application/json-seq", [b'\x1e{"a":"x"}\n\x1e{"a":', b'"y"}\n']),
    ("application/geo+json-seq", [b'\x1e{"a":"x"}\n\x1e{"a":"y"}\n']),
    ("text/event-stream", [b'data: {"a":"x"}\n\ndata: {"a":\ndata: "y"}\n\n']),
    ("text/event-stream", [b":hello\r", b'\ndata: {"a":"x"}\r', b'\n\r\nid: 1\rdata:{"a":"y"}\r\r']),
]


@pytest.mark.parametrize(("media_type", "body"), BODIES)
async def test_the_items_of_a_request_arrive_typed(media_type: str, body: list[bytes]) -> None:
    response, service = await sent(taking(media_type), *body, media_type=media_type)
    assert response.status_code == 204, response.text
    thing = service.modules.schemas.Thing
    assert service.arguments["items"] == [thing(a="x"), thing(a="y")]


async def test_an_event_arrives_with_its_fields() -> None:
    event = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": {"type": "string"}, "id": {}, "retry": {}},
    }
    body = b"event: e\nid: 7\nretry: 5\ndata: one\ndata: two\n\n"
    source = taking("text/event-stream", event)
    _, service = await sent(source, body, media_type="text/event-stream")
    (item,) = service.arguments["items"]
    assert (item.data, item.id, item.retry) == ("one\ntwo", "7", 5)


@pytest.mark.parametrize("schema", [{"type": "array", "items": REF}, REF])
async def test_before_3_2_the_schema_is_that_of_the_items(schema: Json) -> None:
    response, service = await sent(posting({LINES: {"schema": schema}}), b'{"a":"x"}\n')
    assert service.arguments["items"] == [service.modules.schemas.Thing(a="x")]
    response, _ = await sent(posting({LINES: {"schema": schema}}), b'{"a":"x"}\n{"a":1}\n')
    assert errors(response) == [("body", 1, "a", "type")]


async def test_the_first_item_that_is_not_valid_is_told() -> None:
    response, _ = await sent(taking(LINES), b'{"a":"x"}\n{"a":1}\n{"a":2}\n')
    assert errors(response) == [("body", 1, "a", "type")]


async def test_a_line_that_is_not_json_is_400() -> None:
    response, _ = await sent(taking(LINES), b'{"a":"x"}\n{"a":\n')
    assert response.status_code == 400


async def test_an_item_has_no_read_only_properties() -> None:
    thing = {
        "type": "object",
        "properties": {"id": {"type": "integer", "readOnly": True}, "a": {"type": "string"}},
    }
    _, service = await sent(taking(LINES, schemas={"Thing": thing}), b'{"id":1,"a":"x"}\n')
    assert service.arguments["items"] == [service.modules.schemas.ThingRequest(a="x")]


@pytest.mark.parametrize("length", [{}, {"Content-Length": "60"}])
async def test_a_stream_is_limited_as_every_body_is(length: dict[str, str]) -> None:
    service = serve({**taking(LINES), "x-max-body-bytes": 50}, {"things": read})
    body: Any = b'{"a":"xxx"}\n' * 5
    response = await service.post(
        content=body if length else chunks(body[:30], body[30:]), headers={"Content-Type": LINES}
    )
    assert response.status_code == 413


async def test_many_small_chunks_take_linear_time() -> None:
    line = b'{"a":"' + b"x" * 200_000 + b'"}'
    parts = [line[index : index + 4] for index in range(0, len(line), 4)]
    async with asyncio.timeout(5):
        response, service = await sent(taking(LINES), *parts)
    assert (response.status_code, len(service.arguments["items"][0].a)) == (204, 200_000)


async def called(service: Service, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the application sends for a request that arrives in these messages."""
    answers: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/things",
        "raw_path": b"/things",
        "query_string": b"",
        "headers": [(b"content-type", LINES.encode()), (b"transfer-encoding", b"chunked")],
    }
    waiting = [*messages]

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        answers.append(message)

    await service.app(scope, receive, send)
    return answers


def chunk(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_client_that_leaves_ends_the_stream() -> None:
    seen: list[Any] = []

    async def answer(service: Service, body: AsyncIterator[Any]) -> None:
        try:
            async for item in body:
                seen.append(item.a)
        finally:
            seen.append("closed")

    service = serve(taking(LINES), {"things": answer})
    answers = await called(service, [chunk(b'{"a":"x"}\n{"a"'), {"type": "http.disconnect"}])
    assert (seen, answers) == (["x", "closed"], [])


async def test_a_response_can_stream_while_the_request_does() -> None:
    """The items of the request are not lost to what waits for the client to leave."""

    def answer(service: Service, body: AsyncIterator[Any]) -> Any:
        async def doubled() -> AsyncIterator[Json]:
            async for item in body:
                yield {"a": item.a * 2}

        return doubled()

    responses = {"200": {"description": "ok", "content": {LINES: {"itemSchema": REF}}}}
    body = {
        "requestBody": {"required": True, "content": {LINES: {"itemSchema": REF}}},
        "responses": responses,
    }
    service = serve(contract(body, method="post", version="3.2.0"), {"things": answer})
    messages = [
        chunk(b'{"a":"x"}\n'),
        chunk(b'{"a":"y"}\n{"a":"z"}\n'),
        chunk(b"", False),
        {"type": "http.disconnect"},
    ]
    answers = await called(service, messages)
    assert b"".join(m.get("body", b"") for m in answers) == b'{"a":"xx"}\n{"a":"yy"}\n{"a":"zz"}\n'


async def test_a_mock_takes_a_stream_and_answers_with_one() -> None:
    responses = {
        "200": {
            "description": "ok",
            "content": {"application/x-ndjson": {"schema": {"type": "array", "items": REF}}},
        }
    }
    response = await serve(contract({"responses": responses}), mock=True).get()
    assert response.text.count("\n") == 3
    service = serve(
        contract(
            {"requestBody": taking(LINES)["paths"]["/things"]["post"]["requestBody"], "responses": DONE},
            method="post",
        ),
        mock=True,
    )
    assert (await service.post(content=b'{"a":"x"}\n', headers={"Content-Type": LINES})).status_code == 204
