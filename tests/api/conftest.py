"""One server for the session, and people who use it.

Nothing here imports the engine. What the contract says is read from openapi.yaml afresh, and every answer
that passes through `Server` is held to it: status, media type, headers and body.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
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
from tests.databases import SETTINGS, prepare
from tests.pgbouncer import served
from tests.resources import OTHER_PARAMETERS, RESOURCES, UNFIT, WHAT_IS_STORED, by_reference, new_body

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
    """The path of the contract that a request's target means."""
    path = target.partition("?")[0]
    for template in PATHS:
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return template
    return None


def check(method: str, target: str, answer: httpx.Response) -> None:
    """Fail unless the contract lets this request be answered so."""
    for name, header in CONTRACT["x-response-headers"].items():
        assert name in answer.headers or not header.get("required"), f"{method} {target[:200]} without {name}"
    template = match(target)
    if template is None and answer.status_code < 400:
        return  # The documentation is not part of the contract.
    where = f"{method} {target[:200]} answered {answer.status_code}"
    wanted = "GET" if method == "HEAD" else method
    operation = next((o for o in OPERATIONS if (o.method, o.path) == (wanted, template)), None)
    if operation is None and method == "OPTIONS":
        return
    if operation is None:
        # The documentation has preconditions as the contract's operations have.
        assert answer.status_code in (404, 405, 412), where
        response = resolve(CONTRACT["components"]["responses"]["BadRequest"])
    else:
        assert answer.status_code in operation.responses, where
        response = operation.responses[answer.status_code]
    for name, header in response.get("headers", {}).items():
        assert name in answer.headers or not resolve(header).get("required"), f"{where} without {name}"
    expected = ["application/json"] if "content" in response else []
    assert answer.headers.get_list("content-type") == expected, where
    if method == "HEAD" or not expected:
        assert answer.content == b"", where
        return
    problems = [
        error.message
        for error in validator(response["content"]["application/json"]["schema"]["$ref"]).iter_errors(
            answer.json()
        )
    ]
    assert not problems, f"{where}: {problems}"


# --- The server ---------------------------------------------------------------------------------------


class Server:
    """A client of one server process."""

    def __init__(self, port: int, log: Path, process: subprocess.Popen[bytes], *, sound: bool = True) -> None:
        self.port = port
        self.process = process
        self.log = log
        # A sound server never answers 500, though the contract lets every operation do so.
        self.sound = sound
        self.url = f"http://127.0.0.1:{port}"
        # Kept alive or not, a connection may reach either worker: each new one is taken by whoever is free.
        # The first request waits until the server has started, which takes long on a busy machine.
        self._client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def another_client(self) -> Server:
        """The same server over connections of its own, which any worker may take."""
        return Server(self.port, self.log, self.process, sound=self.sound)

    def close(self) -> None:
        self._client.close()

    def request(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        headers = httpx.Headers(options.pop("headers", None))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        answer = self._client.request(method, path, headers=headers, **options)
        self.check(method, answer.request.url.raw_path.decode(), answer)
        return answer

    def check(self, method: str, target: str, answer: httpx.Response) -> None:
        assert not (self.sound and answer.status_code == 500), f"{method} {target[:200]} answered 500"
        check(method, target, answer)

    def send(self, data: bytes, *, checked: bool = True) -> httpx.Response:
        """Send these very bytes on a connection of their own, and read one answer.

        The connection is only closed for writing once the answer is there, so a server that waits for more
        than it was sent makes this fail.
        """
        method, target = data.split(b" ", 2)[:2]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(data)
            with HTTPResponse(connection, method=method.decode("latin-1")) as response:
                response.begin()
                answer = httpx.Response(
                    response.status, headers=response.getheaders(), content=response.read()
                )
        if checked:
            self.check(method.decode(), target.decode("latin-1"), answer)
        return answer

    def raw(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *headers: tuple[str, str],
        token: str | None = None,
        checked: bool = True,
    ) -> httpx.Response:
        """A request whose target and headers are sent as they stand here."""
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
    sound: bool = True,
    settings: Mapping[str, str | None] | None = None,
) -> Iterator[Server]:
    """A server process as scripts/serve runs it, but on this database as it is found.

    Without `workers` it serves alone, which starts in half the time.

    `settings` are added to those of the tests; None takes one away.

    Its socket listens before the process starts, so requests wait until they are answered; and only the
    process holds it, so they fail at once if it does not start.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": served(database_url),
        "BETTER_AUTH_SECRET": SECRET,
        "FRONTEND_URL": FRONTEND,
        "ENVIRONMENT": "test",
        "VALIDATE_RESPONSES": "true",
        "OBSERVATIONS": os.environ.get("OBSERVATIONS", ""),
        **SETTINGS,
        **(settings or {}),
    }
    program = (
        "import socket, sys; from impl.settings import load_settings; from scripts.serve import _run; "
        "_run(socket.socket(fileno=int(sys.argv[1])), load_settings(), workers=int(sys.argv[2]) or None)"
    )
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, (folder / "log").open("wb") as log:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(listener.fileno()), str(workers)],
            pass_fds=[listener.fileno()],
            env={name: value for name, value in environment.items() if value is not None},
            # A folder without .env file: what is set here is all that is set.
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(port, folder / "log", process, sound=sound)
    try:
        yield server
    finally:
        server.close()
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


# --- Databases ----------------------------------------------------------------------------------------


class Cluster:
    """The tests' PostgreSQL, in which each server has a database of its own."""

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
    """The server that nearly all tests share. It has two workers, which know nothing of each other.

    tests/mutants makes do with one, which starts in half the time.
    """
    url, workers = cluster.create("api"), int(os.environ.get("WORKERS", "2"))
    with running(url, tmp_path_factory.mktemp("server"), workers=workers) as server:
        yield server


