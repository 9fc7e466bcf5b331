"""Response bodies can be sent back: the API accepts and stores every value that it returns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import OPERATIONS, Operation, Person, body_of, resolve

Json = Any

REPLACEMENTS = [operation for operation in OPERATIONS if operation.method == "PUT"]

_DATE_TIMES = st.builds(
    "{}-{}-{}T{}:{}:{}{}{}".format,
    st.sampled_from(["1899", "1900", "2999", "3000"]) | st.integers(0, 9999).map("{:04}".format),
    st.sampled_from(["01", "12", "02"]),
    st.sampled_from(["01", "31", "28", "29"]),
    st.sampled_from(["00", "23", "24"]),
    st.sampled_from(["00", "59"]),
    st.sampled_from(["00", "59", "60"]),
    st.sampled_from(["", ".9", ".999999", ".0000001", ".000001"]),
    st.sampled_from(
        ["Z", "z", "-00:00", *(f"{sign}{hours}:59" for sign in "+-" for hours in ("00", "14", "23"))]
    ),
)


def values_of(schema: Json) -> st.SearchStrategy[Json]:
    """Return a strategy for valid values of the schema, with values at its limits."""
    schema = resolve(schema)
    if "anyOf" in schema:
        return st.one_of([values_of(alternative) for alternative in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "string":
        texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=schema.get("maxLength", 40))
        if schema.get("format") == "date-time":
            texts = _DATE_TIMES
        # In the contract, `$` matches only the end of the text, not before a final line break.
        return texts | st.from_regex(re.sub(r"\$$", r"\\Z", schema.get("pattern", "")))
    if schema["type"] == "integer":
        return st.sampled_from([schema["minimum"], schema["maximum"]])
    return st.none() if schema["type"] == "null" else st.booleans()


def bodies_of(operation: Operation) -> st.SearchStrategy[Json]:
    schema = resolve(resolve(operation.node["requestBody"])["content"]["application/json"]["schema"])
    required = {name: values_of(schema["properties"][name]) for name in schema["required"]}
    optional = {name: values_of(schema["properties"][name]) for name in operation.properties}
    return st.fixed_dictionaries(required, optional={k: v for k, v in optional.items() if k not in required})


def send_back(person: Person, operation: Operation, body: Json) -> bool:
    """Send a body, and then its response with each method; return False if the body was rejected."""
    collection = operation.path.removeprefix("/api/{user_id}").rpartition("/")[0]
    create = {"/tasks": person.task, "/categories": person.category}[collection]
    path = f"{collection}/{create('First')['id']}"
    response = person.put(path, body)
    if response.status_code != 200:
        assert response.status_code in (404, 422)
        body_of(person.delete(path))
        return False
    stored = {name: response.json()[name] for name in operation.properties}
    for again in (person.put(path, stored), person.patch(path, stored), person.get(path)):
        assert {name: body_of(again)[name] for name in stored} == stored
    body_of(person.delete(path))
    created = body_of(person.post(collection, stored), 201)
    assert {name: created[name] for name in stored} == stored
    body_of(person.delete(f"{collection}/{created['id']}"))
    return True


@pytest.mark.parametrize("operation", REPLACEMENTS, ids=lambda operation: operation.id)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_response_body_is_accepted_as_a_request_body(
    ada: Person, operation: Operation, data: st.DataObject
) -> None:
    send_back(ada, operation, data.draw(bodies_of(operation)))


@pytest.mark.parametrize(
    ("due_date", "stored"),
    [
        ("1900-01-01T00:00:00+14:59", "1899-12-31T09:01:00Z"),
        ("1900-01-01T00:00:00+01:00", "1899-12-31T23:00:00Z"),
        ("1900-01-01T00:00:00-14:59", "1900-01-01T14:59:00Z"),
        ("1899-12-31T00:00:00Z", "1899-12-31T00:00:00Z"),
        ("1899-12-31T23:59:59.999999Z", "1899-12-31T23:59:59.999999Z"),
        ("2999-12-31T23:59:59-01:00", "3000-01-01T00:59:59Z"),
        ("2999-12-31T23:59:59.999999-14:59", "3000-01-01T14:58:59.999999Z"),
        ("3000-01-01T23:59:59.999999Z", "3000-01-01T23:59:59.999999Z"),
        ("2026-02-01T17:00:00.5-00:00", "2026-02-01T17:00:00.500000Z"),
    ],
)
def test_a_due_date_at_the_bounds_can_be_sent_back(ada: Person, due_date: str, stored: str) -> None:
    task = ada.task(due_date=due_date)
    assert task["due_date"] == stored
    (operation,) = (operation for operation in REPLACEMENTS if "due_date" in operation.properties)
    assert send_back(ada, operation, {"title": "x", "due_date": stored})


@pytest.mark.parametrize(
    "due_date",
    [
        *("1899-12-30T23:59:59Z", "1899-12-31T23:00:00+00:00", "1899-12-31T23:59:59-14:00"),
        *("3000-01-02T00:00:00Z", "3000-01-01T00:00:00-00:00", "3000-01-01T00:00:00+14:00"),
        *(
            "1899-12-31T24:00:00Z",
            "3000-01-01T00:00:00z",
            "3000-01-01T23:59:60Z",
            "3000-01-01T00:00:00.0000001Z",
        ),
        *("2026-02-01T17:00:00+15:00", "2026-02-01T17:00:00+23:59", "2026-02-01T17:00:00-24:00"),
    ],
)
def test_a_due_date_beyond_the_bounds_is_rejected(ada: Person, due_date: str) -> None:
    response = ada.post("/tasks", {"title": "x", "due_date": due_date})
    assert response.status_code == 422
    assert {tuple(found["loc"]) for found in response.json()["detail"]} == {("body", "due_date")}
