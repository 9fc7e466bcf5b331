"""Invalid requests are rejected at once, as the contract declares, and change nothing that is stored."""

from __future__ import annotations

import codecs
import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.contract import leaves, shared_out
from tests.resources import ANY, LAST_ID, RESOURCES, body_for, collections, not_found, operations_on

from .conftest import (
    BODY_LIMIT,
    NOT_FOUND,
    OPERATIONS,
    Json,
    Operation,
    Person,
    Server,
    body_of,
    each,
    existing_person,
    expect,
    headers_of,
    validation_errors_of,
)

WITH_BODY = [operation for operation in OPERATIONS if operation.example is not None]
COLLECTIONS = collections()
JSON = ("Content-Type", "application/json")
MAX = LAST_ID


class Victim:
    """A person with an item of each resource, who sends invalid requests with a short timeout."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.ids = person.create_each()
        self.task_id = self.ids["task_id"]

    def send(
        self, method: str, path: str, body: bytes | None = None, *headers: tuple[str, str]
    ) -> httpx.Response:
        started = time.monotonic()
        response = self.person.raw(method, path, body, *headers)
        # On an idle machine, a second is enough. An expensive pattern takes minutes.
        assert time.monotonic() - started < 5
        return response

    def call(self, operation: Operation, body: bytes | None, *headers: tuple[str, str]) -> httpx.Response:
        path = operation.path.format(user_id=self.person.id, **self.ids)
        return self.send(operation.method, path, body, *headers)


@pytest.fixture(scope="module")
def sender(server: Server) -> Victim:
    return Victim(existing_person(server))


@pytest.fixture
def victim(sender: Victim, stored: Callable[[], str]) -> Iterator[Victim]:
    """The sender; fails if the test changed stored data."""
    before = stored()
    yield sender
    assert stored() == before


def words(text: str) -> list[str]:
    return text.split()


# --- Bodies that are not UTF-8 JSON ---


def text(operation: Operation) -> str:
    return json.dumps(operation.example)


MALFORMED: dict[str, Callable[[str], bytes]] = {
    "empty": lambda _: b"",
    "white space": lambda _: b" \r\n\t",
    "truncated": lambda body: body[:-1].encode(),
    "followed by garbage": lambda body: f"{body}x".encode(),
    "followed by another body": lambda body: f"{body}{body}".encode(),
    "followed by NUL": lambda body: f"{body}\0".encode(),
    "UTF-16 with a byte order mark": lambda body: body.encode("utf-16"),
    "UTF-16, little endian": lambda body: body.encode("utf-16-le"),
    "UTF-16, big endian": lambda body: body.encode("utf-16-be"),
    "UTF-32": lambda body: body.encode("utf-32"),
    "UTF-8 with a byte order mark": lambda body: codecs.BOM_UTF8 + body.encode(),
    "UTF-7": lambda _: b"+AHs-",
    "Latin-1": lambda _: '{"title":"é","name":"é"}'.encode("latin-1"),
    "an overlong form": lambda _: b'{"title":"\xc0\x80"}',
    "beyond Unicode": lambda _: b'{"title":"\xf4\x90\x80\x80"}',
    "a raw surrogate": lambda _: b'{"title":"\xed\xa0\x80"}',
    "a raw pair of surrogates": lambda _: b'{"title":"\xed\xa0\xbd\xed\xb8\x80"}',
    "an escaped high surrogate": lambda _: rb'{"title":"\ud83d"}',
    "an escaped low surrogate": lambda _: rb'{"title":"\ude00"}',
    "an escaped pair of surrogates in the wrong order": lambda _: rb'{"title":"\ude00\ud83d"}',
    "a lone surrogate in a name": lambda _: rb'{"\ud83d":1}',
    "a duplicate name": lambda _: b'{"title":"a","title":"b"}',
    "a duplicate name with the same value": lambda _: b'{"name":"a","name":"a"}',
    "a duplicate name, once escaped": lambda _: rb'{"title":"a","\u0074itle":"b"}',
    "a duplicate name in a nested object": lambda _: b'{"title":{"a":1,"a":1}}',
    "NaN": lambda _: b'{"category_id":NaN}',
    "Infinity": lambda _: b'{"category_id":Infinity}',
    "-Infinity": lambda _: b'{"category_id":-Infinity}',
    "a number beyond a double and no end": lambda _: b'{"category_id":1e400',
    "a number of 5000 digits and equal names": lambda _: b'{"a":1,"a":1,"b":' + b"9" * 5000 + b"}",
    "a hexadecimal number": lambda _: b'{"category_id":0x10}',
    "a leading zero": lambda _: b'{"category_id":01}',
    "a plus sign": lambda _: b'{"category_id":+1}',
    "a comma at the end": lambda _: b'{"title":"a",}',
    "a comment": lambda _: b'{"title":"a"/* b */}',
    "single quotes": lambda _: b"{'title':'a'}",
    "no quotes": lambda _: b"{title:1}",
    "a line break in a string": lambda _: b'{"title":"a\nb"}',
    "a raw NUL in a string": lambda _: b'{"title":"\0"}',
    "an unknown escape": lambda _: rb'{"title":"\x41"}',
    "True instead of true": lambda _: b'{"completed":True}',
    "a form": lambda _: b"title=a&name=a",
}


@shared_out(WITH_BODY, "fault", [*MALFORMED])
def test_a_body_that_is_not_utf8_json_answers_400(victim: Victim, operation: Operation, fault: str) -> None:
    body = MALFORMED[fault](text(operation))
    response = victim.call(operation, body, JSON)
    twice = "duplicate name" in fault
    detail = "The body names a member twice" if twice else "The body is not valid JSON in UTF-8"
    expect(response, 400, {"detail": detail, "code": "malformed_body"})


@each(WITH_BODY)
def test_a_body_that_is_missing_answers_400(victim: Victim, operation: Operation) -> None:
    expect(victim.call(operation, None), 400, {"detail": "The body is missing", "code": "malformed_body"})
    expect(victim.call(operation, b""), 400, {"detail": "The body is missing", "code": "malformed_body"})


# --- Bodies of another media type ---

JSON_TYPES = [
    "application/json",
    "APPLICATION/JSON",
    "Application/Json ; Charset=UTF-8",
    "application/json; charset=utf-8",
    'application/json;charset="utf-8"',
    "application/json; profile=x",
]
OTHER_TYPES = [
    "",
    "json",
    "text/plain",
    "text/json",
    "application/jsonx",
    "application/json+x",
    "application/vnd.api+json",
    "application/merge-patch+json",
    "application/*",
    "*/*",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json, text/plain",
    "text/plain, application/json",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "application/json; charset=",
    "application/json; charset=utf-8; charset=latin-1",
    "text/plain; application/json",
]


OTHER_TYPE = "The body must be application/json in UTF-8"


def expect_415(response: httpx.Response, operation: Operation, detail: str, **headers: str) -> None:
    """Assert a 415 with the accepted media type (RFC 9110, section 15.5.16; RFC 5789, section 2.2)."""
    name = "accept_patch" if operation.method == "PATCH" else "accept"
    body = {"detail": detail, "code": "unsupported_media_type"}
    expect(response, 415, body, **{name: "application/json"}, **headers)


@pytest.mark.parametrize("media_type", JSON_TYPES)
def test_equivalent_json_media_types_are_accepted(ada: Person, media_type: str) -> None:
    response = ada.raw("POST", "/tasks", '{"title":"é"}'.encode(), ("Content-Type", media_type))
    assert body_of(response, 201)["title"] == "é"


@each(WITH_BODY)
def test_a_body_of_another_media_type_answers_415(victim: Victim, operation: Operation) -> None:
    body = text(operation).encode()
    expect_415(victim.call(operation, body), operation, OTHER_TYPE)
    for media_type in OTHER_TYPES:
        expect_415(victim.call(operation, body, ("Content-Type", media_type)), operation, OTHER_TYPE)


@each(WITH_BODY)
def test_two_content_type_headers_answer_415(victim: Victim, operation: Operation) -> None:
    for first, second in (("application/json", "text/plain"), ("text/plain", "application/json")):
        response = victim.call(
            operation, text(operation).encode(), ("Content-Type", first), ("Content-Type", second)
        )
        expect_415(response, operation, OTHER_TYPE)


@shared_out(
    WITH_BODY, "encodings", [["gzip"], ["GZIP"], ["br"], ["x"], ["identity, gzip"], ["gzip", "identity"]]
)
def test_a_compressed_body_answers_415(victim: Victim, operation: Operation, encodings: list[str]) -> None:
    headers = [("Content-Encoding", encoding) for encoding in encodings]
    for body in (gzip.compress(text(operation).encode()), text(operation).encode()):
        response = victim.call(operation, body, JSON, *headers)
        expect_415(response, operation, "The body must not be compressed", accept_encoding="identity")


def test_the_content_encoding_identity_is_accepted(ada: Person) -> None:
    response = ada.raw("POST", "/tasks", b'{"title":"a"}', JSON, ("Content-Encoding", "identity"))
    assert response.status_code == 201


# --- Bodies that are too large ---

CHUNKED = ("Transfer-Encoding", "chunked")
TOO_LARGE = {"detail": f"The body is larger than {BODY_LIMIT} bytes", "code": "content_too_large"}


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("chunk_size", [None, 1000, BODY_LIMIT])
def test_a_body_at_the_size_limit_is_read(ada: Person, chunk_size: int | None) -> None:
    body = b'{"title":"a"}'.ljust(BODY_LIMIT)
    headers = [JSON]
    if chunk_size:
        headers.append(CHUNKED)
        body = b"".join(
            chunk(body[start : start + chunk_size]) for start in range(0, BODY_LIMIT, chunk_size)
        ) + chunk(b"")
    assert ada.raw("POST", "/tasks", body, *headers).status_code == 201


@each(WITH_BODY)
def test_a_body_one_byte_over_the_limit_answers_413(victim: Victim, operation: Operation) -> None:
    body = text(operation).encode().ljust(BODY_LIMIT + 1)
    expect(victim.call(operation, body, JSON), 413, TOO_LARGE)
    expect(victim.call(operation, chunk(body) + chunk(b""), JSON, CHUNKED), 413, TOO_LARGE)
    parts = chunk(body[:-1]) + chunk(body[-1:]) + chunk(b"")
    expect(victim.call(operation, parts, JSON, CHUNKED), 413, TOO_LARGE)


@each(WITH_BODY)
def test_a_body_over_the_limit_is_rejected_before_its_end(victim: Victim, operation: Operation) -> None:
    for length in ("65537", "1000000000000", "999999999999999999"):
        expect(victim.call(operation, b"", JSON, ("Content-Length", length)), 413, TOO_LARGE)
    endless = chunk(b" " * 1000) * 66
    expect(victim.call(operation, endless, JSON, CHUNKED), 413, TOO_LARGE)


@each(WITH_BODY)
def test_a_body_nested_100_000_deep_answers_413(victim: Victim, operation: Operation) -> None:
    for body in (b"[" * 100_000, b'{"title":' + b"[" * 100_000 + b"]" * 100_000 + b"}"):
        expect(victim.call(operation, body, JSON), 413, TOO_LARGE)


def test_a_connection_is_usable_after_an_unread_body(ada: Person) -> None:
    for _ in range(3):
        content = b" " * 1_000_000
        response = ada.request(
            "POST", "/tasks", content=content, headers={"Content-Type": "application/json"}
        )
        expect(response, 413, TOO_LARGE)
        assert ada.get("/tasks").status_code == 200


# --- Bodies that violate their schema ---


@shared_out(WITH_BODY, "body", ["null", "true", "1", '"title"', "[]", '[{"title":"a"}]', "1e10", '""'])
def test_a_body_that_is_not_an_object_answers_422(victim: Victim, operation: Operation, body: str) -> None:
    assert validation_errors_of(victim.call(operation, body.encode(), JSON)) == [("body", "type")]


BEYOND_LIMITS: dict[str, tuple[bytes, str]] = {
    "a number beyond a double": (b'{"category_id":1e400}', "range"),
    "a negative number beyond a double": (b'{"unknown":[-1.5e309]}', "range"),
    "a number of 5000 digits": (b'{"category_id":' + b"9" * 5000 + b"}", "range"),
    "arrays 129 deep": (b"[" * 129 + b"]" * 129, "depth"),
    "objects 129 deep": (b'{"a":' * 129 + b"1" + b"}" * 129, "depth"),
    "arrays 30 000 deep": (b"[" * 30_000 + b"]" * 30_000, "depth"),
    "objects 5000 deep and not closed": (b'{"title":' * 5_000, "depth"),
}


@shared_out(WITH_BODY, "name", [*BEYOND_LIMITS])
def test_json_beyond_the_limits_answers_422(victim: Victim, operation: Operation, name: str) -> None:
    """A JSON parser may limit the depth and the range of numbers (RFC 8259, section 9)."""
    body, rule = BEYOND_LIMITS[name]
    assert validation_errors_of(victim.call(operation, body, JSON)) == [("body", rule)]


@each(WITH_BODY)
def test_brackets_in_a_string_do_not_count_as_nesting(victim: Victim, operation: Operation) -> None:
    body = json.dumps(operation.example | {"unknown": '[{"' * 200}).encode()
    assert validation_errors_of(victim.call(operation, body, JSON)) == [
        ("body.unknown", "additionalProperties")
    ]


@shared_out(WITH_BODY, "depth", [1, 2, 100, 127, 128, 250, 900])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["arrays", "objects"])
def test_a_deeply_nested_value_answers_422(
    victim: Victim, operation: Operation, depth: int, opening: str, closing: str
) -> None:
    value = opening * depth + "1" + closing * depth
    for body in (value, f'{{"{operation.properties[0]}":{value}}}', f'{{"unknown":{value}}}'):
        response = victim.call(operation, body.encode(), JSON)
        assert response.status_code == 422
        assert all(where.startswith("body") for where, _ in validation_errors_of(response))


@shared_out(
    WITH_BODY,
    "name",
    [
        "id",
        "user_id",
        "created_at",
        "updated_at",
        "Title",
        "titel",
        "",
        " ",
        "__proto__",
        "a\0",
        "😀",
        "a" * 60_000,
    ],
)
def test_an_unknown_property_answers_422(victim: Victim, operation: Operation, name: str) -> None:
    body = json.dumps(operation.example | {name: 1}).encode()
    assert validation_errors_of(victim.call(operation, body, JSON)) == [
        (f"body.{name}", "additionalProperties")
    ]


@each(WITH_BODY)
def test_five_thousand_unknown_properties_are_all_named(victim: Victim, operation: Operation) -> None:
    body = json.dumps(operation.example | {f"x{number}": 1 for number in range(5000)}).encode()
    found = validation_errors_of(victim.call(operation, body, JSON))
    assert len(found) == 5000
    assert {rule for _, rule in found} == {"additionalProperties"}


# Values of the wrong type, and further invalid values by the name or the format of a property. bad_values()
# adds the values that the schema excludes by type, length, range or null.
NO_STRINGS: list[Json] = [0, 1, 1.5, True, [], ["a"], {}, {"a": "b"}]
BAD_VALUES: dict[str, list[Json]] = {
    "priority": ["High", "high ", "HIGH", "high\n", "high\0"],
    "date-time": [
        "",
        1700000000,
        "1700000000",
        "tomorrow",
        "2026-02-01",
        "2026-02-01T17:00:00",
        "2026-02-01T17:00Z",
        "2026-02-01T17:00:00 Z",
        "2026-02-01 17:00:00Z",
        "2026-02-01t17:00:00Z",
        "2026-02-01T17:00:00z",
        "2026-02-01T17:00:00Z\n",
        " 2026-02-01T17:00:00Z",
        "20260201T170000Z",
        "2026-W05-7T17:00:00Z",
        "2026-032T17:00:00Z",
        "2026-02-01T17:00:00+0200",
        "2026-02-01T17:00:00+02",
        "2026-02-01T17:00:00+15:00",
        "2026-02-01T17:00:00+24:00",
        "2026-02-01T17:00:00+02:60",
        "2026-02-01T17:00:00+02:00:00",
        "2026-02-01T17:00:00[UTC]",
        "2026-02-01T17:00:00.Z",
        "2026-02-01T17:00:00,5Z",
        "2026-02-01T17:00:00.1234567Z",
        "2026-02-01T24:00:00Z",
        "2026-02-01T23:60:00Z",
        "2026-02-01T23:59:60Z",
        "2016-12-31T23:59:60Z",
        "2026-02-29T12:00:00Z",
        "2100-02-29T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-04-31T12:00:00Z",
        "2026-00-01T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-01-00T12:00:00Z",
        "2026-01-32T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1899-12-30T23:59:59Z",
        "1899-12-31T23:59:59+00:00",
        "1899-12-31T23:59:59-14:00",
        "3000-01-01T00:00:00+00:00",
        "3000-01-02T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "+2026-02-01T17:00:00Z",
        "-2026-02-01T17:00:00Z",
        "\uff12\uff10\uff12\uff16-02-01T17:00:00Z",
        "infinity",
        "now",
    ],
    "color": [
        "",
        "red",
        "3B82F6",
        "#3B82F",
        "#3B82F6F",
        "#3B82F6 ",
        "#3B82F6\n",
        "\n#3B82F6",
        "#3B82FG",
        "#\uff13B82F6",
        "#3B8",
        "#3B82F6\0",
    ],
}


NO_VALUES: dict[str, list[Json]] = {
    "string": NO_STRINGS,
    "integer": ["", "1", 1.5, True, False, [], [1], {}, 1e300],
    "number": ["", "1", True, [], {}],
    "boolean": [0, 1, "true", "false", "", "yes", [], {}],
    "array": ["", 1, True, {}],
    "object": ["", 1, True, []],
}


def bad_values(schema: Json) -> list[Json]:
    """Return values beyond each limit of this schema."""
    kinds = leaves(schema)
    others = [value for kind in kinds for value in NO_VALUES.get(kind["type"], [])]
    values = [value for value in others if len(kinds) == 1 or not any(fits(value, kind) for kind in kinds)]
    if all(kind["type"] != "null" for kind in kinds):
        values.append(None)
    for kind in kinds:
        if kind["type"] == "string" and "enum" not in kind:
            values += [
                letter * (kind["maxLength"] + 1) for letter in ("a", "😀", "\u0301") if "maxLength" in kind
            ]
            values += [""] if kind.get("minLength") else []
            values += ["a\0b", "\0"] if "pattern" in kind else []
        if "enum" in kind:
            values += ["", "urgent"]
        values += [kind["minimum"] - 1, -(10**30)] if "minimum" in kind else []
        values += [kind["maximum"] + 1, 10**30] if "maximum" in kind else []
    return values


def fits(value: Json, kind: dict[str, Any]) -> bool:
    """Return whether the value has the type of this schema."""
    types: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "boolean": (bool,)}
    types |= {"number": (int, float), "array": (list,), "object": (dict,), "null": (type(None),)}
    return isinstance(value, types[kind["type"]]) and (kind["type"] == "boolean" or value is not True)


def all_bad_values(operation: Operation, name: str) -> list[Json]:
    schema = operation.body["properties"][name]
    return [*bad_values(schema), *further(BAD_VALUES, schema, name)]


def further(values: dict[str, list[Json]], schema: Json, name: str) -> list[Json]:
    keys = {name, *(kind["format"] for kind in leaves(schema) if "format" in kind)}
    return [value for key in sorted(keys) for value in values.get(key, [])]


@pytest.mark.parametrize(
    ("operation", "name"),
    [(operation, name) for operation in WITH_BODY for name in operation.properties],
    ids=lambda value: getattr(value, "id", value),
)
def test_an_invalid_property_value_answers_422(victim: Victim, operation: Operation, name: str) -> None:
    for value in all_bad_values(operation, name):
        body = json.dumps(operation.example | {name: value}, ensure_ascii=False).encode()
        response = victim.call(operation, body, JSON)
        assert response.status_code == 422, (name, value)
        assert {where for where, _ in validation_errors_of(response)} == {f"body.{name}"}, (name, value)


GOOD_VALUES: dict[str, list[Json]] = {
    "title": [
        "\n",
        "👩‍👩‍👧‍👦" * 36,
        "\u202eright to left",
        "\x01\x7f\ufffe\U0010ffff",
        "'; DROP TABLE task; --",
        '%s {0} \\ "',
        "e\u0301",
        "\u00e9",
    ],
    "description": ["a\r\nb"],
    "date-time": [
        "1900-01-01T00:00:00Z",
        "2000-02-29T00:00:00Z",
        "2999-12-31T23:59:59.999999Z",
    ],
    "name": ["\x01\x7f\ufffe\U0010ffff"],
    "color": ["#000000", "#ffffff", "#aAbBcC"],
}


def good_values(schema: Json) -> list[Json]:
    """Return values at each limit of this schema."""
    values: list[Json] = []
    for kind in leaves(schema):
        values += kind.get("enum", [])
        if kind["type"] == "null":
            values.append(None)
        if kind["type"] == "boolean":
            values += [True, False]
        if kind["type"] == "string" and "maxLength" in kind:
            values += [letter * kind["maxLength"] for letter in ("a", "😀", "\u0301")]
            values += ["a", " "] if kind.get("minLength") else ["", " "]
        values += [kind[limit] for limit in ("minimum", "maximum") if limit in kind]
    return values


@pytest.mark.parametrize(
    ("operation", "name"),
    # The id of another resource must exist.
    [(operation, name) for operation in WITH_BODY for name in operation.properties if name not in RESOURCES],
    ids=lambda value: getattr(value, "id", value),
)
def test_a_value_at_a_limit_is_stored_unchanged(ada: Person, operation: Operation, name: str) -> None:
    ids = ada.create_each()
    path = operation.path.format(user_id=ada.id, **ids)
    schema = operation.body["properties"][name]
    values = [*good_values(schema), *further(GOOD_VALUES, schema, name)]
    assert values, f"add valid values of {name} to GOOD_VALUES in tests/api/test_bad_input.py"
    for value in values:
        response = ada.request(operation.method, path, json=body_for(operation) | {name: value})
        assert response.status_code in (200, 201), (name, value)
        there = response.headers["location"] if operation.method == "POST" else path
        assert body_of(ada.get(there))[name] == response.json()[name] == value


def test_a_number_without_a_fraction_is_an_integer(ada: Person) -> None:
    category_id = ada.category()["id"]
    for number in (f"{category_id}.0", f"{category_id}e0", f"{category_id}0E-1"):
        response = ada.raw("POST", "/tasks", f'{{"title":"a","category_id":{number}}}'.encode(), JSON)
        assert body_of(response, 201)["category_id"] == category_id


# --- Ids and other path segments ---

INVALID_IDS = words("""
    0 -1 -0 +1 %201 1%20 01 1%0A %0A1 1.0 1e0 1_0 0x1 1,2 1;2 1+1 x null true NaN * . .. %2E%2E % %2 %zz %25
    ' 1'-- %00 1%00 %FF %ED%A0%80 %C0%80 %EF%BC%91 %D9%A1 %F0%9D%9F%8F %2F 1%2F1 1%2F..%2F1 1%3F
    9007199254740992 9223372036854775807 9223372036854775808
