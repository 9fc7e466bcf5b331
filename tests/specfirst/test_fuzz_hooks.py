"""Which failures of Schemathesis `specfirst fuzz` sets aside: for each reason an example and a near miss.

The checks, cases and requests are Schemathesis's own; only the responses are written here. So a case also
shows that the check still reports what is set aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import jsonschema_rs
import pytest
import requests
import schemathesis
from schemathesis import Case, HookContext
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import (
    CaseMetadata,
    ComponentInfo,
    CoverageScenario,
    FuzzingPhaseData,
    GenerationInfo,
    PhaseInfo,
    TestPhase,
)
from schemathesis.openapi.checks import (
    AuthScenario,
    EnsureResourceAvailability,
    IgnoredAuth,
    UseAfterFree,
)
from schemathesis.transport.serialization import Binary
from specfirst.fuzz import hooks

FORM_TYPE, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
NAMES = {"type": "array", "items": {"type": "string"}}
FORM = {
    "type": "object",
    "properties": {
        "names": NAMES,
        "deep": {"type": "object"},
        "count": {"type": "integer"},
        "owner": {"type": "object", "required": ["name"]},
    },
}
DONE = {"responses": {"204": {"description": "Done."}}}
JSON = {"description": "Found.", "content": {"application/json": {"schema": True}}}
BODIES = {
    "application/json": {
        "type": "object",
        "required": ["a"],
        "properties": {"at": {"type": "string", "format": "date-time"}},
    },
    "application/yaml": {"type": "object", "required": ["a"]},
    "application/xml": {"type": "object", "required": ["a"]},
    "text/csv": {"type": "string", "minLength": 3},
    FORM_TYPE: FORM,
    MULTIPART: {
        "type": "object",
        "required": ["files"],
        "properties": {
            "files": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
            "file": {"anyOf": [{"type": "string", "format": "binary"}, {"type": "null"}]},
            "title": {"type": "string", "minLength": 3},
            "count": {"type": "integer"},
        },
    },
}
FILE = {"type": "string", "format": "binary"}
BODIES["multipart/form-data; v=2"] = {
    "oneOf": [
        {"type": "object", "required": ["a"], "additionalProperties": False, "properties": {"a": FILE}},
        {
            "type": "object",
            "required": ["b"],
            "additionalProperties": False,
            "properties": {"b": {"type": "string"}, "c": {"type": "array", "items": FILE}},
        },
    ]
}
BODIES["multipart/form-data; v=3"] = {"type": "object", "minProperties": 1, "additionalProperties": FILE}
HEADED = {
    "a": {"headers": {"X-Lines": {"$ref": "#/components/headers/Lines"}}},
    "b": {"headers": {"X-Lines": {}, "Content-Type": {"required": True}}},
}
DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.2.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/things": {
            "get": {
                "parameters": [
                    {"name": "names", "in": "query", "schema": NAMES},
                    {"name": "any", "in": "query", "schema": {}},
                    {"name": "none", "in": "query", "schema": {"type": "string", "enum": []}},
                    {"name": "list", "in": "cookie", "schema": NAMES},
                    {"name": "joined", "in": "cookie", "explode": False, "schema": NAMES},
                    {
                        "name": "deep",
                        "in": "query",
                        "style": "deepObject",
                        "schema": {
                            "type": "object",
                            "properties": {"n": {"type": "integer"}, "o": {"type": "object"}},
                        },
                    },
                ],
                **DONE,
            },
            "post": {
                "requestBody": {
                    "content": {name: {"schema": schema} for name, schema in BODIES.items()}
                    | {"application/jsonl": {"$ref": "#/components/mediaTypes/Lines"}}
                    | {"multipart/mixed": {"itemSchema": {"type": "integer"}}}
                    | {"multipart/form-data; v=4": {"schema": {}, "encoding": HEADED}}
                },
                **DONE,
            },
            "additionalOperations": {"COPY": DONE},
        },
        "/empty": {"get": {"responses": dict.fromkeys(("200", "204"), JSON)}},
        "/things/{id}": {"get": DONE},
        "/things/{name}": {"put": DONE},
        "/things/{id}/parts": {"get": DONE},
    },
    "components": {
        "mediaTypes": {"Lines": {"itemSchema": {"type": "integer"}}},
        "headers": {"Lines": {"required": True, "schema": {"type": "integer"}}},
    },
}
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig())
MOCKED = {"x-mock": ["schema"]}


@pytest.fixture(autouse=True)
def _nothing_set_aside() -> None:
    hooks._set_aside.clear()
    hooks._undeclared.clear()


def made(
    path: str = "/things",
    method: str = "POST",
    wrong: ParameterLocation | None = None,
    **values: Any,
) -> Case[Any]:
    """A case of the fuzzing phase, which is valid unless its part at `wrong` is not."""
    mode = GenerationMode.POSITIVE if wrong is None else GenerationMode.NEGATIVE
    places = {"query": ParameterLocation.QUERY, "body": ParameterLocation.BODY}
    parts = {
        place: ComponentInfo(mode if place is wrong else GenerationMode.POSITIVE)
        for name, place in places.items()
        if name in values
    }
    phase = PhaseInfo(TestPhase.FUZZING, FuzzingPhaseData(None, None, None, None))
    meta = CaseMetadata(GenerationInfo(0, mode), parts, phase)
    return SCHEMA.make_case(operation=SCHEMA[path][method], meta=meta, **values)


def answered(case: Case[Any], status: int, method: str = "", **headers: list[str]) -> Response:
    """A response to the request that Schemathesis sends for the case."""
    sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
    request = requests.Request(
        method or sent["method"],
        sent["url"],
        sent["headers"],
        data=sent.get("data"),
        params=sent.get("params"),
    )
    return Response(status, headers, b"", request.prepare(), 0.1, True)


def judged(check: str, case: Case[Any], response: Response) -> list[str]:
    """Run a check of Schemathesis, and return the titles of the failures that it reports."""
    load_all_checks()
    function: Any = CHECKS.get_one(check)
    try:
        case.validate_response(response, checks=[function])
    except FailureGroup as group:
        return [failure.title for failure in group.exceptions if isinstance(failure, Failure)]
    return []


def set_aside() -> list[str]:
    return [reason.partition(": ")[2] for reason in hooks._set_aside]


# --- Invalid data that the server accepts ----------------------------------------------------------------

ACCEPTED = "Schema-violating request accepted"
FORM_READ = "a form shows neither types nor lists of one value, and a file may have any content"


@pytest.mark.parametrize(
    ("media_type", "body", "reason"),
    [
        ("text/csv", {"a": 1}, "text/csv does not show the types of values"),
        ("text/csv", "ab", None),
        ("application/xml", {"b": 1}, "application/xml does not show the types of values"),
        ("application/yaml", {"b": 1}, None),
        ("application/json", {"b": 1}, None),
        ("application/json", {"a": 1}, "the body matches its schema"),
        ("application/json", {"a": 1, "at": "noon"}, None),
        (FORM_TYPE, {"names": "one"}, FORM_READ),
        (FORM_TYPE, {"names": {"one": 1}}, FORM_READ),
        (FORM_TYPE, {"count": "one"}, None),
        (FORM_TYPE, {"owner": {}}, FORM_READ),
        (FORM_TYPE, {"owner": {}, "count": "one"}, None),
        (MULTIPART, {"files": [1, None]}, FORM_READ),
        (MULTIPART, {"files": []}, None),
        (FORM_TYPE, {"names": "one", "count": "one"}, None),
        (MULTIPART, {"files": {}}, FORM_READ),
        (MULTIPART, {"files": [], "names": Binary(b"")}, None),
        (MULTIPART, {"files": [Binary(b"a")], "title": 469}, FORM_READ),
        (MULTIPART, {"files": [Binary(b"a")], "title": 46}, None),
        (MULTIPART, {"files": [Binary(b"a")], "title": [{"a": 1}]}, FORM_READ),
        (MULTIPART, {"files": [Binary(b"a")], "title": [469, 470]}, None),
        (MULTIPART, {"files": [Binary(b"a")], "title": []}, FORM_READ),
        (MULTIPART, {"files": [Binary(b"a")], "count": "5"}, FORM_READ),
        (MULTIPART, {"files": [Binary(b"a")], "count": "five"}, None),
        (MULTIPART, {"files": [Binary(b"a")], "file": True}, FORM_READ),
        (MULTIPART, {"file": Binary(b"a")}, None),
        ("multipart/form-data; v=2", {"b": 5, "c": [Binary(b"a")]}, FORM_READ),
        ("multipart/form-data; v=2", {"b": 5, "c": Binary(b"a"), "d": 1}, None),
        ("multipart/form-data; v=3", {"a": {"b": 1}}, FORM_READ),
        ("multipart/form-data; v=3", {}, None),
    ],
)
def test_accepted_invalid_data(media_type: str, body: Any, reason: str | None) -> None:
    case = made(wrong=ParameterLocation.BODY, body=body, media_type=media_type)
    assert judged("negative_data_rejection", case, answered(case, 204)) == ([] if reason else [ACCEPTED])
    assert set_aside() == ([reason] if reason else [])


@pytest.mark.parametrize(("headers", "kept"), [(MOCKED, []), ({}, [ACCEPTED])])
def test_accepted_invalid_items_of_a_stream(headers: Any, kept: list[str]) -> None:
    case = made(wrong=ParameterLocation.BODY, body=["a"], media_type="application/jsonl")
    assert judged("negative_data_rejection", case, answered(case, 204, **headers)) == kept


KIND = {"type": "object", "properties": {"kind": {"type": "string"}}}
ZOO: dict[str, Any] = {
    "Pet": {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog", "Other")],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "Cat", "dog": "#/components/schemas/Dog"},
            "defaultMapping": "Other",
        },
    },
    "Cat": {**KIND, "required": ["lives"]},
    "Dog": {**KIND, "required": ["bark"]},
    "Other": {**KIND, "required": ["name"]},
    "Base": {
        **KIND,
        "discriminator": {"propertyName": "kind", "mapping": {"car": "Car"}, "defaultMapping": "Thing"},
    },
    "Car": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["doors"]}]},
    "Thing": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["id"]}]},
}


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("Pet", {"kind": "cat", "lives": 9}, True),
        ("Pet", {"kind": "cat", "name": "a"}, False),
        ("Pet", {"kind": "dog", "bark": 1}, True),
        ("Pet", {"kind": "?", "name": "a"}, True),
        ("Pet", {"kind": "?", "bark": 1}, False),
        ("Pet", {"name": "a"}, True),
        ("Pet", {"lives": 9}, False),
        ("Base", {"kind": "car", "doors": 2}, True),
        ("Base", {"kind": "car", "id": 2}, False),
        ("Base", {"kind": "Car", "id": 2}, True),
        ("Base", {"id": 2}, True),
        ("Base", {"doors": 2}, False),
    ],
)
def test_a_discriminator_with_a_default_is_written_as_alternatives(
    name: str, value: Any, valid: bool
) -> None:
    body: Any = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    operation = {"requestBody": {"content": {"application/json": body}}, **DONE}
    raw = deepcopy({**DOCUMENT, "paths": {"/": {"post": operation}}, "components": {"schemas": ZOO}})
    hooks.before_load_schema(HookContext(), raw)
    sent = raw["paths"]["/"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert jsonschema_rs.is_valid({**sent, "components": raw["components"]}, value) is valid
    assert "defaultMapping" not in str(raw["components"]["schemas"]["Pet"])


@pytest.mark.parametrize(("version", "values"), [("3.0.3", ["a", None]), ("3.1.0", ["a"])])
def test_nullable_of_3_0_allows_null_beside_an_enum(version: str, values: list[Any]) -> None:
    color: dict[str, Any] = {"type": "string", "nullable": True, "enum": ["a"]}
    schemas = {"Thing": {"properties": {"color": color, "kind": {"enum": ["a"]}}}}
    raw: dict[str, Any] = {**DOCUMENT, "openapi": version, "paths": {}, "components": {"schemas": schemas}}
    hooks.before_load_schema(HookContext(), raw)
    assert (color["enum"], schemas["Thing"]["properties"]["kind"]) == (values, {"enum": ["a"]})


def test_links_to_operations_that_do_not_exist_are_left_out() -> None:
    good, dead = {"operationId": "a"}, {"operationId": "b"}
    refs = {name: {"$ref": f"#/components/links/{name}"} for name in ("Good", "Dead")}
    links = {"good": good, "dead": dead, "other": {"operationRef": "#/x"}, **refs}
    response: dict[str, Any] = {"description": "d", "links": dict(links)}
    shared: dict[str, Any] = {"description": "d", "links": dict(links)}
    operation = {"operationId": "a", "responses": {"200": response}}
    raw = {
        "paths": {"/a": {"get": operation}},
        "components": {"responses": {"Shared": shared}, "links": {"Good": good, "Dead": dead}},
    }
    hooks.before_load_schema(HookContext(), raw)
    assert [[*part["links"]] for part in (response, shared)] == [["good", "other", "Good"]] * 2


NOT_SENT = "Schemathesis sends nothing for an empty list or object in a deepObject"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"deep[n]": 2}, NOT_SENT),
        ({"deep[n]": []}, NOT_SENT),
        ({}, NOT_SENT),
        ({"deep[n]": "two"}, None),
        ({"deep[n]": 2, "names": {"a": 1}}, None),
        ({"deep[n]": 2, "unknown": 1}, None),
    ],
)
def test_an_empty_list_in_a_deep_object_is_not_sent(query: Any, reason: str | None) -> None:
    case = made(method="GET", wrong=ParameterLocation.QUERY, query=query)
    # Schemathesis judges the objects that it made, which this case lacks.
    failure = AcceptedNegativeData(operation="o", message="m", status_code=204, expected_statuses=[])
    kept = hooks.filter_failure(HookContext(operation=case.operation), failure, case, answered(case, 204))
    assert kept is (reason is None)
    assert set_aside() == ([reason] if reason else [])


def test_a_query_that_is_also_wrong_must_be_rejected() -> None:
    case = made(body={"a": 1}, media_type="text/csv", query={"names": {"a": 1}}, wrong=ParameterLocation.BODY)
    assert case.meta
    case.meta.components[ParameterLocation.QUERY] = ComponentInfo(GenerationMode.NEGATIVE)
    assert judged("negative_data_rejection", case, answered(case, 204)) == [ACCEPTED]


# --- Valid data that the server rejects ------------------------------------------------------------------

NESTED = "OpenAPI does not say how lists, objects and null inside others are written in a query"
NULL = "a query shows neither null nor an empty object, which Schemathesis writes as texts"
NO_MATCH = "the body does not match its schema: an example of the contract, or a text of another format"
AMBIGUOUS = "a form shows neither null nor an empty list, and Schemathesis writes nested objects as texts"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"body": {"b": 1}, "media_type": "application/json"},
            NO_MATCH,
        ),
        ({"body": {"a": 1, "at": ""}, "media_type": "application/json"}, NO_MATCH),
        ({"body": {"a": 1}, "media_type": "application/json"}, None),
        ({"body": {"a": 1}, "media_type": "multipart/mixed"}, "Schemathesis does not read itemSchema"),
        ({"body": [1], "media_type": "application/jsonl"}, None),
        (
            {"body": {"a": "x"}, "media_type": "multipart/form-data; v=4"},
            "Schemathesis does not send the headers of parts",
        ),
        ({"body": {"b": "x"}, "media_type": "multipart/form-data; v=4"}, None),
        ({"body": {"names": None}, "media_type": FORM_TYPE}, AMBIGUOUS),
        ({"body": {"names": []}, "media_type": FORM_TYPE}, AMBIGUOUS),
        ({"body": {"deep": {"a": {"b": 1}}}, "media_type": FORM_TYPE}, AMBIGUOUS),
        ({"body": {"names": ["a"], "deep": {"a": 1}}, "media_type": FORM_TYPE}, None),
        ({"body": "a,b", "media_type": "text/csv"}, None),
        (
            {"query": {"none": "0"}, "method": "GET"},
            "no value matches an enum without values, and Schemathesis sends one",
        ),
        ({"query": {"any": "0"}, "method": "GET"}, None),
        ({"query": {"any": {"a": [1]}}, "method": "GET"}, NESTED),
        ({"query": {"any": {"a": None}}, "method": "GET"}, NESTED),
        ({"query": {"names": ["a", None]}, "method": "GET"}, NESTED),
        ({"query": {"names": ["a", "null"]}, "method": "GET"}, NULL),
        ({"query": {"any": "null"}, "method": "GET"}, NULL),
        ({"query": {"any": {"a": 1}}, "method": "GET"}, None),
        ({"query": {"deep": ""}, "method": "GET"}, NULL),
        ({"query": {"deep[o]": {}}, "method": "GET"}, NULL),
        ({"query": {"deep[n]": ""}, "method": "GET"}, None),
        (
            {"cookies": {"list": "a,b"}, "method": "GET"},
            "Schemathesis writes a list or an object in cookies as one value, also with `explode`",
        ),
        ({"cookies": {"joined": "a,b"}, "method": "GET"}, None),
        ({"query": {"any": ""}, "method": "GET"}, None),
        (
            {"query": {"names": []}, "method": "GET"},
            "an empty list in a query, `tags=`, is a list of an empty text (RFC 6570, section 2.3)",
        ),
        ({"query": {"names": [""]}, "method": "GET"}, None),
    ],
)
def test_rejected_valid_data(values: Mapping[str, Any], reason: str | None) -> None:
    case = made(**values)
    failures = judged("positive_data_acceptance", case, answered(case, 422))
    assert failures == ([] if reason else ["Schema-valid request rejected"])
    assert set_aside() == ([reason] if reason else [])


# --- Bodies that Schemathesis does not know -------------------------------------------------------------


@pytest.mark.parametrize(("body", "sent"), [([1, 2], b"1\n2\n"), ([], b""), ({"a": 1}, b'{"a": 1}\n')])
def test_lines_are_sent_as_their_item_schema_says(body: Any, sent: bytes) -> None:
    operation = SCHEMA["/things"]["POST"]
    alternative = operation.get_body_for_media_type("application/jsonl")
    assert alternative
    assert alternative.optimized_schema == {"type": "array", "items": {"type": "integer"}}
    assert made(body=body, media_type="application/jsonl").as_transport_kwargs()["data"] == sent


def test_a_header_with_content_is_sent_as_text() -> None:
    case = made(method="GET", headers={"X-Plain": {"a": 1}, "X-Text": "b"})
    hooks.before_call(HookContext(), case, {})
    assert dict(case.headers or {}) == {"X-Plain": '{"a": 1}', "X-Text": "b"}


# --- Methods ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "allow", "reason"),
    [
        ("/things", "GET, POST, COPY", "Schemathesis does not read additionalOperations"),
        ("/things", "GET, POST, MOVE", None),
        ("/things", "GET, COPY", None),
        ("/things/{id}", "GET, PUT", "another path template matches the same paths"),
        ("/things/{id}/parts", "GET, PUT", None),
    ],
)
def test_the_header_allow(path: str, allow: str, reason: str | None) -> None:
    case = made(path, "GET", path_parameters={"id": "1"} if "{" in path else {})
    response = answered(case, 204, "OPTIONS", allow=[allow])
    assert judged("allow_header_conformance", case, response) == ([] if reason else ["Allow header mismatch"])
    assert set_aside() == ([reason] if reason else [])


@pytest.mark.parametrize(("path", "kept"), [("/things/{id}", []), ("/things/{id}/parts", ["PUT"])])
def test_a_method_that_only_another_template_has(path: str, kept: list[str]) -> None:
    case = made(path, "GET", path_parameters={"id": "1"})
    assert case.meta
    case.meta.phase = PhaseInfo.coverage(
        CoverageScenario.UNSPECIFIED_HTTP_METHOD, "Unspecified HTTP method: PUT"
    )
    case.method = "PUT"
    found = judged("unsupported_method", case, answered(case, 204))
    assert found == ["Wrong response to undeclared method" for _ in kept]


# --- Limits of HTTP ---------------------------------------------------------------------------------------

URL = "the server's limit for the length of URLs comes before the contract (RFC 9110, sections 4.1 and 5.4)"
HEADERS = (
    "the server's limit for the size of headers comes before the contract (RFC 9110, sections 4.1 and 5.4)"
)


@pytest.mark.parametrize(
    ("status", "length", "reason"), [(414, 8000, URL), (414, 7000, None), (422, 8000, None)]
)
def test_a_url_that_is_too_long(status: int, length: int, reason: str | None) -> None:
    case = made("/things/{id}", "GET", path_parameters={"id": "a" * length})
    failures = judged("positive_data_acceptance", case, answered(case, status))
    assert failures == ([] if reason else ["Schema-valid request rejected"])
    assert set_aside() == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("status", "length", "reason"), [(431, 8000, HEADERS), (431, 7000, None), (414, 8000, None)]
)
def test_headers_that_are_too_long(status: int, length: int, reason: str | None) -> None:
    case = made(method="GET", headers={"X-Long": "a" * length})
    failures = judged("positive_data_acceptance", case, answered(case, status))
    assert failures == ([] if reason else ["Schema-valid request rejected"])
    assert set_aside() == ([reason] if reason else [])


@pytest.mark.parametrize(("status", "kept"), [(204, False), (200, True)])
def test_a_declared_body_of_a_status_without_content(status: int, kept: bool) -> None:
    case = made("/empty", "GET")
    found = judged("content_type_conformance", case, answered(case, status))
    assert found == (["Missing Content-Type header"] if kept else [])


# --- Mocks ----------------------------------------------------------------------------------------------

GONE = UseAfterFree(operation="o", message="m", free="f", usage="u")
LOST = EnsureResourceAvailability(operation="o", message="m", created_with="c", not_available_with="n")
GENERATED = IgnoredAuth(operation="o", message="m", scenario=AuthScenario.GENERATED_AUTH)
NONE = IgnoredAuth(operation="o", message="m", scenario=AuthScenario.NO_AUTH)


@pytest.mark.parametrize(
    ("failure", "headers", "reason"),
    [
        (GONE, MOCKED, "a mock keeps no data"),
        (GONE, {}, None),
        (LOST, MOCKED, "a mock keeps no data"),
        (LOST, {}, None),
        (GENERATED, MOCKED, "a mock accepts every credential of the right form"),
        (GENERATED, {}, None),
        (NONE, MOCKED, None),
    ],
)
def test_what_a_mock_cannot_do(failure: Failure, headers: Any, reason: str | None) -> None:
    """These checks need several requests, so the failures are made here."""
    case = made(method="GET")
    kept = hooks.filter_failure(
        HookContext(operation=case.operation), failure, case, answered(case, 200, **headers)
    )
    assert kept is (reason is None)
    assert set_aside() == ([reason] if reason else [])


# --- Statuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "kept"), [(418, False), (399, True), (500, True)])
def test_an_undeclared_error_of_the_client_is_a_warning(status: int, kept: bool) -> None:
    case = made(method="GET")
    found = judged("status_code_conformance", case, answered(case, status))
    assert found == (["Undocumented status code"] if kept else [])
    commands = hooks._undeclared.get("GET /things", {})
    assert [*commands] == ([] if kept else [status])
    assert all(command.startswith("curl -X GET ") for command in commands.values())


# --- The contract as Schemathesis understands it ---------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        {"anyOf": [{"type": "string", "format": "binary"}, {"type": "null"}]},
        {"contentMediaType": "image/png"},
        {"$ref": "#/components/schemas/Picture"},
        {"oneOf": [{"type": "string", "format": "binary"}, {"type": "integer"}]},
    ],
)
def test_files_that_schemathesis_does_not_know_are_sent_as_files(part: Mapping[str, Any]) -> None:
    body = {
        "type": "object",
        "properties": {"file": part, "files": {"type": "array", "items": part}, "a": True},
    }
    picture = {"allOf": [{"type": "string", "format": "binary"}]}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/": {"post": {"requestBody": {"content": {MULTIPART: {"schema": body}}}, **DONE}}},
        "components": {"schemas": {"Picture": picture}},
    }
    # The hook runs when the contract is loaded.
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    case = schema.make_case(
        operation=schema["/"]["POST"],
        body={"file": Binary(b"a"), "files": [Binary(b"b")]},
        media_type=MULTIPART,
    )
    sent = case.as_transport_kwargs(base_url="http://127.0.0.1")["files"]
    assert [(name, bool(file[0])) for name, file in sent] == [("file", True), ("files", True)]


@pytest.mark.parametrize("body", [{"a": Binary(b"a")}, {"b": [Binary(b"b")]}])
def test_files_in_alternatives_are_sent_as_files(body: Any) -> None:
    files = {"type": "array", "items": FILE, "maxItems": 1}
    alternatives = {"oneOf": [{"properties": {"a": FILE}}, {"properties": {"b": files}}]}
    operation = {"requestBody": {"content": {MULTIPART: {"schema": alternatives}}}, **DONE}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/": {"post": operation}},
    }
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    case = schema.make_case(operation=schema["/"]["POST"], body=body, media_type=MULTIPART)
    sent = case.as_transport_kwargs(base_url="http://127.0.0.1")["files"]
    assert [file[0] for _, file in sent] == [*body]


def test_marked_files_keep_their_number() -> None:
    files = {"anyOf": [{"type": "array", "minItems": 2, "items": FILE}, {"type": "null"}]}
    body: Any = {"schema": {"type": "object", "properties": {"files": files}}}
    operation = {"requestBody": {"content": {MULTIPART: body}}, **DONE}
    hooks.before_load_schema(HookContext(), {**DOCUMENT, "paths": {"/": {"post": operation}}})
    marked = body["schema"]["properties"]["files"]
    assert jsonschema_rs.is_valid(marked, ["", ""])
    assert not jsonschema_rs.is_valid(marked, [""])
