"""OWASP API8:2023, security misconfiguration.

test_information_disclosure.py tests what errors reveal, tests/api/test_exactness.py CORS, and
tests/impl/test_settings.py the settings that prevent a start. This module tests what a scanner looks for.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from signing import AUDIENCE, ISSUER, SECRET, addressed, sign_hmac

from impl.settings import SettingsError, load_settings
from tests.api.conftest import (
    FRONTEND,
    INVALID_TOKEN,
    NOT_AUTHENTICATED,
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
    running_without_database,
)
from tests.api.test_exactness import expect_rejected_preflight, preflight

from .conftest import SHARED, LoginService, some_person, up


@pytest.fixture(scope="module")
def production(
    cluster: Cluster, servers: dict[str, Server], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = SHARED | {"ENVIRONMENT": "production"}
    with running(cluster.url("security"), tmp_path_factory.mktemp("production"), settings=settings) as server:
        yield up(server)


REVEALING_HEADERS = {
    "server",
    "x-powered-by",
    "via",
    "x-runtime",
    "x-aspnet-version",
    "x-generator",
    "x-debug",
}


@each(OPERATIONS)
def test_no_response_names_the_software_of_the_server(production: Server, operation: Operation) -> None:
    person = some_person(production)
    responses = [
        call(operation, person),
        production.request(operation.method, "/nowhere"),
        production.raw("BREW", "/", checked=False),
    ]
    for response in responses:
        assert REVEALING_HEADERS.isdisjoint(response.headers)


def test_errors_outside_the_contract_have_its_headers(server: Server) -> None:
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
def test_only_the_files_of_the_documentation_are_served(server: Server, path: str) -> None:
    response = server.raw("GET", path)
    assert (response.status_code, response.json()) == (404, NOT_FOUND)


SIMILAR_ORIGINS = (
    *(f"{FRONTEND}.evil.example", f"{FRONTEND}@evil.example", f"https://evil.example/{FRONTEND}"),
    *(f"{FRONTEND}/", f"{FRONTEND}:8443", f"{FRONTEND}:443", f"{FRONTEND}%00", FRONTEND.upper()),
    *(FRONTEND.replace("https", "http"), "https://tasks.example.co", "https://xtasks.example.com"),
    *("https://tasks-example.com", "null", "*", "file://", "chrome-extension://x", "http://localhost"),
    *("http://localhost:3000.evil.example", "http://localhost:30000", "http://127.0.0.1:3000"),
    *(f"{FRONTEND}, https://evil.example", f"https://evil.example {FRONTEND}", ""),
)


@pytest.mark.parametrize("origin", SIMILAR_ORIGINS)
def test_similar_origins_are_rejected(ada: Person, origin: str) -> None:
    expect_rejected_preflight(preflight(ada.server, "/health", origin, "GET"), "origin")
    response = ada.request("GET", "/tasks", headers={"Origin": origin})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers
    assert "Origin" in response.headers["vary"]


def test_production_has_no_development_features(production: Server) -> None:
    opened = {"Accept": "text/html", "Sec-Fetch-Dest": "document"}
    for path in ("/docs", "/redoc", "/docs/assets/page.css"):
        expect(production.request("GET", path, headers=opened), 404, NOT_FOUND)
    assert production.request("GET", "/", headers=opened).json()["docs"] == "/openapi.json"
    # Prefer headers of mock responses are ignored.
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
def test_production_does_not_start_with_unsafe_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, unsafe: dict[str, str]
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    for name, value in (GOOD | unsafe).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=next(iter(unsafe))):
        load_settings()


def test_a_secret_beside_a_key_set_admits_no_token_and_is_logged(
    login: LoginService, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Better Auth reads BETTER_AUTH_SECRET as well, so both are set by accident."""
    shared = {
        "AUTH_JWKS_URL": f"{login.url}/jwks",
        "AUTH_ISSUER": ISSUER,
        "AUTH_AUDIENCE": AUDIENCE,
        **SHARED,
    }
    with running_without_database(tmp_path_factory.mktemp("shared"), settings=shared) as server:
        token = sign_hmac({"alg": "HS256"}, addressed(sub="ada"))
        response = up(server).request("GET", "/api/ada", token=token)
        expect(response, 401, NOT_AUTHENTICATED, www_authenticate=INVALID_TOKEN)
        assert "BETTER_AUTH_SECRET is set and verifies no token" in server.log.read_text()


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
def test_ambiguous_request_framing_is_rejected(ada: Person, framing: str) -> None:
    head = f"POST {ada.path('/tasks')} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    response = ada.server.send(f"{head}{framing}\r\n\r\n0\r\n\r\n{SMUGGLED}".encode(), checked=False)
    # 501: an unknown transfer coding (RFC 9112, section 6.1).
    assert response.status_code == (501 if "xchunked" in framing else 400)
    assert response.headers["connection"] == "close"


def test_the_service_publishes_no_keys(server: Server) -> None:
    for path in ("/jwks", "/api/auth/jwks", "/.well-known/openid-configuration"):
        assert server.request("GET", path).status_code in (401, 404)
