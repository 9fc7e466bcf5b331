"""OWASP API8:2023, security misconfiguration.

test_errors_say_nothing.py has what errors tell, tests/api/test_exactness.py what other sites may read, and
tests/impl/test_settings.py the settings that stop a start. Here is what a scanner looks for.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from signing import SECRET

from impl.settings import SettingsError, load_settings
from tests.api.conftest import (
    FRONTEND,
    NOT_FOUND,
    OPERATIONS,
    Cluster,
    Operation,
    Person,
    Server,
    call,
    each,
    expect,
    running,
)
from tests.api.test_exactness import expect_rejected_preflight, preflight

from .conftest import SHARED, some_person, up


@pytest.fixture(scope="module")
def production(
    cluster: Cluster, servers: dict[str, Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = SHARED | {"ENVIRONMENT": "production"}
    with running(cluster.url("security"), tmp_path_factory.mktemp("production"), settings=settings) as server:
        yield up(server)


TELLTALE_HEADERS = {
    "server",
    "x-powered-by",
    "via",
    "x-runtime",
    "x-aspnet-version",
    "x-generator",
    "x-debug",
}


@each(OPERATIONS)
def test_no_answer_names_what_it_was_made_with(production: Server, operation: Operation) -> None:
    person = some_person(production)
    responses = [
        call(operation, person),
        production.request(operation.method, "/nowhere"),
        production.raw("BREW", "/", checked=False),
    ]
    for response in responses:
        assert TELLTALE_HEADERS.isdisjoint(response.headers)


def test_what_never_reaches_the_contract_has_its_headers_too(server: Server) -> None:
    for data in (
        b"GET /he alth HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: test\r\nX-Long: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"PROPFIND / HTTP/1.1\r\nHost: test\r\n\r\n",
        b"GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n",
        b"OPTIONS / HTTP/1.1\r\nHost: test\r\nOrigin: x\r\nAccess-Control-Request-Method: GET\r\n\r\n",
    ):
        response = server.send(data, checked=False)
        assert response.status_code >= 400
        assert response.headers["x-content-type-options"] == "nosniff", data[:30]
        assert response.headers["cache-control"] == "no-store", data[:30]


FILES = (
    *("/.env", "/.git/config", "/.git/HEAD", "/.well-known/jwks.json", "/openapi.yaml~", "/openapi.yml"),
    *("/pyproject.toml", "/requirements.txt", "/impl/app.py", "/../../etc/passwd", "/..%2f..%2fetc/passwd"),
    *("/%2e%2e/%2e%2e/etc/passwd", "/docs/../.env", "/docs%2f..%2f.env", "/docs/assets", "/docs/assets/"),
    *("/docs/assets/../../impl/app.py", "/docs/assets/%2e%2e/%2e%2e/README.md", "/static/../.env", "/backup"),
    *("/.data/development-secret", "/development-secret", "/favicon.ico", "/Dockerfile", "/.DS_Store"),
)


@pytest.mark.parametrize("path", FILES)
def test_no_file_is_served_but_those_of_the_documentation(server: Server, path: str) -> None:
    response = server.raw("GET", path)
    assert (response.status_code, response.json()) == (404, NOT_FOUND)


LOOKALIKES = (
    *(f"{FRONTEND}.evil.example", f"{FRONTEND}@evil.example", f"https://evil.example/{FRONTEND}"),
    *(f"{FRONTEND}/", f"{FRONTEND}:8443", f"{FRONTEND}:443", f"{FRONTEND}%00", FRONTEND.upper()),
    *(FRONTEND.replace("https", "http"), "https://tasks.example.co", "https://xtasks.example.com"),
    *("https://tasks-example.com", "null", "*", "file://", "chrome-extension://x", "http://localhost"),
    *("http://localhost:3000.evil.example", "http://localhost:30000", "http://127.0.0.1:3000"),
    *(f"{FRONTEND}, https://evil.example", f"https://evil.example {FRONTEND}", ""),
)


@pytest.mark.parametrize("origin", LOOKALIKES)
def test_an_origin_that_looks_like_the_front_end_s_is_another_site_s(ada: Person, origin: str) -> None:
    expect_rejected_preflight(preflight(ada.server, "/health", origin, "GET"), "origin")
    response = ada.request("GET", "/tasks", headers={"Origin": origin})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers
    assert "Origin" in response.headers["vary"]


def test_nothing_of_development_is_in_production(production: Server) -> None:
    opened = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
    for path in ("/docs", "/redoc", "/docs/assets/page.css"):
        expect(production.request("GET", path, headers=opened), 404, NOT_FOUND)
    assert production.request("GET", "/", headers=opened).json()["docs"] == "/openapi.json"
    # Neither a mock nor a wish for an error is heard.
    for headers in ({"Prefer": "code=500"}, {"X-Debug": "1"}, {"Debug": "true"}):
        response = production.request("GET", "/health", headers=headers)
        assert response.status_code == 200
        assert "x-mock" not in response.headers


GOOD = {"ENVIRONMENT": "production", "DATABASE_URL": "postgresql://db/app", "BETTER_AUTH_SECRET": SECRET}
UNSAFE = [
    {"BETTER_AUTH_SECRET": ""},
    {"BETTER_AUTH_SECRET": "your-super-secret-key-change-in-production"},
    {"BETTER_AUTH_SECRET": "a" * 64},
    {"BETTER_AUTH_SECRET": SECRET[:31]},
    {"DATABASE_URL": ""},
    {"DATABASE_URL": "sqlite:///tasks.db"},
    {"FRONTEND_URL": "*"},
    {"FRONTEND_URL": "https://*.example.com"},
    {"MOCK": "all"},
    {"MOCK": "unimplemented"},
    {"DEVELOPMENT_USER": "ada"},
    {"ENVIRONMENT": "prod"},
    {"ENVIRONMENT": "PRODUCTION"},
]


@pytest.mark.parametrize("unsafe", UNSAFE, ids=str)
def test_production_does_not_start_with_what_is_unsafe(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, unsafe: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    for name, value in (GOOD | unsafe).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=next(iter(unsafe))):
        load_settings()


SMUGGLED = "GET /api/smuggled HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        f"Content-Length: {len(SMUGGLED)}\r\nTransfer-Encoding: chunked",
        f"Transfer-Encoding: chunked\r\nContent-Length: {len(SMUGGLED)}",
        f"Content-Length: 0\r\nContent-Length: {len(SMUGGLED)}",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        f"Content-Length: +{len(SMUGGLED)}",
        f"Content-Length: {len(SMUGGLED)}, {len(SMUGGLED)}",
        f"Content-Length: 0x{len(SMUGGLED):x}",
    ],
)
def test_a_request_that_two_servers_would_cut_differently_is_refused(ada: Person, framing: str) -> None:
    head = f"POST {ada.path('/tasks')} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    response = ada.server.send(f"{head}{framing}\r\n\r\n0\r\n\r\n{SMUGGLED}".encode(), checked=False)
    # 501: a coding that the server does not know (RFC 9112, section 6.1).
    assert response.status_code == (501 if "xchunked" in framing else 400)
    assert response.headers["connection"] == "close"


def test_the_service_publishes_no_keys(server: Server) -> None:
    for path in ("/jwks", "/api/auth/jwks", "/.well-known/openid-configuration"):
        assert server.request("GET", path).status_code in (401, 404)
