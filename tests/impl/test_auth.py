from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impl.auth import (
    LEEWAY_SECONDS,
    MAX_TOKEN_BYTES,
    Authenticator,
    Caller,
    Claims,
    SharedSecretVerifier,
    authorize,
)
from impl.database import Database
from impl.errors import NotTheCaller, UserNotFound
from impl.tokens import development_secret, mint_token
from impl.users import Users
from specfirst.errors import Forbidden, Unauthenticated

SECRET = "kM9fQ2vX7pLr4TzB8nWc3YdH6sJg5EaU"
HEADER = {"alg": "HS256", "typ": "JWT"}
PUBLIC_KEY_DER = base64.b64decode("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")


def segment(data: object) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def sign(header: object, payload: object, key: bytes = SECRET.encode(), digest: str = "sha256") -> str:
    """A token with a good signature, whatever it says; bytes stand for themselves, all else becomes JSON."""
    signed = f"{segment(header)}.{segment(payload)}"
    return f"{signed}.{segment(hmac.new(key, signed.encode(), getattr(hashlib, digest)).digest())}"


def claims(**changes: object) -> dict[str, object]:
    """Good claims with `changes`; None leaves a claim out."""
    now = int(time.time())
    good: dict[str, object] = {"sub": "ada", "iat": now, "exp": now + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


class Seen(list[Claims]):
    """Takes the place of the database."""

    async def write(self, told: Claims) -> None:
        self.append(told)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def authenticator(seen: Seen) -> Authenticator:
    return Authenticator(SharedSecretVerifier(SECRET), seen.write, capacity=3)


GOOD = sign(HEADER, claims(exp=4102444800))
NOW = int(time.time())

BAD_EXP: list[object] = [NOW - 1, NOW - 0.5, 0, -1, True, "4102444800", "", [4102444800], {}, 10**15, 10**400]
BAD_IAT: list[object] = ["0", False, -1, [], 10**15]
BAD_NBF: list[object] = ["0", True, [], NOW + 3600]
BAD_SUB: list[object] = [
    "",
    "x" * 129,
    ".",
    "..",
    ".x",
    "a b",
    "a/b",
    "a%2Fb",
    "é",
    "a\x00",
    "a\n",
    "\ud800",
    1,
    True,
    ["ada"],
    {},
]

BAD: dict[str, str] = {
    "empty": "",
    "dots": "..",
    "many dots": "." * 9000,
    "one segment": "abc",
    "four segments": GOOD + ".e30",
    "non-ASCII": GOOD[:-1] + "é",
    "lone surrogate": GOOD + "\ud800",
    "NUL": GOOD + "\x00",
    "space": GOOD + " ",
    "line break": GOOD + "\n",
    "padding": GOOD + "=",
    "skipped characters": GOOD.replace(".", ".!", 1),
    "standard base64": GOOD.replace("_", "/").replace("-", "+") + "+",
    "too long": sign(HEADER, claims(exp=4102444800, more="x" * MAX_TOKEN_BYTES)),
    "other secret": sign(HEADER, claims(), key=b"x" * 32),
    "empty secret": sign(HEADER, claims(), key=b""),
    "no signature": GOOD.rpartition(".")[0] + ".",
    "changed payload": ".".join([GOOD.split(".")[0], segment(claims(sub="bob")), GOOD.split(".")[2]]),
    "alg none": sign(HEADER | {"alg": "none"}, claims()),
    "alg none, unsigned": sign(HEADER | {"alg": "none"}, claims()).rpartition(".")[0] + ".",
    "alg absent": sign({"typ": "JWT"}, claims()),
    "alg null": sign({"alg": None}, claims()),
    "alg in lower case": sign({"alg": "hs256"}, claims()),
    "alg a part of HS256": sign({"alg": "HS"}, claims()),
    "alg a list": sign({"alg": ["HS256"]}, claims()),
    "alg HS512": sign({"alg": "HS512"}, claims(), digest="sha512"),
    "alg RS256": sign({"alg": "RS256"}, claims()),
    "alg EdDSA with a public key as the secret": sign({"alg": "EdDSA"}, claims(), key=PUBLIC_KEY_DER),
    "public key as the secret": sign(HEADER, claims(), key=PUBLIC_KEY_DER),
    "crit": sign(HEADER | {"crit": ["b64"], "b64": False}, claims()),
    "crit empty": sign(HEADER | {"crit": []}, claims()),
    "b64": sign(HEADER | {"b64": True}, claims()),
    "header no object": sign(["HS256"], claims()),
    "header no JSON": sign(b"{", claims()),
    "header not UTF-8": sign(b"\xff", claims()),
    "header nested deeply": sign(b"[" * 5000, claims()),
    "payload no JSON": sign(HEADER, b"{"),
    "payload not UTF-8": sign(HEADER, b'{"sub": "\xff"}'),
    "payload a list": sign(HEADER, [claims()]),
    "payload null": sign(HEADER, None),
    "payload empty": sign(HEADER, b""),
    "payload nested deeply": sign(HEADER, b"[" * 5000),
    "exp of 5000 digits": sign(HEADER, b'{"sub": "ada", "exp": ' + b"9" * 5000 + b"}"),
    "exp 1e999": sign(HEADER, b'{"sub": "ada", "exp": 1e999}'),
    "exp NaN": sign(HEADER, claims(exp=float("nan"))),
    "exp Infinity": sign(HEADER, claims(exp=float("inf"))),
    "nbf NaN": sign(HEADER, claims(nbf=float("nan"))),
    **{f"exp {value!r}"[:24]: sign(HEADER, claims(exp=value)) for value in BAD_EXP},
    "exp absent": sign(HEADER, claims(exp=None)),
    "exp null": sign(HEADER, claims() | {"exp": None}),
    **{f"iat {value!r}": sign(HEADER, claims(iat=value)) for value in BAD_IAT},
    "iat null": sign(HEADER, claims() | {"iat": None}),
    **{f"nbf {value!r}": sign(HEADER, claims(nbf=value)) for value in BAD_NBF},
    **{f"sub {value!r}"[:20]: sign(HEADER, claims(sub=value)) for value in BAD_SUB},
    "sub absent": sign(HEADER, claims(sub=None)),
    "sub null": sign(HEADER, claims() | {"sub": None}),
}


async def refused(authenticator: Authenticator, token: str) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.authenticate(token)
    return caught.value


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
async def test_every_bad_token_is_refused_in_the_same_words(
    authenticator: Authenticator, seen: Seen, token: str
) -> None:
    refusal = await refused(authenticator, token)
    assert (refusal.status, refusal.detail) == (401, "Not authenticated")
    assert refusal.headers == {"WWW-Authenticate": "Bearer"}
    assert refusal.__cause__ is None
    assert refusal.__suppress_context__ or refusal.__context__ is None
    assert seen == []


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True), whole=st.booleans())
async def test_no_string_at_all_raises_anything_else(
    authenticator: Authenticator, token: str, whole: bool
) -> None:
    await refused(authenticator, token if whole else GOOD[: len(token)] + token)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.binary() | st.just(b'{"alg":"HS256"}'),
    payload=st.binary() | st.from_regex(r'\{"sub":"a","exp":[^}]*\}'),
)
async def test_nothing_that_is_signed_raises_anything_else(
    authenticator: Authenticator, header: bytes, payload: bytes | str
) -> None:
    raw = payload.encode() if isinstance(payload, str) else payload
    with suppress(Unauthenticated):
        await authenticator.authenticate(sign(header, raw))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"iat": None},
        {"iat": NOW + 0.5, "exp": NOW + 3600.5},
        {"nbf": NOW + LEEWAY_SECONDS - 1},
        {"nbf": 0},
        {"exp": 253_402_300_799},
        {"sub": "x" * 128},
        {"sub": "auth0|a:b@c+d~e"},
        {"sub": "-"},
        {"aud": ["https://elsewhere.example"], "iss": 1, "jti": [], "at_hash": "x"},
    ],
)
async def test_a_good_token_tells_who_is_calling(
    authenticator: Authenticator, changes: dict[str, object]
) -> None:
    told = claims(**changes)
    assert await authenticator.authenticate(sign(HEADER, told)) == Caller(str(told["sub"]))


