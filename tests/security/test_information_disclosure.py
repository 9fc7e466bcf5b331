"""Information disclosure: error responses contain only texts of the contract, and the log no client data.

The tests provoke all kinds of errors, on undamaged and damaged servers, with a marker word in every input.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from bad_tokens import KEY_SET, SHARED_SECRET
from signing import SECRET

from tests.api.conftest import BODY_LIMIT, CONTRACT, OPERATIONS, Json, Operation, Person, Server
from tests.api.test_bad_input import (
    INVALID_IDS,
    INVALID_USER_IDS,
    MALFORMED,
    OTHER_TYPES,
    all_bad_values,
    invalid_queries,
)
from tests.resources import ANY, RESOURCES, not_found

from .conftest import some_person

WORD = "canary7f3a9c"
EVERYWHERE = (
    ("User-Agent", WORD),
    ("Referer", f"https://{WORD}.example/{WORD}?{WORD}"),
    ("Cookie", f"session={WORD}"),
    ("X-Other", WORD),
)
JSON = ("Content-Type", "application/json")
WITH_BODY = [operation for operation in OPERATIONS if operation.example is not None]

# All details that an error response may have.
DETAILS = {
    "Not authenticated",
    "Not authorized to access this user's data",
    "Not found",
    "User not found",
    *(not_found(parameter)["detail"] for parameter in RESOURCES),
    "Method not allowed",
    "The request line must be METHOD TARGET HTTP/1.1",
    "The HTTP version must be 1.1 or 1.0",
    "A category with this name already exists",
    "The resource's ETag does not satisfy the request's If-Match or If-None-Match",
    "The body is missing",
    "The body is not valid JSON in UTF-8",
    "The body names a member twice",
    "The body must be application/json in UTF-8",
    "The body must not be compressed",
    f"The body is larger than {BODY_LIMIT} bytes",
    "Too many requests",
    "The service is stopping",
    "Internal server error",
    "The database is not available",
    "The database is not migrated",
}

# Words of the implementation: of the language, the libraries, the database and the machine.
REVEALING = re.compile(
    rb"""traceback|exception|\bline \d|column \d|char \d|0x[0-9a-f]{6}|object at|\.py\b|errno|site-packages
    |python|uvicorn|uvloop|httptools|starlette|fastapi|pydantic|sqlalchemy|sqlmodel|asyncpg|psycopg|orjson
    |jsonschema|\bjose\b|pyjwt|cryptography|openssl|postgres|alembic|tasks_api
    |\bselect\b|\binsert\b|\bupdate\b.*\bset\b|\bdelete from\b|\brelation\b|\bconstraint\b|syntax|_fkey|_key\b
    |expecting|unexpected|invalid literal|codec|decode|parser|signature|expired|/usr/|/home/|/tmp/|/root/
    |\b\d+\.\d+\.\d+\b""",
    re.IGNORECASE | re.VERBOSE,
)


def word_in(value: Json) -> Json:
    """Return the value with the marker word in each text."""
    if isinstance(value, dict):
        return {name: word_in(member) for name, member in value.items()}
    if isinstance(value, list):
        return [word_in(member) for member in value]
    return WORD + value if isinstance(value, str) else value


def send(
    person: Person,
    method: str,
    path: str,
    body: bytes | None = None,
    *headers: tuple[str, str],
    token: str | None = "",
) -> httpx.Response:
    """Send a request with the marker word, by default with the person's token."""
    token = person.token if token == "" else token
    return person.server.raw(method, person.path(path), body, *headers, *EVERYWHERE, token=token)


def path_of(operation: Operation, person: Person, **ids: Any) -> str:
    return operation.path.format(**{"user_id": person.id, **ANY, **ids})


def valid_body(operation: Operation) -> bytes | None:
    """Return a valid body with the marker word."""
    if operation.example is None:
        return None
    return json.dumps(operation.example | {operation.properties[0]: WORD}).encode()


def failures(person: Person) -> Iterator[httpx.Response]:
    """Send valid requests to a damaged server; yield the responses."""
    for operation in OPERATIONS:
        if operation.secured:
            query = f"?cursor={'0' * 28}" if "cursor" in operation.query else ""
            yield send(
                person, operation.method, path_of(operation, person) + query, valid_body(operation), JSON
            )


