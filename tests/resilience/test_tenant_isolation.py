"""A user who tries to reach what belongs to another, in every way that the contract leaves open.

Bob makes each attempt twice: once with what is Ada's, once with what never was. He may not see a difference.
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
from tests.resources import RESOURCES, body_for, collections, rows_of_user, text_property

ATTEMPTS = 10_000 if FULL else 600
SEED = 20261125

# In every text that is not Bob's, and so in no answer to him.
MARK = "adas-own-"


@dataclass(frozen=True)
class Theirs:
    """What Bob has got hold of: Ada's, or made up."""

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


Way = Callable[[Request, Theirs, Random], None]


def encoded(text: object, chance: Random) -> str:
    """Some of its characters in percent-encoding."""
    return "".join(f"%{ord(letter):02x}" if chance.random() < 0.5 else letter for letter in str(text))


def in_path(request: Request, theirs: Theirs, chance: Random) -> None:
    """The ids of the path say it all."""


def encoded_path(request: Request, theirs: Theirs, chance: Random) -> None:
    ids = {name: encoded(value, chance) for name, value in request.ids.items()}
    request.path = request.path.format(user_id=encoded(request.user_id, chance), **ids)


def neighbour(request: Request, theirs: Theirs, chance: Random) -> None:
    """Ids around Ada's are hers too, or another's."""
    step = chance.choice([-2, -1, 1, 2])
    request.ids = {name: value + step for name, value in request.ids.items()}


def another_method(request: Request, theirs: Theirs, chance: Random, method: str) -> None:
    request.method, request.body = method, None


def in_body(request: Request, theirs: Theirs, chance: Random, name: str) -> None:
    value = theirs.values()[{"id": "task_id"}.get(name, name)]
    request.body = {**(request.body or {}), name: value}


def no_body(request: Request, theirs: Theirs, chance: Random) -> None:
    content = chance.choice([b"{", b"", b'{"title":"a","title":"b"}', b"\xff", b" " * 70_000])
    request.body = content
    request.headers["Content-Type"] = chance.choice(["application/json", "text/plain"])


def in_query(request: Request, theirs: Theirs, chance: Random, name: str) -> None:
    request.query.append(f"{name}={encoded(theirs.values()[name], chance)}")


def with_filters(request: Request, theirs: Theirs, chance: Random, *names: str) -> None:
    values = {
        "category_id": [theirs.ids["category_id"]],
        "cursor": [theirs.cursor],
        "completed": ["true", "false"],
        "priority": ["low", "medium", "high"],
        "limit": [1, 2, 1000],
        "offset": [0, 1, 3, 2**53 - 1],
    }
    request.query += [f"{name}={chance.choice(values[name])}" for name in names]


def header(request: Request, theirs: Theirs, chance: Random, name: str, value: str) -> None:
    path = f"/api/{theirs.user_id}/tasks/{theirs.ids['task_id']}"
    request.headers[name] = value.format(path=path, **theirs.values())


def through_own_path(request: Request, theirs: Theirs, chance: Random, detour: str) -> None:
    """Path segments that a careless router or proxy would resolve into Ada's."""
    place = request.path.removeprefix("/api/{user_id}")
    request.path = f"/api/{{user_id}}{detour}{theirs.user_id}{place}"


