"""What holds for every operation, whatever it is about: the tables are read from openapi.yaml."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from jose import jws, jwt

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
    findings_of,
    headers_of,
    newcomer,
    target,
    token_of,
)

SECURED = [operation for operation in OPERATIONS if operation.secured]
WITH_BODY = [operation for operation in OPERATIONS if operation.example is not None]
JSON = ("Content-Type", "application/json")


# --- What fails ---


def test_the_log_says_what_failed_and_nothing_that_the_client_sent(damaged: Server) -> None:
    person = newcomer(damaged)
    assert person.post("/tasks", {"title": "Between us"}).status_code == 500
    log = damaged.log.read_text(encoding="utf-8")
    assert "createTask failed with UndefinedColumnError" in log
    for private in ("Between us", person.id, person.token, SECRET, "INSERT"):
        assert private not in log


def test_the_failure_is_over_when_its_cause_is(damaged: Server, cluster: Cluster) -> None:
    person = newcomer(damaged)
    assert person.get().status_code == 500
    cluster.execute('ALTER TABLE tasks_api."user" ADD COLUMN image text', "damaged")
    try:
        assert person.get().status_code == 200
    finally:
        cluster.execute('ALTER TABLE tasks_api."user" DROP COLUMN image', "damaged")


# --- Who asks ---

BODIES: dict[str, tuple[bytes | None, tuple[tuple[str, str], ...]]] = {
    "none": (None, ()),
    "not JSON": (b"{", (JSON,)),
    "not UTF-8": (b"\xff", (JSON,)),
    "of another media type": (b"<xml/>", (("Content-Type", "application/xml"),)),
    "of no media type": (b"{}", ()),
    "compressed": (b"\x1f\x8b", (JSON, ("Content-Encoding", "gzip"))),
    "too large": (b" " * (BODY_LIMIT + 1), (JSON,)),
    "said to be huge and never sent": (b"", (JSON, ("Content-Length", "1000000000000"))),
    "endless": (b"ffff\r\n" + b" " * 0xFFFF + b"\r\n", (JSON, ("Transfer-Encoding", "chunked"))),
}


@each(SECURED)
@pytest.mark.parametrize("body", BODIES)
def test_without_token_the_answer_is_401_whatever_the_body_is(
    server: Server, operation: Operation, body: str
) -> None:
    content, headers = BODIES[body]
    path = operation.path.format(user_id="somebody", **ANY)
    answer = server.raw(operation.method, path, content, *headers)
    expect(answer, 401, NOT_AUTHENTICATED, www_authenticate="Bearer")


@each(SECURED)
@pytest.mark.parametrize("query", ["?unknown=1", "?limit=no&limit=no", "?%FF"])
@pytest.mark.parametrize("ids", ["0", "x", "%00"])
def test_without_token_the_answer_is_401_whatever_the_parameters_are(
    server: Server, operation: Operation, query: str, ids: str
) -> None:
    path = operation.path.format(user_id="%FF", **dict.fromkeys(ANY, ids))
    answer = server.raw(operation.method, path + query)
    expect(answer, 401, NOT_AUTHENTICATED, www_authenticate="Bearer")


def signed(claims: Any, *, secret: str = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(claims, secret, algorithm, headers=header or None)


def signed_text(claims: Any) -> str:
    """Signed as mere bytes, since python-jose makes no token of claims that are not as they should be."""
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
    "a scheme that is misspelt": lambda user: [f"Bearer: {token_of(user)}"],
    "a tab": lambda user: [f"Bearer\t{token_of(user)}"],
    "two tokens in one header": lambda user: [f"Bearer {token_of(user)}, Bearer {token_of(user)}"],
    "two headers": lambda user: [f"Bearer {token_of(user)}"] * 2,
    "two headers, the first bad": lambda user: ["Bearer bad", f"Bearer {token_of(user)}"],
    "two headers, the second bad": lambda user: [f"Bearer {token_of(user)}", "Bearer bad"],
    "two headers, the second of another scheme": lambda user: [f"Bearer {token_of(user)}", "Basic dTpw"],
    "garbage": lambda _: ["Bearer garbage"],
    "three pieces of garbage": lambda _: ["Bearer a.b.c"],
    "only dots": lambda _: ["Bearer .."],
    "letters beyond ASCII": lambda _: ["Bearer é.é.é"],
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
    "an expiry that is no number": lambda user: [
        f"Bearer {signed_text({'sub': user, 'exp': str(NOW + 3600)})}"
    ],
    "a beginning in the future": lambda user: [f"Bearer {token_of(user, nbf=NOW + 600)}"],
    "no subject": lambda user: [f"Bearer {token_of(user, sub=None)}"],
    "critical extensions": lambda user: [
        f"Bearer {signed({'sub': user, 'exp': NOW + 3600}, crit=['x'], x=1)}"
    ],
    "8193 bytes": lambda user: [f"Bearer {token_of(user, name='x' * 8192)}"],
    "60 000 bytes": lambda _: ["Bearer " + "x" * 60_000],
}


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_with_no_good_credential_every_operation_answers_401_and_never_why(
    ada: Person, stored: Callable[[], str], credential: str
) -> None:
    headers = [("Authorization", value) for value in CREDENTIALS[credential](ada.id)]
    ids = ada.belongings()
    before = stored()
    for operation in SECURED:
        content = json.dumps(operation.example).encode() if operation.example is not None else None
        answer = ada.server.raw(operation.method, target(operation, ada, **ids), content, JSON, *headers)
        expect(answer, 401, NOT_AUTHENTICATED, www_authenticate=challenge(*headers))
    assert stored() == before


@pytest.mark.parametrize("value", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "Bearer     {}\t "])
def test_case_and_spaces_of_the_scheme_do_not_matter(ada: Person, value: str) -> None:
    answer = ada.server.raw("GET", ada.path(), None, ("Authorization", value.format(ada.token)))
    assert answer.status_code == 200


# --- What is asked for ---


@each(OPERATIONS)
def test_a_parameter_that_the_operation_does_not_declare_is_refused_by_name(
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
        answer = call(operation, ada, f"{path}?{query}")
        found = sorted((where, "unknownParameter") for where in (f"query.{name}" for name in names))
        assert sorted(findings_of(answer)) == found
    assert stored() == before


@each([operation for operation in OPERATIONS if operation.query])
def test_a_parameter_that_is_given_twice_is_refused_by_name(ada: Person, operation: Operation) -> None:
    path = target(operation, ada)
    for name in operation.query:
        for query in (
            f"{name}=1&{name}=1",
            f"{name}=1&{name}=2",
            f"{name}&{name}",
            f"{name}=1&%{ord(name[0]):X}{name[1:]}=1",
        ):
            assert findings_of(call(operation, ada, f"{path}?{query}")) == [(f"query.{name}", "duplicate")]


@each(WITH_BODY)
def test_everything_that_is_wrong_is_found_at_once(ada: Person, operation: Operation) -> None:
    first = operation.properties[0]
    body = {first: 1, "other": 1, "unknown": None}
    answer = call(operation, ada, f"{target(operation, ada)}?unknown=1&other", json=body)
    assert sorted(findings_of(answer)) == [
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
def test_a_method_that_a_path_does_not_have_is_refused_with_those_that_it_has(
    server: Server, ada: Person, method: str, path: str
) -> None:
    # Nothing else matters: neither who asks, nor what is sent.
    for token in (None, ada.token):
        answer = server.raw(method, CONCRETE[path], b"{", token=token)
        body = b"" if method == "HEAD" else b'{"detail":"Method not allowed"}'
        assert (answer.status_code, answer.content) == (405, body)
        assert headers_of(answer) == {"allow": allowed(path)}


@each([operation for operation in OPERATIONS if operation.method == "GET"])
def test_head_is_refused_as_get_is_and_without_a_body(ada: Person, operation: Operation) -> None:
    path = target(operation, ada)
    somebody = newcomer(ada.server)
    asked = [(f"{path}?unknown=1", ada.token, 422)]
    if operation.owned:
        asked += [(path, None, 401), (path, "bad", 401), (path, somebody.token, 403)]
    if operation.item:
        gone = operation.path.format(user_id=somebody.id, **ANY)
        asked.append((gone, somebody.token, 404))
    for there, token, status in asked:
        get, head = (ada.server.request(method, there, token=token) for method in ("GET", "HEAD"))
        assert (get.status_code, head.status_code, head.content) == (status, status, b"")
        assert headers_of(head) == headers_of(get)
        assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize("path", PATHS)
def test_options_tells_the_methods_of_a_path_to_anybody(server: Server, path: str) -> None:
    answer = server.request("OPTIONS", CONCRETE[path])
    assert (answer.status_code, answer.content) == (204, b"")
    usual = {name.lower() for name in CONTRACT["x-response-headers"]}
    headers = {name: value for name, value in answer.headers.items() if name not in usual}
    assert headers == {"date": answer.headers["date"], "allow": allowed(path), "vary": "Origin"}


def test_the_contract_that_is_served_is_the_one_that_was_written(server: Server) -> None:
    written = (ROOT / "openapi.yaml").read_bytes()
    as_yaml, as_json = (server.request("GET", f"/openapi.{kind}") for kind in ("yaml", "json"))
    assert (as_yaml.status_code, as_yaml.content) == (200, written)
    assert as_yaml.headers["content-type"] == "application/yaml"
    assert (as_json.status_code, as_json.json()) == (200, CONTRACT)
    assert as_json.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/openapi.yaml"])
def test_the_documentation_is_there_for_reading_only(server: Server, path: str) -> None:
    get, head = server.request("GET", path), server.request("HEAD", path)
    assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
    for method in ("POST", "DELETE", "TRACE"):
        answer = server.raw(method, path)
        expect(answer, 405, {"detail": "Method not allowed"}, allow="GET, HEAD, OPTIONS")
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
    # Elsewhere that would be another value of the last parameter.
    if not path.endswith("}")
]


@pytest.mark.parametrize("path", NEARLY)
def test_a_path_that_is_nearly_one_of_the_contract_is_another_path(
    server: Server, ada: Person, path: str
) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        expect(server.raw(method, path, token=ada.token), 404, NOT_FOUND)


@pytest.mark.parametrize(
    "path",
    ["/Health", "/HEALTH", "/api", "/api/", "/API/x", "/admin", "/.env", "/openapi", "/docs/", "/x" * 1000],
)
def test_what_is_not_in_the_contract_is_not_found(server: Server, path: str) -> None:
    for method in METHODS:
        answer = server.raw(method, path)
        assert (answer.status_code, answer.content) == (
            404,
            b"" if method == "HEAD" else b'{"detail":"Not found"}',
        )
        assert headers_of(answer) == {}


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
def test_what_is_not_http_never_reaches_the_contract(server: Server, request_line: bytes) -> None:
    answer = server.send(request_line + b"\r\nHost: test\r\n\r\n", checked=False)
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"


# --- Who may read the answers: CORS ---

ORIGINS = [FRONTEND, "http://localhost:3000"]
FOREIGN = [
    "https://evil.example",
    "http://tasks.example.com",
    f"{FRONTEND}.evil.example",
    f"{FRONTEND}:444",
    "null",
]


def preflight(server: Server, path: str, origin: str, method: str, headers: str = "") -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return server.request("OPTIONS", path, headers=asked)


@pytest.mark.parametrize("origin", ORIGINS)
@each(OPERATIONS)
def test_the_front_end_may_call_every_operation(server: Server, operation: Operation, origin: str) -> None:
    path = CONCRETE[operation.path]
    answer = preflight(server, path, origin, operation.method, "authorization, content-type")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert operation.method in answer.headers["access-control-allow-methods"].split(", ")
    sent = {"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match"}
    assert sent <= {*answer.headers["access-control-allow-headers"].split(", ")}
    assert "origin" in answer.headers["vary"].lower()


def expect_refused_preflight(answer: httpx.Response, what: str) -> None:
    """No operation of the contract answers it but Starlette's middleware, in words of its own.

    It stays so: the browser reads only headers of it, and hands no page the status or the body.
    """
    assert (answer.status_code, answer.text) == (400, f"Disallowed CORS {what}")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("origin", FOREIGN)
@each(OPERATIONS)
def test_another_site_may_not(server: Server, operation: Operation, origin: str) -> None:
    answer = preflight(server, CONCRETE[operation.path], origin, operation.method)
    expect_refused_preflight(answer, "origin")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("method", "headers", "what"),
    [("TRACE", "", "method"), ("BREW", "", "method"), ("GET", "x-other", "headers")],
)
def test_the_front_end_may_do_nothing_that_no_operation_needs(
    server: Server, method: str, headers: str, what: str
) -> None:
    expect_refused_preflight(preflight(server, "/health", FRONTEND, method, headers), what)


@pytest.mark.parametrize("path", ["/nowhere", "/api/somebody/tasks/0"])
def test_a_preflight_tells_nothing_about_what_is_there(server: Server, path: str) -> None:
    answer, there = (preflight(server, asked, FRONTEND, "DELETE") for asked in (path, CONCRETE[PATHS[-1]]))
    assert (answer.status_code, answer.content) == (200, b"OK")
    other = {"date": "", "x-request-id": ""}
    assert {**answer.headers, **other} == {**there.headers, **other}


@pytest.mark.parametrize("path", PATHS)
def test_options_of_a_page_that_is_no_preflight_is_options_as_ever(server: Server, path: str) -> None:
    answer = server.request("OPTIONS", CONCRETE[path], headers={"Origin": FRONTEND})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == allowed(path)
    assert answer.headers["access-control-allow-origin"] == FRONTEND


@pytest.mark.parametrize("origin", [*ORIGINS, *FOREIGN])
@pytest.mark.parametrize(
    "status", [200, 201, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 500, 503]
)
def test_the_front_end_may_read_every_answer_and_another_site_none(
    ada: Person, damaged: Server, unreachable: Server, status: int, origin: str
) -> None:
    task = f"/tasks/{ada.task()['id']}"
    asked: dict[int, tuple[Server, str, str, Any, str]] = {
        200: (ada.server, "GET", "", None, ada.token),
        201: (ada.server, "POST", "/tasks", b'{"title":"Write"}', ada.token),
        304: (ada.server, "GET", task, None, ada.token),
        400: (ada.server, "POST", "/tasks", b"{", ada.token),
        401: (ada.server, "GET", "", None, "bad"),
        403: (ada.server, "GET", "", None, newcomer(ada.server).token),
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
    server, method, path, content, token = asked[status]
    headers = {"Origin": origin, "Content-Type": "text/plain" if status == 415 else "application/json"}
    headers |= {304: {"If-None-Match": "*"}, 412: {"If-Match": '"another"'}}.get(status, {})
    answer = server.request(method, ada.path(path), token=token, content=content, headers=headers)
    assert answer.status_code == status
    expected = origin if origin in ORIGINS else None
    assert answer.headers.get("access-control-allow-origin") == expected
    assert "origin" in answer.headers["vary"].lower()
    if expected:
        assert answer.headers["access-control-allow-credentials"] == "true"
        exposed = set(answer.headers["access-control-expose-headers"].split(", "))
        assert exposed == {"Allow", "ETag", "Location", "Retry-After", "WWW-Authenticate", "X-Request-ID"} | {
            *("Accept", "Accept-Encoding", "Accept-Patch")
        }