""")
INVALID_IDS += ["1" + "0" * 30, "-" + "9" * 40, "9" * 5000]


@pytest.mark.parametrize("name", RESOURCES)
@pytest.mark.parametrize("text", INVALID_IDS, ids=lambda text: text[:20])
def test_a_malformed_id_answers_422(victim: Victim, name: str, text: str) -> None:
    for operation in operations_on(name):
        target = operation.path.format(user_id=victim.person.id, **victim.ids | {name: text})
        response = victim.send(operation.method, target, text_of(operation), JSON)
        assert {where for where, _ in validation_errors_of(response)} == {f"path.{name}"}


def text_of(operation: Operation) -> bytes | None:
    return None if operation.example is None else json.dumps(operation.example).encode()


@pytest.mark.parametrize("name", RESOURCES)
def test_the_largest_valid_id_answers_404(victim: Victim, name: str) -> None:
    path = RESOURCES[name].item.format(user_id=victim.person.id, **victim.ids | {name: LAST_ID})
    expect(victim.send("GET", path), 404, not_found(name))


def test_a_percent_encoded_id_is_the_same_id(victim: Victim) -> None:
    encoded = "".join(f"%{ord(digit):X}" for digit in str(victim.task_id))
    plain = victim.send("GET", f"/tasks/{victim.task_id}")
    expect(victim.send("GET", f"/tasks/{encoded}"), 200, plain.json())


INVALID_USER_IDS = words("""
    %2F a%2Fb %00 a%00 %FF a%ED%A0%80 %C0%80 %20 a%20b a%0A %E2%98%83 a%3Fb a%23b %3Cscript%3E % %zz
    . .. %2E%2E .a ' " a;b a,b a=b a&b a*b (a) $ ! @
