"""One server for the session, and persons who use it.

This module does not import the engine. `Server` compares every response with openapi.yaml: status, media
type, headers and body.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import jsonschema_rs
import psycopg2
import pytest
from jose import jwt
from specfirst.runtime.compression import COMPRESS_FROM
from sqlalchemy import make_url

from impl.identity.tokens import mint_token
from tests.contract import (
    BODY_LIMIT,
    CONTRACT,
    OPERATIONS,
    PATHS,
    ROOT,
    Json,
    Operation,
    each,
    resolve,
)
from tests.copies import import_path
from tests.databases import SETTINGS, prepare
from tests.fork_server import Process, fork
from tests.pgbouncer import served
from tests.resources import (
    CREATION_FAILED,
    OTHER_PARAMETERS,
    RESOURCES,
    WHAT_IS_STORED,
    by_reference,
    new_body,
)
from tests.serving import TLS

__all__ = ["BODY_LIMIT", "CONTRACT", "OPERATIONS", "PATHS", "ROOT", "Json", "Operation", "each", "resolve"]

SECRET = "api-tests:0123456789abcdefghijklm"
FRONTEND = "https://tasks.example.com"


# --- The contract -------------------------------------------------------------------------------------


@cache
def validator(reference: str) -> Any:
    schema = {"$ref": reference, "components": CONTRACT["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def allowed(path: str) -> str:
    """The value of `Allow` for a path of the contract."""
    methods = {operation.method for operation in OPERATIONS if operation.path == path}
    return ", ".join(sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))


def match(target: str) -> str | None:
    """Return the path template of the contract that matches a request target."""
    path = target.partition("?")[0]
    for template in PATHS:
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return template
    return None


def check(method: str, target: str, response: httpx.Response) -> None:
    """Fail unless the contract declares this response."""
    for name, header in CONTRACT["x-response-headers"].items():
        assert name in response.headers or not header.get("required"), (
            f"{method} {target[:200]} without {name}"
        )
    template = match(target)
    if template is None and response.status_code < 400:
        return  # The documentation is not part of the contract.
    where = f"{method} {target[:200]} answered {response.status_code}"
    effective_method = "GET" if method == "HEAD" else method
    operation = next((o for o in OPERATIONS if (o.method, o.path) == (effective_method, template)), None)
    if operation is None and method == "OPTIONS":
        return
    if operation is None:
        # The documentation evaluates preconditions, as the contract's operations do.
        assert response.status_code in (404, 405, 412), where
        declared = resolve(CONTRACT["components"]["responses"]["BadRequest"])
    else:
        assert response.status_code in operation.responses, where
        declared = operation.responses[response.status_code]
    for name, header in declared.get("headers", {}).items():
        assert name in response.headers or not resolve(header).get("required"), f"{where} without {name}"
    expected = ["application/json"] if "content" in declared else []
    assert response.headers.get_list("content-type") == expected, where
    if method == "HEAD" or not expected:
        assert response.content == b"", where
        return
    problems = [
        error.message
        for error in validator(declared["content"]["application/json"]["schema"]["$ref"]).iter_errors(
            response.json()
        )
    ]
    assert not problems, f"{where}: {problems}"


# --- The server ---------------------------------------------------------------------------------------


class Server:
    """A client of one server process."""

    def __init__(self, port: int, log: Path, process: Process, *, undamaged: bool = True) -> None:
        self.port = port
        self.process = process
        self.log = log
        # An undamaged server never answers 500, although the contract declares 500 for every operation.
        self.undamaged = undamaged
        self.url = f"http://127.0.0.1:{port}"
        # Any idle worker may accept a new connection.
        # The first request waits until the server has started, which is slow on a busy machine.
        self._client = httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=TLS)

    def another_client(self) -> Server:
        """Return a client of the same server with new connections, which any worker may accept."""
        return Server(self.port, self.log, self.process, undamaged=self.undamaged)

    def close(self) -> None:
        self._client.close()

    def request(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        headers = httpx.Headers(options.pop("headers", None))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        response = self._client.request(method, path, headers=headers, **options)
        self.check(method, response.request.url.raw_path.decode(), response)
        return response

    def check(self, method: str, target: str, response: httpx.Response) -> None:
        assert not (self.undamaged and response.status_code == 500), f"{method} {target[:200]} answered 500"
        check(method, target, response)

    def send(self, data: bytes, *, checked: bool = True) -> httpx.Response:
        """Send exactly these bytes on a new connection, and read one response.

        The connection stays open for writing until the response is read, so this fails if the server waits
        for more data.
        """
        method, target = data.split(b" ", 2)[:2]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(data)
            with HTTPResponse(connection, method=method.decode("latin-1")) as response:
                response.begin()
                response = httpx.Response(
                    response.status, headers=response.getheaders(), content=response.read()
                )
        if checked:
            self.check(method.decode(), target.decode("latin-1"), response)
        return response

    def raw(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *headers: tuple[str, str],
        token: str | None = None,
        checked: bool = True,
    ) -> httpx.Response:
        """Send a request with exactly this target and these headers."""
        lines = [f"{method} {target} HTTP/1.1", "Host: test"]
        lines += [f"{name}: {value}" for name, value in headers]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        if body is not None and not any(name.lower() in FRAMING for name, _ in headers):
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return self.send(head + (body or b""), checked=checked)


FRAMING = ("content-length", "transfer-encoding")


@contextmanager
def running(
    database_url: str,
    folder: Path,
    *,
    workers: int = 0,
    processes: int = 1,
    undamaged: bool = True,
    settings: Mapping[str, str | None] | None = None,
) -> Iterator[Server]:
    """Run a server process as scripts/serve does, but without migrating its database.

    With `workers`, it is a supervisor that starts them; they load all modules. With several `processes`, they
    share the socket without a supervisor, and start in a fraction of the time.

    `settings` are added to the settings of the tests; None removes one.

    The socket listens before the process starts, so requests wait for the server. Only the process has the
    socket, so requests fail at once if the process does not start. The process is forked from one that has
    loaded the modules (tests/fork_server.py); the workers of a supervisor load them again.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": import_path(ROOT),
        "DATABASE_URL": served(database_url),
        "BETTER_AUTH_SECRET": SECRET,
        "FRONTEND_URL": FRONTEND,
        "ENVIRONMENT": "test",
        "VALIDATE_RESPONSES": "true",
        "OBSERVATIONS": os.environ.get("OBSERVATIONS", ""),
        **SETTINGS,
        **(settings or {}),
    }
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, (folder / "log").open("wb") as log:
        port = listener.getsockname()[1]
        env = {name: value for name, value in environment.items() if value is not None}
        # A folder without a .env file, so only these settings apply.
        forked = [fork(listener, workers, env=env, folder=folder, log=log) for _ in range(processes)]
    server = Server(port, folder / "log", forked[0], undamaged=undamaged)
    try:
        yield server
    finally:
        server.close()
        for process in forked:
            process.terminate()
        try:
            for process in forked:
                process.wait(15)
        except subprocess.TimeoutExpired:
            for process in forked:
                process.kill()
                process.wait()
            raise


