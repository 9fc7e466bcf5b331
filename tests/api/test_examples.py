"""The server gets the requests of the contract's examples, and its responses equal the examples.

The tests of successful responses use a server whose sequences generate only the ids of the examples, and
whose tables are emptied before each test. Times and ETags are not compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from uuid import uuid4

import httpx
import pytest

from devtools.resources import example_ids, ids_in
from tests.resources import ANY, LAST_ID, NOTHING, RESOURCES, table_of, unique_properties

from .conftest import (
    BODY_LIMIT,
    CONTRACT,
    OPERATIONS,
    Cluster,
    Json,
    Operation,
    Person,
    Server,
    call,
    headers_of,
    new_person,
    resolve,
    running,
    target,
    token_of,
)


@dataclass(frozen=True)
class Case:
    """An operation with one of its declared statuses, and the examples for both."""

    operation: Operation
    status: int

    def __str__(self) -> str:
        return f"{self.operation.id}-{self.status}"

    @property
    def parameters(self) -> list[Json]:
        """The parameters that have an example."""
        return [parameter for parameter in self.operation.parameters if "example" in parameter]

    @property
    def body(self) -> Json:
        """The media type object of the request body, or an empty object."""
        content = resolve(self.operation.node.get("requestBody", {})).get("content", {})
        return content.get("application/json", {})

    @property
    def response(self) -> Json:
        """The media type object of the response."""
        return self.operation.responses[self.status]["content"]["application/json"]

    @property
    def headers(self) -> dict[str, Json]:
        declared = self.operation.responses[self.status].get("headers", {})
        headers = {name.lower(): resolve(header) for name, header in declared.items()}
        return {name: header for name, header in headers.items() if header.get("required")}

    def compared(self) -> Iterator[Json]:
        """Yield every node of the contract whose example is sent, or compared with the response."""
        if self.status < 400:
            yield from self.parameters
            yield self.body
        if self.is_possible:
            yield self.response
        yield from self.headers.values()

    @property
    def is_possible(self) -> bool:
        """Whether the operation can return the example: the example of 422 is about `limit`."""
        return self.status != 422 or "limit" in self.operation.query


CASES = [Case(operation, status) for operation in OPERATIONS for status in operation.responses]
SUCCESSES = [case for case in CASES if case.status < 300]
LIMITED = [case for case in CASES if case.status == 429]
ERRORS = [case for case in CASES if 400 <= case.status < 500 and case not in LIMITED]
FAILURES = [
    case
    for case in CASES
    if case.status >= 500 and str(case.status) not in case.operation.node.get("x-unprovokable", {})
]


def examples_in(node: Json, *place: str) -> Iterator[tuple[str, Json]]:
    """Yield every node that has an example, with its location."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if isinstance(node, dict):
        if "example" in node or "examples" in node:
            yield " ".join(place), node
        for name in node.keys() - {"example", "examples"}:
            yield from examples_in(node[name], *place, str(name))


def test_every_example_of_the_contract_is_sent_or_compared() -> None:
    compared = {id(node) for case in chain(SUCCESSES, ERRORS, LIMITED, FAILURES) for node in case.compared()}
    there = dict(examples_in(CONTRACT))
    assert [place for place, node in there.items() if id(node) not in compared] == []
    assert there


# --- Successes ---

NEW_TASK = next(operation.example for operation in OPERATIONS if operation.id == "createTask")

# The requests to send first, in this order, if the examples need others than the creations of before().
BEFORE: dict[str, list[tuple[str, str, Json]]] = {
    "listTasks": [
        ("POST", "/categories", {"name": "Work"}),
        ("POST", "/tasks", NEW_TASK | {"category_id": 7}),
    ],
    "getTask": [("POST", "/tasks", {"title": "Write the contract"}), ("PATCH", "/tasks/42/complete", None)],
    "updateTask": [("POST", "/tasks", {"title": "Write the contract", "due_date": "2026-02-01T17:00:00Z"})],
    "toggleTask": [("POST", "/tasks", {"title": "Write the contract"})],
    "getCategory": [("POST", "/categories", {"name": "Work", "color": "#10B981"})],
    "replaceCategory": [("POST", "/categories", {"name": "Home"})],
}

IDS = example_ids(CONTRACT)


def before(operation: Operation) -> Iterator[tuple[str, str, Json]]:
    """Yield the requests to send first: those above, or the creations of the items in the path."""
    if operation.id in BEFORE:
        yield from BEFORE[operation.id]
        return
    ids = ids_in(operation.path)
    for parameter, resource in RESOURCES.items():
        listed = operation.method == "GET" and operation.path == resource.collection
        if parameter in ids or listed:
            yield "POST", resource.collection.removeprefix("/api/{user_id}").format(**IDS), resource.example


RESET = 'TRUNCATE tasks_api."user", tasks_api.erased_user CASCADE'

# A cyclic sequence with a single number.
ALWAYS = """
ALTER TABLE tasks_api.{table} ALTER COLUMN id
SET INCREMENT -2 SET MINVALUE {before} SET MAXVALUE {id} SET START {id} SET CYCLE RESTART
"""