""")
INVALID_USER_IDS += ["a" * 129, "a" * 5000]


@pytest.mark.parametrize("user_id", INVALID_USER_IDS, ids=lambda text: text[:20])
def test_a_malformed_user_id_answers_422(victim: Victim, user_id: str) -> None:
    for operation in OPERATIONS:
        if operation.owned:
            path = operation.path.format(user_id=user_id, **ANY)
            response = victim.send(operation.method, path, text_of(operation), JSON)
            assert {where for where, _ in validation_errors_of(response)} == {"path.user_id"}


def test_a_percent_encoded_user_id_is_the_same_user(victim: Victim) -> None:
    encoded = "".join(f"%{ord(letter):x}" for letter in victim.person.id)
    assert victim.send("GET", f"/api/{encoded}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api//tasks",
        "/api/{id}//tasks",
        "/api/{id}/tasks//",
        "/api/{id}/tasks//complete",
        "//api/{id}/tasks",
        "/api/{id}%2Ftasks%2F{task}%2Fcomplete/x",
        "/api/{id}/tasks/{task}/complete/",
        "/api/{id}/tasks/{task}/../{task}",
        "/api/{id}/./tasks",
        "/api/{id}/tasks/{task}%2Fcomplete/complete/x",
        "/./api/{id}/tasks",
        "/x/../api/{id}/tasks",
        "/api/{id}/tasks%00",
        "/api/{id}/t%FFsks",
        "/api/{id}/%74asks%2F",
        "/api\\{id}\\tasks",
    ],
)
def test_path_segments_are_never_skipped_joined_or_split(victim: Victim, path: str) -> None:
    target = path.format(id=victim.person.id, task=victim.task_id)
    for method in ("GET", "PATCH", "DELETE"):
        response = victim.person.server.raw(method, target, token=victim.person.token)
        expect(response, 404, NOT_FOUND)


# --- Queries ---

INVALID_INTEGERS = words("""
    %20 x +1 %2B1 %201 1%20 01 00 1%0A 1.0 1.5 1e1 1_0 0x1 1,2 -1 -0 null true NaN
    %00 %FF %ED%A0%80 %EF%BC%91%EF%BC%90 %D9%A1 %C2%B2 9007199254740992
