"""Bearer token → Caller.

Every bad token gets the same response, whatever is wrong with it: the reason would help an attacker more than
a user. The log has the reason, and nothing of the token. A token is verified and its user's row written once;
then it is remembered until it expires, even if its key is withdrawn before.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from jose import jwk, jws
from jose.exceptions import JOSEError
from jwt import PyJWS, PyJWTError

from impl.errors import NotTheCaller
from impl.keys import ALGORITHMS, KeySet
from specfirst.errors import Forbidden, Unauthenticated

MAX_TOKEN_BYTES = 8192

# How far our clock may be behind the login service's. It excuses a token that is not valid yet (`nbf`);
# a token that has expired by our clock is not excused.
LEEWAY_SECONDS = 5

# Three segments of base64url, each in its one form: python-jose would skip any other character instead of
# refusing it, and bits behind the last byte, which nothing reads, would make several tokens of one.
_SEGMENT = "(?=[^.])(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?"
_TOKEN = re.compile(rf"{_SEGMENT}\.{_SEGMENT}\.{_SEGMENT}")

# `crit` and `b64` change what is signed (RFC 7515, section 4.1.11; RFC 7797), and who sends them expects them
# to be understood. With the others a token brings the key that it is to be verified with (RFC 7515, sections
# 4.1.2 to 4.1.6).
REFUSED_HEADERS = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c"})
_REFUSED_NAMES = ", ".join(sorted(REFUSED_HEADERS))

# Tokens of other kinds, such as the one that tells of a logout, may be signed with the same keys; they name
# their kind (RFC 8725, section 3.11). Better Auth names none.
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

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
    # Of email, name and image those that it says are not there, with a null. Others stay as they are.
    cleared: frozenset[str] = frozenset()


class BadToken(Unauthenticated):
    """The token is not valid; the log says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class Verifier(Protocol):
    async def verify(self, token: str) -> Claims:
        """What the token says; raises Unauthenticated, and for a bad token nothing else.

        Raises LoginServiceUnavailable if it cannot be said whether the token is good.
        """
        ...


class SharedSecretVerifier:
    """HS256 with a secret that Better Auth and this service share.

    python-jose checks the signature and nothing else. Its own checks of claims accept `exp: "4102444800"`,
    `exp: true` and no `exp` at all, and fail with an OverflowError on `exp: 1e999`.
    """

    def __init__(self, secret: str, *, issuer: str | None = None, audience: str | None = None) -> None:
        # A key object: a string that happens to be JSON would be taken for a set of keys.
        self._key = jwk.construct(secret, "HS256")
        # Only the two sides know the secret, so a token need not repeat who issued it and for whom. What it
        # does say must be right.
        self._told = {"iss": issuer, "aud": audience}
        self._issuer, self._audience = issuer, audience

    async def verify(self, token: str) -> Claims:
        if read_header(token)["alg"] != "HS256":
            raise BadToken("its algorithm is not HS256")
        try:
            payload = _read_object(jws.verify(token, self._key, ["HS256"]))
        except (JOSEError, RecursionError):
            # It parses the header once more, and lets the latter through.
            raise BadToken("its signature is not one of BETTER_AUTH_SECRET") from None
        _check_addressee(self._told | payload, self._issuer, self._audience)
        return read_claims(payload)


class KeySetVerifier:
    """EdDSA, ES256 and RS256 with the key that the token names, each key with its one algorithm.

    PyJWT checks the signature and nothing else (python-jose has no EdDSA). Issuer and audience are required,
    since the login service signs for others with the same keys: its session cookie can be such a token.
    """

    def __init__(self, keys: KeySet, *, issuer: str, audience: str) -> None:
        self._keys, self._issuer, self._audience = keys, issuer, audience
        # Knows no algorithm with a shared secret, so that no public key can ever be taken for one (RFC 8725,
        # section 2.1; CVE-2026-85394).
        self._jws = PyJWS(algorithms=list(ALGORITHMS.values()))

    async def verify(self, token: str) -> Claims:
        header = read_header(token)
        # Who cannot be right is refused before anything is fetched.
        if header["alg"] not in self._jws.get_algorithms() or not header.get("kid"):
            raise BadToken("it does not name a key and one of EdDSA, ES256 and RS256")
        key = await self._keys.find(header["kid"])
        if key is None:
            raise BadToken("its key is not in the key set")
        try:
            # Refused as well if the token's algorithm is not the key's.
            payload = _read_object(self._jws.decode(token, key.key, [key.algorithm]))
        except PyJWTError:
            raise BadToken("its signature is not one of the key it names") from None
        _check_addressee(payload, self._issuer, self._audience)
        return read_claims(payload)


