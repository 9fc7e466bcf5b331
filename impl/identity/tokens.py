"""Bearer tokens (RFC 7519): what their header and claims must be, and what is read from them.

Every bad token gets the same error, whatever is wrong with it: the reason would help an attacker more than a
user. The log has the reason, and nothing of the token.
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

from specfirst.errors import Unauthenticated

# How far our clock may be behind the login service's. It excuses a token that is not valid yet (`nbf`);
# a token that has expired by our clock is not excused.
LEEWAY_SECONDS = 5

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


class BadToken(Unauthenticated):
    """The token is not valid; the log says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


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


def read_header(token: str) -> Mapping[str, Any]:
    """The header of a token, which nobody believes yet; raises Unauthenticated if it cannot be a good one's.

    In what it gives `alg` is a string, and so is `kid` if it is there.
    """
    segment = token.partition(".")[0]
    # More padding than there must be does no harm.
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


def check_addressee(payload: Mapping[str, object], issuer: str | None, audience: str | None) -> None:
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


def mint_token(
    secret: str, user_id: str, lifetime: timedelta, *, email: str | None = None, name: str | None = None
) -> str:
    """A token as Better Auth signs it with a shared secret."""
    now = int(time.time())
    claims: dict[str, object] = {"sub": user_id, "iat": now, "exp": now + int(lifetime.total_seconds())}
    profile = {"email": email, "name": name}
    claims |= {claim: value for claim, value in profile.items() if value is not None}
    return jwt.encode(claims, secret, algorithm="HS256")
