"""Tenant isolation: a user tries to reach another user's data, with every kind of request of the contract.

Bob makes each attempt twice: with Ada's ids, and with ids that never existed. The responses must be equal.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from impl.tables import SCHEMA, metadata
from tests.api.conftest import (
    NOT_THE_CALLER,
    OPERATIONS,
    Cluster,
    Json,
    Operation,
    Person,
    body_of,
    new_person,
    pages_of,
    running,
)
from tests.resilience.conftest import FULL, Report
from tests.resources import RESOURCES, body_for, collections, rows_of_user, text_properties

ATTEMPTS = 10_000 if FULL else 600
SEED = 20261125

# A marker in all of Ada's texts, which no response to Bob may contain.
MARK = "adas-own-"


@dataclass(frozen=True)
class ForeignIds:
    """The foreign ids that Bob uses: Ada's, or invented ones."""

    user_id: str
    ids: dict[str, int]
    cursor: str
    etag: str
    key: str

    def values(self) -> dict[str, Any]:
        return {**vars(self), **self.ids}


@dataclass
class Request:
    method: str
    path: str
    user_id: str
    ids: dict[str, int]
    body: Json = None
    query: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        path = self.path.format(user_id=self.user_id, **self.ids)
        return f"{path}?{'&'.join(self.query)}" if self.query else path

    @property
    def content(self) -> bytes | None:
        return self.body if isinstance(self.body, bytes | None) else json.dumps(self.body).encode()


Way = Callable[[Request, ForeignIds, Random], None]


def encoded(text: object, chance: Random) -> str:
    """Percent-encode some characters of a text."""
    return "".join(f"%{ord(letter):02x}" if chance.random() < 0.5 else letter for letter in str(text))


def in_path(request: Request, foreign: ForeignIds, chance: Random) -> None:
    """Use the ids in the path only."""


def encoded_path(request: Request, foreign: ForeignIds, chance: Random) -> None:
    ids = {name: encoded(value, chance) for name, value in request.ids.items()}
    request.path = request.path.format(user_id=encoded(request.user_id, chance), **ids)


def neighbour(request: Request, foreign: ForeignIds, chance: Random) -> None:
    """Use an id next to Ada's, which belongs to Ada or a third user."""
    step = chance.choice([-2, -1, 1, 2])
    # Ids begin at 1.
    request.ids = {name: max(1, value + step) for name, value in request.ids.items()}


def another_method(request: Request, foreign: ForeignIds, chance: Random, method: str) -> None:
    request.method, request.body = method, None


def in_body(request: Request, foreign: ForeignIds, chance: Random, name: str) -> None:
    value = foreign.values()[{"id": "task_id"}.get(name, name)]
    request.body = {**(request.body or {}), name: value}


def no_body(request: Request, foreign: ForeignIds, chance: Random) -> None:
    content = chance.choice([b"{", b"", b'{"title":"a","title":"b"}', b"\xff", b" " * 70_000])
    request.body = content
    request.headers["Content-Type"] = chance.choice(["application/json", "text/plain"])


def in_query(request: Request, foreign: ForeignIds, chance: Random, name: str) -> None:
    request.query.append(f"{name}={encoded(foreign.values()[name], chance)}")


def with_filters(request: Request, foreign: ForeignIds, chance: Random, *names: str) -> None:
    values = {
        "category_id": [foreign.ids["category_id"]],
        "cursor": [foreign.cursor],
        "completed": ["true", "false"],
        "priority": ["low", "medium", "high"],
        "limit": [1, 2, 1000],
        "offset": [0, 1, 3, 2**53 - 1],
    }
    request.query += [f"{name}={chance.choice(values[name])}" for name in names]


def header(request: Request, foreign: ForeignIds, chance: Random, name: str, value: str) -> None:
    path = f"/api/{foreign.user_id}/tasks/{foreign.ids['task_id']}"
    request.headers[name] = value.format(path=path, **foreign.values())


def through_own_path(request: Request, foreign: ForeignIds, chance: Random, detour: str) -> None:
    """Use path segments that a careless router or proxy would resolve to Ada's path."""
    place = request.path.removeprefix("/api/{user_id}")
    request.path = f"/api/{{user_id}}{detour}{foreign.user_id}{place}"


