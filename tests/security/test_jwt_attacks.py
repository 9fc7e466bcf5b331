"""Running servers reject every invalid token, and valid tokens in every wrong place.

Each token has one fault, which its name states. All get the same error response, and none stores anything.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

import pytest
from bad_tokens import ALGORITHMS, HEADER, KEY_SET, SHARED_SECRET, header, sized
from signing import KEYS, addressed, claims, sign_hmac, sign_with

from impl.identity.caller import MAX_TOKEN_BYTES
from tests.api.conftest import INVALID_TOKEN, NOT_AUTHENTICATED, Cluster, Server, challenge, expect

from .conftest import WAYS, LoginService

# The tokens that a header can contain unchanged: a line break ends the value, and white space around the
# value is removed. The longest tokens are left out, because the server rejects the header before it reads the
# token.
TOKENS = {
    name: token.encode("utf-8", "surrogatepass").decode("latin-1")
    for name, token in [
        *((f"HS256: {name}", token) for name, token in SHARED_SECRET.items()),
        *((name, build()) for name, build in KEY_SET.items()),
    ]
    if not re.search("[\0\r\n]|^ |[ \t]$", token) and len(token) <= 16_384
}


@pytest.fixture(scope="session", params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(servers: dict[str, Server], way: str) -> Server:
    return servers[way]


@pytest.fixture
def both(servers: dict[str, Server]) -> Server:
    """The server that accepts most tokens: it has a shared secret and a key set.

    tests/impl/identity tests each verifier alone with the invalid tokens. The place of the token in a request
    is independent of the verifier.
    """
    return servers["both"]


def good(way: str) -> str:
    """Return a token of ada that a server of this kind accepts."""
    return (
        sign_hmac(HEADER, claims())
        if way == "shared secret"
        else sign_with(KEYS["EdDSA"], header("EdDSA"), addressed())
    )


def expect_rejection(
    server: Server,
    *headers: tuple[str, str],
    method: str = "GET",
    target: str = "/api/ada/tasks",
    body: bytes | None = None,
) -> None:
    response = server.raw(method, target, body, *headers)
    expect(response, 401, NOT_AUTHENTICATED, www_authenticate=challenge(*headers))


def test_every_invalid_token_is_rejected(both: Server) -> None:
    """Each fault of a key set's token has one algorithm, in turn; tests/impl/identity has all algorithms."""
    faults: dict[str, list[str]] = {}
    for name in TOKENS:
        algorithm, _, fault = name.partition(": ")
        faults.setdefault(name if algorithm == "HS256" else fault, []).append(name)
    for n, names in enumerate(faults.values()):
        name = names[n % len(names)]
        try:
            expect_rejection(both, ("Authorization", f"Bearer {TOKENS[name]}"))
        except AssertionError as error:
            error.add_note(f"the token: {name}")
            raise


# --- A valid token in a wrong place ---------------------------------------------------------------------

HEADERS: dict[str, Callable[[str], list[tuple[str, str]]]] = {
    "nowhere": lambda _: [],
    "without scheme": lambda token: [("Authorization", token)],
    "with a scheme in front of the scheme": lambda token: [("Authorization", f"Bearer Bearer {token}")],
    "with a colon": lambda token: [("Authorization", f"Bearer: {token}")],
    "with an equals sign": lambda token: [("Authorization", f"Bearer={token}")],
    "with a tab": lambda token: [("Authorization", f"Bearer\t{token}")],
    "with a no-break space": lambda token: [("Authorization", f"Bearer\xa0{token}")],
    "without space": lambda token: [("Authorization", f"Bearer{token}")],
    "as a parameter": lambda token: [("Authorization", f'Bearer token="{token}"')],
    "followed by a parameter": lambda token: [("Authorization", f"Bearer {token}, realm=x")],
    "with a comment": lambda token: [("Authorization", f"Bearer {token} (ada)")],
    **{
        f"of the scheme {scheme}": lambda token, scheme=scheme: [("Authorization", f"{scheme} {token}")]
        for scheme in (
            *("Basic", "Digest", "Token", "JWT", "DPoP", "MAC", "OAuth", "Negotiate", "Bearer,", "Bear"),
            *("Be\xe4rer", "Bearers", "'Bearer'", "None"),
        )
    },
    "as the user name of Basic": lambda token: [("Authorization", f"Basic {basic(f'{token}:')}")],
    "as the password of Basic": lambda token: [("Authorization", f"Basic {basic(f'ada:{token}')}")],
    "twice in one header": lambda token: [("Authorization", f"Bearer {token}, Bearer {token}")],
    "twice in two headers": lambda token: [("Authorization", f"Bearer {token}")] * 2,
    "after an invalid one": lambda token: [
        ("Authorization", "Bearer x"),
        ("Authorization", f"Bearer {token}"),
    ],
    "before an invalid one": lambda token: [
        ("Authorization", f"Bearer {token}"),
        ("Authorization", "Bearer x"),
    ],
    "beside an empty one": lambda token: [("Authorization", f"Bearer {token}"), ("Authorization", "")],
    "beside Basic": lambda token: [("Authorization", "Basic YTpi"), ("Authorization", f"Bearer {token}")],
    "in a header in upper case beside one in lower case": lambda token: [
        ("AUTHORIZATION", f"Bearer {token}"),
        ("authorization", "Bearer x"),
    ],
    **{
        f"in the header {name}": lambda token, name=name: [(name, f"Bearer {token}")]
        for name in (
            *("Proxy-Authorization", "X-Authorization", "X-Forwarded-Authorization", "Authentication"),
            *("X-Original-Authorization", "Authorization-X", "HTTP_AUTHORIZATION", "X-JWT-Assertion"),
            *("X-Access-Token", "X-Auth-Token", "X-Amzn-Oidc-Data", "Cf-Access-Jwt-Assertion", "DPoP"),
            *("Sec-WebSocket-Protocol", "WWW-Authenticate"),
        )
    },
    **{
        f"as the cookie {name}": lambda token, name=name: [("Cookie", f"{name}={token}")]
        for name in ("token", "jwt", "access_token", "Authorization", "better-auth.session_token")
    },
    **{
        f"as a user id in {name}": lambda _, name=name: [(name, "ada")]
        for name in (
            *(
                "X-User-Id",
                "X-User",
                "X-Forwarded-User",
                "X-Remote-User",
                "Remote-User",
                "X-Auth-Request-User",
            ),
            *("X-Authenticated-Userid", "X-Consumer-Username", "From"),
        )
    },
    "from the local machine": lambda _: [("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1")],
    "with another method": lambda _: [("X-HTTP-Method-Override", "OPTIONS")],
}

