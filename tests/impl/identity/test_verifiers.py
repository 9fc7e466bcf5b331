from __future__ import annotations

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
from bad_tokens import GOOD, HEADER, NOW, SHARED_SECRET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signing import SECRET, claims, segment, sign_hmac
from specfirst.runtime.errors import Forbidden, Unauthenticated

from devtools.development_secret import development_secret
from impl.errors import NotTheCaller, UserNotFound
from impl.identity.caller import Authenticator, Caller, authorize
from impl.identity.tokens import LEEWAY_SECONDS, Claims, mint_token
from impl.identity.verifiers import SharedSecretVerifier
from impl.postgres.database import Database
from impl.resources.users import Users
from impl.store.profiles import Profiles


class Seen(list[Claims]):
    """Replaces the database, and records the claims."""

    async def write(self, token_claims: Claims) -> None:
        self.append(token_claims)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def authenticator(seen: Seen) -> Authenticator:
    return Authenticator(SharedSecretVerifier(SECRET), seen.write, capacity=3)


async def rejected(authenticator: Authenticator, token: str) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.authenticate(token)
    return caught.value


@pytest.mark.parametrize("token", SHARED_SECRET.values(), ids=SHARED_SECRET)
async def test_every_invalid_token_gets_the_same_error(
    authenticator: Authenticator, seen: Seen, token: str
) -> None:
    api_error = await rejected(authenticator, token)
    assert (api_error.status, api_error.detail) == (401, "Not authenticated")
    assert api_error.headers == {"WWW-Authenticate": "Bearer"}
    assert api_error.__cause__ is None
    assert api_error.__suppress_context__ or api_error.__context__ is None
    assert seen == []


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True), whole=st.booleans())
async def test_no_string_raises_another_error(authenticator: Authenticator, token: str, whole: bool) -> None:
    await rejected(authenticator, token if whole else GOOD[: len(token)] + token)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.binary() | st.just(b'{"alg":"HS256"}'),
    payload=st.binary() | st.from_regex(r'\{"sub":"a","exp":[^}]*\}'),
)
async def test_no_signed_token_raises_another_error(
    authenticator: Authenticator, header: bytes, payload: bytes | str
) -> None:
    raw = payload.encode() if isinstance(payload, str) else payload
    with suppress(Unauthenticated):
        await authenticator.authenticate(sign_hmac(header, raw))


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
async def test_a_valid_token_identifies_the_caller(
    authenticator: Authenticator, changes: dict[str, object]
) -> None:
    token_claims = claims(**changes)
    assert await authenticator.authenticate(sign_hmac(HEADER, token_claims)) == Caller(
        str(token_claims["sub"])
    )


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/jwt", "application/AT+JWT"])
async def test_a_valid_token_may_have_a_typ(authenticator: Authenticator, kind: str) -> None:
    assert await authenticator.authenticate(sign_hmac(HEADER | {"typ": kind}, claims())) == Caller("ada")


async def test_a_scope_is_never_granted(authenticator: Authenticator) -> None:
    with pytest.raises(Forbidden):
        await authenticator.authenticate(GOOD, ["admin"])
    assert await authenticator.authenticate(GOOD, []) == Caller("ada")


async def test_a_token_is_verified_and_its_profile_written_once(
    authenticator: Authenticator, seen: Seen
) -> None:
    tokens = [sign_hmac(HEADER, claims(sub=f"user-{n}")) for n in range(3)]
    for token in tokens * 3:
        await authenticator.authenticate(token)
    assert [token_claims.user_id for token_claims in seen] == ["user-0", "user-1", "user-2"]


async def test_the_token_cache_is_bounded_and_evicts_the_oldest(
    authenticator: Authenticator, seen: Seen
) -> None:
    tokens = [sign_hmac(HEADER, claims(sub=f"user-{n}")) for n in range(4)]
    for token in [*tokens, tokens[1], tokens[0]]:
        await authenticator.authenticate(token)
    assert [token_claims.user_id for token_claims in seen] == [
        "user-0",
        "user-1",
        "user-2",
        "user-3",
        "user-0",
    ]
    assert len(authenticator._remembered) == 3


async def test_a_cached_token_expires(authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    token = sign_hmac(HEADER, claims())
    await authenticator.authenticate(token)
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    await rejected(authenticator, token)
    assert authenticator._remembered == {}


async def test_a_token_is_not_cached_if_its_profile_write_failed(seen: Seen) -> None:
    async def fail(token_claims: Claims) -> None:
        seen.append(token_claims)
        raise ConnectionError

    authenticator = Authenticator(SharedSecretVerifier(SECRET), fail)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await authenticator.authenticate(GOOD)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("token_claims", "stored"),
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
async def test_invalid_profile_claims_are_ignored(
    authenticator: Authenticator, seen: Seen, token_claims: Mapping[str, Any], stored: tuple[object, ...]
) -> None:
    await authenticator.authenticate(sign_hmac(HEADER, claims(**token_claims)))
    (read,) = seen
    assert (read.email, read.name, read.email_verified, read.image) == stored


@pytest.mark.parametrize(
    ("token_claims", "cleared"),
    [
        ({}, set()),
        ({"image": None}, {"image"}),
        ({"email": None, "name": None, "image": None}, {"email", "name", "image"}),
        ({"image": None, "picture": "p"}, set()),
        ({"picture": None}, set()),
        ({"name": 1, "image": "x" * 2049}, set()),
    ],
)
async def test_a_null_claim_differs_from_an_absent_claim(
    authenticator: Authenticator, seen: Seen, token_claims: Mapping[str, Any], cleared: set[str]
) -> None:
    await authenticator.authenticate(sign_hmac(HEADER, claims() | token_claims))
    (read,) = seen
    assert read.cleared == cleared


async def test_a_secret_may_look_like_json(seen: Seen) -> None:
    secret = json.dumps({"keys": [{"kty": "oct", "k": segment(b"known to all")}]})
    authenticator = Authenticator(SharedSecretVerifier(secret), seen.write)
    await authenticator.authenticate(sign_hmac(HEADER, claims(), key=secret.encode()))
    await rejected(authenticator, sign_hmac(HEADER, claims(), key=b"known to all"))


async def test_only_a_token_issued_after_erasure_is_accepted(database: Database, ada: Caller) -> None:
    users = Users(database)
    authenticator = Authenticator(SharedSecretVerifier(SECRET), Profiles(database).write)
    now = datetime.now(UTC).timestamp()
    known, older = (sign_hmac(HEADER, claims(sub=ada.user_id, iat=now - age)) for age in (1, 60))
    newer = sign_hmac(HEADER, claims(sub=ada.user_id, iat=now + 30, name="Ada"))
    await authenticator.authenticate(known)
    await users.delete_user(ada, user_id=ada.user_id)
    for token in (known, older):
        # The token is valid, but its user does not exist.
        assert await authenticator.authenticate(token) == ada
        with pytest.raises(UserNotFound):
            await users.get_user(ada, user_id=ada.user_id)
    await authenticator.authenticate(newer)
    assert (await users.get_user(ada, user_id=ada.user_id))["name"] == "Ada"


async def test_paths_of_another_user_are_forbidden() -> None:
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
    await rejected(authenticator, mint_token(SECRET, "ada", timedelta(seconds=-1)))


async def test_processes_share_one_private_development_secret(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret"
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: development_secret(path), range(64)))
    assert len(secrets) == 1
    assert len(secrets.pop()) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"]
