"""Persons sign up at a real Better Auth server and use the API with its tokens, both on one database."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg2
import pytest
from side_by_side import EXAMPLE, SECRET, api, better_auth, free_port
from sqlalchemy import make_url

from impl.identity.tokens import mint_token
from impl.postgres.migrations import migrate
from scripts.client import install
from tests.serving import TLS

# By signature algorithm: the settings of the API, and which migrations run first.
WORLDS = {
    "EdDSA": ("BETTER_AUTH_URL BETTER_AUTH_SECRET AUTH_HS256", "Better Auth first"),
    "ES256": ("BETTER_AUTH_URL", "API first"),
    "RS256": ("BETTER_AUTH_URL", "Better Auth first"),
    "HS256": ("BETTER_AUTH_SECRET", "API first"),
}


@pytest.fixture(scope="session", autouse=True)
def _installed() -> None:
    """Install the packages of the example's lock file; on failure, the tests fail with npm's output.

    The tests are not skipped, because a skipped test of the login would not be noticed.
    """
    install(EXAMPLE)


@dataclass
class World:
    algorithm: str
    database_url: str
    folder: Path
    port: int
    settings: dict[str, str]
    auth: ExitStack
    auth_url: str = ""
    api_url: str = ""

    def start_better_auth(self) -> None:
        """Start Better Auth unless it is running."""
        if self.auth_url:
            return
        server = better_auth(self.database_url, self.port, self.algorithm, self.folder / "log")
        self.auth_url = self.auth.enter_context(server)

    def stop_better_auth(self) -> None:
        self.auth.close()
        self.auth_url = ""

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    names, order = WORLDS[request.param]
    name = f"better_auth_{request.param.lower()}"
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    connection.close()
    url = make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    port = free_port()
    all_settings = {
        "BETTER_AUTH_URL": f"http://127.0.0.1:{port}",
        "BETTER_AUTH_SECRET": SECRET,
        "AUTH_HS256": "true",
    }
    settings = {setting: all_settings[setting] for setting in names.split()}
    folder = tmp_path_factory.mktemp(name)
    with ExitStack() as auth:
        world = World(request.param, url, folder, port, settings, auth)
        if order == "API first":
            migrate(url)
        world.start_better_auth()
        if order == "Better Auth first":
            migrate(url)
        with api(url, folder, **settings) as world.api_url:
            yield world


def in_worlds(*algorithms: str) -> pytest.MarkDecorator:
    """Run the test with these algorithms.

    ES256 and RS256 are long tests: the service selects an algorithm by the key, for which the tests of the
    key set have all algorithms.
    """
    marks = {"ES256": pytest.mark.long, "RS256": pytest.mark.long}
    worlds = [pytest.param(name, marks=marks.get(name, ())) for name in algorithms]
    return pytest.mark.parametrize("world", worlds, indirect=True, scope="module")


@dataclass
class Person:
    world: World
    id: str
    session: str

    def better_auth(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Send a request to Better Auth with the person's session."""
        headers = {"Authorization": f"Bearer {self.session}"}
        url = f"{self.world.auth_url}/api/auth{path}"
        return httpx.request(method, url, headers=headers, json=body, timeout=10, trust_env=False, verify=TLS)

    def token(self, *, issued_after: float = 0) -> str:
        """Return a new token. `iat` has whole seconds, so a later token can take up to a second."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            response = self.better_auth("GET", "/token")
            assert response.status_code == 200, response.text
            token: str = response.json()["token"]
            if part(token, 1)["iat"] > issued_after:
                return token
            time.sleep(0.05)
        raise AssertionError("Better Auth issued no later token")

    def get(self, token: str, path: str = "") -> httpx.Response:
        return call(self.world, "GET", self.id, token, path)


def call(
    world: World, method: str, user_id: str, token: str, path: str = "", body: object = None
) -> httpx.Response:
    url = f"{world.api_url}/api/{user_id}{path}"
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.request(method, url, headers=headers, json=body, timeout=10, trust_env=False, verify=TLS)


def sign_up(world: World, name: str, **more: str) -> Person:
    email = f"{name.lower()}-{uuid4().hex}@example.com"
    body = {"email": email, "name": name, "password": uuid4().hex, **more}
    url = f"{world.auth_url}/api/auth/sign-up/email"
    response = httpx.post(url, json=body, timeout=10, trust_env=False, verify=TLS)
    assert response.status_code == 200, response.text
    return Person(world, response.json()["user"]["id"], response.headers["set-auth-token"])


def part(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return decoded


@in_worlds(*WORLDS)
def test_each_of_two_new_users_has_only_their_own_data(world: World) -> None:
    ada = sign_up(world, "Ada", image="https://images.example/ada.png")
    bob = sign_up(world, "Bob")
    tokens = {person.id: person.token() for person in (ada, bob)}
    assert {part(token, 0)["alg"] for token in tokens.values()} == {world.algorithm}
    for person, name, image in ((ada, "Ada", "https://images.example/ada.png"), (bob, "Bob", None)):
        payload = part(tokens[person.id], 1)
        assert (payload["sub"], payload["iss"], payload["aud"]) == (person.id, world.auth_url, world.auth_url)
        assert payload["exp"] - payload["iat"] == 15 * 60
        profile = person.get(tokens[person.id])
        assert profile.status_code == 200, profile.text
        stored = profile.json()
        assert {key: stored[key] for key in ("id", "email", "name", "image", "email_verified")} == {
            "id": person.id,
            "email": payload["email"],
            "name": name,
            "image": image,
            "email_verified": False,
        }
        created = call(world, "POST", person.id, tokens[person.id], "/tasks", {"title": f"{name}'s"})
        assert created.status_code == 201
    for person, other, title in ((ada, bob, "Ada's"), (bob, ada, "Bob's")):
        mine = person.get(tokens[person.id], "/tasks").json()
        assert [task["title"] for task in mine["items"]] == [title]
        assert call(world, "GET", other.id, tokens[person.id], "/tasks").status_code == 403
    both = 'SELECT b.name, t.name FROM public."user" b JOIN tasks_api."user" t USING (id) WHERE id = %s'
    assert world.sql(both, ada.id) == [("Ada", "Ada")]


@in_worlds(*WORLDS)
def test_a_token_with_one_changed_character_is_rejected(world: World) -> None:
    ada = sign_up(world, "Ada")
    head, payload, signature = ada.token().split(".")
    other = "B" if signature[10] == "A" else "A"
    for wrong in (
        f"{head}.{payload}.{signature[:10]}{other}{signature[11:]}",
        f"{head}.{payload[:-4]}AAAA.{signature}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
    ):
        response = ada.get(wrong)
        assert (response.status_code, response.json()) == (
            401,
            {"detail": "Not authenticated", "code": "unauthorized"},
        )
        assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


# The handling of claims does not depend on the algorithm: one of each type is enough.
@in_worlds("EdDSA", "HS256")
def test_profile_changes_are_kept_despite_an_older_token(world: World) -> None:
    ada = sign_up(world, "Ada", image="https://images.example/ada.png")
    unseen = ada.token()
    first = ada.token(issued_after=part(unseen, 1)["iat"])
    assert ada.get(first).json()["name"] == "Ada"
    changed = ada.better_auth("POST", "/update-user", {"name": "Ada Lovelace", "image": None})
    assert changed.status_code == 200, changed.text
    world.sql('UPDATE public."user" SET email = %s, "emailVerified" = true WHERE id = %s', ada.id, ada.id)
    newer = ada.token(issued_after=part(first, 1)["iat"])
    profile = ada.get(newer).json()
    now = (profile["name"], profile["image"], profile["email"], profile["email_verified"])
    assert now == ("Ada Lovelace", None, ada.id, True)
    assert ada.get(unseen).json() == profile


@in_worlds("EdDSA", "HS256")
def test_an_erased_person_returns_only_with_a_newer_token(world: World) -> None:
    ada = sign_up(world, "Ada")
    unseen = ada.token()
    token = ada.token(issued_after=part(unseen, 1)["iat"])
    assert call(world, "POST", ada.id, token, "/tasks", {"title": "Gone"}).status_code == 201
    assert call(world, "DELETE", ada.id, token).status_code == 200
    erased = time.time()
    for one in (token, unseen):
        assert (ada.get(one).status_code, ada.get(one, "/tasks").status_code) == (404, 404)
    returned = ada.token(issued_after=erased)
    assert ada.get(returned).json()["name"] == "Ada"
    assert ada.get(returned, "/tasks").json()["items"] == []


@in_worlds("EdDSA", "ES256", "RS256")
def test_keys_may_be_rotated_at_any_time(world: World) -> None:
    ada = sign_up(world, "Ada")
    tokens = [ada.token()]
    assert ada.get(tokens[0]).status_code == 200
    for _ in range(2):
        # When its last key has expired, Better Auth creates a new key and signs with it at once.
        world.sql("UPDATE public.jwks SET \"expiresAt\" = now() - interval '1 second'")
        tokens.append(ada.token())
        # The key set still contains the older keys, whose tokens are valid until they expire.
        assert [ada.get(token).status_code for token in tokens] == [200] * len(tokens)
    assert len({part(token, 0)["kid"] for token in tokens}) == 3


@in_worlds("EdDSA", "ES256", "RS256")
def test_tokens_with_cached_keys_work_during_an_outage(world: World) -> None:
    ada = sign_up(world, "Ada")
    unseen = ada.token()
    newer = ada.token(issued_after=part(unseen, 1)["iat"])
    assert ada.get(newer).status_code == 200
    world.stop_better_auth()
    try:
        # A token that is not cached is verified with the cached keys.
        assert ada.get(unseen).status_code == 200
    finally:
        world.start_better_auth()


@pytest.mark.long
@in_worlds("EdDSA")
def test_an_api_started_during_an_outage_recovers_after_it(world: World) -> None:
    ada = sign_up(world, "Ada")
    token = ada.token()
    world.stop_better_auth()
    try:
        late = replace(world, folder=world.folder / "late")
        late.folder.mkdir()
        with api(world.database_url, late.folder, **world.settings) as late.api_url:
            unavailable = call(late, "GET", ada.id, token)
            assert unavailable.status_code == 503
            assert unavailable.json() == {
                "detail": "The login service is not available",
                "code": "login_service_unavailable",
            }
            wait = int(unavailable.headers["Retry-After"])
            # Malformed tokens still get 401, and requests that need no keys still succeed.
            assert call(late, "GET", ada.id, "no.to.ken").status_code == 401
            assert httpx.get(f"{late.api_url}/health", trust_env=False).status_code == 200
            shared = mint_token(SECRET, "eve", timedelta(hours=1))
            assert call(late, "GET", "eve", shared).status_code == 200
            world.start_better_auth()
            # Not longer than Retry-After.
            time.sleep(wait)
            assert call(late, "GET", ada.id, token).status_code == 200
        log = (late.folder / "api.log").read_text()
        assert log.count("The login service's keys could not be fetched: ConnectError") == 1
        assert token not in log
    finally:
        world.start_better_auth()


@in_worlds(*WORLDS)
def test_malformed_authorization_headers_are_rejected_at_once(world: World) -> None:
    ada = sign_up(world, "Ada")
    token = ada.token()
    good = f"Authorization: Bearer {token}"
    address = httpx.URL(world.api_url)

    def send(*headers: str) -> tuple[int, float]:
        lines = [f"GET /api/{ada.id} HTTP/1.1", "Host: test", *headers, "", ""]
        started = time.perf_counter()
        with socket.create_connection((address.host, address.port or 80), timeout=5) as connection:
            connection.sendall("\r\n".join(lines).encode("latin-1"))
            with HTTPResponse(connection) as response:
                response.begin()
                return response.status, time.perf_counter() - started

    assert send(good)[0] == 200
    assert send(good.replace("Bearer", "bEARER"))[0] == 200
    for wrong in (
        [],
        [good, good],
        [good, "Authorization: Basic YTpi"],
        [good.replace("Bearer ", "Bearer\t")],
        [good.replace("Bearer ", "Bearer\xa0")],
        [good.replace("Bearer ", "Bearer")],
        [good.replace("Bearer ", "Token ")],
        [good.replace("Bearer ", "")],
        ["Authorization: Bearer"],
        ["Authorization: Bearer "],
        [good + ", " + good],
        [good + "\xa0"],
        [f"Authorization: Bearer {'x' * 2**15}"],
        [f"Authorization: {'x' * 2**15}"],
        [f"Authorization: Bearer {token}{'x' * 2**15}"],
    ):
        took = []
        for _ in range(2):
            status, seconds = send(*wrong)
            assert status == 401, wrong
            took.append(seconds)
        assert min(took) < 0.1, wrong