@contextmanager
def running_without_database(folder: Path, **options: Any) -> Iterator[Server]:
    """A server whose database refuses connections, as nothing listens there."""
    with socket.socket() as unused:
        # Bound but not listening: the port stays ours for as long as the server runs.
        unused.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{unused.getsockname()[1]}/nothing"
        with running(url, folder, **options) as server:
            yield server


@pytest.fixture(scope="session")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_without_database(tmp_path_factory.mktemp("unreachable")) as server:
        yield server


def damage(cluster: Cluster, name: str) -> str:
    """A database that was changed behind its server's back, so that no statement works any more."""
    url = cluster.create(name)
    cluster.execute('ALTER TABLE tasks_api."user" RENAME COLUMN image TO picture', name)
    cluster.execute("ALTER TABLE tasks_api.alembic_version RENAME COLUMN version_num TO number", name)
    return url


@pytest.fixture(scope="session")
def damaged(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = damage(cluster, "damaged")
    with running(url, tmp_path_factory.mktemp("damaged"), sound=False) as server:
        yield server


@pytest.fixture(scope="module")
def stored(cluster: Cluster) -> Iterator[Callable[[], str]]:
    """Gives what every write to any table changes, to show that nothing was written."""
    connection = psycopg2.connect(cluster.url("api"))
    connection.autocommit = True
    with connection.cursor() as cursor:

        def digest() -> str:
            cursor.execute(WHAT_IS_STORED)
            return str(cursor.fetchall())

        yield digest
    connection.close()


# --- People -------------------------------------------------------------------------------------------


def token_of(user_id: str, **claims: Json) -> str:
    """A token with these claims besides the usual ones; None takes a claim away."""
    now = int(time.time())
    given = {"sub": user_id, "iat": now, "exp": now + 3600, **claims}
    return jwt.encode({name: value for name, value in given.items() if value is not None}, SECRET, "HS256")


@dataclass
class Person:
    """Somebody with a token. Paths are below their own, unless they begin with `/api`."""

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
        """Create what this path parameter names; `ids` has its parents."""
        resource = RESOURCES[parameter]
        path = resource.collection.format(user_id=quote(self.id, safe=":@+"), **ids)
        answer = self.post(path, new_body(parameter) | properties)
        assert answer.status_code == 201, UNFIT.format(path=resource.collection, answer=answer.text)
        return answer.json()

    def belongings(self, **properties: Json) -> dict[str, int]:
        """The ids of one new thing of each resource, by the path parameters that name them.

        Each has the `properties` that its resource has, and refers to the others.
        """
        ids: dict[str, int] = dict(OTHER_PARAMETERS)
        for parameter in by_reference():
            known = properties | ids
            mine = {name: known[name] for name in RESOURCES[parameter].references if name in known}
            ids[parameter] = self.create(parameter, ids, **mine)["id"]
        return ids


def newcomer(server: Server, user_id: str | None = None) -> Person:
    """Somebody whom the service has not seen yet."""
    user_id = user_id or uuid4().hex
    return Person(server, user_id, mint_token(SECRET, user_id, timedelta(hours=1)))


def known(server: Server) -> Person:
    person = newcomer(server)
    assert person.get().status_code == 200
    return person


@pytest.fixture
def ada(server: Server) -> Person:
    return known(server)


@pytest.fixture
def bob(server: Server) -> Person:
    return known(server)


# --- Requests of any operation ---------------------------------------------------------------------------


def target(operation: Operation, person: Person, **ids: int) -> str:
    """The operation's path, with things of this person unless others are given."""
    if operation.item and not ids:
        ids = person.belongings()
    return operation.path.format(user_id=person.id, **ids)


def call(operation: Operation, person: Person, path: str | None = None, **options: Any) -> httpx.Response:
    path = path or target(operation, person)
    if operation.example is not None:
        options.setdefault("json", operation.example)
    return person.server.request(
        operation.method, path, token=person.token if operation.secured else None, **options
    )


# --- Answers ------------------------------------------------------------------------------------------

NOT_AUTHENTICATED = {"detail": "Not authenticated"}
INVALID_TOKEN = 'Bearer error="invalid_token"'
"""The challenge where a token was sent; without one it is `Bearer` (RFC 6750, section 3)."""
NOT_THE_CALLER = {"detail": "Not authorized to access this user's data"}
NOT_FOUND = {"detail": "Not found"}
USER_NOT_FOUND = {"detail": "User not found"}
TASK_NOT_FOUND = {"detail": "Task not found"}
CATEGORY_NOT_FOUND = {"detail": "Category not found"}
NAME_TAKEN = {"detail": "A category with this name already exists"}


def expect(answer: httpx.Response, status: int, body: Json, **headers: str) -> None:
    """The answer is this, whole: no other body, and besides the usual headers no others than these."""
    assert (answer.status_code, answer.json()) == (status, body)
    assert headers_of(answer) == {name.replace("_", "-"): value for name, value in headers.items()}


def challenge(*headers: tuple[str, str]) -> str:
    """The challenge that the response to a request with these headers has."""
    values = [value for name, value in headers if name.lower() == "authorization"]
    sent = len(values) > 1 or any(value.partition(" ")[0].lower() == "bearer" for value in values)
    return INVALID_TOKEN if sent else "Bearer"


def headers_of(answer: httpx.Response) -> dict[str, str]:
    """The headers, without those that each answer has: their being there is asserted instead."""
    headers = dict(answer.headers)
    assert headers.pop("date")
    # Whether a browser may read the answer depends on who asks, so caches must know it.
    vary = headers.pop("vary")
    compressed = headers.pop("content-encoding", None)
    assert vary == "Origin" or (len(answer.content) >= COMPRESS_FROM and vary == "Accept-Encoding, Origin")
    assert compressed is None or (compressed == "gzip" and "Accept-Encoding" in vary)
    # Where the contract requires one is checked with each answer; which one it is, nobody knows beforehand.
    headers.pop("etag", None)
    assert headers.pop("content-type") == "application/json"
    for name, header in CONTRACT["x-response-headers"].items():
        if header.get("required"):
            assert jsonschema_rs.is_valid(header["schema"], headers.pop(name.lower())), name
    length = int(headers.pop("content-length"))
    assert compressed or length == len(answer.content) or (length and not answer.content)
    return headers


def body_of(answer: httpx.Response, status: int = 200) -> Json:
    assert answer.status_code == status, answer.text
    return answer.json()


def findings_of(answer: httpx.Response) -> list[tuple[str, str]]:
    """What a 422 found: where, with dots, and which rule."""
    assert headers_of(answer) == {}
    return [
        (".".join(map(str, finding["loc"])), finding["type"]) for finding in body_of(answer, 422)["detail"]
    ]


def pages_of(person: Person, path: str, **query: Json) -> list[Json]:
    """All pages of a list, read by following the cursor. Fails if it leads in a circle."""
    pages = [body_of(person.get(path, **query))]
    while pages[-1]["next_cursor"] is not None:
        assert len(pages) < 100
        pages.append(body_of(person.get(path, **query, cursor=pages[-1]["next_cursor"])))
    return pages


def ids_of(page: Json) -> list[int]:
    return [item["id"] for item in page["items"]]