@pytest.fixture(scope="module")
def own_server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose tasks and categories get the ids of the examples."""
    url = cluster.create("examples")
    for parameter in RESOURCES:
        number, table = IDS[parameter], table_of(parameter).name
        cluster.execute(ALWAYS.format(table=table, id=number, before=number - 1), "examples")
    with running(url, tmp_path_factory.mktemp("examples")) as server:
        yield server


@pytest.fixture
def example(own_server: Server, cluster: Cluster) -> Person:
    """The user of the examples, without any data."""
    user_id = CONTRACT["components"]["parameters"]["PathUserId"]["example"]
    cluster.execute(RESET, "examples")
    # A new token each time, because the server writes the user's row once per token.
    token = token_of(
        user_id, email="ada@example.com", name="Ada Lovelace", email_verified=True, jti=uuid4().hex
    )
    return Person(own_server, user_id, token)


def comparable(body: Json) -> Json:
    """Return the body without entity tags, and with created_at and updated_at replaced by their ranks."""
    text = re.sub(r', "etag": "\\"[0-9a-f]{16}\\""', "", json.dumps(body))
    for rank, time in enumerate(sorted(set(re.findall(r'(?:created|updated)_at": ("[^"]*")', text)))):
        text = re.sub(f'((?:created|updated)_at": ){time}', rf"\g<1>{rank}", text)
    return json.loads(text)


@pytest.mark.parametrize("case", SUCCESSES, ids=str)
def test_success_responses_equal_their_examples(example: Person, case: Case) -> None:
    for method, path, body in before(case.operation):
        assert example.request(method, path, json=body).is_success

    values = {p["name"]: p["example"] for p in case.parameters if p["in"] == "path"}
    query = {p["name"]: p["example"] for p in case.parameters if p["in"] == "query"}
    response = example.server.request(
        case.operation.method,
        case.operation.path.format(**values),
        token=example.token if case.operation.secured else None,
        params=query or None,
        json=case.body.get("example"),
    )

    assert response.status_code == case.status
    assert comparable(response.json()) == comparable(case.response["example"])
    headers = {name: header["example"] for name, header in case.headers.items() if name != "etag"}
    assert headers_of(response) == headers


# --- Error responses ---


def malformed(operation: Operation, person: Person) -> httpx.Response:
    return with_body(operation, person, b"{")


def anonymous(operation: Operation, person: Person) -> httpx.Response:
    return person.server.request(operation.method, target(operation, person), json=operation.example)


def elsewhere(operation: Operation, person: Person) -> httpx.Response:
    return call(operation, new_person(person.server), target(operation, person))


def nothing_there(operation: Operation, person: Person) -> httpx.Response:
    """Send a request for a missing item: in the path, or else in the body, or else a missing user."""
    references = [name for name in RESOURCES if operation.example and name in operation.properties]
    if references and not operation.item:
        return call(operation, person, json=operation.example | dict.fromkeys(references, LAST_ID))
    path = operation.path.format(user_id=person.id, **NOTHING)
    if not operation.item:
        assert person.delete().status_code == 200
    return call(operation, person, path)


def taken(operation: Operation, person: Person) -> httpx.Response:
    """Send unique properties that another item of the resource already has."""
    parameter = next(
        name for name in RESOURCES if operation.path in (RESOURCES[name].item, RESOURCES[name].collection)
    )
    names = dict.fromkeys(unique_properties(parameter), "Taken")
    person.create(parameter, person.create_each(), **names)
    return call(operation, person, json=operation.example | names)


def too_large(operation: Operation, person: Person) -> httpx.Response:
    return with_body(operation, person, b" " * (BODY_LIMIT + 1))


def other_media_type(operation: Operation, person: Person) -> httpx.Response:
    return with_body(operation, person, b"{}", "text/plain")


def with_body(
    operation: Operation, person: Person, content: bytes, media_type: str = "application/json"
) -> httpx.Response:
    return call(operation, person, json=None, content=content, headers={"Content-Type": media_type})


def limit_too_high(operation: Operation, person: Person) -> httpx.Response:
    """Send a `limit` that is too high; operations without `limit` reject it as an unknown parameter."""
    return call(operation, person, params={"limit": 1001})


def changed(operation: Operation, person: Person) -> httpx.Response:
    return call(operation, person, headers={"If-Match": '"another"'})


PROVOCATIONS: dict[int, Callable[[Operation, Person], httpx.Response]] = {
    400: malformed,
    401: anonymous,
    403: elsewhere,
    404: nothing_there,
    409: taken,
    412: changed,
    413: too_large,
    415: other_media_type,
    422: limit_too_high,
}


def expect_example(case: Case, response: httpx.Response) -> None:
    assert response.status_code == case.status, response.text
    assert headers_of(response) == {name: str(header["example"]) for name, header in case.headers.items()}
    if case.is_possible:
        assert response.json() == case.response["example"]


@pytest.mark.parametrize("case", ERRORS, ids=str)
def test_error_responses_equal_their_examples(ada: Person, case: Case) -> None:
    expect_example(case, PROVOCATIONS[case.status](case.operation, ada))


@pytest.fixture(scope="module")
def strict(server: Server, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that allows one request per user and minute."""
    folder = tmp_path_factory.mktemp("strict")
    with running(cluster.url("api"), folder, settings={"RATE_LIMIT_PER_USER": "1"}) as strict:
        yield strict


@pytest.mark.parametrize("case", LIMITED, ids=str)
def test_rate_limit_responses_equal_their_examples(strict: Server, case: Case) -> None:
    person = new_person(strict)
    path = case.operation.path.format(user_id=person.id, **ANY)
    assert call(case.operation, person, path).status_code != 429
    expect_example(case, call(case.operation, person, path))


@pytest.mark.parametrize("case", FAILURES, ids=str)
def test_server_errors_equal_their_examples(damaged: Server, unreachable: Server, case: Case) -> None:
    person = new_person({500: damaged, 503: unreachable}[case.status])
    path = case.operation.path.format(user_id=person.id, **ANY)
    expect_example(case, call(case.operation, person, path))