QUERIES = ("access_token", "token", "jwt", "bearer_token", "auth", "Authorization", "api_key", "id_token")


def basic(credentials: str) -> str:
    return base64.b64encode(credentials.encode()).decode()


@pytest.mark.parametrize("place", HEADERS)
def test_a_valid_token_in_another_header_is_rejected(both: Server, place: str) -> None:
    expect_rejection(both, *HEADERS[place](good("both")))


@pytest.mark.parametrize("name", QUERIES)
def test_a_valid_token_in_the_query_is_rejected(both: Server, name: str) -> None:
    expect_rejection(both, target=f"/api/ada/tasks?{name}={good('both')}")
    expect_rejection(both, target=f"/api/ada/tasks?{name}=Bearer%20{good('both')}")


@pytest.mark.parametrize("name", ["access_token", "token", "authorization"])
def test_a_valid_token_in_the_body_is_rejected(both: Server, name: str) -> None:
    bodies = {
        "application/x-www-form-urlencoded": f"{name}={good('both')}",
        "application/json": json.dumps({name: good("both"), "title": "Stolen"}),
    }
    for media_type, body in bodies.items():
        expect_rejection(both, ("Content-Type", media_type), method="POST", body=body.encode())


@pytest.mark.parametrize("target", ["/api/{0}/tasks", "/api/ada;{0}/tasks", "/api/ada:{0}@x/tasks"])
def test_a_valid_token_in_the_path_is_rejected(both: Server, target: str) -> None:
    expect_rejection(both, target=target.format(good("both")))


def test_rejected_tokens_store_nothing(
    servers: dict[str, Server], cluster: Cluster, login: LoginService
) -> None:
    """An accepted user would have a row. The login service received only requests for its keys."""
    assert ("ada",) not in cluster.execute('SELECT id FROM tasks_api."user"', "security")
    assert cluster.execute("SELECT count(*) FROM tasks_api.task WHERE user_id = 'ada'", "security") == [(0,)]
    assert {*login.requested} <= {"/jwks"}
    for server in servers.values():
        assert server.request("GET", "/health").status_code == 200
        log = server.log.read_text(encoding="utf-8")
        assert "Traceback" not in log
        assert "eyJ" not in log


# --- The same servers accept valid tokens ---------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["HS256", *ALGORITHMS])
@pytest.mark.parametrize("length", [None, MAX_TOKEN_BYTES])
def test_a_valid_token_is_accepted_where_it_belongs(
    server: Server, way: str, algorithm: str, length: int | None
) -> None:
    user_id = f"good-{way.replace(' ', '-')}"
    if length is not None:
        token = sized(algorithm, length, sub=user_id)
    elif algorithm == "HS256":
        token = sign_hmac(HEADER, addressed(sub=user_id))
    else:
        token = sign_with(KEYS[algorithm], header(algorithm), addressed(sub=user_id))
    assert length in (None, len(token))
    accepted = way == "both" or (way == "shared secret") == (algorithm == "HS256")
    response = server.request("GET", f"/api/{user_id}/tasks", token=token)
    if accepted:
        expect(response, 200, {"items": [], "total": 0, "next_cursor": None})
    else:
        expect(response, 401, NOT_AUTHENTICATED, www_authenticate=INVALID_TOKEN)


@pytest.mark.parametrize("changed", ["header", "payload", "signature"])
def test_a_cached_token_does_not_validate_a_similar_one(server: Server, way: str, changed: str) -> None:
    """A cached token is not verified again, so the cache must compare the whole token."""
    user_id = f"known-{way.replace(' ', '-')}"
    more = addressed(sub=user_id)
    parts = (
        sign_hmac(HEADER, more) if way == "shared secret" else sign_with(KEYS["EdDSA"], header("EdDSA"), more)
    ).split(".")
    for _ in range(2):
        response = server.raw(
            "GET", f"/api/{user_id}/tasks", None, ("Authorization", f"Bearer {'.'.join(parts)}")
        )
        assert response.status_code == 200
    index = ("header", "payload", "signature").index(changed)
    letter = parts[index][10]
    parts[index] = parts[index][:10] + ("A" if letter != "A" else "B") + parts[index][11:]
    expect_rejection(server, ("Authorization", f"Bearer {'.'.join(parts)}"), target=f"/api/{user_id}/tasks")