""")
INVALID_INTEGERS += ["", "1" + "0" * 30, "9" * 5000]
# Invalid values of these parameters; invalid_queries() derives others from the types.
NO_QUERIES: dict[str, list[str]] = {
    "limit": [*INVALID_INTEGERS, "0", "1001"],
    "offset": INVALID_INTEGERS,
    "category_id": [*INVALID_INTEGERS, "0"],
    "cursor": [
        *("", "0", "null", "0" * 27, "0" * 29, "0" * 5000),
        *("F" * 28, "g" * 28, "-" + "0" * 27, "0x" + "0" * 26),
        *("0" * 27 + "%00", "0" * 28 + "%0A", "%20" + "0" * 28, "%EF%BC%90" * 28, "%FF" * 28),
    ],
}


INVALID_BOOLEANS = [
    "",
    *words("yes no 1 0 TRUE True on null %20true true%20 true%00 true,false %FF %EF%BD%94rue"),
]
INVALID_WORDS = ["", *words("urgent High null high%20 %20high high,low high%00 %FF h%C3%AFgh")]


def invalid_queries(operation: Operation, name: str) -> list[str]:
    """Return invalid texts of this parameter: those listed above, or those that its type excludes."""
    (kind,) = leaves(operation.query[name])
    by_type = {
        "integer": INVALID_INTEGERS,
        "boolean": INVALID_BOOLEANS,
        "string": ["%00", "%FF", "%ED%A0%80"],
    }
    return NO_QUERIES.get(name, INVALID_WORDS if "enum" in kind else by_type[kind["type"]])


@pytest.mark.parametrize(
    ("operation", "name"),
    [(operation, name) for operation in OPERATIONS for name in operation.query],
    ids=lambda value: getattr(value, "id", value),
)
def test_an_invalid_query_parameter_answers_422(victim: Victim, operation: Operation, name: str) -> None:
    path = operation.path.format(user_id=victim.person.id, **victim.ids)
    for text in invalid_queries(operation, name):
        response = victim.send("GET", f"{path}?{name}={text}")
        assert {where for where, _ in validation_errors_of(response)} == {f"query.{name}"}, text
    assert {where for where, _ in validation_errors_of(victim.send("GET", f"{path}?{name}"))} == {
        f"query.{name}"
    }


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize(
    "query",
    [
        "?",
        "?&",
        "?&&limit=1&",
        "?limit=1000",
        "?offset=9007199254740991",
        "?l%69mit=%31",
        "?limit=1&offset=0",
    ],
)
def test_a_query_at_a_limit_is_accepted(victim: Victim, path: str, query: str) -> None:
    assert victim.send("GET", path + query).status_code == 200


CURSORS = ["0" * 28, "f" * 28, "0" * 14 + "f" * 14, "f" * 14 + "0" * 14, "7" + "f" * 27, "8" + "0" * 27]
CURSORS += [f"{random.Random(seed).getrandbits(112):028x}" for seed in range(30)]  # noqa: S311


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize("cursor", CURSORS)
def test_every_well_formed_cursor_is_accepted(victim: Victim, path: str, cursor: str) -> None:
    page = body_of(victim.send("GET", f"{path}?cursor={cursor}&offset=0&limit=1000"))
    # Cursors before the first or after the last item: no item was created in 1970, or will be in 2514 or
    # later.
    assert (len(page["items"]), page["total"], page["next_cursor"]) in ((0, 1, None), (1, 1, None))
    if cursor.startswith("00000"):
        assert page["items"] == []
    if cursor > "1":
        assert len(page["items"]) == 1


@pytest.mark.parametrize(
    "query", ["x" * 60_000, "&".join(f"a{number}=1" for number in range(5000)), "%FF=1&" * 3000]
)
def test_a_huge_query_answers_422(victim: Victim, query: str) -> None:
    assert {rule for _, rule in validation_errors_of(victim.send("GET", f"/tasks?{query}"))} == {
        "unknownParameter"
    }


@pytest.mark.parametrize("header", ["X-Other", "Cookie", "Accept", "Accept-Language", "If-Match", "Range"])
@pytest.mark.parametrize("value", ["\xff\xfe", "x" * 50_000, ",;=,;="], ids=["latin", "long", "odd"])
def test_an_unused_header_changes_nothing(victim: Victim, header: str, value: str) -> None:
    plain = victim.send("GET", "/tasks")
    response = victim.send("GET", "/tasks", None, (header, value))
    expect(response, 200, plain.json())
    assert headers_of(response) == {}


@pytest.mark.parametrize(
    "body", [b'{"title":"Changed"}', b"{", b"\xff", b" " * 100_000], ids=lambda body: repr(body[:9])
)
def test_an_unused_body_changes_nothing(server: Server, ada: Person, body: bytes) -> None:
    for operation in OPERATIONS:
        if operation.example is None and operation.method == "GET" and not operation.item:
            path = operation.path.format(user_id=ada.id)
            assert server.raw("GET", path, body, token=ada.token).status_code == 200
    task: Any = ada.task()
    response = ada.raw("PATCH", f"/tasks/{task['id']}/complete", body, JSON)
    new = {name: response.json()[name] for name in ("updated_at", "etag")}
    assert body_of(response) == task | {"completed": True, **new}