def mistakes(person: Person) -> Iterator[httpx.Response]:
    """Send every kind of invalid request; yield the responses."""
    for operation in OPERATIONS:
        body, path = valid_body(operation), path_of(operation, person)
        if operation.item:
            yield send(person, operation.method, path, body, JSON)
        yield send(person, operation.method, f"{path}?other={WORD}&{WORD}=1", body, JSON)
        yield send(person, operation.method, path, body, JSON, token=None)
        yield send(person, operation.method, path_of(operation, person, user_id=WORD), body, JSON)
        yield send(person, "PATCH" if operation.method == "GET" else "POST", f"/{WORD}", body, JSON)
        yield send(person, "TRACE", path)
        for name in operation.query:
            for text in (*invalid_queries(operation, name), WORD, f"{WORD}&{name}={WORD}"):
                yield send(person, "GET", f"{path}?{name}={text}")
    for operation in WITH_BODY:
        path = path_of(operation, person)
        text = json.dumps(word_in(operation.example))
        for make in MALFORMED.values():
            yield send(person, operation.method, path, make(text), JSON)
        for media_type in (*OTHER_TYPES, f"{WORD}/json", f"application/json; charset={WORD}"):
            yield send(person, operation.method, path, text.encode(), ("Content-Type", media_type))
        yield send(person, operation.method, path, text.encode(), JSON, ("Content-Encoding", WORD))
        yield send(person, operation.method, path, WORD.encode() * 6000, JSON)
        for name in operation.properties:
            for value in (*all_bad_values(operation, name), WORD * 200, {WORD: WORD}, [WORD]):
                changed = json.dumps(operation.example | {name: word_in(value)}).encode()
                yield send(person, operation.method, path, changed, JSON)
    for text in (*INVALID_IDS, WORD):
        yield send(person, "GET", f"/tasks/{text}")
        yield send(person, "DELETE", f"/categories/{text}")
    for text in (*INVALID_USER_IDS, f"{WORD}%00"):
        yield send(person, "GET", f"/api/{text}/tasks")
    for token in [*SHARED_SECRET.values(), *(build() for build in KEY_SET.values())]:
        # The server removes white space around the value of a header, and then some of the tokens are valid.
        if token.isascii() and token.isprintable() and len(token) < 16_384 and token == token.strip():
            yield send(person, "GET", "/tasks", token=token)
    yield send(person, "GET", "/tasks", token=WORD)
    for name in ("If-Match", "If-None-Match", "Idempotency-Key", "Prefer", "Range", "X-Request-ID"):
        for value in (f"{WORD} \xe9", f'"{WORD}', f'"{WORD}"', WORD * 100):
            yield send(person, "POST", "/tasks", b'{"title":"a"}', JSON, (name, value))
            yield send(person, "PATCH", "/tasks/1", b'{"title":"a"}', JSON, (name, value))
    for line in (f"GET /{WORD} HTTP/9.9", f"{WORD} / HTTP/1.1", f"GET /\0{WORD} HTTP/1.1", WORD):
        yield person.server.send(f"{line}\r\nHost: {WORD}\r\n\r\n".encode(), checked=False)
    for _ in range(2):
        yield send(person, "POST", "/categories", json.dumps({"name": WORD}).encode(), JSON)
    for injection in (f"{WORD}' OR 1=1 --", f'{WORD}"; DROP TABLE task', f"{WORD}{{0}}%s${{x}}", f"{WORD}\\"):
        yield send(
            person,
            "POST",
            "/tasks",
            json.dumps({"title": injection, "category_id": 2**53 - 1}).encode(),
            JSON,
        )
        yield send(person, "GET", f"/tasks?priority={quote(injection)}")


def expect_no_more_than_the_contract(response: httpx.Response) -> None:
    whole = (
        b"\n".join(f"{name}: {value}".encode() for name, value in response.headers.items()) + response.content
    )
    assert not (found := REVEALING.search(whole)), (found, whole[:1000])
    content = response.json()
    assert list(content) == ["detail", "code"]
    assert content["code"] in CONTRACT["components"]["schemas"]["ErrorCode"]["x-extensible-enum"]
    if response.status_code != 422:
        assert content["detail"] in DETAILS
        return
    for error in content["detail"]:
        assert sorted(error) == ["loc", "msg", "type"]
        # The location may contain a name from the client; the message is always a text of the server.
        assert WORD not in error["msg"]
        assert WORD not in error["type"]


def victim(server: Server) -> Person:
    more = {"name": f"{WORD} Lovelace", "email": f"{WORD}@example.com", "image": f"https://{WORD}.example"}
    return some_person(server, **more)


def expect_nothing_in_the_log(person: Person) -> None:
    log = person.server.log.read_text(encoding="utf-8")
    for private in (
        WORD,
        person.token,
        "eyJ",
        SECRET,
        "INSERT INTO",
        "SELECT ",
        "UPDATE ",
        " does not exist",
    ):
        assert private not in log, log[log.index(private) - 300 :][:600]


def test_client_errors_reveal_nothing_and_log_no_client_data(
    server: Server,
) -> None:
    person = victim(server)
    statuses: Counter[int] = Counter()
    for response in mistakes(person):
        statuses[response.status_code] += 1
        if response.status_code >= 400:
            expect_no_more_than_the_contract(response)
    assert {400, 401, 403, 404, 405, 409, 413, 415, 422} <= statuses.keys()
    assert sum(statuses.values()) > 1500
    expect_nothing_in_the_log(person)


@pytest.mark.parametrize("status", [500, 503])
def test_server_errors_reveal_nothing_and_log_no_client_data(
    damaged: Server, unreachable: Server, status: int
) -> None:
    person = victim({500: damaged, 503: unreachable}[status])
    # Without a database, each request takes long, because statements are retried.
    for response in islice(failures(person), None if status == 500 else 1):
        assert response.status_code == status
        expect_no_more_than_the_contract(response)
    expect_nothing_in_the_log(person)
    if status == 500:
        assert "createTask" in person.server.log.read_text(encoding="utf-8")


def test_the_test_knows_every_detail_of_the_contract() -> None:
    details = {
        media["example"]["detail"]
        for response in CONTRACT["components"]["responses"].values()
        for media in response.get("content", {}).values()
        if isinstance(media.get("example", {}).get("detail"), str)
    }
    assert details <= DETAILS