WAYS: dict[str, Way] = {
    "in the path": in_path,
    "in the path, encoded": encoded_path,
    "a neighbour's id": neighbour,
    **{name: partial(another_method, method=name) for name in ("HEAD", "OPTIONS", "TRACE", "PROPFIND")},
    **{f"{name} in the body": partial(in_body, name=name) for name in ("user_id", "id", *RESOURCES)},
    "an invalid body": no_body,
    **{f"{name} in the query": partial(in_query, name=name) for name in ("user_id", *RESOURCES)},
    "their cursor": partial(in_query, name="cursor"),
    **{
        f"filters: {', '.join(names)}": lambda request, foreign, chance, names=names: with_filters(
            request, foreign, chance, *names
        )
        for names in (
            ("cursor", "limit"),
            ("cursor", "offset"),
            ("category_id", "limit", "offset"),
            ("category_id", "completed"),
            ("category_id", "priority", "completed"),
            ("completed", "limit"),
            ("priority", "offset"),
            ("category_id", "cursor", "completed", "priority", "limit", "offset"),
            ("limit", "limit"),
        )
    },
    **{
        f"{name}: {value}": partial(header, name=name, value=value)
        for name, value in (
            ("If-Match", "{etag}"),
            ("If-Match", "*"),
            ("If-Match", 'W/{etag}, "x"'),
            ("If-None-Match", "{etag}"),
            ("If-None-Match", "*"),
            ("If-None-Match", '"x", W/{etag}'),
            ("If-Modified-Since", "Thu, 01 Jan 2037 00:00:00 GMT"),
            ("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("If-Range", "{etag}"),
            ("Range", "bytes=0-"),
            ("Idempotency-Key", "{key}"),
            ("X-User-Id", "{user_id}"),
            ("X-Forwarded-User", "{user_id}"),
            ("Cookie", "user_id={user_id}"),
            ("X-Original-URL", "{path}"),
            ("X-Rewrite-URL", "{path}"),
            ("X-Forwarded-Prefix", "/api/{user_id}"),
            ("X-HTTP-Method-Override", "GET"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("Prefer", "return=representation"),
        )
    },
    **{
        f"through the own path with {detour}": partial(through_own_path, detour=detour)
        for detour in ("/../", "/..%2F", "%2F..%2F", "/%2e%2e/", "/tasks/../../", "//", "%00", ";/", "\\..\\")
    },
}

KEYED = "Idempotency-Key: {key}"

# The owner of the path, and the owner of the item in it.
PLACES = ("their path", "their item in the own path", "own")


@dataclass(frozen=True)
class Attempt:
    operation: Operation
    way: str
    place: str
    seed: str

    @property
    def about(self) -> str:
        """The parameter of the resource in the response; empty for a profile."""
        path = self.operation.path
        about = [name for name, one in RESOURCES.items() if path.startswith((one.collection, one.item))]
        return about[-1] if about else ""

    def request(self, foreign: ForeignIds, bob: Bob) -> Request:
        chance = Random(self.seed)  # noqa: S311
        own = self.place == "own"
        request = Request(
            self.operation.method,
            self.operation.path,
            foreign.user_id if self.place == "their path" else bob.person.id,
            bob.ids if own else {**foreign.ids},
            body=body_for(self.operation),
        )
        WAYS[self.way](request, foreign, chance)
        return request


def plan() -> Iterator[Attempt]:
    """Yield each operation in each way and place, repeatedly until there are enough attempts."""
    combinations = [
        (operation, way, place)
        for operation in OPERATIONS
        if operation.owned
        for way in WAYS
        for place in PLACES
        # Bob's requests for his own data are no attempts.
        if not (operation.method == "DELETE" and place == "own")
        and not (operation.id == "deleteUser" and place != "their path")
        and not (place == "their item in the own path" and not operation.item)
    ]
    for number in range(-(-ATTEMPTS // len(combinations))):
        random.Random(SEED + number).shuffle(combinations)  # noqa: S311
        for operation, way, place in combinations:
            yield Attempt(operation, way, place, f"{SEED}/{number}/{operation.id}/{way}/{place}")


class Ada:
    """The attacked user, with items in every state."""

    def __init__(self, person: Person, cluster: Cluster) -> None:
        self.person, self._cluster = person, cluster
        self.categories = [person.category(f"{MARK}{number}")["id"] for number in range(6)]
        self.tasks = [
            person.task(
                f"{MARK}{number}",
                description=f"{MARK}description",
                completed=number % 2 == 0,
                priority=("low", "medium", "high")[number % 3],
                category_id=self.categories[number % 5],
            )
            for number in range(20)
        ]
        # And an item of every resource of the contract.
        names = text_properties(f"{MARK}{uuid4()}")
        self.items = [person.create_each(**{name: f"{MARK}{uuid4()}" for name in names}) for _ in range(3)]

    def key(self) -> str:
        """An idempotency key that she has used."""
        key = str(uuid4())
        title = f"{MARK}with-a-key"
        self.person.request("POST", "/tasks", json={"title": title}, headers={"Idempotency-Key": key})
        return key

    def foreign(self, chance: Random) -> ForeignIds:
        task = chance.choice(self.tasks)
        path = f"/tasks/{task['id']}"
        cursor = self.person.get("/tasks", limit=1 + chance.randrange(10)).json()["next_cursor"]
        etag = self.person.get(path).headers.get("etag", '"0123456789abcdef"')
        ids = chance.choice(self.items)
        # Most attempts use a task and a category that do not belong together.
        if chance.random() < 0.7:
            ids = {**ids, "task_id": task["id"], "category_id": chance.choice(self.categories)}
        return ForeignIds(self.person.id, ids, cursor, etag, key="")

    def responses(self) -> list[tuple[int, bytes, list[tuple[str, str]]]]:
        """Return all responses that she can get, with ETags and totals."""
        paths = ["", *(f"/tasks/{task['id']}" for task in self.tasks)]
        paths += [f"/categories/{category_id}" for category_id in self.categories]
        paths += ["/tasks?completed=true", "/tasks?priority=high", f"/tasks?category_id={self.categories[0]}"]
        for ids in self.items:
            paths += [one.item.format(user_id=self.person.id, **ids) for one in RESOURCES.values()]
        paths += [f"{path}?limit=1000" for path in collections()]
        return [seen(self.person.request("GET", path)) for path in paths]

    def stored(self) -> dict[str, Json]:
        """Return a digest of her rows in each table with rows of users."""
        return {
            table.name: self._cluster.execute(
                f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) "  # noqa: S608
                f'FROM {SCHEMA}."{table.name}" AS t WHERE {rows_of_user(table, self.person.id)}',
                "isolation",
            )
            for table in metadata.sorted_tables
        }


class Bob:
    """The attacker, on a persistent connection."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.ids = person.create_each()
        self.connection = HTTPConnection("127.0.0.1", person.server.port, timeout=20)

    def send(self, request: Request) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.person.token}", **request.headers}
        if request.body is not None:
            headers.setdefault("Content-Type", "application/json")
        self.connection.request(request.method, request.target, request.content, headers)
        received = self.connection.getresponse()
        response = httpx.Response(received.status, headers=received.getheaders(), content=received.read())
        self.person.server.check(request.method, request.target, response)
        return response


# Headers that differ in every response.
VOLATILE_HEADERS = ("date", "x-request-id")


def seen(response: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [
        (name, value) for name, value in response.headers.multi_items() if name not in VOLATILE_HEADERS
    ]
    return response.status_code, response.content, sorted(headers)


def items(content: Json) -> Iterator[Json]:
    """Yield the tasks and categories in a response."""
    yield from content.get("items", [content] if "user_id" in content else [])


def items_of(person: Person, path: str) -> list[Json]:
    return [item for page in pages_of(person, path, limit=1000) for item in page["items"]]


def others(person: Person) -> None:
    for _ in range(3):
        person.category(f"{MARK}{uuid4()}")
        person.task(MARK)
        person.create_each()


@pytest.fixture(scope="module")
def people(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ada, Bob]]:
    cluster = Cluster(postgres_url)
    with running(cluster.create("isolation"), tmp_path_factory.mktemp("isolation")) as server:
        # The ids next to Ada's belong to a third person, so none is Bob's.
        carol = new_person(server)
        others(carol)
        ada = Ada(new_person(server), cluster)
        others(carol)
        bob = Bob(new_person(server))
        yield ada, bob
        bob.connection.close()


def test_no_data_of_one_user_reaches_another(people: tuple[Ada, Bob], report: Report) -> None:
    ada, bob = people
    chance = Random(SEED)  # noqa: S311
    statuses: Counter[int] = Counter()
    attempts = list(islice(plan(), ATTEMPTS))
    hers = [ada.foreign(chance) for _ in range(40)]
    # Bob uses each key once: after that, the key is also his.
    keys = iter([ada.key() for attempt in attempts if attempt.way == KEYED])
    ids = {parameter: {ids[parameter] for ids in ada.items} for parameter in RESOURCES}
    for path, resource in collections().items():
        ids[resource.parameter] |= {item["id"] for item in items_of(ada.person, path)}
    before = ada.responses(), ada.stored()

    for number, attempt in enumerate(attempts, start=1):
        adas = hers[number % len(hers)]
        if attempt.way == KEYED:
            adas = replace(adas, key=next(keys))
        invented = ForeignIds(
            user_id=uuid4().hex,
            ids={name: chance.randrange(2**40, 2**53) for name in RESOURCES},
            cursor=f"{adas.cursor[:14]}{chance.randrange(2**40, 2**53):014x}",
            etag=f'"{chance.getrandbits(64):016x}"',
            key=str(UUID(int=chance.getrandbits(128))),
        )
        request = attempt.request(adas, bob)
        response, nothing = (bob.send(attempt.request(whose, bob)) for whose in (adas, invented))
        statuses[response.status_code] += 1

        message = (
            f"{attempt}\n{request.method} {request.target}\n{response.status_code} {response.text[:500]}"
        )
        if request.method in ("GET", "HEAD") or not response.is_success:
            assert seen(response) == seen(nothing), (
                f"{message}\nbut {nothing.status_code} {nothing.text[:500]}"
            )
        assert response.status_code == nothing.status_code, message
        if attempt.place != "own":
            assert not response.is_success or response.status_code == 204, message
        if response.status_code == 403 and request.method != "HEAD":
            assert response.json() == NOT_THE_CALLER, message
        assert MARK not in response.text, message
        # A prefix that the sender gave itself comes back in its own Location.
        sent = request.headers.get("X-Forwarded-Prefix", "")
        location = response.headers.get("Location", "").removeprefix(sent)
        others = [value for name, value in response.headers.items() if name.lower() != "location"]
        assert ada.person.id not in f"{location}{others}{response.text}", message
        if response.content and response.is_success:
            for item in items(response.json()):
                assert item["user_id"] == bob.person.id, message
                assert item.get("category_id") not in ids["category_id"], message
                assert item["id"] not in ids.get(attempt.about, ()), message
        if number % 1000 == 0:
            assert (ada.responses(), ada.stored()) == before, (
                f"attempt {number} or one of the previous 1000 changed Ada's data"
            )

    assert (ada.responses(), ada.stored()) == before
    mine = [task for page in pages_of(bob.person, "/tasks", limit=1000) for task in page["items"]]
    assert body_of(bob.person.get("/tasks"))["total"] == len(mine)
    # If all attempts failed for the same trivial reason, the test would prove nothing.
    assert {200, 204, 403, 404, 422} <= statuses.keys()
    report(
        "Tenant isolation",
        "0 leaks in ≥ 10 000 attempts, Ada's rows unchanged",
        f"0 leaks in {number} attempts, each compared with one for missing items; "
        + ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())),
    )


async def test_concurrent_requests_reveal_no_data_of_another_user(
    people: tuple[Ada, Bob], report: Report
) -> None:
    """Concurrent requests are batched: each gets its own row, and an error affects only its own request."""
    persons = [person.person for person in people]
    items = {
        person.id: (
            [person.task(f"{person.id} {number}")["id"] for number in range(4)],
            person.category(f"{person.id}'s")["id"],
        )
        for person in persons
    }
    chance, sent = Random(SEED), 0  # noqa: S311
    created = Counter({person.id: body_of(person.get("/tasks"))["total"] for person in persons})

    async def ask(
        client: httpx.AsyncClient, person: Person, owner: str, method: str, path: str, body: Json
    ) -> None:
        response = await client.request(
            method, person.path(path), json=body, headers={"Authorization": f"Bearer {person.token}"}
        )
        person.server.check(method, person.path(path), response)
        if owner != person.id:
            missing = "Category" if body and "category_id" in body else "Task"
            expected = {"detail": f"{missing} not found", "code": f"{missing.lower()}_not_found"}
            assert (response.status_code, response.json()) == (404, expected)
            return
        task = body_of(response, 201 if method == "POST" else 200)
        created[person.id] += method == "POST"
        assert task["user_id"] == person.id
        assert task["title"].startswith(person.id)
        assert task["title"] == (body or task)["title"]

    async with httpx.AsyncClient(base_url=persons[0].server.url, timeout=60, trust_env=False) as client:
        while sent < ATTEMPTS:
            requests = []
            for person in persons:
                for owner, (task_ids, category_id) in items.items():
                    title = f"{person.id} {uuid4()}"
                    for task_id in task_ids:
                        path = f"/tasks/{task_id}"
                        requests += [
                            (person, owner, "GET", path, None),
                            (person, owner, "PATCH", path, {"title": title}),
                            (person, owner, "PUT", path, {"title": title}),
                            (person, owner, "PATCH", f"{path}/complete", None),
                        ]
                    requests.append(
                        (person, owner, "POST", "/tasks", {"title": title, "category_id": category_id})
                    )
            chance.shuffle(requests)
            await asyncio.gather(*(ask(client, *request) for request in requests))
            sent += len(requests)

    for person in persons:
        total = 0
        for page in pages_of(person, "/tasks", limit=1000):
            total += len(page["items"])
            assert {task["user_id"] for task in page["items"]} == {person.id}
        assert total == page["total"] == created[person.id]
    report(
        "Tenant isolation, concurrent requests",
        "0 rows and 0 changes of another user",
        f"0 and 0 in {sent} requests of two users for the other's tasks",
    )