class EitherVerifier:
    """A shared secret for HS256 and a key set for everything else; neither sees the other's tokens."""

    def __init__(self, shared_secret: Verifier, key_set: Verifier) -> None:
        self._shared_secret, self._key_set = shared_secret, key_set

    async def verify(self, token: str) -> Claims:
        shared = read_header(token)["alg"] == "HS256"
        return await (self._shared_secret if shared else self._key_set).verify(token)


def read_header(token: str) -> Mapping[str, Any]:
    """The header of a token, which nobody believes yet; raises Unauthenticated if it cannot be a good one's.

    In what it gives `alg` is a string, and so is `kid` if it is there.
    """
    segment = token.partition(".")[0]
    # More padding than there must be does no harm.
    header = _read_object(base64.urlsafe_b64decode(segment + "=="))
    kind = header.get("typ", "JWT")
    if (
        not isinstance(header.get("alg"), str)
        or not isinstance(header.get("kid", ""), str)
        or not (isinstance(kind, str) and kind.lower() in _TYPES)
        or not REFUSED_HEADERS.isdisjoint(header)
    ):
        raise BadToken("its header has a wrong `alg`, `kid` or `typ`, or one of " + _REFUSED_NAMES)
    return header


def _read_object(data: bytes) -> dict[str, Any]:
    """The JSON object of a segment; raises Unauthenticated for whatever else there may be."""
    try:
        content = json.loads(data.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        # ValueError also stands for bytes that are not UTF-8, and for a number of five thousand digits.
        raise BadToken("its header or its claims are not JSON with unique names") from None
    if not isinstance(content, dict):
        raise BadToken("its header or its claims are not a JSON object")
    return content


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members of one name nobody can say which counts (RFC 7515 and RFC 7519, section 4 of each)."""
    content = dict(members)
    if len(content) != len(members):
        raise ValueError
    return content


def _check_addressee(payload: Mapping[str, object], issuer: str | None, audience: str | None) -> None:
    """Raise Unauthenticated unless this issuer made the token for this audience; None stands for any.

    (RFC 7519, sections 4.1.1 and 4.1.3.)
    """
    audiences = payload.get("aud")
    if issuer is not None and payload.get("iss") != issuer:
        raise BadToken("its `iss` is not AUTH_ISSUER")
    if audience is not None and audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise BadToken("its `aud` is not this service's audience, which AUTH_AUDIENCE sets")


def read_claims(payload: Mapping[str, object]) -> Claims:
    """The claims of a token whose signature is good; raises Unauthenticated."""
    now = time.time()
    user_id, expires_at = payload.get("sub"), _date(payload, "exp")
    issued_at, not_before = _date(payload, "iat"), _date(payload, "nbf")
    if not isinstance(user_id, str) or not _USER_ID.fullmatch(user_id):
        raise BadToken("its `sub` is missing or cannot be a user's id")
    if expires_at is None or expires_at <= now:
        raise BadToken("it has expired, or has no `exp`")
    if not_before is not None and not_before > now + LEEWAY_SECONDS:
        raise BadToken("its `nbf` is in the future")
    verified = (payload.get(name) for name in ("email_verified", "emailVerified"))
    profile = {
        "email": _text(payload, 320, "email"),
        "name": _text(payload, 255, "name"),
        "image": _text(payload, 2048, "image", "picture"),
    }
    return Claims(
        user_id=user_id,
        expires_at=expires_at,
        issued_at=None if issued_at is None else datetime.fromtimestamp(issued_at, UTC),
        **profile,
        email_verified=next((value for value in verified if isinstance(value, bool)), None),
        cleared=frozenset(
            name for name, value in profile.items() if value is None and payload.get(name, "") is None
        ),
    )


def _date(payload: Mapping[str, object], name: str) -> float | None:
    """A NumericDate, or None if the token has none; raises Unauthenticated for anything else."""
    if name not in payload:
        return None
    value = payload[name]
    # The comparison refuses NaN and the infinities too, and does not overflow as float(value) would.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_DATE:
        raise BadToken(f"its `{name}` is not a date")
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
        if len(token) > MAX_TOKEN_BYTES:
            raise BadToken(f"it has {len(token)} bytes, and {MAX_TOKEN_BYTES} at most are accepted")
        if not _TOKEN.fullmatch(token):
            raise BadToken("it is not a JSON Web Token")
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