async def test_a_scope_is_never_granted(authenticator: Authenticator) -> None:
    with pytest.raises(Forbidden):
        await authenticator.authenticate(GOOD, ["admin"])
    assert await authenticator.authenticate(GOOD, []) == Caller("ada")


async def test_a_token_is_verified_and_its_profile_written_once(
    authenticator: Authenticator, seen: Seen
) -> None:
    tokens = [sign(HEADER, claims(sub=f"user-{n}")) for n in range(3)]
    for token in tokens * 3:
        await authenticator.authenticate(token)
    assert [told.user_id for told in seen] == ["user-0", "user-1", "user-2"]


async def test_the_memory_for_tokens_is_bounded_and_forgets_the_oldest(
    authenticator: Authenticator, seen: Seen
) -> None:
    tokens = [sign(HEADER, claims(sub=f"user-{n}")) for n in range(4)]
    for token in [*tokens, tokens[1], tokens[0]]:
        await authenticator.authenticate(token)
    assert [told.user_id for told in seen] == ["user-0", "user-1", "user-2", "user-3", "user-0"]
    assert len(authenticator._remembered) == 3


async def test_a_remembered_token_expires_too(
    authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sign(HEADER, claims())
    await authenticator.authenticate(token)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    await refused(authenticator, token)
    assert authenticator._remembered == {}


async def test_a_token_whose_profile_was_not_written_is_not_remembered(seen: Seen) -> None:
    async def fail(told: Claims) -> None:
        seen.append(told)
        raise ConnectionError

    authenticator = Authenticator(SharedSecretVerifier(SECRET), fail)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await authenticator.authenticate(GOOD)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("told", "stored"),
    [
        ({}, (None, None, None, None)),
        (
            {"email": "ada@example.com", "name": "Ada", "email_verified": True, "image": "i"},
            ("ada@example.com", "Ada", True, "i"),
        ),
        ({"emailVerified": False, "picture": "p"}, (None, None, False, "p")),
        (
            {"email_verified": "yes", "emailVerified": True, "image": 1, "picture": "p"},
            (None, None, True, "p"),
        ),
        ({"email": 1, "name": ["Ada"], "email_verified": 1, "image": {}}, (None, None, None, None)),
        ({"email": "x" * 321, "name": "x" * 256, "image": "x" * 2049}, (None, None, None, None)),
        ({"email": "a\x00", "name": "\ud800", "image": "a\udfff"}, (None, None, None, None)),
        ({"email": "", "name": "😀"}, ("", "😀", None, None)),
    ],
)
async def test_claims_that_cannot_be_stored_count_as_absent(
    authenticator: Authenticator, seen: Seen, told: Mapping[str, Any], stored: tuple[object, ...]
) -> None:
    await authenticator.authenticate(sign(HEADER, claims(**told)))
    (read,) = seen
    assert (read.email, read.name, read.email_verified, read.image) == stored


