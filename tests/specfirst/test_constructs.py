"""Each construct of OpenAPI 3.0 to 3.2 that is not in the contracts of the other tests is served exactly."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from constructs import DONE, REF, THING, Json, Service, content, contract, errors, ok, posting, serve
from specfirst.client.package import package
from specfirst.contract.document import Document, DocumentError
from specfirst.lint import lint
from specfirst.runtime.errors import APIError, NotFound

X: Json = {"a": "x"}


def query(*parameters: Json, **more: Any) -> Json:
    """A contract of one operation with these query parameters."""
    return contract({"parameters": [{"in": "query", **p} for p in parameters]}, **more)


async def read(source: Json, path: str, **headers: str) -> dict[str, Any]:
    """The arguments of a request that is valid."""
    service = serve(source, {"things": X})
    response = await service.get(path, headers=headers)
    assert response.status_code == 200, response.text
    return service.arguments


# --- Versions ---------------------------------------------------------------------------------------------


async def test_a_document_of_3_0_is_served() -> None:
    response = await serve(contract(version="3.0.3"), {"things": X}).get()
    assert (response.status_code, response.json()) == (200, X)


async def test_nullable_of_3_0_allows_null_and_nothing_else() -> None:
    thing = {"type": "object", "properties": {"a": {"type": "string", "nullable": True}}}
    service = serve(posting(content(REF), version="3.0.3", schemas={"Thing": thing}))
    assert (await service.post(json={"a": None})).status_code == 204
    assert service.arguments["body"].a is None
    assert errors(await service.post(json={"a": 1})) == [("body", "a", "type")]


@pytest.mark.parametrize(
    "part", [{"enum": ["x"]}, {"allOf": [{"type": "string"}]}, {"oneOf": [{"type": "string"}]}]
)
async def test_nullable_of_3_0_counts_beside_other_keywords(part: Json) -> None:
    thing = {"type": "object", "properties": {"a": {**part, "nullable": True}}}
    service = serve(posting(content(REF), version="3.0.3", schemas={"Thing": thing}))
    assert (await service.post(json={"a": None})).status_code == 204
    assert (await service.post(json={"a": "x"})).status_code == 204
    assert (await service.post(json={"a": 1})).status_code == 422


async def test_exclusive_minimum_of_3_0_modifies_the_minimum() -> None:
    schema = {"type": "integer", "minimum": 0, "exclusiveMinimum": True}
    service = serve(query({"name": "n", "schema": schema}, version="3.0.3"), {"things": X})
    assert errors(await service.get("/things?n=0")) == [("query", "n", "exclusiveMinimum")]
    assert (await service.get("/things?n=1")).status_code == 200


@pytest.mark.parametrize(("version", "status"), [("3.0.3", 204), ("3.1.0", 422)])
async def test_siblings_of_a_reference_count_from_3_1_on(version: str, status: int) -> None:
    schemas = {
        "Thing": {
            "type": "object",
            "properties": {"a": {"$ref": "#/components/schemas/Word", "maxLength": 3}},
        },
        "Word": {"type": "string"},
    }
    service = serve(posting(content(REF), version=version, schemas=schemas))
    assert (await service.post(json={"a": "xxxx"})).status_code == status


def test_the_served_document_is_what_the_author_wrote() -> None:
    source = contract(version="3.0.3", schemas={"Thing": {"type": "string", "nullable": True}})
    assert json.loads(Document(source).to_json()) == source


async def test_query_and_additional_operations_of_3_2_are_served() -> None:
    body = {"requestBody": {"content": content(REF)}}
    item = {
        "query": {"operationId": "find", "responses": DONE, **body},
        "additionalOperations": {"COPY": {"operationId": "copy", "responses": DONE}},
    }
    service = serve(contract(version="3.2.0", paths={"/things": item}))
    assert (await service.request("QUERY", "/things", json=X)).status_code == 204
    assert (await service.request("COPY", "/things")).status_code == 204
    assert [name for name, _ in service.calls] == ["find", "copy"]
    refused = await service.get()
    assert (refused.status_code, refused.headers["allow"]) == (405, "COPY, OPTIONS, QUERY")


async def test_a_version_that_yaml_reads_as_a_number_is_served() -> None:
    service = serve({**contract(), "info": {"title": "t", "version": 1.0}}, {"things": X})
    assert service.app.openapi()["info"]["version"] == "1.0"
    assert (await service.get()).json() == X


EXAMPLES: list[tuple[str, Json]] = [
    ("application/json", {"dataValue": X}),
    ("application/json", {"serializedValue": '{ "a": "x" }'}),
    ("application/json", {"dataValue": X, "serializedValue": '{"a":  "x"}'}),
    ("application/json", {"$ref": "#/components/examples/E"}),
]


@pytest.mark.parametrize(("media_type", "example"), EXAMPLES)
async def test_the_examples_of_3_2_are_mocked_and_validated(media_type: str, example: Json) -> None:
    responses = {"200": {"description": "d", "content": content(REF, media_type, examples={"e": example})}}
    components = {"examples": {"E": {"serializedValue": '{"a":"x"}'}}}
    source = contract({"responses": responses}, version="3.2.0", components=components)
    response = await serve(source, mock=True).get()
    assert (response.headers["x-mock"], response.json()) == ("example", X)
    assert not [p for p in lint(Document(source)) if p.rule == "valid-example"]
    source["paths"]["/things"]["get"]["responses"]["200"]["content"][media_type]["schema"] = {"type": "array"}
    assert [p for p in lint(Document(source)) if p.rule == "valid-example"]


async def test_an_external_example_is_reported_and_not_read() -> None:
    media_type = content(REF, examples={"e": {"externalValue": "thing.json"}})
    source = contract({"responses": {"200": {"description": "d", "content": media_type}}})
    response = await serve(source, mock=True).get()
    assert (response.status_code, response.headers["x-mock"]) == (200, "schema")
    assert [p for p in lint(Document(source)) if p.rule == "unsupported" and "externalValue" in p.message]


async def test_a_serialized_example_of_a_text_is_the_text() -> None:
    body = content({"type": "string"}, "text/csv", examples={"e": {"serializedValue": "a,b"}})
    source = contract({"responses": {"200": {"description": "d", "content": body}}}, version="3.2.0")
    assert (await serve(source, mock=True).get()).text == "a,b"


async def test_media_types_can_be_components() -> None:
    where = {"application/json": {"$ref": "#/components/mediaTypes/J"}}
    operation = {"requestBody": {"required": True, "content": where}, "responses": ok()}
    operation["responses"]["200"]["content"] = where
    media_type = {"schema": REF, "example": X}
    source = contract(operation, method="post", version="3.2.0", components={"mediaTypes": {"J": media_type}})
    assert (await serve(source, mock=True).post(json=X)).json() == X
    assert errors(await serve(source, mock=True).post(json={"a": 1})) == [("body", "a", "type")]


DEVICE: Json = {
    "type": "oauth2",
    "deprecated": True,
    "oauth2MetadataUrl": "https://login.example.com/.well-known/oauth-authorization-server",
    "flows": {
        "deviceAuthorization": {
            "deviceAuthorizationUrl": "https://login.example.com/device",
            "tokenUrl": "https://login.example.com/token",
            "scopes": {"read": "Read"},
        }
    },
}


@pytest.mark.parametrize("name", ["device", "#/components/securitySchemes/device"])
async def test_the_device_flow_of_oauth_is_served(name: str) -> None:
    source = contract(
        {"security": [{name: ["read"]}]}, version="3.2.0", components={"securitySchemes": {"device": DEVICE}}
    )
    assert not [p for p in lint(Document(source)) if p.severity == "error"]
    service = serve(source, {"things": X})
    assert (await service.get()).status_code == 401
    assert (await service.get(headers={"Authorization": "Bearer t"})).status_code == 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=x", ["x"]),
        ("a=", ""),
        ("a=x&a=y", ["x", "y"]),
        ("a=xyz", None),
        ("n=5", [5]),
        ("n=off", "off"),
        ("n=x", None),
    ],
)
async def test_a_single_value_of_a_form_can_be_a_list_of_one(text: str, value: Any) -> None:
    """Where the schema allows a list and another value, the valid one of them counts."""
    names = {"anyOf": [{"type": "array", "items": {"type": "string", "maxLength": 2}}, {"enum": [""]}]}
    numbers = {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"const": "off"}]}
    schema = {"type": "object", "properties": {"a": names, "n": numbers}}
    service = serve(posting(content(schema, FORM)))
    response = await service.post(content=text, headers=URLENCODED)
    assert response.status_code == (422 if value is None else 204)
    if value is not None:
        assert getattr(service.calls[-1][1]["body"], text[0]) == value


async def test_a_security_scheme_can_be_a_reference() -> None:
    schemes = {
        "key": {"type": "apiKey", "in": "query", "name": "key"},
        "same": {"$ref": "#/components/securitySchemes/key"},
    }
    source = contract({"security": [{"same": []}]}, components={"securitySchemes": schemes})
    service = serve(source, {"things": X})
    assert [(await service.get()).status_code, (await service.get("/things?key=k")).status_code] == [401, 200]


@pytest.mark.parametrize(
    ("schema", "text", "status"),
    [
        ({"type": "number"}, "1e308", 204),
        ({"type": "number"}, "1" + "0" * 308, 204),
        ({"type": "number"}, "1e309", 422),
        ({"type": "string", "enum": []}, "a", 422),
    ],
)
async def test_numbers_as_large_as_a_double_and_an_enum_without_values(
    schema: Json, text: str, status: int
) -> None:
    parameters = [{"name": "p", "in": "query", "schema": schema}]
    service = serve(contract({"parameters": parameters, "responses": DONE}))
    assert (await service.get(f"/things?p={text}")).status_code == status


def test_tags_can_have_a_summary_and_a_parent() -> None:
    tags = [{"name": "shop", "kind": "nav"}, {"name": "things", "parent": "shop", "summary": "All things"}]
    source = contract(version="3.2.0", tags=tags)
    assert not [p for p in lint(Document(source)) if p.rule in ("tag-parent", "openapi-structure")]
    assert serve(source).modules.operations.ThingsOperations.__doc__ == "All things"


@pytest.mark.parametrize(
    "own", ["https://api.example.com/v1/openapi.yaml", "/v1/openapi.yaml", "openapi.yaml"]
)
@pytest.mark.parametrize("address", ["", "openapi.yaml", "whole"])
async def test_references_are_relative_to_self(own: str, address: str, tmp_path: Path) -> None:
    reference = f"{own if address == 'whole' else address}#/components/schemas/Thing"
    source = {**posting(content({"$ref": reference}), version="3.2.0"), "$self": own}
    (tmp_path / "any.json").write_text(json.dumps(source))
    service = serve(Document.load(tmp_path / "any.json"))
    assert (await service.post(json=X)).status_code == 204
    assert errors(await service.post(json={"a": 1})) == [("body", "a", "type")]


async def test_another_file_can_refer_to_itself_by_its_self(tmp_path: Path) -> None:
    shared = contract(version="3.2.0", paths={}, **{"$self": "https://example.com/shared"})
    shared["components"]["schemas"]["Other"] = {
        "$ref": "https://example.com/shared#/components/schemas/Thing"
    }
    (tmp_path / "shared.json").write_text(json.dumps(shared))
    source = posting(content({"$ref": "shared.json#/components/schemas/Other"}), version="3.2.0", schemas={})
    (tmp_path / "api.json").write_text(json.dumps(source))
    service = serve(Document.load(tmp_path / "api.json"))
    assert errors(await service.post(json={"a": 1})) == [("body", "a", "type")]


async def test_a_default_mapping_takes_every_other_tag() -> None:
    schemas = animal()
    schemas["Cat"]["required"] = []
    discriminator = {
        "propertyName": "kind",
        "mapping": {"dog": "Dog"},
        "defaultMapping": "#/components/schemas/Cat",
    }
    source = putting({"oneOf": [CAT, DOG], "discriminator": discriminator}, **schemas)
    service = serve({**source, "openapi": "3.2.0"})
    for body, name in (({"kind": "dog", "lives": 1}, "Dog"), ({"kind": "x"}, "Cat"), ({"lives": 1}, "Cat")):
        assert (await service.post(json=body)).status_code == 204
        assert type(service.arguments["body"]).__name__ == name
    assert errors(await service.post(json={"kind": "dog", "bark": 1})) == [("body", "bark", "type")]
    assert errors(await service.post(json={"kind": "x", "lives": "x"})) == [("body", "lives", "type")]


async def test_a_default_mapping_takes_every_other_heir() -> None:
    base = {"$ref": "#/components/schemas/Base"}
    properties = {"id": {"type": "integer"}, "what": {"type": "string"}}
    discriminator = {"propertyName": "what", "mapping": {"c": "Car"}, "defaultMapping": "Vehicle"}
    schemas: Json = {
        "Base": {"type": "object", "properties": properties, "discriminator": discriminator},
        "Car": {
            "allOf": [base, {"required": ["what", "doors"], "properties": {"doors": {"type": "integer"}}}]
        },
        "Vehicle": {"allOf": [base, {"required": ["wheels"], "properties": {"wheels": {"type": "integer"}}}]},
    }
    service = serve({**putting(base, **schemas), "openapi": "3.2.0"})
    for body, name in (
        ({"what": "c", "doors": 2}, "Car"),
        ({"what": "x", "wheels": 2}, "Vehicle"),
        ({"wheels": 2}, "Vehicle"),
    ):
        assert (await service.post(json=body)).status_code == 204
        assert type(service.arguments["body"]).__name__ == name
    for body, place in (
        ({"what": "c", "wheels": 2}, "doors"),
        ({"what": "Car", "doors": 2}, "wheels"),
        ({}, "wheels"),
    ):
        assert errors(await service.post(json=body)) == [("body", place, "required")]


async def test_cookies_of_the_style_cookie_are_read() -> None:
    listed = {"name": "ids", "in": "cookie", "style": "cookie", "schema": NUMBERS}
    spread = {"name": "o", "in": "cookie", "style": "cookie", "schema": OBJECT}
    source = contract({"parameters": [listed, spread]}, version="3.2.0")
    found = await read(source, "/things", Cookie="ids=1; ids=2; a=x%20; n=1")
    assert (found["ids"], found["o"].model_dump()) == ([1, 2], {"a": "x%20", "n": 1})


async def test_cookies_of_the_style_form_are_decoded() -> None:
    schemas: dict[str, Json] = {
        "text": {"type": "string"},
        "odd[name]": {"type": "string"},
        "ids": {"type": "array", "items": {"type": "string"}},
    }
    cookies = [{"name": name, "in": "cookie", "schema": schema} for name, schema in schemas.items()]
    cookies[-1]["explode"] = False
    cookies.append({"name": "raw", "in": "cookie", "style": "cookie", "schema": {"type": "string"}})
    cookies.append({"name": "j", "in": "cookie", "content": content(THING)})
    cookies.append({"name": "o", "in": "cookie", "schema": OBJECT})
    source = contract({"parameters": cookies}, version="3.2.0")
    sent = "text=x%20y+z%C3%BC; odd%5Bname%5D=50%; ids=a%2Cb,c; raw=x%20y; j=%7B%22a%22:%22%25%22%7D; a=%61"
    found = await read(source, "/things", Cookie=sent)
    assert [found["text"], found["odd_name"], found["ids"], found["raw"]] == [
        "x y+zü",
        "50%",
        ["a,b", "c"],
        "x%20y",
    ]
    assert (found["j"].a, found["o"].a) == ("%", "a")
    wrong = await serve(source).get(headers={"Cookie": "text=%FF"})
    assert errors(wrong) == [("cookie", "text", "encoding")]


@pytest.mark.parametrize(
    ("media_type", "schema", "text", "value"),
    [
        ("text/plain", {"type": "string"}, "hello%20you+me", "hello you+me"),
        ("application/jsonpath", {"type": "string"}, "%24.a%5B0%5D", "$.a[0]"),
        ("application/json", {"type": "object"}, "%7B%22a%22:%22x+y%22%7D", {"a": "x+y"}),
        ("text/plain", {"type": "integer"}, "5", 5),
    ],
)
async def test_the_whole_query_can_be_of_any_media_type(
    media_type: str, schema: Json, text: str, value: Any
) -> None:
    parameter = {"name": "q", "in": "querystring", "required": True, "content": content(schema, media_type)}
    source = contract({"parameters": [parameter]}, version="3.2.0")
    assert await read(source, f"/things?{text}") == {"q": value}
    assert errors(await serve(source).get()) == [("querystring", "q", "required")]


def test_a_querystring_parameter_beside_query_parameters_is_an_error() -> None:
    whole = {"name": "q", "in": "querystring", "content": content({})}
    parameters = [whole, {"name": "a", "in": "query", "schema": {}}]
    found = [
        p
        for p in lint(Document(contract({"parameters": parameters}, version="3.2.0")))
        if p.severity == "error"
    ]
    assert [p.message for p in found] == ["a `querystring` parameter is beside `query` parameters"]


async def test_a_mock_answers_with_the_parts_of_a_multipart_body() -> None:
    body = {"multipart/mixed": {"itemSchema": REF, "itemEncoding": {"contentType": "application/json"}}}
    source = contract({"responses": {"200": {"description": "d", "content": body}}}, version="3.2.0")
    response = await serve(source, mock=True).get()
    assert response.headers["content-type"] == "multipart/mixed; boundary=specfirst"
    parts = response.text.split("--specfirst")
    assert (parts[0], parts[-1]) == ("", "--\r\n")
    assert all(part.startswith("\r\nContent-Type: application/json\r\n\r\n{") for part in parts[1:-1])


# --- Responses --------------------------------------------------------------------------------------------

ERROR: Json = {"description": "error", "content": content({"type": "object"}, "application/problem+json")}


async def test_a_refusal_leaves_as_the_default_response_says() -> None:
    service = serve(contract({"responses": {**ok(), "default": ERROR}}), {"things": NotFound()})
    response = await service.get()
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")


async def test_a_default_response_can_be_returned_with_its_status() -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.ThingsDefault(status=503, body={"why": "x"})

    service = serve(contract({"responses": {**ok(), "default": ERROR}}), {"things": answer})
    response = await service.get()
    assert (response.status_code, response.json()) == (503, {"why": "x"})


async def test_an_operation_of_default_alone_can_answer_any_status() -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.ThingsDefault(status=418, body=X)

    source = contract({"responses": {"default": {"description": "d", "content": content(REF, example=X)}}})
    assert (await serve(source, {"things": answer}).get()).status_code == 418
    mocked = await serve(source, mock=True).get()
    assert (mocked.status_code, mocked.json()) == (200, X)


async def test_a_range_of_successes_takes_each_of_its_statuses() -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.Things2XX(status=203, body=X)

    source = contract({"responses": {"2XX": ok()["200"]}})
    assert (await serve(source, {"things": answer}).get()).status_code == 203


async def test_a_range_of_errors_is_more_specific_than_default() -> None:
    responses = {**ok(), "4XX": ERROR, "default": {"description": "d"}}
    response = await serve(contract({"responses": responses}), {"things": NotFound()}).get()
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_error_that_is_not_declared_keeps_its_status() -> None:
    class Conflict(APIError):
        status = 409

    response = await serve(contract(), {"things": Conflict("no")}, validate_responses=True).get()
    assert (response.status_code, response.json()) == (409, {"detail": "no"})


async def test_a_result_of_a_status_that_is_not_declared_is_a_500() -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.Things2XX(status=404, body=X)

    assert (
        await serve(contract({"responses": {"2XX": ok()["200"]}}), {"things": answer}).get()
    ).status_code == 500


BOTH: Json = {
    "200": {"description": "ok", "content": {**content(REF), **content({"type": "string"}, "text/csv")}}
}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/json;q=0.5, text/*", "text/csv; charset=utf-8"),
        ("image/png", "application/json"),
    ],
)
async def test_accept_chooses_between_the_media_types(accept: str, media_type: str) -> None:
    def answer(service: Service, accept: str) -> Any:
        operations = service.modules.operations
        return (
            operations.Things200Csv(body="a\nx") if accept == "text/csv" else operations.Things200Json(body=X)
        )

    response = await serve(contract({"responses": BOTH}), {"things": answer}).get(headers={"Accept": accept})
    assert response.headers["content-type"] == media_type
    assert response.text == ('{"a":"x"}' if "json" in media_type else "a\nx")


async def test_xml_beside_json_does_not_stop_the_json() -> None:
    both = {**content(REF), **content(REF, "application/xml")}

    def answer(service: Service, accept: str) -> Any:
        return service.modules.operations.Things200Json(body=X)

    source = contract({"responses": {"200": {"description": "ok", "content": both}}})
    assert (await serve(source, {"things": answer}).get()).json() == X


@pytest.mark.parametrize("schema", [{"type": "string", "format": "binary"}, None])
async def test_a_binary_response_is_bytes(schema: Json | None) -> None:
    media_type = {"image/png": {} if schema is None else {"schema": schema}}
    source = contract({"responses": {"200": {"description": "ok", "content": media_type}}})
    response = await serve(source, {"things": b"\x89PNG"}, validate_responses=True).get()
    assert (response.headers["content-type"], response.content) == ("image/png", b"\x89PNG")


async def test_a_binary_response_can_be_a_stream() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    source = contract({"responses": {"200": {"description": "ok", "content": {"image/png": {}}}}})
    response = await serve(source, {"things": lambda service: chunks()}).get()
    assert response.content == b"ab"
    assert "content-length" not in response.headers


def stream(media_type: str) -> Json:
    body = {media_type: {"itemSchema": REF}}
    return contract({"responses": {"200": {"description": "ok", "content": body}}}, version="3.2.0")


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        ("application/jsonl", '{"a":"x"}\n{"a":"y"}\n'),
        ("application/json-seq", '\x1e{"a":"x"}\n\x1e{"a":"y"}\n'),
        ("text/event-stream", 'data: {"a":"x"}\n\ndata: {"a":"y"}\n\n'),
    ],
)
async def test_the_items_of_a_stream_are_written_as_its_media_type_says(media_type: str, text: str) -> None:
    async def items() -> AsyncIterator[Json]:
        yield {"a": "x"}
        yield {"a": "y"}

    response = await serve(stream(media_type), {"things": lambda service: items()}).get()
    assert response.text == text


async def test_each_item_of_a_stream_is_held_to_its_schema() -> None:
    async def items() -> AsyncIterator[Json]:
        yield {"a": "x"}
        yield {"a": 1}

    service = serve(stream("application/jsonl"), {"things": lambda service: items()}, validate_responses=True)
    with pytest.raises(Exception, match="an item of the stream violates its schema"):
        await service.get()


async def test_a_wildcard_lets_the_implementation_say_the_media_type() -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.Things200(media_type="image/svg+xml", body="<svg/>")

    source = contract(
        {"responses": {"200": {"description": "ok", "content": content({"type": "string"}, "*/*")}}}
    )
    response = await serve(source, {"things": answer}).get()
    assert (response.headers["content-type"], response.text) == ("image/svg+xml", "<svg/>")


async def test_a_response_header_that_is_an_array_is_a_list() -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.Things204(x_tags=["a", "b"])

    header = {"X-Tags": {"schema": {"type": "array", "items": {"type": "string"}}}}
    source = contract({"responses": {"204": {"description": "ok", "headers": header}}})
    assert (await serve(source, {"things": answer}).get()).headers["x-tags"] == "a,b"


async def test_several_cookies_are_several_fields() -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.Things204(set_cookie=["a=1; Path=/", "b=2; Expires=Wed, 01 Jan"])

    header = {"Set-Cookie": {"schema": {"type": "array", "items": {"type": "string"}}}}
    source = contract({"responses": {"204": {"description": "ok", "headers": header}}})
    response = await serve(source, {"things": answer}, validate_responses=True).get()
    assert response.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2; Expires=Wed, 01 Jan"]


HEADERS: list[tuple[Json, Any, str | None]] = [
    ({"schema": {"type": "array", "items": {"type": "integer"}}}, [1, 2], "1,2"),
    ({"schema": {"type": "array", "items": {"type": "integer"}}}, ["x"], None),
    ({"schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}, {"a": 1}, "a,1"),
    (
        {"explode": True, "schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        {"a": 1},
        "a=1",
    ),
    ({"content": content({"type": "object", "required": ["k"]})}, {"k": 1}, '{"k":1}'),
    ({"content": content({"type": "object", "required": ["k"]})}, {}, None),
    ({"content": content({"type": "string"})}, "é", '"\\u00e9"'),
    ({"content": content({"type": "string"}, "text/plain")}, "a b", "a b"),
    ({"schema": {"type": "boolean"}}, True, "true"),
    ({"schema": {"type": "integer", "maximum": 5}}, 6, None),
]


@pytest.mark.parametrize(("header", "value", "text"), HEADERS)
async def test_a_response_header_of_any_type_is_validated(header: Json, value: Any, text: str | None) -> None:
    def answer(service: Service) -> Any:
        return service.modules.operations.Things204(x=value)

    source = contract({"responses": {"204": {"description": "ok", "headers": {"X": header}}}})
    response = await serve(source, {"things": answer}, validate_responses=True).get()
    assert (response.status_code, response.headers.get("x")) == ((500, None) if text is None else (204, text))


async def test_a_status_without_a_body_has_none_whatever_is_declared() -> None:
    source = contract({"responses": {"204": {"description": "d", "content": content(REF, example=X)}}})
    for service in (serve(source, {"things": None}), serve(source, mock=True)):
        response = await service.get()
        assert (response.status_code, response.content) == (204, b"")
        assert "content-type" not in response.headers


@pytest.mark.parametrize("status", ["101", "1XX"])
async def test_an_informational_response_is_no_result(status: str) -> None:
    source = contract({"responses": {status: {"description": "d"}, **ok(example=X)}})
    assert (await serve(source, {"things": X}).get()).json() == X
    assert (await serve(source, mock=True).get()).status_code == 200


# --- Bodies -----------------------------------------------------------------------------------------------

FORM = "application/x-www-form-urlencoded"
URLENCODED = {"Content-Type": FORM}
PAIR: Json = {
    "type": "object",
    "required": ["n"],
    "properties": {"a": {"type": "string"}, "n": {"type": "integer"}},
}


async def test_a_form_arrives_typed() -> None:
    service = serve(posting(content(PAIR, FORM)))
    assert (await service.post(content="a=x+y&n=1", headers=URLENCODED)).status_code == 204
    assert service.arguments["body"].model_dump() == {"a": "x y", "n": 1}
    assert errors(await service.post(content="a=x&n=y", headers=URLENCODED)) == [("body", "n", "type")]
    assert errors(await service.post(content="a=x", headers=URLENCODED)) == [("body", "n", "required")]


async def test_lists_and_objects_in_a_form_arrive() -> None:
    schema = {
        "type": "object",
        "properties": {
            "ids": {"type": "array", "items": {"type": "integer"}},
            "deep": {"type": "object", "properties": {"a": {"type": "integer"}}},
        },
    }
    service = serve(posting({FORM: {"schema": schema, "encoding": {"deep": {"style": "deepObject"}}}}))
    assert (await service.post(content="ids=1&ids=2&deep[a]=3", headers=URLENCODED)).status_code == 204
    assert service.arguments["body"].model_dump() == {"ids": [1, 2], "deep": {"a": 3}}


UPLOAD: Json = {
    "type": "object",
    "required": ["file", "count"],
    "properties": {"file": {"type": "string", "format": "binary"}, "count": {"type": "integer"}},
}


async def test_a_multipart_body_has_typed_fields_and_files() -> None:
    seen: list[Any] = []

    async def answer(service: Service, body: Any) -> None:
        seen.extend([body.count, body.file.filename, await body.file.read(), body.file])

    service = serve(posting(content(UPLOAD, "multipart/form-data")), {"things": answer})
    response = await service.post(files={"file": ("a.txt", b"hello")}, data={"count": "2"})
    assert response.status_code == 204, response.text
    assert seen[:3] == [2, "a.txt", b"hello"]
    assert seen[3].file.closed
    assert errors(await service.post(files={"file": ("a.txt", b"hello")})) == [("body", "count", "required")]


PARTS: list[tuple[Any, Any, int, Any]] = [
    # A part without a schema is a file or a text, as it comes.
    ({"type": "object", "properties": {"f": {}}}, [("f", ("a", b"\xff"))], 204, {"f": b"\xff"}),
    ({"type": "object", "properties": {"f": {}}}, [("f", (None, "x"))], 204, {"f": "x"}),
    (None, [("f", ("a", b"\xff")), ("n", (None, "1"))], 204, {"f": b"\xff", "n": "1"}),
    (
        {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}},
        [("f", ("a", b"x"))],
        204,
        {"f": b"x"},
    ),
    ({"type": "object", "additionalProperties": False}, [("f", ("a", b"x"))], 422, None),
    (
        {"allOf": [UPLOAD, {"type": "object", "properties": {"b": {"type": "string"}}}]},
        [("file", ("a", b"x")), ("count", (None, "2"))],
        204,
        {"file": b"x", "count": 2},
    ),
    # Browsers send a Blob with a file name.
    (
        {"type": "object", "properties": {"o": THING}},
        [("o", ("blob", b'{"a": "x"}', "application/json"))],
        204,
        {"o": {"a": "x"}},
    ),
    (
        {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}},
        [("file", (None, "x"))],
        422,
        None,
    ),
    # The same name for texts and files, where the schema allows both.
    (
        {"type": "object", "properties": {"f": {"type": "array", "items": {}}}},
        [("f", (None, "x")), ("f", ("a", b"\xff")), ("f", (None, "y"))],
        204,
        {"f": ["x", b"\xff", "y"]},
    ),
    ({"type": "object"}, [("f", ("a", b"\xff")), ("f", (None, "x"))], 204, {"f": [b"\xff", "x"]}),
    (
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}},
        [("f", (None, "1")), ("f", ("a", b"\xff"))],
        422,
        None,
    ),
    (
        {"type": "object", "properties": {"f": {"type": "array", "items": {}, "maxItems": 1}}},
        [("f", ("a", b"\xff")), ("f", (None, "x"))],
        422,
        None,
    ),
]

FILE: Json = {"type": "string", "format": "binary"}
MIXED_PARTS: list[tuple[Json, Json, Any, Any]] = [
    # Items that are files or objects; an object is JSON (OpenAPI 3.1, section 4.8.15.1).
    (
        {"type": "array", "items": {"anyOf": [FILE, THING]}},
        {},
        [
            ("f", ("a", b"\xff")),
            ("f", (None, '{"a": "x"}')),
            ("f", ("blob", b'{"a": "y"}', "application/json")),
        ],
        [b"\xff", {"a": "x"}, {"a": "y"}],
    ),
    ({"oneOf": [THING, FILE]}, {}, [("f", (None, '{"a": "x"}'))], {"a": "x"}),
    ({"oneOf": [THING, FILE]}, {}, [("f", ("a", b"\xff"))], b"\xff"),
    ({"oneOf": [{"type": "string"}, FILE]}, {}, [("f", (None, "x"))], "x"),
    ({"oneOf": [{"type": "string"}, FILE]}, {}, [("f", ("a", b"x"))], b"x"),
    # The encoding says that texts are JSON.
    (
        {"type": "array", "items": {}},
        {"contentType": "image/png, application/json"},
        [("f", ("a", b"\xff", "image/png")), ("f", (None, "[1]"))],
        [b"\xff", [1]],
    ),
    (
        {"type": "array", "items": {"anyOf": [FILE, {"type": "integer"}]}},
        {"contentType": "application/json, image/png"},
        [("f", ("a", b"\xff", "image/png")), ("f", (None, "1"))],
        [b"\xff", 1],
    ),
]
WRONG_PARTS: list[tuple[Json, Any, tuple[Any, ...]]] = [
    ({"type": "array", "items": {"anyOf": [FILE, THING]}}, (None, '{"a": 1}'), ("body", "f", 1, "a", "type")),
    ({"type": "array", "items": {"anyOf": [FILE, THING]}}, (None, "x"), ("body", "f", 1, "json")),
    (
        {"type": "array", "items": {"anyOf": [FILE, {"type": "integer"}]}},
        (None, "x"),
        ("body", "f", 1, "type"),
    ),
    (
        {"type": "array", "maxItems": 1, "items": {"oneOf": [FILE, THING]}},
        ("a", b""),
        ("body", "f", "maxItems"),
    ),
    ({"anyOf": [FILE, THING]}, ("a", b""), ("body", "f", "duplicate")),
]


@pytest.mark.parametrize(("schema", "encoding", "parts", "value"), MIXED_PARTS)
async def test_texts_beside_files_are_read_as_their_schema_says(
    schema: Json, encoding: Json, parts: Any, value: Any
) -> None:
    seen: list[Any] = []

    async def answer(service: Service, body: Any) -> None:
        seen.append(await shown(body))

    media_type = {"schema": {"type": "object", "properties": {"f": schema}}, "encoding": {"f": encoding}}
    response = await serve(posting({"multipart/form-data": media_type}), {"things": answer}).post(files=parts)
    assert (response.status_code, seen) == (204, [{"f": value}]), response.text


@pytest.mark.parametrize(("schema", "part", "error"), WRONG_PARTS)
async def test_wrong_texts_beside_files_have_a_place(schema: Json, part: Any, error: Any) -> None:
    service = serve(posting(content({"type": "object", "properties": {"f": schema}}, "multipart/form-data")))
    assert errors(await service.post(files=[("f", ("a", b"\xff")), ("f", part)])) == [error]


HEADED: Json = {
    "X-Lines": {"required": True, "schema": {"type": "integer", "minimum": 1}},
    "X-Tags": {"schema": {"type": "array", "items": {"type": "string"}, "maxItems": 2}},
    "Content-Type": {"required": True, "schema": {"const": "never/this"}},
}


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({"X-Lines": "2", "X-Tags": "a, b"}, []),
        ({}, [("X-Lines", "required")]),
        ({"X-Lines": "0"}, [("X-Lines", "minimum")]),
        ({"X-Lines": "two", "x-tags": "a,b,c"}, [("X-Lines", "type"), ("X-Tags", "maxItems")]),
    ],
)
@pytest.mark.parametrize("filename", ["a", None])
async def test_the_headers_of_a_part_are_validated(filename: str | None, headers: Any, wrong: Any) -> None:
    """Content-Type is ignored (OpenAPI 3.1, section 4.8.15.1)."""
    part = FILE if filename else {"type": "string"}
    schema = {"type": "object", "properties": {"f": part, "n": {"type": "integer"}}}
    service = serve(
        posting({"multipart/form-data": {"schema": schema, "encoding": {"f": {"headers": HEADED}}}})
    )
    sent = [("f", (filename, b"x", "text/plain", headers))]
    response = await service.post(files=sent)
    assert (response.status_code == 204) is (not wrong), response.text
    if wrong:
        assert errors(response) == [("body", "f", "headers", *error) for error in wrong]
        # All errors are in one response, with the place of the part.
        both = errors(await service.post(files=[*sent, *sent, ("n", (None, "x"))]))
        assert [error for error in both if "headers" in error and error[2] == 1] == [
            ("body", "f", 1, "headers", *error) for error in wrong
        ]
        assert ("body", "n", "type") in both


async def test_the_headers_of_parts_without_names_are_validated() -> None:
    media_type = {
        "schema": {"type": "array", "items": {"type": "string"}},
        "prefixEncoding": [{}],
        "itemEncoding": {"headers": {"X-Lines": HEADED["X-Lines"]}},
    }
    service = serve(posting({"multipart/mixed": media_type}, version="3.2.0"))
    text = ("text/plain", b"hi")
    assert (await service.post(**mixed(text, ("text/plain\r\nX-Lines: 1", b"hi")))).status_code == 204
    assert errors(await service.post(**mixed(text, text))) == [("body", 1, "headers", "X-Lines", "required")]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 2, "maxItems": 3, "items": FILE},
        {"anyOf": [{"type": "array", "minItems": 2, "maxItems": 3, "items": FILE}, {"type": "null"}]},
        {"allOf": [{"type": "array", "items": FILE}, {"type": "array", "items": FILE, "minItems": 2}]},
    ],
)
async def test_the_number_of_files_is_validated(schema: Json) -> None:
    service = serve(posting(content({"type": "object", "properties": {"f": schema}}, "multipart/form-data")))
    file = ("f", ("a", b"x"))
    assert (await service.post(files=[file] * 2)).status_code == 204
    assert errors(await service.post(files=[file])) == [("body", "f", "minItems")]
    if "allOf" not in schema:
        assert errors(await service.post(files=[file] * 4)) == [("body", "f", "maxItems")]


async def test_files_in_alternatives_of_a_body_are_files() -> None:
    schema = {
        "oneOf": [
            {"type": "object", "required": ["a"], "properties": {"a": FILE}},
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}},
        ]
    }
    service = serve(posting(content(schema, "multipart/form-data")))
    assert (await service.post(files=[("a", ("a", b"\xff"))])).status_code == 204
    assert (await service.post(files=[("b", (None, "1"))])).status_code == 204
    assert errors(await service.post(files=[("a", (None, "x"))])) == [("body", "a", "type")]


@pytest.mark.parametrize("sent", [["[1, 2]"], ["1", "2"]])
async def test_a_json_list_is_one_part_or_several(sent: list[str]) -> None:
    schema = {"type": "object", "properties": {"n": NUMBERS}}
    media_type = {"schema": schema, "encoding": {"n": {"contentType": "application/json"}}}
    service = serve(posting({"multipart/form-data": media_type}))
    assert (await service.post(files=[("n", (None, part)) for part in sent])).status_code == 204
    assert service.arguments["body"].n == [1, 2]


FILES: list[tuple[Json, str | None]] = [
    (FILE, "one"),
    ({"type": "string", "contentMediaType": "image/png"}, "one"),
    ({"contentMediaType": "image/png"}, "one"),
    ({"format": "binary"}, "one"),
    ({**FILE, "type": ["string", "null"]}, "one"),
    # What FastAPI writes for `UploadFile | None`.
    (
        {"anyOf": [{"type": "string", "contentMediaType": "application/octet-stream"}, {"type": "null"}]},
        "one",
    ),
    ({"allOf": [FILE, {"maxLength": 1000}]}, "one"),
    ({"type": "array", "items": {"contentMediaType": "image/png"}}, "several"),
    ({"type": ["array", "null"], "items": {"allOf": [FILE]}}, "several"),
    ({"anyOf": [{"type": "array", "items": FILE}, {"type": "null"}]}, "several"),
    ({"type": "string", "contentMediaType": "image/png", "contentEncoding": "base64"}, None),
    ({"contentMediaType": "image/png", "contentEncoding": "base64"}, None),
    ({**FILE, "type": ["string", "integer"]}, None),
    ({"anyOf": [FILE, {"type": "integer"}]}, "either"),
    ({"oneOf": [FILE, {"type": "integer"}, {"type": "null"}]}, "either"),
    ({"type": "array", "items": {"anyOf": [FILE, {"type": "integer"}]}}, "both"),
    ({"type": "array", "items": {"type": "array", "items": FILE}}, None),
]


PART: Json = {"$ref": "#/components/schemas/Part"}


async def shown(value: Any) -> Any:
    """A value of a multipart body, with the bytes of its files."""
    if hasattr(value, "read"):
        return await value.read()
    if isinstance(value, list):
        return [await shown(part) for part in value]
    if hasattr(value, "model_dump"):
        value = {name: getattr(value, name) for name in value.model_fields_set}
    return {name: await shown(part) for name, part in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("combined", [{"type": "array", "items": PART}, {**FILE, "allOf": [PART]}])
async def test_a_part_may_refer_to_itself(combined: Any) -> None:
    body = content({"type": "object", "properties": {"f": combined}}, "multipart/form-data")
    service = serve(posting(body, schemas={"Part": combined}))
    assert (await service.post(files={"g": b"x"})).status_code == 204


@pytest.mark.parametrize(("schema", "parts", "status", "value"), PARTS)
async def test_a_part_is_a_file_or_a_text_as_its_schema_says(
    schema: Any, parts: Any, status: int, value: Any
) -> None:
    seen: list[Any] = []

    async def answer(service: Service, body: Any) -> None:
        seen.append(await shown(body))

    media_type = {} if schema is None else {"schema": schema}
    service = serve(posting({"multipart/form-data": media_type}), {"things": answer})
    response = await service.post(files=parts)
    assert (response.status_code, seen) == (status, [value] if status == 204 else []), response.text


@pytest.mark.parametrize(("schema", "files"), FILES)
async def test_engine_and_client_agree_on_what_is_a_file(schema: Json, files: str | None) -> None:
    source = posting(
        content({"type": "object", "properties": {"f": schema}, "required": ["f"]}, "multipart/form-data")
    )
    seen: list[Any] = []

    async def answer(service: Service, body: Any) -> None:
        seen.append(await shown(body))

    parts = [("f", ("a", b"\xff"))] * (2 if files in ("several", "both") else 1)
    status = (await serve(source, {"things": answer}).post(files=parts)).status_code
    # A text must be UTF-8.
    one, several = [{"f": b"\xff"}], [{"f": [b"\xff", b"\xff"]}]
    received = {"one": one, "either": one, "several": several, "both": several, None: []}
    assert (status, seen) == (204 if files else 400, received[files])
    written = " ".join(package(Document(source))["dist/contract.d.ts"].split())
    types = {
        "one": r"\$Upload",
        "either": r"\$Upload \| number",
        "several": r"\$Upload\[\]",
        "both": r"\(\$Upload \| number\)\[\]",
        None: r"[^$]*",
    }
    assert re.search(rf"body: \{{ f: {types[files]}( \| null)?; \}} \| FormData;", written)


async def test_a_file_must_have_a_media_type_of_its_encoding() -> None:
    media_type = {"schema": UPLOAD, "encoding": {"file": {"contentType": "image/png, text/*"}}}
    service = serve(posting({"multipart/form-data": media_type}))
    for name, status in (("image/png", 204), ("text/csv", 204), ("image/gif", 422)):
        response = await service.post(files={"file": ("a", b"x", name)}, data={"count": "2"})
        assert response.status_code == status
    assert errors(response) == [("body", "file", "contentType")]


MIXED: Json = {
    "schema": {
        "type": "array",
        "prefixItems": [THING, {"type": "string"}],
        "items": {"type": "string", "format": "binary"},
        "minItems": 2,
    },
    "prefixEncoding": [{}, {"contentType": "text/plain"}],
    "itemEncoding": {"contentType": "image/png"},
}


def mixed(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """A body of parts without names: the media type and the content of each."""
    text = b"".join(b"--x\r\nContent-Type: %s\r\n\r\n%s\r\n" % (t.encode(), c) for t, c in parts)
    return {"content": text + b"--x--\r\n", "headers": {"Content-Type": "multipart/mixed; boundary=x"}}


async def test_parts_without_names_are_a_list() -> None:
    seen: list[Any] = []

    async def answer(service: Service, body: Any) -> None:
        seen.append(await shown(body))

    service = serve(posting({"multipart/mixed": MIXED}, version="3.2.0"), {"things": answer})
    thing, text = ("application/json", b'{"a": "x"}'), ("text/plain", b"hi")
    assert (await service.post(**mixed(thing, text, ("image/png", b"\xff")))).status_code == 204
    assert seen == [[X, "hi", b"\xff"]]
    assert errors(await service.post(**mixed(thing))) == [("body", "minItems")]
    assert errors(await service.post(**mixed(("application/json", b'{"a": 1}'), text))) == [
        ("body", 0, "a", "type")
    ]
    assert errors(await service.post(**mixed(thing, text, ("image/gif", b"")))) == [
        ("body", 2, "contentType")
    ]


async def test_the_parts_of_an_item_schema_are_a_typed_list() -> None:
    service = serve(posting({"multipart/mixed": {"itemSchema": REF}}, version="3.2.0"))
    part = ("application/json", b'{"a": "x"}')
    assert (await service.post(**mixed(part, part))).status_code == 204
    assert service.arguments["body"] == [service.modules.schemas.Thing(a="x")] * 2
    assert errors(await service.post(**mixed(part, ("application/json", b"1")))) == [("body", 1, "type")]


async def test_a_file_needs_no_file_name() -> None:
    head = b'Content-Disposition: form-data; name="file"\r\nContent-Type: image/png'
    part = b"--b\r\n" + head + b"\r\n\r\n\xff\r\n--b--\r\n"
    schema = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}

    async def answer(service: Service, body: Any) -> None:
        service.calls.append(("read", {"content": await body.file.read()}))

    service = serve(posting(content(schema, "multipart/form-data")), {"things": answer})
    response = await service.post(content=part, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert response.status_code == 204, response.text
    assert service.arguments == {"content": b"\xff"}


async def test_only_the_schema_decides_about_undeclared_parts() -> None:
    file = {"file": ("a.txt", b"hello")}
    service = serve(posting(content(UPLOAD, "multipart/form-data")))
    response = await service.post(files=file, data={"count": "2", "more": ["1", "[]"], "one": "x"})
    assert response.status_code == 204, response.text
    closed = serve(posting(content(UPLOAD | {"additionalProperties": False}, "multipart/form-data")))
    text = await closed.post(files=file, data={"count": "2", "more": ["1", "[]"]})
    assert errors(text) == [("body", "more", "additionalProperties")]
    unknown = await closed.post(files=file | {"other": ("b.txt", b"hello")}, data={"count": "2"})
    assert errors(unknown) == [("body", "other", "additionalProperties")]


async def test_a_multipart_body_is_limited() -> None:
    service = serve(posting(content(UPLOAD, "multipart/form-data"), **{"x-max-body-bytes": 1000}))
    assert (await service.post(files={"file": ("a", b"x" * 2000)}, data={"count": "2"})).status_code == 413


async def test_a_binary_body_is_a_stream_that_is_limited() -> None:
    async def answer(service: Service, body: AsyncIterator[bytes]) -> None:
        service.calls.append(("read", {"body": b"".join([chunk async for chunk in body])}))

    source = posting(content({"type": "string", "format": "binary"}, "application/octet-stream"))
    service = serve({**source, "x-max-body-bytes": 10}, {"things": answer})
    octets = {"Content-Type": "application/octet-stream"}
    assert (await service.post(content=b"\x00\xff", headers=octets)).status_code == 204
    assert service.arguments["body"] == b"\x00\xff"
    assert (await service.post(content=b"x" * 11, headers=octets)).status_code == 413

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 6
        yield b"x" * 6

    assert (await service.post(content=chunks(), headers=octets)).status_code == 413


async def test_a_text_body_is_a_str_in_utf_8() -> None:
    service = serve(posting(content({"type": "string", "maxLength": 5}, "text/plain")))
    assert (await service.post(content="größe", headers={"Content-Type": "text/plain"})).status_code == 204
    assert service.arguments == {"body": "größe"}
    other = {"Content-Type": "text/plain; charset=utf-16"}
    assert (await service.post(content="x", headers=other)).status_code == 415
    assert errors(await service.post(content="x" * 6, headers={"Content-Type": "text/plain"})) == [
        ("body", "maxLength")
    ]


async def test_a_text_body_can_be_a_number() -> None:
    service = serve(posting(content({"type": "integer"}, "text/plain")))
    plain = {"Content-Type": "text/plain"}
    assert (await service.post(content="5", headers=plain)).status_code == 204
    assert service.arguments == {"body": 5}
    assert errors(await service.post(content="x", headers=plain)) == [("body", "type")]


@pytest.mark.parametrize("media_type", ["application/xml", "text/csv"])
async def test_a_text_that_is_not_json_is_passed_on_without_validation(media_type: str) -> None:
    service = serve(posting({**content(REF), **content(REF, media_type)}))
    assert (await service.post(content="<a/>", headers={"Content-Type": media_type})).status_code == 204
    assert service.arguments == {"body": "<a/>"}
    source = contract({"responses": {"200": {"description": "ok", "content": content(REF, media_type)}}})
    response = await serve(source, {"things": "<a/>"}, validate_responses=True).get()
    assert (response.status_code, response.text) == (200, "<a/>")


async def test_json_and_a_form_arrive_as_the_same_model() -> None:
    service = serve(posting({**content(REF), **content(REF, FORM)}))
    for options in ({"json": X}, {"content": "a=x", "headers": URLENCODED}):
        assert (await service.post(**options)).status_code == 204
        assert service.arguments["body"] == service.modules.schemas.Thing(a="x")


async def test_each_json_media_type_is_held_to_its_own_schema() -> None:
    patch = "application/merge-patch+json"
    service = serve(posting({**content(REF), **content({"type": "object"}, patch)}))
    assert (await service.post(json={"a": 1}, headers={"Content-Type": patch})).status_code == 204
    assert errors(await service.post(json={"a": 1})) == [("body", "a", "type")]


async def test_json_without_a_schema_can_be_anything() -> None:
    service = serve(posting({"application/json": {}}))
    for value in ([1, None], "x", {"a": 1}):
        assert (await service.post(json=value)).status_code == 204
        assert service.arguments == {"body": value}


async def test_another_media_type_than_those_declared_is_415() -> None:
    service = serve(posting({**content(REF, FORM), "image/*": {}}))
    response = await service.post(json=X)
    assert (response.status_code, response.headers["accept"]) == (415, f"{FORM}, image/*")
    assert (await service.post(content=b"x", headers={"Content-Type": "image/png"})).status_code == 204


async def test_delete_can_have_a_body() -> None:
    source = contract({"requestBody": {"content": content(REF)}, "responses": DONE}, method="delete")
    service = serve(source)
    assert (await service.request("DELETE", "/things", json=X)).status_code == 204
    assert service.arguments["body"].a == "x"


# --- Parameters -------------------------------------------------------------------------------------------

NUMBERS: Json = {"type": "array", "items": {"type": "integer"}}
OBJECT: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"a": {"type": "string"}, "n": {"type": "integer"}},
}
AN: Json = {"a": "x", "n": 1}
A_OR_TEXTS: Json = {"anyOf": [{"const": "a"}, {"type": "array", "items": {"type": "string"}}]}

STYLES: list[tuple[Json, str, Any]] = [
    ({"style": "pipeDelimited", "schema": NUMBERS}, "p=1|2", [1, 2]),
    ({"style": "pipeDelimited", "schema": NUMBERS}, "p=1%7C2", [1, 2]),
    ({"style": "spaceDelimited", "schema": NUMBERS}, "p=1%202", [1, 2]),
    ({"style": "spaceDelimited", "schema": NUMBERS}, "p=1+2", [1, 2]),
    ({"schema": OBJECT}, "a=x&n=1", AN),
    ({"schema": OBJECT, "explode": False}, "p=a,x,n,1", AN),
    ({"style": "deepObject", "schema": OBJECT}, "p[a]=x&p[n]=1", AN),
    ({"style": "deepObject", "schema": OBJECT}, "p%5Ba%5D=x", {"a": "x"}),
    ({"style": "deepObject", "explode": True, "schema": NUMBERS}, "p[]=1&p[]=2", [1, 2]),
    ({"style": "deepObject", "explode": True, "schema": NUMBERS}, "p[0]=1&p[1]=2", [1, 2]),
    ({"content": content(OBJECT)}, 'p={"a":"x","n":1}', AN),
    ({"schema": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]}}, "p=x", "x"),
    ({"schema": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]}}, "", None),
    ({"schema": {"type": ["string", "null"]}}, "p=null", "null"),
    ({"schema": {"enum": ["a", "b"]}}, "p=a", "a"),
    ({"schema": {"enum": [1, 2]}}, "p=2", 2),
    ({"schema": {}}, "p=5", "5"),
    ({"schema": {"type": ["integer", "string"]}}, "p=5", 5),
    ({"schema": {"type": ["integer", "string"]}}, "p=05", "05"),
    ({"schema": {"oneOf": [{"type": "integer", "maximum": 5}, {"type": "boolean"}]}}, "p=true", True),
    (
        {"schema": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}},
        "p=a&p=b",
        ["a", "b"],
    ),
    ({"schema": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}}, "p=a", "a"),
    ({"schema": A_OR_TEXTS}, "p=a", "a"),
    ({"schema": A_OR_TEXTS}, "p=b,c", ["b,c"]),
    ({"schema": A_OR_TEXTS}, "p=", [""]),
    ({"schema": A_OR_TEXTS, "explode": False}, "p=b,c", ["b", "c"]),
]


@pytest.mark.parametrize(("parameter", "text", "value"), STYLES)
async def test_a_parameter_is_read_as_its_style_and_schema_say(
    parameter: Json, text: str, value: Any
) -> None:
    found = (await read(query({"name": "p", **parameter}), f"/things?{text}"))["p"]
    assert (found.model_dump(exclude_unset=True) if hasattr(found, "model_dump") else found) == value


@pytest.mark.parametrize(
    ("parameter", "text", "where"),
    [
        ({"content": content(OBJECT)}, "p={", ("query", "p", "json")),
        ({"content": content(OBJECT)}, 'p={"n":"x"}', ("query", "p", "n", "type")),
        ({"schema": OBJECT}, "b=x", ("query", "b", "unknownParameter")),
        ({"style": "deepObject", "schema": OBJECT}, "p[n]=x", ("query", "p", "n", "type")),
        ({"style": "deepObject", "schema": OBJECT}, "p[n]=1&p[n]=2", ("query", "p", "n", "type")),
        ({"style": "deepObject", "schema": OBJECT}, "p[b]=x", ("query", "p", "b", "additionalProperties")),
        ({"style": "deepObject", "schema": OBJECT, "required": True}, "", ("query", "p", "required")),
        ({"style": "pipeDelimited", "schema": NUMBERS}, "p=1|x", ("query", "p", 1, "type")),
    ],
)
async def test_a_wrong_parameter_of_any_style_is_422(
    parameter: Json, text: str, where: tuple[Any, ...]
) -> None:
    service = serve(query({"name": "p", **parameter}), {"things": X})
    assert errors(await service.get(f"/things?{text}")) == [where]


@pytest.mark.parametrize(
    ("style", "explode", "schema", "text", "value"),
    [
        ("simple", False, NUMBERS, "1,2", [1, 2]),
        ("label", False, NUMBERS, ".1,2", [1, 2]),
        ("label", True, NUMBERS, ".1.2", [1, 2]),
        ("matrix", False, NUMBERS, ";p=1,2", [1, 2]),
        ("matrix", True, NUMBERS, ";p=1;p=2", [1, 2]),
        ("simple", True, OBJECT, "a=x,n=1", AN),
        ("simple", False, OBJECT, "a,x,n,1", AN),
        ("matrix", True, OBJECT, ";a=x;n=1", AN),
        ("label", False, {"type": "integer"}, ".5", 5),
    ],
)
async def test_a_path_parameter_can_have_any_style(
    style: str, explode: bool, schema: Json, text: str, value: Any
) -> None:
    parameter = {
        "name": "p",
        "in": "path",
        "required": True,
        "style": style,
        "explode": explode,
        "schema": schema,
    }
    found = (await read(contract({"parameters": [parameter]}, path="/things/{p}"), f"/things/{text}"))["p"]
    assert (found.model_dump(exclude_unset=True) if hasattr(found, "model_dump") else found) == value


async def test_a_header_can_be_a_list_of_numbers() -> None:
    source = contract({"parameters": [{"name": "X-Ids", "in": "header", "schema": NUMBERS}]})
    assert await read(source, "/things", **{"X-Ids": "3, 4"}) == {"x_ids": [3, 4]}


async def test_headers_that_openapi_ignores_are_no_parameters() -> None:
    names = ("Authorization", "Accept", "Content-Type")
    parameters = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in names
    ]
    assert await read(contract({"parameters": parameters}), "/things") == {}


EMPTY: list[tuple[Json, str, Any]] = [
    ({"schema": {"type": "integer"}}, "p=", None),
    ({"schema": {"type": "integer", "default": 3}}, "p", 3),
    ({"schema": {"type": "integer"}, "required": True}, "p=", None),
    ({"schema": {"type": "string"}}, "p=", ""),
    ({"schema": NUMBERS}, "p=", None),
    ({"schema": {"type": "integer"}}, "p=4", 4),
]


@pytest.mark.parametrize(("parameter", "text", "value"), EMPTY)
async def test_an_empty_value_is_none_where_it_is_allowed(parameter: Json, text: str, value: Any) -> None:
    source = query({"name": "p", "allowEmptyValue": True, **parameter})
    assert await read(source, f"/things?{text}") == {"p": value}


async def test_an_empty_name_in_a_deep_object_is_a_property() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    source = query({"name": "p", "style": "deepObject", "schema": schema})
    assert await read(source, "/things?p[]=1&p[a]=2") == {"p": {"": 1, "a": 2}}
    lists = query({"name": "p", "style": "deepObject", "schema": {**schema, "additionalProperties": NUMBERS}})
    assert await read(lists, "/things?p[a][]=1&p[a][]=2&p[b]=3") == {"p": {"a": [1, 2], "b": [3]}}


async def test_the_whole_query_can_be_one_value() -> None:
    form = {"name": "q", "in": "querystring", "content": content(OBJECT, FORM)}
    found = (await read(contract({"parameters": [form]}, version="3.2.0"), "/things?a=x&n=1"))["q"]
    assert found.model_dump() == AN
    text = {"name": "q", "in": "querystring", "content": content(OBJECT)}
    found = (await read(contract({"parameters": [text]}, version="3.2.0"), '/things?{"a":"x","n":1}'))["q"]
    assert found.model_dump() == AN


async def test_parameters_that_are_equal_in_python_get_numbers() -> None:
    names = ("StartTime", "StartTime<", "start_time")
    source = query(*({"name": name, "schema": {"type": "string"}} for name in names))
    found = await read(source, "/things?StartTime=a&StartTime%3C=b&start_time=c")
    assert found == {"start_time": "a", "start_time_2": "b", "start_time_3": "c"}


async def test_parameters_can_have_names_of_generated_code() -> None:
    names = ("body", "self", "operations", "accept", "caller")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    source = posting(content(REF))
    source["paths"]["/things"]["post"]["parameters"] = parameters
    service = serve(source)
    assert (
        await service.post("/things?body=1&self=2&operations=3&accept=4&caller=5", json=X)
    ).status_code == 204
    body = service.arguments.pop("body")
    assert (body.a, service.arguments) == ("x", {f"{name}_": str(i + 1) for i, name in enumerate(names)})


# --- Paths and names --------------------------------------------------------------------------------------


def paths(*operations: tuple[str, str, str], **more: Any) -> Json:
    """A contract of operations: path, method, operationId."""
    items: Json = {}
    for path, method, name in operations:
        operation: Json = {"tags": ["a"], "responses": DONE} | ({"operationId": name} if name else {})
        items.setdefault(path, {})[method] = operation
    return contract(paths=items, **more)


async def called(service: Service, method: str, path: str) -> tuple[str, dict[str, Any]] | int:
    """What a request calls, or its status if it calls nothing."""
    service.calls.clear()
    response = await service.request(method, path)
    return service.calls[0] if service.calls else response.status_code


async def test_a_template_expression_without_a_parameter_is_a_text() -> None:
    assert await called(serve(paths(("/a/{id}", "get", "x"))), "GET", "/a/5") == ("x", {"id": "5"})


async def test_a_segment_can_be_a_parameter_and_text() -> None:
    service = serve(
        paths(("/a/{id}.json", "get", "x"), ("/a/{id}:archive", "post", "y"), ("/a/{id}", "get", "z"))
    )
    assert await called(service, "GET", "/a/5.json") == ("x", {"id": "5"})
    assert await called(service, "POST", "/a/5:archive") == ("y", {"id": "5"})
    assert await called(service, "GET", "/a/5") == ("z", {"id": "5"})
    assert await called(service, "GET", "/a/.json") == ("z", {"id": ".json"})


async def test_a_path_without_its_extension_is_404() -> None:
    assert await called(serve(paths(("/a/{id}.json", "get", "x"))), "GET", "/a/5") == 404


async def test_a_segment_can_have_two_parameters() -> None:
    service = serve(paths(("/compare/{base}...{head}", "get", "x")))
    assert await called(service, "GET", "/compare/a...b") == ("x", {"base": "a", "head": "b"})


async def test_equal_templates_with_different_methods_are_served_together() -> None:
    service = serve(paths(("/a/{x}", "get", "x"), ("/a/{y}", "delete", "y")))
    assert await called(service, "GET", "/a/1") == ("x", {"x": "1"})
    assert await called(service, "DELETE", "/a/1") == ("y", {"y": "1"})


async def test_a_trailing_slash_is_part_of_a_path() -> None:
    service = serve(paths(("/a/", "get", "x")))
    assert await called(service, "GET", "/a/") == ("x", {})
    assert await called(service, "GET", "/a") == 404


async def test_an_encoded_slash_does_not_separate_segments() -> None:
    assert await called(serve(paths(("/a/{id}", "get", "x"))), "GET", "/a/a%2Fb") == ("x", {"id": "a/b"})


async def test_odd_operation_ids_become_python_names() -> None:
    service = serve(
        paths(("/a", "get", "repos/list-for-org"), ("/a", "put", "3d.get"), ("/a", "post", "class"))
    )
    names = [await called(service, method, "/a") for method in ("GET", "PUT", "POST")]
    assert names == [("repos_list_for_org", {}), ("_3d_get", {}), ("class_", {})]


async def test_operation_ids_that_are_equal_in_python_are_two_methods() -> None:
    service = serve(paths(("/a", "get", "getItem"), ("/a", "put", "get_item")))
    assert await called(service, "GET", "/a") == ("get_item", {})
    assert await called(service, "PUT", "/a") == ("get_item_2", {})


async def test_operations_without_an_id_are_named_after_their_path() -> None:
    service = serve(paths(("/a/{id}/b", "get", ""), ("/", "get", "")))
    assert await called(service, "GET", "/a/1/b") == ("get_a_id_b", {"id": "1"})
    assert await called(service, "GET", "/") == ("get_root", {})


@pytest.mark.parametrize(
    "tags", [["2 Things / People", "other"], ["operations"], ["schemas"], ["class"], ["größe"], []]
)
async def test_a_tag_can_have_any_name(tags: list[str]) -> None:
    assert (await serve(contract({"tags": tags}), {"things": X}).get()).json() == X


async def test_tags_that_are_equal_in_python_are_two_modules() -> None:
    items = {
        "/a": {"get": {"operationId": "x", "tags": ["my-tag"], "responses": DONE}},
        "/b": {"get": {"operationId": "y", "tags": ["my tag"], "responses": DONE}},
    }
    service = serve(contract(paths=items))
    assert await called(service, "GET", "/a") == ("x", {})
    assert await called(service, "GET", "/b") == ("y", {})


async def test_the_path_of_a_server_precedes_all_paths() -> None:
    servers = [{"url": "https://api.example.com/{v}", "variables": {"v": {"default": "v1"}}}]
    service = serve(contract(servers=servers), {"things": X})
    assert (await service.get("/v1/things")).status_code == 200
    assert (await service.get("/things")).status_code == 404


@pytest.mark.parametrize("place", ["path item", "operation"])
async def test_servers_of_a_part_have_their_paths_too(place: str) -> None:
    source = contract(servers=[{"url": "/v1"}])
    item = source["paths"]["/things"]
    (item if place == "path item" else item["get"])["servers"] = [{"url": "https://files.example.com/v2/x"}]
    source["paths"]["/others"] = {"get": {"operationId": "others", "tags": ["things"], "responses": DONE}}
    service = serve(source, {"things": X})
    assert [(await service.get(f"{base}/things")).status_code for base in ("/v1", "/v2/x", "")] == [
        200,
        200,
        404,
    ]
    assert [(await service.get(f"{base}/others")).status_code for base in ("/v1", "/v2/x")] == [204, 404]


def test_servers_of_a_part_that_meet_another_path_are_an_error() -> None:
    source = contract()
    source["paths"]["/v2/things"] = {"get": {"servers": [{"url": "/"}], "responses": DONE}}
    source["paths"]["/things"]["servers"] = [{"url": "/v2"}]
    assert [p.message for p in lint(Document(source)) if p.rule == "servers"] == [
        "GET /v2/things below the server / is also /things"
    ]


@pytest.mark.parametrize("template", ["/a b", "/a%20b", "/a%20{id}"])
async def test_a_template_may_be_percent_encoded(template: str) -> None:
    assert await called(serve(paths((template, "get", "x"))), "GET", "/a%20b") in (
        ("x", {}),
        ("x", {"id": "b"}),
    )


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
async def test_every_method_can_be_declared(method: str) -> None:
    service = serve(paths(("/a", method.lower(), "x"), ("/a", "get", "y")))
    assert await called(service, method, "/a") == ("x", {})
    assert await called(service, "GET", "/a") == ("y", {})


def test_a_document_of_webhooks_alone_gives_types() -> None:
    service = serve(contract(paths={}))
    assert service.modules.schemas.Thing(a="x").a == "x"


# --- Schemas ----------------------------------------------------------------------------------------------


def putting(thing: Any, **schemas: Any) -> Json:
    return posting(content(REF), schemas={"Thing": thing, **schemas})


async def verdicts(source: Json, *bodies: Any) -> list[int]:
    service = serve(source)
    return [(await service.post(json=body)).status_code for body in bodies]


ITEM: Json = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


# In a schema with `$id`, #/components can only mean the document.
@pytest.mark.parametrize("item", [ITEM, {"$ref": "#/components/schemas/Item"}])
async def test_a_dynamic_reference_leads_to_the_outermost_anchor(item: Json) -> None:
    """Here, a page of any items gets the items of the schema that refers to it."""
    source = putting(
        {"$ref": "#/components/schemas/ThingPage"},
        Item=ITEM,
        Page={
            "$id": "https://example.com/page",
            "type": "object",
            "required": ["items"],
            "properties": {"items": {"type": "array", "minItems": 1, "items": {"$dynamicRef": "#item"}}},
            "$defs": {"item": {"$dynamicAnchor": "item"}},
        },
        ThingPage={
            "$id": "https://example.com/things",
            "$ref": "page",
            "$defs": {"item": {"$dynamicAnchor": "item", **item}},
        },
    )
    assert await verdicts(source, {"items": [{"name": "a"}]}, {"items": [{}]}, {"items": [1]}) == [
        204,
        422,
        422,
    ]


async def test_a_component_and_an_inline_schema_of_one_name_are_two_classes() -> None:
    schemas = {
        "Thing": {
            "type": "object",
            "properties": {
                "item": THING,
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/ThingItem"}},
            },
        },
        "ThingItem": {"type": "object", "properties": {"c": {"type": "string"}}},
    }
    service = serve(posting(content(REF), schemas=schemas))
    assert (await service.post(json={"item": {"a": "x"}, "items": [{"c": "y"}]})).status_code == 204
    body = service.arguments["body"]
    assert (type(body.item).__name__, type(body.items[0]).__name__) == ("ThingItem2", "ThingItem")


async def test_a_reference_into_another_part_is_followed() -> None:
    where = "#/components/responses/R/content/application~1json/schema"
    components = {
        "responses": {
            "R": {
                "description": "r",
                "content": content(
                    {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}
                ),
            }
        }
    }
    source = posting(content({"$ref": where}), components=components)
    assert await verdicts(source, X, {}) == [204, 422]


async def test_a_discriminator_of_a_base_is_one_of_its_heirs() -> None:
    base = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}},
        "discriminator": {"propertyName": "kind", "mapping": {"dog": "#/components/schemas/Dog"}},
    }
    dog = {"allOf": [REF, {"type": "object", "properties": {"bark": {"type": "string"}}}]}
    service = serve(putting(base, Dog=dog))
    assert (await service.post(json={"kind": "dog", "bark": "wow"})).status_code == 204
    assert isinstance(service.arguments["body"], service.modules.schemas.Dog)
    assert errors(await service.post(json={"kind": "dog", "bark": 5})) == [("body", "bark", "type")]
    assert (await service.post(json={"kind": "cat", "bark": 5})).status_code == 204


def animal(**kind: Any) -> Json:
    """The schemas of a cat and a dog; `kind` is what each says about the tag."""
    tagged = {name: {"type": "string", **more} for name, more in kind.items()}
    return {
        "Cat": {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": tagged.get("cat", {"type": "string"}), "lives": {"type": "integer"}},
        },
        "Dog": {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": tagged.get("dog", {"type": "string"}), "bark": {"type": "string"}},
        },
    }


CAT, DOG = {"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}
MAPPING = {"cat": "#/components/schemas/Cat", "dog": "Dog"}
SELECTED: list[tuple[str, Json, Json, str, str]] = [
    ("oneOf", {}, {}, "Cat", "Dog"),
    ("anyOf", {}, {}, "Cat", "Dog"),
    ("oneOf", {"mapping": MAPPING}, {}, "cat", "dog"),
    ("oneOf", {}, {"cat": {"const": "c"}, "dog": {"enum": ["d", "wolf"]}}, "c", "wolf"),
    (
        "anyOf",
        {"mapping": MAPPING},
        {"cat": {"enum": ["cat", "dog"]}, "dog": {"enum": ["cat", "dog"]}},
        "cat",
        "dog",
    ),
]


@pytest.mark.parametrize(("key", "discriminator", "kind", "cat", "dog"), SELECTED)
async def test_a_discriminator_selects_the_alternative_that_holds(
    key: str, discriminator: Json, kind: Json, cat: str, dog: str
) -> None:
    """Both alternatives alone would allow every value of the other one."""
    schema = {key: [CAT, DOG], "discriminator": {"propertyName": "kind", **discriminator}}
    service = serve(putting(schema, **animal(**kind)))
    assert (await service.post(json={"kind": cat, "bark": 5})).status_code == 204
    assert type(service.arguments["body"]).__name__ == "Cat"
    assert (await service.post(json={"kind": dog, "lives": "x"})).status_code == 204
    assert type(service.arguments["body"]).__name__ == "Dog"
    assert errors(await service.post(json={"kind": dog, "bark": 5})) == [("body", "bark", "type")]
    assert errors(await service.post(json={"kind": "bird"})) == [("body", "kind", "enum")]
    assert errors(await service.post(json={})) == [("body", "kind", "required")]


async def test_null_beside_the_alternatives_of_a_discriminator_is_null() -> None:
    schema = {"oneOf": [CAT, DOG, {"type": "null"}], "discriminator": {"propertyName": "kind"}}
    thing = {"type": "object", "properties": {"pet": schema}}
    assert await verdicts(
        putting(thing, **animal()), {"pet": None}, {"pet": {"kind": "Cat"}}, {"pet": {"kind": "x"}}
    ) == [204, 204, 422]


async def test_alternatives_that_are_no_components_are_not_selected() -> None:
    """The alternatives themselves decide, as JSON Schema says."""
    schema = {
        "oneOf": [CAT, {"type": "object", "required": ["x"]}],
        "discriminator": {"propertyName": "kind"},
    }
    assert await verdicts(putting(schema, **animal()), {"kind": "any"}, {"x": 1}, {"kind": "a", "x": 1}) == [
        204,
        204,
        422,
    ]


async def test_heirs_of_a_base_without_a_mapping_are_named_by_their_name() -> None:
    base = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string"}},
        "discriminator": {"propertyName": "kind"},
    }
    dog = {"allOf": [REF, {"type": "object", "properties": {"bark": {"type": "string"}}}]}
    puppy = {"allOf": [{"$ref": "#/components/schemas/Dog"}, {"properties": {"age": {"type": "integer"}}}]}
    service = serve(putting(base, Dog=dog, Puppy=puppy))
    assert (await service.post(json={"kind": "Puppy", "age": 1})).status_code == 204
    assert isinstance(service.arguments["body"], service.modules.schemas.Puppy)
    assert errors(await service.post(json={"kind": "Puppy", "age": "x"})) == [("body", "age", "type")]
    assert errors(await service.post(json={"kind": "Dog", "bark": 5})) == [("body", "bark", "type")]


async def test_one_of_without_a_discriminator_takes_the_one_that_fits() -> None:
    dog = {"type": "object", "required": ["bark"], "properties": {"bark": {"type": "string"}}}
    one = {
        "oneOf": [
            {"$ref": "#/components/schemas/Dog"},
            {"type": "array", "items": {"type": "string"}},
            {"type": "integer"},
        ]
    }
    service = serve(posting(content(one), schemas={"Dog": dog}))
    for body in (["a"], 5):
        assert (await service.post(json=body)).status_code == 204
        assert service.arguments == {"body": body}
    assert (await service.post(json={"bark": "wow"})).status_code == 204
    assert service.arguments["body"].bark == "wow"
    assert (await service.post(json={})).status_code == 422


async def test_a_value_that_fits_several_of_one_of_is_told_so() -> None:
    thing = {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    response = await serve(putting(thing)).post(json={"a": 1, "b": 2})
    assert response.json()["detail"][0]["msg"] == "The value fits more than one alternative"


KEYWORDS: list[tuple[Json, Any, Any]] = [
    ({"properties": {"a": {"type": "string", "not": {"const": "x"}}}}, {"a": "y"}, {"a": "x"}),
    (
        {"properties": {"a": {"prefixItems": [{"type": "integer"}], "items": False}}},
        {"a": [1]},
        {"a": [1, 2]},
    ),
    ({"properties": {"a": {"contains": {"type": "integer"}}}}, {"a": ["x", 1]}, {"a": ["x"]}),
    ({"patternProperties": {"^x-": {"type": "string"}}}, {"x-a": "s"}, {"x-a": 1}),
    ({"propertyNames": {"maxLength": 3}}, {"abc": 1}, {"abcd": 1}),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"b": 1}, {"a": 1}),
    ({"properties": {"a": {}}, "unevaluatedProperties": False}, {"a": 1}, {"b": 1}),
    (
        {
            "$defs": {"w": {"maxLength": 3}},
            "properties": {"a": {"$ref": "#/components/schemas/Thing/$defs/w"}},
        },
        {"a": "abc"},
        {"a": "abcd"},
    ),
    (
        {"$defs": {"w": {"$anchor": "w", "maxLength": 3}}, "properties": {"a": {"$ref": "#w"}}},
        {"a": "abc"},
        {"a": "abcd"},
    ),
    (
        {"$id": "urn:x:thing", "$defs": {"w": {"maxLength": 3}}, "properties": {"a": {"$ref": "#/$defs/w"}}},
        {"a": "abc"},
        {"a": "abcd"},
    ),
    (
        {"$dynamicAnchor": "n", "properties": {"v": {"type": "integer"}, "c": {"$dynamicRef": "#n"}}},
        {"c": {"v": 1}},
        {"c": {"v": "x"}},
    ),
    ({"properties": {"f": {"type": "integer", "format": "int64"}}}, {"f": 2**63 - 1}, {"f": 2**63}),
    ({"properties": {"f": {"type": "integer", "format": "int32"}}}, {"f": -(2**31)}, {"f": 2**31}),
    ({"properties": {"f": {"type": "string", "format": "email"}}}, {"f": "a@b.de"}, {"f": "no mail"}),
    ({"properties": {"f": {"enum": [1, "x", True, None, 1.5, {"k": 1}]}}}, {"f": {"k": 1}}, {"f": "y"}),
    ({"properties": {"f": {"const": {"k": 1}}}}, {"f": {"k": 1}}, {"f": {"k": 2}}),
    ({"properties": {"f": False}}, {}, {"f": 1}),
    ({"properties": {"f": True}, "required": ["f"]}, {"f": None}, {}),
]


@pytest.mark.parametrize(("schema", "good", "bad"), KEYWORDS)
async def test_every_keyword_of_json_schema_is_enforced(schema: Json, good: Any, bad: Any) -> None:
    assert await verdicts(putting({"type": "object", **schema}), good, bad) == [204, 422]


async def test_properties_and_others_beside_them_both_arrive() -> None:
    thing = {**THING, "additionalProperties": {"type": "integer"}}
    service = serve(putting(thing))
    assert (await service.post(json={"a": "x", "z": 1})).status_code == 204
    body = service.arguments["body"]
    assert (body.a, body.model_extra) == ("x", {"z": 1})
    assert errors(await service.post(json={"z": "y"})) == [("body", "z", "type")]


NAMES = [
    "class",
    "@type",
    "+1",
    "-1",
    "a-b",
    "a_b",
    "_id",
    "model_config",
    "json",
    "copy",
    "schema",
    "",
    "größe",
    "date",
    "int",
]


async def test_properties_can_have_any_name() -> None:
    thing = {"type": "object", "properties": {name: {"type": "string"} for name in NAMES}}
    source = contract({"requestBody": {"content": content(REF)}}, method="post", schemas={"Thing": thing})
    service = serve(source, {"things": lambda service, body: body})
    response = await service.post(json={name: name for name in NAMES})
    assert response.json() == {name: name for name in NAMES}
    assert service.arguments["body"].class_ == "class"
    assert service.modules.schemas.Thing(class_="x").model_dump(by_alias=True) == {"class": "x"}


TYPES = ["Any", "Annotated", "Literal", "MISSING", "Field", "UUID", "AwareDatetime", "Other", "Thing", "str"]


@pytest.mark.parametrize("required", [False, True])
async def test_a_property_can_have_the_name_of_a_type_in_its_class(required: bool) -> None:
    properties: Json = {name: {"type": "string", "format": "uuid"} for name in TYPES} | {
        "Other": {"$ref": "#/components/schemas/Other"},
        "any": {},
        "literal": {"enum": ["any", "x"]},
        "when": {"type": "string", "format": "date-time"},
        "class": REF,
    }
    thing = {"type": "object", "properties": properties, "required": TYPES if required else []}
    other = {"type": "object", "properties": {"Name": {"type": "string"}}}
    source = contract(
        {"requestBody": {"content": content(REF)}}, method="post", schemas={"Thing": thing, "Other": other}
    )
    service = serve(source, {"things": lambda service, body: body})
    sent = dict.fromkeys(TYPES, "3f2504e0-4f89-41d3-9a0c-0305e82c3301") | {
        "Other": {"Name": "x"},
        "any": 1,
        "literal": "any",
    }
    response = await service.post(json=sent)
    assert (response.status_code, response.json()) == (200, sent)
    body = service.arguments["body"]
    assert (body.Other_, body.any, body.literal) == (service.modules.schemas.Other(Name="x"), 1, "any")


async def test_the_python_name_of_a_property_is_not_its_name_in_json() -> None:
    thing = {"type": "object", "properties": {"class": {"type": "string"}}, "required": ["class"]}
    service = serve(putting(thing))
    assert (await service.post(json={"class": "x", "class_": "y"})).status_code == 204
    assert service.arguments["body"].class_ == "x"


DEFAULTS: Json = {
    "words": ({"type": "array", "items": {"type": "string"}}, ["a", "b"]),
    "rows": ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, [[1]]),
    "counts": ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1}),
    "any": ({}, {"a": [None]}),
    "number": ({"type": "number"}, 1),
    "kind": ({"enum": ["a", "b"]}, "b"),
}


def test_the_default_of_a_property_is_a_value_of_its_own() -> None:
    """Also that of a list or an object, so that no two bodies share it."""
    thing = {"type": "object", "properties": {n: {**s, "default": d} for n, (s, d) in DEFAULTS.items()}}
    model = serve(contract(schemas={"Thing": thing})).modules.schemas.Thing
    assert {name: getattr(model(), name) for name in DEFAULTS} == {n: d for n, (_, d) in DEFAULTS.items()}
    first = model()
    first.words.append("c")
    first.rows[0].append(2)
    first.counts["b"] = 2
    assert model().model_dump() == {name: default for name, (_, default) in DEFAULTS.items()}


async def test_a_required_property_is_required_one_way_if_it_is_marked() -> None:
    thing = {
        "type": "object",
        "required": ["id", "a", "secret"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "a": {"type": "string"},
            "secret": {"type": "string", "writeOnly": True},
        },
    }
    source = contract({"requestBody": {"content": content(REF)}}, method="post", schemas={"Thing": thing})
    service = serve(source, {"things": {"id": 1, "a": "x"}}, validate_responses=True)
    response = await service.post(json={"a": "x", "secret": "s"})
    assert (response.status_code, response.json()) == (200, {"id": 1, "a": "x"})
    assert errors(await service.post(json={"id": 1, "a": "x"})) == [("body", "secret", "required")]


async def test_components_can_be_boolean_and_empty_schemas() -> None:
    thing = {
        "type": "object",
        "properties": {"a": {"$ref": "#/components/schemas/Any"}, "b": {"type": "array"}},
    }
    source = putting(thing, Any=True, Nothing={}, Never=False)
    assert await verdicts(source, {"a": [1], "b": [1, "x"]}, {"b": 1}) == [204, 422]


async def test_a_nullable_component_can_be_inherited_from() -> None:
    base = {"type": ["object", "null"], "properties": {"a": {"type": "string", "default": "d"}}}
    source = putting(
        {
            "allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"type": "object", "properties": {"b": {"type": "string"}}},
            ]
        },
        Base=base,
    )
    service = serve(source)
    assert (await service.post(json={"b": "x"})).status_code == 204
    assert service.arguments["body"].model_dump() == {"a": "d", "b": "x"}


async def test_components_can_have_names_of_generated_code() -> None:
    names = ("Path", "Query", "Any", "Result", "Literal", "BaseModel", "ThingsOperations", "Things200", "str")
    schemas = {name: {"type": "object", "properties": {"v": {"type": "integer"}}} for name in names}
    thing = {
        "type": "object",
        "properties": {name.lower(): {"$ref": f"#/components/schemas/{name}"} for name in names},
    }
    assert await verdicts(putting(thing, **schemas), {name.lower(): {"v": 1} for name in names}) == [204]


# --- Security and files -----------------------------------------------------------------------------------


def test_a_reference_to_another_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/thing.yaml").write_text(
        "Thing:\n  type: object\n  properties:\n    other: {$ref: '#/Other'}\nOther: {type: string}\n"
    )
    (tmp_path / "parts/get.yaml").write_text(
        "operationId: getThing\ntags: [things]\nresponses: {'204': {description: d}}\n"
    )
    source = contract(schemas={"Thing": {"$ref": "./parts/thing.yaml#/Thing"}})
    source["paths"]["/other"] = {"get": {"$ref": "parts/get.yaml"}}
    (tmp_path / "api.yaml").write_text(json.dumps(source))
    document = Document.load(tmp_path / "api.yaml")
    assert [operation.identifier for operation in document.operations] == ["things", "get_thing"]
    assert document.schemas["Thing"]["properties"]["other"] == {"$ref": "#/components/schemas/Other"}
    place = ("components", "schemas", "Thing", "properties")
    assert document.origin(place) == (f"{tmp_path}/parts/thing.yaml", 3, 3)
    assert "thing.yaml" not in document.to_json().decode()


def _resolved(path: Path) -> Any:
    document = Document.load(path)
    return document.follow(document.schemas["Thing"], ())


@pytest.mark.parametrize("reference", ["./parts/none.yaml", "./api.yaml#/nothing", "other.yaml#/A/B"])
def test_a_reference_to_a_file_that_leads_nowhere_is_an_error(tmp_path: Path, reference: str) -> None:
    (tmp_path / "other.yaml").write_text("A: {}\n")
    (tmp_path / "api.yaml").write_text(json.dumps(contract(schemas={"Thing": {"$ref": reference}})))
    with pytest.raises(DocumentError, match=r"cannot be read|unresolved reference"):
        _resolved(tmp_path / "api.yaml")


def test_yaml_is_read_with_merge_keys_and_without_dates(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(
        "x-a: &a {operationId: x, tags: [a]}\nx-b: &b {tags: [b]}\n"
        "get:\n  <<: [*a, *b]\n  day: 2024-01-01\n  no: off\n  200: x\nput: {<<: *a, operationId: y}\n"
    )
    source = Document.load(tmp_path / "api.yaml").content
    assert source["get"] == {"operationId": "x", "tags": ["a"], "day": "2024-01-01", "no": "off", "200": "x"}
    assert source["put"] == {"tags": ["a"], "operationId": "y"}


def test_surrogate_pairs_in_json_are_one_character(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text('{"openapi": "3.1.0", "info": {"title": "\\ud83d\\ude00"}}')
    document = Document.load(tmp_path / "api.json")
    assert document.content["info"]["title"] == "😀"
    assert "😀" in document.to_json().decode()
