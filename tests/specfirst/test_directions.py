"""`readOnly` and `writeOnly`: what is sent and what is answered have their own types and validation."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from constructs import REF, Json, content, contract, errors, ok, posting, serve
from specfirst.contract.document import Document
from specfirst.lint import lint

ID: Json = {"type": "integer", "readOnly": True}
SECRET: Json = {"type": "string", "writeOnly": True}
USER: Json = {
    "type": "object",
    "required": ["id", "name", "secret"],
    "properties": {"id": ID, "name": {"type": "string"}, "secret": SECRET},
}
SENT: Json = {"name": "Ada", "secret": "s"}
ANSWERED: Json = {"id": 1, "name": "Ada"}


def schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def echo(thing: Json, version: str = "3.1.0", **schemas: Any) -> Json:
    """A contract that takes a Thing and answers one."""
    return contract(
        {"requestBody": {"required": True, "content": content(REF)}, "responses": ok()},
        method="post",
        version=version,
        schemas={"User": USER, "Thing": thing, **schemas},
    )


def fields(service: Any, name: str) -> dict[str, bool]:
    """The fields of a model, and whether they are required."""
    model = getattr(service.modules.schemas, name)
    return {key: info.is_required() for key, info in model.model_fields.items()}


async def test_a_request_has_no_read_only_and_an_answer_no_write_only_property() -> None:
    service = serve(echo(schema("User")), {"things": ANSWERED}, validate_responses=True)
    assert fields(service, "User") == {"id": True, "name": True}
    assert fields(service, "UserRequest") == {"name": True, "secret": True}
    response = await service.post(json=SENT)
    assert (response.status_code, response.json()) == (200, ANSWERED)
    assert service.arguments["body"] == service.modules.schemas.UserRequest(**SENT)


NESTED: list[tuple[Json, Any, Any]] = [
    ({"type": "object", "properties": {"a": schema("User")}}, {"a": SENT}, {"a": ANSWERED}),
    ({"type": "array", "items": schema("User")}, [SENT], [ANSWERED]),
    ({"type": "object", "additionalProperties": schema("User")}, {"k": SENT}, {"k": ANSWERED}),
    (
        {"allOf": [schema("User"), {"type": "object", "properties": {"b": {"type": "integer"}}}]},
        {**SENT, "b": 1},
        {**ANSWERED, "b": 1},
    ),
    ({"anyOf": [schema("User"), {"type": "null"}]}, SENT, ANSWERED),
    ({"oneOf": [schema("User"), {"type": "integer"}]}, SENT, ANSWERED),
    ({"type": "object", "properties": {"a": USER}}, {"a": SENT}, {"a": ANSWERED}),
    ({"$ref": "#/components/schemas/User", "maxProperties": 3}, SENT, ANSWERED),
]


@pytest.mark.parametrize(("thing", "sent", "answered"), NESTED)
async def test_what_contains_a_marked_property_differs_too(thing: Json, sent: Any, answered: Any) -> None:
    service = serve(echo(thing), {"things": answered}, validate_responses=True)
    response = await service.post(json=sent)
    assert (response.status_code, response.json()) == (200, answered)
    model = service.arguments["body"]
    while not hasattr(model, "secret"):
        model = model["k"] if isinstance(model, dict) else model[0] if isinstance(model, list) else model.a
    assert (model.secret, hasattr(model, "id")) == ("s", False)
    assert (await service.post(json=answered)).status_code == 422


MARKS: list[Json] = [
    schema("Id"),
    {"allOf": [schema("Id")]},
    {"anyOf": [schema("Id"), {"type": "null"}]},
    {"allOf": [{"type": "integer"}], "readOnly": True},
    {"$ref": "#/components/schemas/Number", "readOnly": True},
]


@pytest.mark.parametrize("marked", MARKS)
async def test_a_mark_counts_wherever_the_schema_of_a_property_has_it(marked: Json) -> None:
    thing = {"type": "object", "required": ["id"], "properties": {"id": marked, "a": {"type": "string"}}}
    service = serve(echo(thing, Id=ID, Number={"type": "integer"}), {"things": {"id": 1}})
    assert (await service.post(json={})).status_code == 200
    assert (fields(service, "Thing")["id"], fields(service, "ThingRequest")) == (True, {"a": False})


def test_a_schema_without_marks_has_one_type() -> None:
    plain = {"type": "object", "properties": {"a": {"type": "string"}}}
    service = serve(
        echo({"type": "object", "properties": {"u": schema("User"), "p": schema("Plain")}}, Plain=plain)
    )
    assert not hasattr(service.modules.schemas, "PlainRequest")
    assert get_args(service.modules.schemas.ThingRequest.model_fields["p"].annotation)[0] is (
        service.modules.schemas.Plain
    )


def test_a_recursive_schema_refers_to_the_type_of_its_own_direction() -> None:
    node = {"type": "object", "properties": {"id": ID, "next": REF}}
    service = serve(echo(node))
    schemas = service.modules.schemas
    request = schemas.ThingRequest.model_validate({"next": {"next": {}}})
    assert (type(request.next), type(request.next.next)) == (schemas.ThingRequest, schemas.ThingRequest)
    assert list(schemas.Thing.model_fields) == ["id", "next"]


def test_a_component_may_have_the_name_of_a_request_type() -> None:
    service = serve(
        echo(schema("User"), UserRequest={"type": "object", "properties": {"b": {"type": "integer"}}})
    )
    assert list(fields(service, "UserRequest")) == ["b"]
    assert list(fields(service, "UserRequest2")) == ["name", "secret"]


@pytest.mark.parametrize("others", [False, True, {"type": "integer"}, None])
async def test_a_read_only_property_of_a_request_is_ignored(others: Any) -> None:
    """A client may send back what it got."""
    thing = USER if others is None else {**USER, "additionalProperties": others}
    service = serve(echo(thing), {"things": ANSWERED})
    assert (await service.post(json={**SENT, "id": 7})).status_code == 200
    assert service.arguments["body"].model_dump() == SENT
    assert errors(await service.post(json={**SENT, "id": "x"})) == [("body", "id", "type")]


async def test_a_request_of_read_only_properties_alone_has_an_empty_type() -> None:
    service = serve(
        echo({"type": "object", "required": ["id"], "properties": {"id": ID}}), {"things": {"id": 1}}
    )
    assert (await service.post(json={})).json() == {"id": 1}
    assert fields(service, "ThingRequest") == {}


async def test_a_write_only_property_of_an_answer_violates_the_contract() -> None:
    service = serve(echo(schema("User")), {"things": {**ANSWERED, "secret": "s"}}, validate_responses=True)
    assert (await service.post(json=SENT)).status_code == 500


BOTH: Json = {**ANSWERED, "secret": "s"}


@pytest.mark.parametrize("thing", [USER, {**USER, "example": BOTH}, {"type": "array", "items": USER}])
async def test_a_mock_answers_without_write_only_properties(thing: Json) -> None:
    response = await serve(contract(schemas={"Thing": thing}), mock=True, validate_responses=True).get()
    answer = response.json()
    assert (response.status_code, sorted(answer if isinstance(answer, dict) else answer[0])) == (
        200,
        ["id", "name"],
    )


async def test_a_mock_keeps_the_rest_of_an_example() -> None:
    thing = {"type": "object", "properties": {"user": USER, "b": {"type": "string", "example": "y"}}}
    examples = {"x": {"value": {"user": BOTH, "b": "x"}}}
    service = serve(contract({"responses": ok(examples=examples)}, schemas={"Thing": thing}), mock=True)
    response = await service.get()
    assert (response.headers["x-mock"], response.json()) == ("example", {"user": ANSWERED, "b": "x"})


def test_an_example_may_have_the_properties_of_both_directions() -> None:
    """Lint takes the example of a schema that both directions share."""
    source = echo({**USER, "example": {**ANSWERED, "secret": "s"}})
    assert not [p for p in lint(Document(source)) if p.rule == "valid-example"]


async def test_parts_of_a_form_can_be_read_only() -> None:
    form = "application/x-www-form-urlencoded"
    service = serve(posting(content(USER, form)))
    headers = {"Content-Type": form}
    assert (await service.post(content="name=Ada&secret=s&id=1", headers=headers)).status_code == 204
    assert service.arguments["body"].model_dump() == SENT
