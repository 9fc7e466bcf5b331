"""The attacked servers: one for each way to verify tokens, and a login service with their keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import httpx
import pytest
from signing import AUDIENCE, ISSUER, PUBLISHED, SECRET, addressed, key_set, sign_hmac

from tests.api.conftest import Cluster, Person, Server, damage, running, running_without_database

Reply = Callable[[BaseHTTPRequestHandler], None]


class LoginService(ThreadingHTTPServer):
    """Answers every GET with `reply`, and records the requested paths."""

    daemon_threads = True

    def __init__(self, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.requested: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: LoginService

    def do_GET(self) -> None:
        self.server.requested.append(self.path)
        self.server.reply(self)

    def log_message(self, *_: object) -> None:
        pass


def keys(handler: BaseHTTPRequestHandler, body: bytes = key_set(*PUBLISHED)) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def login_service(reply: Reply = keys) -> Iterator[LoginService]:
    with LoginService(reply) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def login() -> Iterator[LoginService]:
    with login_service() as service:
        yield service


@pytest.fixture(scope="session")
def cluster(postgres_url: str) -> Cluster:
    return Cluster(postgres_url)


SHARED = {"BETTER_AUTH_SECRET": SECRET}
WAYS = ("shared secret", "key set", "both")


@pytest.fixture(scope="session")
def servers(
    cluster: Cluster, login: LoginService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Server]]:
    """The servers by the way in which they verify tokens; all on one database."""
    url = cluster.create("security")
    key_set = {"AUTH_JWKS_URL": f"{login.url}/jwks", "AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE}
    settings = (SHARED, key_set | dict.fromkeys(SHARED), key_set | SHARED | {"AUTH_HS256": "true"})
    with ExitStack() as stack:
        started = {
            way: stack.enter_context(running(url, tmp_path_factory.mktemp("server"), settings=given))
            for way, given in zip(WAYS, settings, strict=True)
        }
        for server in started.values():
            up(server)
        yield started


def up(server: Server) -> Server:
    """Wait until the server responds; on a busy machine, that takes longer than the timeout of a request."""
    assert httpx.get(f"{server.url}/health", timeout=120, trust_env=False).status_code == 200
    return server


@pytest.fixture(scope="session")
def server(servers: dict[str, Server]) -> Server:
    """The server that verifies tokens in both ways, on an undamaged database."""
    return servers["both"]


@pytest.fixture(scope="session")
def damaged(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = damage(cluster, "security_damaged")
    with running(url, tmp_path_factory.mktemp("damaged"), undamaged=False, settings=SHARED) as server:
        yield up(server)


@pytest.fixture(scope="session")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_without_database(tmp_path_factory.mktemp("unreachable"), settings=SHARED) as server:
        yield up(server)


def some_person(server: Server, **more: object) -> Person:
    """Return a new person; `more` has further claims of the token."""
    user_id = uuid4().hex
    return Person(server, user_id, sign_hmac({"alg": "HS256"}, addressed(sub=user_id, **more)))


@pytest.fixture
def ada(server: Server) -> Person:
    return some_person(server)


@pytest.fixture
def bob(server: Server) -> Person:
    return some_person(server)