WAYS: dict[str, Way] = {
    "in the path": in_path,
    "in the path, encoded": encoded_path,
    "a neighbour's id": neighbour,
    **{name: partial(another_method, method=name) for name in ("HEAD", "OPTIONS", "TRACE", "PROPFIND")},
    **{f"{name} in the body": partial(in_body, name=name) for name in ("user_id", "id", *RESOURCES)},
    "a body that is none": no_body,
    **{f"{name} in the query": partial(in_query, name=name) for name in ("user_id", *RESOURCES)},
    "their cursor": partial(in_query, name="cursor"),
    **{
        f"filters: {', '.join(names)}": lambda request, theirs, chance, names=names: with_filters(
            request, theirs, chance, *names
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
        f"through one's own path with {detour}": partial(through_own_path, detour=detour)
        for detour in ("/../", "/..%2F", "%2F..%2F", "/%2e%2e/", "/tasks/../../", "//", "%00", ";/", "\\..\\")
    },
}

KEYED = "Idempotency-Key: {key}"

# Whose path, and whose item in it.
PLACES = ("their path", "their item in one's own path", "one's own")


@dataclass(frozen=True)
class Attempt:
    operation: Operation
    way: str
    place: str
    seed: str

    @property
    def about(self) -> str:
        """The parameter of the resource that the operation answers with; nothing for a profile."""
        path = self.operation.path
        about = [name for name, one in RESOURCES.items() if path.startswith((one.collection, one.item))]
        return about[-1] if about else ""

    def request(self, theirs: Theirs, bob: Bob) -> Request:
        chance = Random(self.seed)  # noqa: S311
        own = self.place == "one's own"
        request = Request(
            self.operation.method,
            self.operation.path,
            theirs.user_id if self.place == "their path" else bob.person.id,
            bob.ids if own else {**theirs.ids},
            body=body_for(self.operation),
        )
        WAYS[self.way](request, theirs, chance)
        return request


def plan() -> Iterator[Attempt]:
    """Each operation in each way and place, round after round until there are enough."""
    combinations = [
        (operation, way, place)
        for operation in OPERATIONS
        if operation.owned
        for way in WAYS
        for place in PLACES
        # What Bob does to himself is none of our business.
        if not (operation.method == "DELETE" and place == "one's own")
        and not (operation.id == "deleteUser" and place != "their path")
        and not (place == "their item in one's own path" and not operation.item)
    ]
    for number in range(-(-ATTEMPTS // len(combinations))):
        random.Random(SEED + number).shuffle(combinations)  # noqa: S311
        for operation, way, place in combinations:
            yield Attempt(operation, way, place, f"{SEED}/{number}/{operation.id}/{way}/{place}")


class Ada:
    """The one whom all is about, with things in every state."""

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
        # And of every resource that the contract has.
        names = {name for parameter in RESOURCES if (name := text_property(parameter))}
        self.things = [person.create_each(**{name: f"{MARK}{uuid4()}" for name in names}) for _ in range(3)]

    def key(self) -> str:
        """One that she has used."""
        key = str(uuid4())
        title = f"{MARK}with-a-key"
        self.person.request("POST", "/tasks", json={"title": title}, headers={"Idempotency-Key": key})
        return key

    def theirs(self, chance: Random) -> Theirs:
        task = chance.choice(self.tasks)
        path = f"/tasks/{task['id']}"
        cursor = self.person.get("/tasks", limit=1 + chance.randrange(10)).json()["next_cursor"]
        etag = self.person.get(path).headers.get("etag", '"0123456789abcdef"')
        ids = chance.choice(self.things)
        # Most attempts are about a task and a category that do not belong together.
        if chance.random() < 0.7:
            ids = {**ids, "task_id": task["id"], "category_id": chance.choice(self.categories)}
        return Theirs(self.person.id, ids, cursor, etag, key="")

    def responses(self) -> list[tuple[int, bytes, list[tuple[str, str]]]]:
        """All that she can see, with ETags and counts."""
        paths = ["", *(f"/tasks/{task['id']}" for task in self.tasks)]
        paths += [f"/categories/{category_id}" for category_id in self.categories]
        paths += ["/tasks?completed=true", "/tasks?priority=high", f"/tasks?category_id={self.categories[0]}"]
        for ids in self.things:
            paths += [one.item.format(user_id=self.person.id, **ids) for one in RESOURCES.values()]
        paths += [f"{path}?limit=1000" for path in collections()]
        return [seen(self.person.request("GET", path)) for path in paths]

    def stored(self) -> dict[str, Json]:
        """A digest of her rows in each table that has rows of users."""
        return {
            table.name: self._cluster.execute(
                f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) "  # noqa: S608
                f'FROM {SCHEMA}."{table.name}" AS t WHERE {rows_of_user(table, self.person.id)}',
                "isolation",
            )
            for table in metadata.sorted_tables
        }


class Bob:
    """The one who tries, on a connection that he keeps."""

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


# What differs from one answer to the next, whoever asks.
OF_THE_MOMENT = ("date", "x-request-id")


def seen(response: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in OF_THE_MOMENT]
    return response.status_code, response.content, sorted(headers)


def things(content: Json) -> Iterator[Json]:
    """The tasks and categories in an answer."""
    yield from content.get("items", [content] if "user_id" in content else [])


def items_of(person: Person, path: str) -> list[Json]:
    return [item for page in pages_of(person, path, limit=1000) for item in page["items"]]


def others(person: Person) -> None:
    for _ in range(3):
        person.category(f"{MARK}{uuid4()}")
        person.task(MARK)


@pytest.fixture(scope="module")
def people(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ada, Bob]]:
    cluster = Cluster(postgres_url)
    with running(cluster.create("isolation"), tmp_path_factory.mktemp("isolation")) as server:
        # The ids around Ada's are a third person's, so that none is Bob's.
        carol = new_person(server)
        others(carol)
        ada = Ada(new_person(server), cluster)
        others(carol)
        bob = Bob(new_person(server))
        yield ada, bob
        bob.connection.close()


def test_nothing_of_one_user_reaches_another(people: tuple[Ada, Bob], report: Report) -> None:
    ada, bob = people
    chance = Random(SEED)  # noqa: S311
    statuses: Counter[int] = Counter()
    attempts = list(islice(plan(), ATTEMPTS))
    hers = [ada.theirs(chance) for _ in range(40)]
    # Bob uses each key once: from then on it is his as well.
    keys = iter([ada.key() for attempt in attempts if attempt.way == KEYED])
    ids = {parameter: {ids[parameter] for ids in ada.things} for parameter in RESOURCES}
    for path, resource in collections().items():
        ids[resource.parameter] |= {item["id"] for item in items_of(ada.person, path)}
    before = ada.responses(), ada.stored()

    for number, attempt in enumerate(attempts, start=1):
        adas = hers[number % len(hers)]
        if attempt.way == KEYED:
            adas = replace(adas, key=next(keys))
        nobodys = Theirs(
            user_id=uuid4().hex,
            ids={name: chance.randrange(2**40, 2**53) for name in RESOURCES},
            cursor=f"{adas.cursor[:14]}{chance.randrange(2**40, 2**53):014x}",
            etag=f'"{chance.getrandbits(64):016x}"',
            key=str(UUID(int=chance.getrandbits(128))),
        )
        request = attempt.request(adas, bob)
        response, nothing = (bob.send(attempt.request(whose, bob)) for whose in (adas, nobodys))
        statuses[response.status_code] += 1

        said = f"{attempt}\n{request.method} {request.target}\n{response.status_code} {response.text[:500]}"
        if request.method in ("GET", "HEAD") or not response.is_success:
            assert seen(response) == seen(nothing), f"{said}\nbut {nothing.status_code} {nothing.text[:500]}"
        assert response.status_code == nothing.status_code, said
        if attempt.place != "one's own":
            assert not response.is_success or response.status_code == 204, said
        if response.status_code == 403 and request.method != "HEAD":
            assert response.json() == NOT_THE_CALLER, said
        assert MARK not in response.text, said
        assert ada.person.id not in f"{response.headers}{response.text}", said
        if response.content and response.is_success:
            for thing in things(response.json()):
                assert thing["user_id"] == bob.person.id, said
                assert thing.get("category_id") not in ids["category_id"], said
                assert thing["id"] not in ids.get(attempt.about, ()), said
        if number % 1000 == 0:
            assert (ada.responses(), ada.stored()) == before, f"attempt {number} or one of the 1000 before"

    assert (ada.responses(), ada.stored()) == before
    mine = [task for page in pages_of(bob.person, "/tasks", limit=1000) for task in page["items"]]
    assert body_of(bob.person.get("/tasks"))["total"] == len(mine)
    # Attempts that all failed for one silly reason would prove nothing.
    assert {200, 204, 403, 404, 422} <= statuses.keys()
    report(
        "Tenant isolation",
        "0 leaks in ≥ 10 000 attempts, Ada's rows as they were",
        f"0 leaks in {number} attempts, each compared with one at nothing; "
        + ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items())),
    )


