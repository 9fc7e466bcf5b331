"""Servers to attack: one for each way to verify tokens, with the login service that they ask for keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from signing import AUDIENCE, ISSUER, PUBLISHED, SECRET, key_set

from tests.api.conftest import Cluster, Server, running

Reply = Callable[[BaseHTTPRequestHandler], None]


class LoginService(ThreadingHTTPServer):
    """Answers every GET with `reply`, and remembers which paths it was asked for."""

    daemon_threads = True

    def __init__(self, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: LoginService

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
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


WAYS = ("shared secret", "key set", "both")


@pytest.fixture(scope="session")
def servers(
    cluster: Cluster, login: LoginService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Server]]:
    """By the way in which they verify tokens; all on one database."""
    url = cluster.create("security")
    secret = {"BETTER_AUTH_SECRET": SECRET}
    key_set = {"AUTH_JWKS_URL": f"{login.url}/jwks", "AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE}
    settings = (secret, key_set | dict.fromkeys(secret), key_set | secret)
    with ExitStack() as stack:
        yield {
            way: stack.enter_context(running(url, tmp_path_factory.mktemp("server"), settings=given))
            for way, given in zip(WAYS, settings, strict=True)
        }