# --- Databases ----------------------------------------------------------------------------------------


class Cluster:
    """The PostgreSQL of the tests, in which each server has its own database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, name: str) -> str:
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)

    def execute(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.url(database) if database else self._url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create(self, name: str, *, migrated: bool = True) -> str:
        self.execute(f"CREATE DATABASE {name}")
        if migrated:
            prepare(self.url(name))
        return self.url(name)


@pytest.fixture(scope="session")
def cluster(postgres_url: str) -> Cluster:
    return Cluster(postgres_url)


@pytest.fixture(scope="session")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that nearly all tests share. It has two independent processes."""
    with running(cluster.create("api"), tmp_path_factory.mktemp("server"), processes=2) as server:
        yield server


@contextmanager
def running_without_database(folder: Path, **options: Any) -> Iterator[Server]:
    """Run a server whose database refuses connections, because no process listens there."""
    with socket.socket() as unused:
        # Bound but not listening, so no other process gets the port while the server runs.
        unused.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{unused.getsockname()[1]}/nothing"
        with running(url, folder, **options) as server:
            yield server


@pytest.fixture(scope="session")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_without_database(tmp_path_factory.mktemp("unreachable")) as server:
        yield server


def damage(cluster: Cluster, name: str) -> str:
    """Rename columns of a migrated database, so that every statement fails."""
    url = cluster.create(name)
    cluster.execute('ALTER TABLE tasks_api."user" RENAME COLUMN image TO picture', name)
    cluster.execute("ALTER TABLE tasks_api.alembic_version RENAME COLUMN version_num TO number", name)
    return url