async def test_nothing_of_one_user_reaches_another_who_asks_in_the_same_moment(
    people: tuple[Ada, Bob], report: Report
) -> None:
    """Requests of one moment share statements: each gets its own row, and nobody's mistake is another's."""
    persons = [person.person for person in people]
    things = {
        person.id: (
            [person.task(f"{person.id} {number}")["id"] for number in range(4)],
            person.category(f"{person.id}'s")["id"],
        )
        for person in persons
    }
    chance, asked = Random(SEED), 0  # noqa: S311
    created = Counter({person.id: body_of(person.get("/tasks"))["total"] for person in persons})

    async def ask(
        client: httpx.AsyncClient, person: Person, owner: str, method: str, path: str, body: Json
    ) -> None:
        response = await client.request(
            method, person.path(path), json=body, headers={"Authorization": f"Bearer {person.token}"}
        )
        person.server.check(method, person.path(path), response)
        if owner != person.id:
            detail = "Category not found" if body and "category_id" in body else "Task not found"
            assert (response.status_code, response.json()) == (404, {"detail": detail})
            return
        task = body_of(response, 201 if method == "POST" else 200)
        created[person.id] += method == "POST"
        assert task["user_id"] == person.id
        assert task["title"].startswith(person.id)
        assert task["title"] == (body or task)["title"]

    async with httpx.AsyncClient(base_url=persons[0].server.url, timeout=60, trust_env=False) as client:
        while asked < ATTEMPTS:
            requests = []
            for person in persons:
                for owner, (task_ids, category_id) in things.items():
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
            asked += len(requests)

    for person in persons:
        total = 0
        for page in pages_of(person, "/tasks", limit=1000):
            total += len(page["items"])
            assert {task["user_id"] for task in page["items"]} == {person.id}
        assert total == page["total"] == created[person.id]
    report(
        "Tenant isolation, at the same moment",
        "0 rows of another, 0 changes of another's",
        f"0 and 0 in {asked} requests of two users for each other's tasks",
    )
