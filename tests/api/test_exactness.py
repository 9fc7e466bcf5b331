"""Rules for every operation of openapi.yaml: errors, credentials, parameters, methods, paths and CORS."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from jose import jws, jwt

from tests.contract import shared_out
from tests.resources import ANY

from .conftest import (
    BODY_LIMIT,
    CONTRACT,
    FRONTEND,
    NOT_AUTHENTICATED,
    NOT_FOUND,
    OPERATIONS,
    PATHS,
    ROOT,
    SECRET,
    Cluster,
    Operation,
    Person,
    Server,
    allowed,
    call,
    challenge,
    each,
    expect,
    headers_of,
    new_person,
    target,
    token_of,
    validation_errors_of,
)

SECURED = [operation for operation in OPERATIONS if operation.secured]
WITH_BODY = [operation for operation in OPERATIONS if operation.example is not None]
JSON = ("Content-Type", "application/json")


# --- Failures ---


def test_the_log_names_the_failure_but_no_client_data(damaged: Server) -> None:
    person = new_person(damaged)
    assert person.post("/tasks", {"title": "Between us"}).status_code == 500
    log = damaged.log.read_text(encoding="utf-8")
    assert "createTask failed with UndefinedColumnError" in log
    for private in ("Between us", person.id, person.token, SECRET, "INSERT"):
        assert private not in log


def test_the_service_recovers_when_the_cause_is_fixed(damaged: Server, cluster: Cluster) -> None:
    person = new_person(damaged)
    assert person.get().status_code == 500
    cluster.execute('ALTER TABLE tasks_api."user" ADD COLUMN image text', "damaged")
    try:
        assert person.get().status_code == 200
    finally:
        cluster.execute('ALTER TABLE tasks_api."user" DROP COLUMN image', "damaged")


# --- Credentials ---

BODIES: dict[str, tuple[bytes | None, tuple[tuple[str, str], ...]]] = {
    "none": (None, ()),
    "not JSON": (b"{", (JSON,)),
    "not UTF-8": (b"\xff", (JSON,)),
    "of another media type": (b"<xml/>", (("Content-Type", "application/xml"),)),
    "of no media type": (b"{}", ()),
    "compressed": (b"\x1f\x8b", (JSON, ("Content-Encoding", "gzip"))),
    "too large": (b" " * (BODY_LIMIT + 1), (JSON,)),
    "declared as huge and never sent": (b"", (JSON, ("Content-Length", "1000000000000"))),
    "endless": (b"ffff\r\n" + b" " * 0xFFFF + b"\r\n", (JSON, ("Transfer-Encoding", "chunked"))),
}


@shared_out(SECURED, "body", [*BODIES])
def test_without_a_token_any_body_answers_401(server: Server, operation: Operation, body: str) -> None:
    content, headers = BODIES[body]
    path = operation.path.format(user_id="somebody", **ANY)
    response = server.raw(operation.method, path, content, *headers)
    expect(response, 401, NOT_AUTHENTICATED, www_authenticate="Bearer")


@shared_out(SECURED, "query", ["?unknown=1", "?limit=no&limit=no", "?%FF"])
@pytest.mark.parametrize("ids", ["0", "x", "%00"])
def test_without_a_token_any_parameters_answer_401(
    server: Server, operation: Operation, query: str, ids: str
) -> None:
    path = operation.path.format(user_id="%FF", **dict.fromkeys(ANY, ids))
    response = server.raw(operation.method, path + query)
    expect(response, 401, NOT_AUTHENTICATED, www_authenticate="Bearer")


def signed(claims: Any, *, secret: str = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(claims, secret, algorithm, headers=header or None)


def signed_text(claims: Any) -> str:
    """Sign the claims as bytes, because python-jose rejects invalid claims."""
    return jws.sign(json.dumps(claims).encode(), SECRET, algorithm="HS256")


def unsigned(user_id: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{header}.{token_of(user_id).split('.')[1]}."


def tampered(user_id: str) -> str:
    header, _, signature = token_of(user_id).split(".")
    return f"{header}.{token_of(user_id, name='Eve').split('.')[1]}.{signature}"


NOW = int(time.time())
CREDENTIALS: dict[str, Callable[[str], list[str]]] = {
    "empty": lambda _: [""],
    "a scheme alone": lambda _: ["Bearer"],
    "a scheme and a space": lambda _: ["Bearer "],
    "a token alone": lambda user: [token_of(user)],
    "another scheme": lambda user: [f"Basic {token_of(user)}"],
    "a misspelt scheme": lambda user: [f"Bearer: {token_of(user)}"],
    "a tab": lambda user: [f"Bearer\t{token_of(user)}"],
    "two tokens in one header": lambda user: [f"Bearer {token_of(user)}, Bearer {token_of(user)}"],
    "two headers": lambda user: [f"Bearer {token_of(user)}"] * 2,
    "two headers, the first bad": lambda user: ["Bearer bad", f"Bearer {token_of(user)}"],
    "two headers, the second bad": lambda user: [f"Bearer {token_of(user)}", "Bearer bad"],
    "two headers, the second of another scheme": lambda user: [f"Bearer {token_of(user)}", "Basic dTpw"],
    "garbage": lambda _: ["Bearer garbage"],
    "three pieces of garbage": lambda _: ["Bearer a.b.c"],
    "only dots": lambda _: ["Bearer .."],
    "non-ASCII letters": lambda _: ["Bearer é.é.é"],
    "a fourth piece": lambda user: [f"Bearer {token_of(user)}.x"],
    "padding": lambda user: [f"Bearer {token_of(user)}="],
    "no signature": lambda user: [f"Bearer {token_of(user).rpartition('.')[0]}."],
    "the algorithm none": lambda user: [f"Bearer {unsigned(user)}"],
    "another's payload": lambda user: [f"Bearer {tampered(user)}"],
    "another secret": lambda user: [f"Bearer {signed({'sub': user, 'exp': NOW + 3600}, secret='x' * 32)}"],
    "another algorithm": lambda user: [
        f"Bearer {signed({'sub': user, 'exp': NOW + 3600}, algorithm='HS512')}"
    ],
    "no expiry": lambda user: [f"Bearer {token_of(user, exp=None)}"],
    "an expiry in the past": lambda user: [f"Bearer {token_of(user, exp=NOW - 1)}"],
    "an expiry right now": lambda user: [f"Bearer {token_of(user, exp=NOW)}"],
    "an expiry that is not a number": lambda user: [
        f"Bearer {signed_text({'sub': user, 'exp': str(NOW + 3600)})}"
    ],
    "an nbf in the future": lambda user: [f"Bearer {token_of(user, nbf=NOW + 600)}"],
    "no subject": lambda user: [f"Bearer {token_of(user, sub=None)}"],
    "critical extensions": lambda user: [
        f"Bearer {signed({'sub': user, 'exp': NOW + 3600}, crit=['x'], x=1)}"
    ],
    "8193 bytes": lambda user: [f"Bearer {token_of(user, name='x' * 8192)}"],
    "60 000 bytes": lambda _: ["Bearer " + "x" * 60_000],
}


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_invalid_credentials_answer_401_without_a_reason(
    ada: Person, stored: Callable[[], str], credential: str
) -> None:
    headers = [("Authorization", value) for value in CREDENTIALS[credential](ada.id)]
    ids = ada.create_each()
    before = stored()
    for operation in SECURED:
        content = json.dumps(operation.example).encode() if operation.example is not None else None
        response = ada.server.raw(operation.method, target(operation, ada, **ids), content, JSON, *headers)
        expect(response, 401, NOT_AUTHENTICATED, www_authenticate=challenge(*headers))
    assert stored() == before


@pytest.mark.parametrize("value", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "Bearer     {}\t "])
def test_the_scheme_ignores_case_and_spaces(ada: Person, value: str) -> None:
    response = ada.server.raw("GET", ada.path(), None, ("Authorization", value.format(ada.token)))
    assert response.status_code == 200


# --- Parameters, methods and paths ---


@each(OPERATIONS)
def test_an_undeclared_parameter_answers_422_with_its_name(
    ada: Person, stored: Callable[[], str], operation: Operation
) -> None:
    path = target(operation, ada)
    before = stored()
    for query, names in (
        ("unknown=1", ["unknown"]),
        ("unknown", ["unknown"]),
        ("unknown=1&unknown=2", ["unknown"]),
        ("=1", [""]),
        ("Limit=1", ["Limit"]),
        ("limit%20=1", ["limit "]),
        ("caf%C3%A9=1", ["café"]),
        ("user_id=x&a[]=1", ["a[]", "user_id"]),
    ):
        response = call(operation, ada, f"{path}?{query}")
        found = sorted((where, "unknownParameter") for where in (f"query.{name}" for name in names))
        assert sorted(validation_errors_of(response)) == found
    assert stored() == before


@each([operation for operation in OPERATIONS if operation.query])
def test_a_repeated_parameter_answers_422_with_its_name(ada: Person, operation: Operation) -> None:
    path = target(operation, ada)
    for name in operation.query:
        for query in (
            f"{name}=1&{name}=1",
            f"{name}=1&{name}=2",
            f"{name}&{name}",
            f"{name}=1&%{ord(name[0]):X}{name[1:]}=1",
        ):
            assert validation_errors_of(call(operation, ada, f"{path}?{query}")) == [
                (f"query.{name}", "duplicate")
            ]


@each(WITH_BODY)
def test_a_422_lists_all_validation_errors(ada: Person, operation: Operation) -> None:
    first = operation.properties[0]
    body = {first: 1, "other": 1, "unknown": None}
    response = call(operation, ada, f"{target(operation, ada)}?unknown=1&other", json=body)
    assert sorted(validation_errors_of(response)) == [
        (f"body.{name}", rule)
        for name, rule in sorted(
            [(first, "type"), ("other", "additionalProperties"), ("unknown", "additionalProperties")]
        )
    ] + [("query.other", "unknownParameter"), ("query.unknown", "unknownParameter")]


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY", "FOO", "get")
CONCRETE = {path: path.format(user_id="somebody", **ANY) for path in PATHS}


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for path in PATHS for method in METHODS if method not in allowed(path).split(", ")],
)
def test_an_unsupported_method_answers_405_with_allow(
    server: Server, ada: Person, method: str, path: str
) -> None:
    # The response is the same without a token and with any body.
    for token in (None, ada.token):
        response = server.raw(method, CONCRETE[path], b"{", token=token)
        body = {"detail": "Method not allowed", "code": "method_not_allowed"}
        expected = b"" if method == "HEAD" else json.dumps(body, separators=(",", ":")).encode()
        assert (response.status_code, response.content) == (405, expected)
        assert headers_of(response) == {"allow": allowed(path)}


@each([operation for operation in OPERATIONS if operation.method == "GET"])
def test_an_error_response_to_head_has_no_body(ada: Person, operation: Operation) -> None:
    path = target(operation, ada)
    person = new_person(ada.server)
    cases = [(f"{path}?unknown=1", ada.token, 422)]
    if operation.owned:
        cases += [(path, None, 401), (path, "bad", 401), (path, person.token, 403)]
    if operation.item:
        missing = operation.path.format(user_id=person.id, **ANY)
        cases.append((missing, person.token, 404))
    for there, token, status in cases:
        get, head = (ada.server.request(method, there, token=token) for method in ("GET", "HEAD"))
        assert (get.status_code, head.status_code, head.content) == (status, status, b"")
        assert headers_of(head) == headers_of(get)
        assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("path", PATHS)
def test_options_lists_methods_without_a_token(server: Server, path: str) -> None:
    response = server.request("OPTIONS", CONCRETE[path])
    assert (response.status_code, response.content) == (204, b"")
    usual = {name.lower() for name in CONTRACT["x-response-headers"]}
    headers = {name: value for name, value in response.headers.items() if name not in usual}
    assert headers == {"date": response.headers["date"], "allow": allowed(path), "vary": "Origin"}


def test_the_served_contract_equals_openapi_yaml(server: Server) -> None:
    written = (ROOT / "openapi.yaml").read_bytes()
    as_yaml, as_json = (server.request("GET", f"/openapi.{kind}") for kind in ("yaml", "json"))
    assert (as_yaml.status_code, as_yaml.content) == (200, written)
    assert as_yaml.headers["content-type"] == "application/yaml"
    assert (as_json.status_code, as_json.json()) == (200, CONTRACT)
    assert as_json.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/openapi.yaml"])
def test_the_documentation_is_read_only(server: Server, path: str) -> None:
    get, head = server.request("GET", path), server.request("HEAD", path)
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    for method in ("POST", "DELETE", "TRACE"):
        response = server.raw(method, path)
        body = {"detail": "Method not allowed", "code": "method_not_allowed"}
        expect(response, 405, body, allow="GET, HEAD, OPTIONS")
    options = server.request("OPTIONS", path)
    assert (options.status_code, options.content, options.headers["allow"]) == (
        204,
        b"",
        "GET, HEAD, OPTIONS",
    )


NEARLY = [form.format(path) for path in CONCRETE.values() for form in ("{}/", "/{}", "{}//")]
NEARLY += [
    form.format(CONCRETE[path])
    for path in PATHS
    for form in ("{};", "{}.json", "{}%2F", "{}%20", "{}%00", "{}%FF")
    # For other paths, that would be another value of the last parameter.
    if not path.endswith("}")
]


@pytest.mark.parametrize("path", NEARLY)
def test_a_similar_path_is_another_path(server: Server, ada: Person, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        expect(server.raw(method, path, token=ada.token), 404, NOT_FOUND)


@pytest.mark.parametrize(
    "path",
    ["/Health", "/HEALTH", "/api", "/api/", "/API/x", "/admin", "/.env", "/openapi", "/docs/", "/x" * 1000],
)
def test_an_unknown_path_answers_404(server: Server, path: str) -> None:
    for method in METHODS:
        response = server.raw(method, path)
        assert (response.status_code, response.content) == (
            404,
            b"" if method == "HEAD" else b'{"detail":"Not found","code":"not_found"}',
        )
        assert headers_of(response) == {}


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /he alth HTTP/1.1",
        b"GET /\xc3\xa9 HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET health HTTP/1.1",
        b"GET /health HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
        b"GET /health HTTP/1.1\r\nContent-Length: -1",
        b"GET /health HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        b"GET /health HTTP/1.1\r\n folded: 1",
        b"GET /health HTTP/1.1\r\nna me: 1",
        b"GET /health HTTP/1.1\r\nname: \x00",
    ],
    ids=repr,
)
def test_a_malformed_http_request_answers_400(server: Server, request_line: bytes) -> None:
    response = server.send(request_line + b"\r\nHost: test\r\n\r\n", checked=False)
    assert response.status_code == 400
    assert response.json()["detail"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["connection"] == "close"


# --- CORS ---

ORIGINS = [FRONTEND, "http://localhost:3000"]
FOREIGN = [
    "https://evil.example",
    "http://tasks.example.com",
    f"{FRONTEND}.evil.example",
    f"{FRONTEND}:444",
    "null",
]


def preflight(server: Server, path: str, origin: str, method: str, headers: str = "") -> httpx.Response:
    sent = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        sent["Access-Control-Request-Headers"] = headers
    return server.request("OPTIONS", path, headers=sent)


@shared_out(OPERATIONS, "origin", ORIGINS)
def test_the_front_end_may_call_every_operation(server: Server, operation: Operation, origin: str) -> None:
    path = CONCRETE[operation.path]
    response = preflight(server, path, origin, operation.method, "authorization, content-type")
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["access-control-allow-credentials"] == "true"
    assert operation.method in response.headers["access-control-allow-methods"].split(", ")
    sent = {"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"}
    assert sent <= {*response.headers["access-control-allow-headers"].split(", ")}
    assert "origin" in response.headers["vary"].lower()


def expect_rejected_preflight(response: httpx.Response, what: str) -> None:
    """Assert the plain-text response of Starlette's CORS middleware, which the contract does not declare.

    A browser reads only the headers of a preflight response; pages do not get its status or body.
    """
    assert (response.status_code, response.text) == (400, f"Disallowed CORS {what}")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@shared_out(OPERATIONS, "origin", FOREIGN)
def test_cors_rejects_other_origins(server: Server, operation: Operation, origin: str) -> None:
    response = preflight(server, CONCRETE[operation.path], origin, operation.method)
    expect_rejected_preflight(response, "origin")
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    ("method", "headers", "what"),
    [("TRACE", "", "method"), ("BREW", "", "method"), ("GET", "x-other", "headers")],
)
def test_cors_rejects_unused_methods_and_headers(
    server: Server, method: str, headers: str, what: str
) -> None:
    expect_rejected_preflight(preflight(server, "/health", FRONTEND, method, headers), what)


@pytest.mark.parametrize("path", ["/nowhere", "/api/somebody/tasks/0"])
def test_a_preflight_does_not_reveal_which_paths_exist(server: Server, path: str) -> None:
    response, there = (preflight(server, place, FRONTEND, "DELETE") for place in (path, CONCRETE[PATHS[-1]]))
    assert (response.status_code, response.content) == (200, b"OK")
    other = {"date": "", "x-request-id": ""}
    assert {**response.headers, **other} == {**there.headers, **other}


@pytest.mark.parametrize("path", PATHS)
def test_options_without_preflight_headers_is_plain_options(server: Server, path: str) -> None:
    response = server.request("OPTIONS", CONCRETE[path], headers={"Origin": FRONTEND})
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == allowed(path)
    assert response.headers["access-control-allow-origin"] == FRONTEND


@pytest.mark.parametrize(
    ("status", "origin"),
    [
        (status, origins[n % len(origins)])
        for n, status in enumerate(
            (200, 201, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 503)
        )
        for origins in (ORIGINS, FOREIGN)
    ],
)
def test_only_the_front_end_may_read_responses(
    ada: Person, damaged: Server, unreachable: Server, status: int, origin: str
) -> None:
    task = f"/tasks/{ada.task()['id']}"
    requests: dict[int, tuple[Server, str, str, Any, str]] = {
        200: (ada.server, "GET", "", None, ada.token),
        201: (ada.server, "POST", "/tasks", b'{"title":"Write"}', ada.token),
        304: (ada.server, "GET", task, None, ada.token),
        400: (ada.server, "POST", "/tasks", b"{", ada.token),
        401: (ada.server, "GET", "", None, "bad"),
        403: (ada.server, "GET", "", None, new_person(ada.server).token),
        404: (ada.server, "GET", "/tasks/9007199254740991", None, ada.token),
        405: (ada.server, "PUT", "/tasks", None, ada.token),
        409: (ada.server, "POST", "/categories", b'{"name":"Taken"}', ada.token),
        412: (ada.server, "DELETE", task, None, ada.token),
        413: (ada.server, "POST", "/tasks", b" " * (BODY_LIMIT + 1), ada.token),
        415: (ada.server, "POST", "/tasks", b"{}", ada.token),
        422: (ada.server, "POST", "/tasks", b"{}", ada.token),
        500: (damaged, "GET", "", None, ada.token),
        503: (unreachable, "GET", "", None, ada.token),
    }
    ada.category("Taken")
    server, method, path, content, token = requests[status]
    headers = {"Origin": origin, "Content-Type": "text/plain" if status == 415 else "application/json"}
    headers |= {304: {"If-None-Match": "*"}, 412: {"If-Match": '"another"'}}.get(status, {})
    response = server.request(method, ada.path(path), token=token, content=content, headers=headers)
    assert response.status_code == status
    expected = origin if origin in ORIGINS else None
    assert response.headers.get("access-control-allow-origin") == expected
    assert "origin" in response.headers["vary"].lower()
    if expected:
        assert response.headers["access-control-allow-credentials"] == "true"
        exposed = set(response.headers["access-control-expose-headers"].split(", "))
        assert exposed == {"Allow", "ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Request-ID"} | {
            *("Accept", "Accept-Encoding", "Accept-Patch")
        }