@pytest.fixture(scope="session")
def damaged(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = damage(cluster, "damaged")
    with running(url, tmp_path_factory.mktemp("damaged"), undamaged=False) as server:
        yield server


@pytest.fixture(scope="module")
def stored(cluster: Cluster) -> Iterator[Callable[[], str]]:
    """A function whose result changes with every write to any table, to assert that nothing was written."""
    connection = psycopg2.connect(cluster.url("api"))
    connection.autocommit = True
    with connection.cursor() as cursor:

        def digest() -> str:
            cursor.execute(WHAT_IS_STORED)
            # PostgreSQL reads large tables in parallel, and returns them in any order.
            return str(sorted(cursor.fetchall()))

        yield digest
    connection.close()


# --- People -------------------------------------------------------------------------------------------


def token_of(user_id: str, **claims: Json) -> str:
    """Return a token with these claims added to the usual ones; None removes a claim."""
    now = int(time.time())
    given = {"sub": user_id, "iat": now, "exp": now + 3600, **claims}
    return jwt.encode({name: value for name, value in given.items() if value is not None}, SECRET, "HS256")


@dataclass
class Person:
    """A user with a token. Paths are relative to the user's own path, unless they begin with `/api`."""

    server: Server
    id: str
    token: str

    def path(self, path: str = "") -> str:
        return path if path.startswith("/api") else f"/api/{quote(self.id, safe=':@+')}{path}"

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.server.request(method, self.path(path), token=self.token, **options)

    def raw(
        self, method: str, path: str, body: bytes | None = None, *headers: tuple[str, str]
    ) -> httpx.Response:
        return self.server.raw(method, self.path(path), body, *headers, token=self.token)

    def get(self, path: str = "", **query: Json) -> httpx.Response:
        return self.request("GET", path, params=query or None)

    def post(self, path: str, body: Json) -> httpx.Response:
        return self.request("POST", path, json=body)

    def put(self, path: str, body: Json) -> httpx.Response:
        return self.request("PUT", path, json=body)

    def patch(self, path: str, body: Json = None) -> httpx.Response:
        return self.request("PATCH", path, json=body)

    def delete(self, path: str = "") -> httpx.Response:
        return self.request("DELETE", path)

    def task(self, title: str = "Write", **properties: Json) -> Json:
        return body_of(self.post("/tasks", {"title": title, **properties}), 201)

    def category(self, name: str = "Work", **properties: Json) -> Json:
        return body_of(self.post("/categories", {"name": name, **properties}), 201)

    def create(self, parameter: str, ids: Mapping[str, int], **properties: Json) -> Json:
        """Create an item of this path parameter's resource; `ids` contains its parents."""
        resource = RESOURCES[parameter]
        path = resource.collection.format(user_id=quote(self.id, safe=":@+"), **ids)
        response = self.post(path, new_body(parameter) | properties)
        assert response.status_code == 201, CREATION_FAILED.format(
            path=resource.collection, response=response.text
        )
        return response.json()

    def create_each(self, **properties: Json) -> dict[str, int]:
        """Create an item of each resource, and return their ids by path parameter.

        Each item has those of `properties` that its resource has, and refers to the other items.
        """
        ids: dict[str, int] = dict(OTHER_PARAMETERS)
        for parameter in by_reference():
            known = properties | ids
            mine = {name: known[name] for name in RESOURCES[parameter].references if name in known}
            ids[parameter] = self.create(parameter, ids, **mine)["id"]
        return ids


def new_person(server: Server, user_id: str | None = None) -> Person:
    """Return a person who has not sent a request yet."""
    user_id = user_id or uuid4().hex
    return Person(server, user_id, mint_token(SECRET, user_id, timedelta(hours=1)))


def existing_person(server: Server) -> Person:
    person = new_person(server)
    assert person.get().status_code == 200
    return person


@pytest.fixture
def ada(server: Server) -> Person:
    return existing_person(server)


@pytest.fixture
def bob(server: Server) -> Person:
    return existing_person(server)


# --- Requests of any operation ---------------------------------------------------------------------------


def target(operation: Operation, person: Person, **ids: int) -> str:
    """Return the operation's path with these ids, by default of new items of the person."""
    if operation.item and not ids:
        ids = person.create_each()
    return operation.path.format(user_id=person.id, **ids)


def call(operation: Operation, person: Person, path: str | None = None, **options: Any) -> httpx.Response:
    path = path or target(operation, person)
    if operation.example is not None:
        options.setdefault("json", operation.example)
    return person.server.request(
        operation.method, path, token=person.token if operation.secured else None, **options
    )


# --- Responses ----------------------------------------------------------------------------------------

NOT_AUTHENTICATED = {"detail": "Not authenticated", "code": "unauthorized"}
INVALID_TOKEN = 'Bearer error="invalid_token"'
"""The challenge for an invalid token; for a missing token it is `Bearer` (RFC 6750, section 3)."""
NOT_THE_CALLER = {"detail": "Not authorized to access this user's data", "code": "not_the_caller"}
NOT_FOUND = {"detail": "Not found", "code": "not_found"}
USER_NOT_FOUND = {"detail": "User not found", "code": "user_not_found"}
TASK_NOT_FOUND = {"detail": "Task not found", "code": "task_not_found"}
CATEGORY_NOT_FOUND = {"detail": "Category not found", "code": "category_not_found"}
NAME_TAKEN = {"detail": "A category with this name already exists", "code": "category_name_taken"}


def expect(response: httpx.Response, status: int, body: Json, **headers: str) -> None:
    """Assert the status, the whole body, and that no headers but the usual ones and these are present.

    The entity tag of a body is that of the header, and need not be given.
    """
    found = response.json()
    assert (response.status_code, without_etags(found)) == (status, without_etags(body))
    assert found.get("etag") == response.headers.get("etag")
    assert headers_of(response) == {name.replace("_", "-"): value for name, value in headers.items()}


def without_etags(body: Json) -> Json:
    if isinstance(body, list):
        return [without_etags(item) for item in body]
    if isinstance(body, dict):
        return {name: without_etags(value) for name, value in body.items() if name != "etag"}
    return body


def challenge(*headers: tuple[str, str]) -> str:
    """Return the challenge of the response to a request with these headers."""
    values = [value for name, value in headers if name.lower() == "authorization"]
    sent = len(values) > 1 or any(value.partition(" ")[0].lower() == "bearer" for value in values)
    return INVALID_TOKEN if sent else "Bearer"


def headers_of(response: httpx.Response) -> dict[str, str]:
    """Assert the headers that every response has, and return the others."""
    headers = dict(response.headers)
    assert headers.pop("date")
    # The CORS headers depend on the request's Origin, so responses must vary by it.
    vary = headers.pop("vary")
    compressed = headers.pop("content-encoding", None)
    assert vary == "Origin" or (len(response.content) >= COMPRESS_FROM and vary == "Accept-Encoding, Origin")
    assert compressed is None or (compressed == "gzip" and "Accept-Encoding" in vary)
    # `check` asserts that a required header is present; its value is not predictable.
    headers.pop("etag", None)
    assert headers.pop("content-type") == "application/json"
    for name, header in CONTRACT["x-response-headers"].items():
        if header.get("required"):
            assert jsonschema_rs.is_valid(header["schema"], headers.pop(name.lower())), name
    length = int(headers.pop("content-length"))
    assert compressed or length == len(response.content) or (length and not response.content)
    return headers


def body_of(response: httpx.Response, status: int = 200) -> Json:
    assert response.status_code == status, response.text
    return response.json()


def validation_errors_of(response: httpx.Response) -> list[tuple[str, str]]:
    """Return the validation errors of a 422 response: location with dots, and type."""
    assert headers_of(response) == {}
    return [(".".join(map(str, error["loc"])), error["type"]) for error in body_of(response, 422)["detail"]]


def pages_of(person: Person, path: str, **query: Json) -> list[Json]:
    """Return all pages of a list, read by following the cursor. Fails if a cursor repeats."""
    pages = [body_of(person.get(path, **query))]
    while pages[-1]["next_cursor"] is not None:
        assert len(pages) < 100
        pages.append(body_of(person.get(path, **query, cursor=pages[-1]["next_cursor"])))
    return pages


def ids_of(page: Json) -> list[int]:
    return [item["id"] for item in page["items"]]
