"""Bearer token → Caller.

Every token that is not good is answered in the same words, whatever is wrong with it: the reason would help
an attacker more than a user. A token is verified and its user's row written once; then it is remembered until
it expires.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from jose import jwk, jws

from impl.errors import NotTheCaller
from specfirst.errors import Forbidden, Unauthenticated

MAX_TOKEN_BYTES = 8192

# How far our clock may be behind the login service's. It excuses a token that is not valid yet (`nbf`);
# a token that has expired by our clock is not excused.
LEEWAY_SECONDS = 5

# Three segments of base64url. python-jose would skip any other character instead of refusing it.
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

# The contract's UserId.
_USER_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:@|+~-]{0,127}")

# The last second of the year 9999: beyond it a NumericDate is no date.
_MAX_DATE = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking."""

    user_id: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says; None where it does not say it, or not in a form that we can store."""

    user_id: str
    expires_at: float
    issued_at: datetime | None = None
    email: str | None = None
    name: str | None = None
    email_verified: bool | None = None
    image: str | None = None


class Verifier(Protocol):
    async def verify(self, token: str) -> Claims:
        """What the token says; raises Unauthenticated, and for a bad token nothing else."""
        ...


class SharedSecretVerifier:
    """HS256 with a secret that Better Auth and this service share.

    python-jose checks the signature and nothing else. Its own checks of claims accept `exp: "4102444800"`,
    `exp: true` and no `exp` at all, and fail with an OverflowError on `exp: 1e999`.
    """

    def __init__(self, secret: str) -> None:
        # A key object: a string that happens to be JSON would be taken for a set of keys.
        self._key = jwk.construct(secret, "HS256")

    async def verify(self, token: str) -> Claims:
        try:
            header = jws.get_unverified_header(token)
            # `crit` and `b64` change what is signed; who sends them expects them to be understood.
            if header.get("alg") != "HS256" or "crit" in header or "b64" in header:
                raise Unauthenticated
            payload = json.loads(jws.verify(token, self._key, ["HS256"]))
        except Exception:
            # Any string may come in, and parsers fail in many ways: RecursionError on deep nesting,
            # UnicodeError, ValueError on a number of five thousand digits.
            raise Unauthenticated from None
        return read_claims(payload)


def read_claims(payload: object) -> Claims:
    """The claims of a token whose signature is good; raises Unauthenticated."""
    if not isinstance(payload, dict):
        raise Unauthenticated
    now = time.time()
    user_id, expires_at = payload.get("sub"), _date(payload, "exp")
    issued_at, not_before = _date(payload, "iat"), _date(payload, "nbf")
    if not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
        raise Unauthenticated
    if expires_at is None or expires_at <= now:
        raise Unauthenticated
    if not_before is not None and not_before > now + LEEWAY_SECONDS:
        raise Unauthenticated
    return Claims(
        user_id=user_id,
        expires_at=expires_at,
        issued_at=None if issued_at is None else datetime.fromtimestamp(issued_at, UTC),
        email=_text(payload, 320, "email"),
        name=_text(payload, 255, "name"),
        email_verified=next(
            (
                payload[key]
                for key in ("email_verified", "emailVerified")
                if isinstance(payload.get(key), bool)
            ),
            None,
        ),
        image=_text(payload, 2048, "image", "picture"),
    )


def _date(payload: Mapping[str, object], name: str) -> float | None:
    """A NumericDate, or None if the token has none; raises Unauthenticated for anything else."""
    if name not in payload:
        return None
    value = payload[name]
    # The comparison refuses NaN and the infinities too, and does not overflow as float(value) would.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_DATE:
        raise Unauthenticated
    return value


def _text(payload: Mapping[str, object], longest: int, *names: str) -> str | None:
    """The first of these claims that PostgreSQL can store: neither NUL nor lone surrogates."""
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and len(value) <= longest and not re.search("[\x00\ud800-\udfff]", value):
            return value
    return None


class Authenticator:
    def __init__(
        self,
        verifier: Verifier,
        write_profile: Callable[[Claims], Awaitable[None]],
        *,
        capacity: int = 10_000,
    ) -> None:
        """`write_profile` is called with the claims of each token when it is first seen."""
        self._verifier = verifier
        self._write_profile = write_profile
        self._capacity = capacity
        self._remembered: dict[str, tuple[float, Caller]] = {}

    async def authenticate(self, token: str, scopes: Sequence[str] = ()) -> Caller:
        """Whose token it is; raises Unauthenticated."""
        if scopes:
            # Better Auth's tokens grant none, so an operation that asks for one is not for their bearers.
            raise Forbidden("Not authorized")
        remembered = self._remembered.get(token)
        if remembered is not None:
            expires_at, caller = remembered
            if expires_at > time.time():
                return caller
            del self._remembered[token]
        if len(token) > MAX_TOKEN_BYTES or not _TOKEN.fullmatch(token):
            raise Unauthenticated
        claims = await self._verifier.verify(token)
        await self._write_profile(claims)
        if len(self._remembered) >= self._capacity:
            # The oldest goes. If it comes back, it is verified again.
            del self._remembered[next(iter(self._remembered))]
        caller = Caller(claims.user_id)
        self._remembered[token] = (claims.expires_at, caller)
        return caller


def authorize(caller: Caller, path_parameters: Mapping[str, object]) -> None:
    """Nobody may use another user's paths; raises NotTheCaller."""
    if path_parameters.get("user_id", caller.user_id) != caller.user_id:
        raise NotTheCaller
