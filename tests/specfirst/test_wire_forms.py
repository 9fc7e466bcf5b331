"""Bodies and parameters whose text shows less than their schema says: XML, forms, untyped parameters."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from specfirst.contract.document import Document
from specfirst.runtime.mock_server import create_mock

from tests.specfirst.constructs import Json, content, contract, ok, posting, serve

XML = {"Content-Type": "application/xml"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_an_xml_body_arrives_as_its_text() -> None:
    """Its schema describes elements, not a text."""
    service = serve(posting(content({"type": "object", "required": ["a"]}, "application/xml")))
    assert (await service.post(content="<a/>", headers=XML)).status_code == 204
    assert service.arguments["body"] == "<a/>"
    assert (await service.post(content=b"\xff", headers=XML)).status_code == 400


async def test_an_xml_response_is_valid_in_development() -> None:
    document = contract({"responses": ok()})
    document["paths"]["/things"]["get"]["responses"]["200"]["content"] = content(
        {"type": "object"}, "application/xml"
    )
    service = serve(document, {"things": "<a/>"}, validate_responses=True)
    response = await service.get()
    assert (response.status_code, response.text) == (200, "<a/>")
    assert response.headers["content-type"] == "application/xml"


@pytest.mark.parametrize(("text", "status"), [("5", 204), ("11", 422), ("five", 422), ("05", 422)])
async def test_a_text_of_a_number_is_validated_as_that_number(text: str, status: int) -> None:
    service = serve(posting(content({"type": "integer", "maximum": 10}, "text/plain")))
    response = await service.post(content=text, headers={"Content-Type": "text/plain"})
    assert response.status_code == status
    if status == 204:
        assert service.arguments["body"] == int(text)


async def test_a_field_without_a_type_may_be_repeated() -> None:
    form = {"type": "object", "properties": {"a": {"type": "string"}}}
    service = serve(posting(content(form, "application/x-www-form-urlencoded")))
    assert (await service.post(content="a=x&b=1&b=2", headers=FORM)).status_code == 204
    assert (await service.post(content="a=x&a=y", headers=FORM)).status_code == 422
    closed = serve(
        posting(content({**form, "additionalProperties": False}, "application/x-www-form-urlencoded"))
    )
    assert (await closed.post(content="a=x&b=1&b=2", headers=FORM)).status_code == 422


async def test_a_parameter_without_a_type_may_be_repeated() -> None:
    def served(schema: Json) -> Any:
        return serve(
            contract({"parameters": [{"name": "q", "in": "query", "schema": schema}]}), {"things": {}}
        )

    service = served({})
    assert (await service.get("/things?q=1&q=2")).status_code == 200
    assert service.arguments["q"] == ["1", "2"]
    assert (await service.get("/things?q=1")).status_code == 200
    assert service.arguments["q"] == "1"
    assert (await served({"enum": ["1", "2"]}).get("/things?q=1&q=2")).status_code == 422


@pytest.mark.parametrize(("declared", "status"), [([], 400), (["Content-Range"], 204)])
async def test_a_part_of_a_body_needs_a_declared_content_range(declared: list[str], status: int) -> None:
    """RFC 9110, section 14.5."""
    document = posting(content({"type": "object"}))
    operation = document["paths"]["/things"].pop("post")
    operation["parameters"] = [
        {"name": name, "in": "header", "schema": {"type": "string"}} for name in declared
    ]
    document["paths"]["/things"]["put"] = operation
    response = await serve(document).put(json={}, headers={"Content-Range": "bytes 0-1/2"})
    assert response.status_code == status


async def mocked(schemas: Json, schema: Json, media_type: str) -> httpx.Response:
    document = contract({"responses": {"200": {"description": "ok", "content": content(schema, media_type)}}})
    document["components"]["schemas"] = schemas
    transport = httpx.ASGITransport(app=create_mock(Document(document), b""))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        return await client.get("/things")


async def test_the_mock_writes_xml_as_the_xml_objects_say() -> None:
    """OpenAPI 3.1, section 4.8.26."""
    schemas = {
        "Pet": {
            "type": "object",
            "required": ["id", "name", "photos", "tags", "sold"],
            "xml": {"name": "pet"},
            "properties": {
                "id": {"type": "integer", "const": 5, "xml": {"attribute": True}},
                "name": {"const": "<Rex>", "xml": {"name": "called"}},
                "photos": {
                    "const": ["a", "b"],
                    "items": {"xml": {"name": "photo"}},
                    "xml": {"wrapped": True},
                },
                "tags": {"const": [{"id": 1}, {"id": 2}], "items": {"xml": {"name": "tag"}}},
                "sold": {"const": True},
            },
        }
    }
    response = await mocked(schemas, {"$ref": "#/components/schemas/Pet"}, "application/xml")
    assert response.headers["content-type"] == "application/xml"
    assert response.text == (
        '<pet id="5"><called>&lt;Rex&gt;</called><photos><photo>a</photo><photo>b</photo></photos>'
        "<tag><id>1</id></tag><tag><id>2</id></tag><sold>true</sold></pet>"
    )


@pytest.mark.parametrize(
    ("sent", "schema", "media_type", "text"),
    [
        ("*/*", {"const": "x"}, "text/plain", "x"),
        ("*/*", {"const": {"a": 1}}, "application/json", '{"a": 1}'),
        ("application/*", {"const": "x"}, "application/octet-stream", "x"),
        ("application/*", {"const": 1}, "application/json", "1"),
        ("font/*", {"const": "x"}, "font/x-mock", "x"),
    ],
)
async def test_the_mock_of_a_media_range_sends_a_type_of_it(
    sent: str, schema: Json, media_type: str, text: str
) -> None:
    response = await mocked({}, schema, sent)
    assert (response.headers["content-type"], response.text) == (media_type, text)


async def test_the_mock_sends_the_first_of_two_versions_of_a_media_type() -> None:
    versions = {f"application/vnd.x+json;version={n}": {"schema": {"const": n}} for n in (1, 2)}
    document = contract({"responses": {"200": {"description": "ok", "content": versions}}})
    transport = httpx.ASGITransport(app=create_mock(Document(document), b""))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        response = await client.get("/things")
    assert (response.headers["content-type"], response.text) == ("application/vnd.x+json;version=1", "1")


async def test_the_mock_writes_a_header_with_json_content() -> None:
    media_type = {"schema": {"type": "string"}, "example": "é"}
    headers = {"X-Made": {"required": True, "content": {"application/json": {"schema": {"const": {"a": 1}}}}}}
    headers["X-Given"] = {"content": {"application/json": media_type}}
    document = contract({"responses": {"204": {"description": "ok", "headers": headers}}})
    transport = httpx.ASGITransport(app=create_mock(Document(document), b""))
    async with httpx.AsyncClient(transport=transport, base_url="http://mock") as client:
        response = await client.get("/things")
    assert (response.headers["x-made"], response.headers["x-given"]) == ('{"a": 1}', '"\\u00e9"')
