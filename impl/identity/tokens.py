"""Bearer tokens (RFC 7519): checks of header and claims, and the claims that are stored.

Every invalid token gets the same error response: the reason would help an attacker more than a user. The
reason is logged, without any part of the token.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from jose import jwt
from specfirst.runtime.errors import Unauthenticated

# Allowed clock skew for `nbf`. A token that has expired by our clock is always rejected.
LEEWAY_SECONDS = 5

# `crit` and `b64` change what is signed (RFC 7515, section 4.1.11; RFC 7797), so a token with them must not
# be verified without supporting them. With the other members, a token brings its own verification key (RFC
# 7515, sections 4.1.2 to 4.1.6).
REFUSED_HEADERS = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c"})
_REFUSED_NAMES = ", ".join(sorted(REFUSED_HEADERS))

# Tokens of other types, such as logout tokens, may be signed with the same keys; `typ` names their type (RFC
# 8725, section 3.11). Better Auth sets no `typ`.
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

# The pattern of the contract's UserId.
_USER_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:@|+~-]{0,127}")

# The last second of the year 9999: a later NumericDate cannot be represented.
_MAX_DATE = 253_402_300_799


class BadToken(Unauthenticated):
    """The token is invalid; the reason is logged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token; None for a claim that is missing or cannot be stored."""

    user_id: str
    expires_at: float
    issued_at: datetime | None = None
    email: str | None = None
    name: str | None = None
    email_verified: bool | None = None
    image: str | None = None
    # The claims among email, name and image that are null in the token. Missing claims are not included.
    cleared: frozenset[str] = frozenset()


def read_header(token: str) -> Mapping[str, Any]:
    """Parse the header of a token before verification; raise Unauthenticated if it cannot be valid.

    The returned `alg` is a string, and so is `kid` if it is present.
    """
    segment = token.partition(".")[0]
    # Extra padding is ignored.
    header = read_object(base64.urlsafe_b64decode(segment + "=="))
    kind = header.get("typ", "JWT")
    if (
        not isinstance(header.get("alg"), str)
        or not isinstance(header.get("kid", ""), str)
        or not (isinstance(kind, str) and kind.lower() in _TYPES)
        or not REFUSED_HEADERS.isdisjoint(header)
    ):
        raise BadToken("its header has a wrong `alg`, `kid` or `typ`, or one of " + _REFUSED_NAMES)
    return header


def read_object(data: bytes) -> dict[str, Any]:
    """Parse the JSON object of a segment; raise Unauthenticated for anything else."""
    try:
        content = json.loads(data.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        # ValueError also covers bytes that are not UTF-8 and numbers with too many digits.
        raise BadToken("its header or its claims are not JSON with unique names") from None
    if not isinstance(content, dict):
        raise BadToken("its header or its claims are not a JSON object")
    return content


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Reject duplicate members (RFC 7515 and RFC 7519, section 4 of each)."""
    content = dict(members)
    if len(content) != len(members):
        raise ValueError
    return content


def check_addressee(payload: Mapping[str, object], issuer: str | None, audience: str | None) -> None:
    """Raise Unauthenticated unless this issuer made the token for this audience; None accepts any.

    RFC 7519, sections 4.1.1 and 4.1.3.
    """
    audiences = payload.get("aud")
    if issuer is not None and payload.get("iss") != issuer:
        raise BadToken("its `iss` is not AUTH_ISSUER")
    if audience is not None and audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise BadToken("its `aud` is not this service's audience, which AUTH_AUDIENCE sets")


def read_claims(payload: Mapping[str, object]) -> Claims:
    """Return the claims of a token whose signature is valid; raise Unauthenticated if a claim is invalid."""
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
    """Return a NumericDate, or None if the claim is missing; raise Unauthenticated for anything else."""
    if name not in payload:
        return None
    value = payload[name]
    # The comparison also rejects NaN and infinities, and cannot overflow as float(value) would.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_DATE:
        raise BadToken(f"its `{name}` is not a date")
    return value


def _text(payload: Mapping[str, object], longest: int, *names: str) -> str | None:
    """Return the first of these claims that PostgreSQL can store: without NUL and lone surrogates."""
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and len(value) <= longest and not re.search("[\x00\ud800-\udfff]", value):
            return value
    return None


def mint_token(
    secret: str, user_id: str, lifetime: timedelta, *, email: str | None = None, name: str | None = None
) -> str:
    """Make a token as Better Auth does with a shared secret."""
    now = int(time.time())
    claims: dict[str, object] = {"sub": user_id, "iat": now, "exp": now + int(lifetime.total_seconds())}
    profile = {"email": email, "name": name}
    claims |= {claim: value for claim, value in profile.items() if value is not None}
    return jwt.encode(claims, secret, algorithm="HS256")