async def test_a_secret_that_looks_like_json_is_still_a_secret(seen: Seen) -> None:
    secret = json.dumps({"keys": [{"kty": "oct", "k": segment(b"known to all")}]})
    authenticator = Authenticator(SharedSecretVerifier(secret), seen.write)
    await authenticator.authenticate(sign(HEADER, claims(), key=secret.encode()))
    await refused(authenticator, sign(HEADER, claims(), key=b"known to all"))


async def test_only_a_token_issued_after_the_erasure_brings_a_user_back(
    database: Database, ada: Caller
) -> None:
    users = Users(database)
    authenticator = Authenticator(SharedSecretVerifier(SECRET), users.write_profile)
    now = datetime.now(UTC).timestamp()
    known, older = (sign(HEADER, claims(sub=ada.user_id, iat=now - age)) for age in (1, 60))
    newer = sign(HEADER, claims(sub=ada.user_id, iat=now + 30, name="Ada"))
    await authenticator.authenticate(known)
    await users.delete_user(ada, user_id=ada.user_id)
    for token in (known, older):
        # The token itself is good: who it belongs to is simply not there.
        assert await authenticator.authenticate(token) == ada
        with pytest.raises(UserNotFound):
            await users.get_user(ada, user_id=ada.user_id)
    await authenticator.authenticate(newer)
    assert (await users.get_user(ada, user_id=ada.user_id)).name == "Ada"


async def test_nobody_may_use_another_users_paths() -> None:
    authorize(Caller("ada"), {"user_id": "ada", "task_id": 1})
    authorize(Caller("ada"), {})
    for other in ("bob", "ADA", "ada ", "", None):
        with pytest.raises(NotTheCaller):
            authorize(Caller("ada"), {"user_id": other})


async def test_a_minted_token_is_accepted_until_it_expires(authenticator: Authenticator, seen: Seen) -> None:
    token = mint_token(SECRET, "ada", timedelta(minutes=1), email="ada@example.com")
    assert await authenticator.authenticate(token) == Caller("ada")
    assert (seen[0].email, seen[0].name) == ("ada@example.com", None)
    assert seen[0].issued_at is not None
    await refused(authenticator, mint_token(SECRET, "ada", timedelta(seconds=-1)))


async def test_all_processes_share_one_development_secret_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret"
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: development_secret(path), range(64)))
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]
