"""Bearer token → Caller.

Each token is verified once, and the row of its user is written once. The result is cached until the token
expires, even if the key is withdrawn earlier.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from specfirst.runtime.errors import Forbidden

from impl.errors import NotTheCaller
from impl.identity.key_set import KeySet
from impl.identity.tokens import BadToken, Claims
from impl.identity.verifiers import Verifier, create_verifier
from impl.settings import Settings

MAX_TOKEN_BYTES = 8192

# Three base64url segments, each in canonical form. python-jose would skip other characters instead of
# rejecting them, and unused bits behind the last byte would give one token several spellings.
_SEGMENT = "(?=[^.])(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?"
_TOKEN = re.compile(rf"{_SEGMENT}\.{_SEGMENT}\.{_SEGMENT}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking."""

    user_id: str


class Authenticator:
    def __init__(
        self,
        verifier: Verifier,
        write_profile: Callable[[Claims], Awaitable[None]] | None,
        *,
        keys: KeySet | None = None,
        capacity: int = 10_000,
    ) -> None:
        """Create an authenticator; `write_profile` is called with the claims of each token that is new to it.

        `keys` is the key set that `close` closes.
        """
        self._keys = keys
        self._verifier = verifier
        self._write_profile = write_profile
        self._capacity = capacity
        self._remembered: dict[str, tuple[float, Caller]] = {}

    async def authenticate(self, token: str, scopes: Sequence[str] = ()) -> Caller:
        """Return the caller whose token this is; raise Unauthenticated for an invalid token."""
        if scopes:
            # Better Auth's tokens grant no scopes, so an operation that requires one rejects them.
            raise Forbidden("Not authorized")
        remembered = self._remembered.get(token)
        if remembered is not None:
            expires_at, caller = remembered
            if expires_at > time.time():
                return caller
            del self._remembered[token]
        if len(token) > MAX_TOKEN_BYTES:
            raise BadToken(f"it has {len(token)} bytes; the limit is {MAX_TOKEN_BYTES}")
        if not _TOKEN.fullmatch(token):
            raise BadToken("it is not a JSON Web Token")
        claims = await self._verifier.verify(token)
        if self._write_profile:
            await self._write_profile(claims)
        if len(self._remembered) >= self._capacity:
            # Evict the oldest token. If it is used again, it is verified again.
            del self._remembered[next(iter(self._remembered))]
        caller = Caller(claims.user_id)
        self._remembered[token] = (claims.expires_at, caller)
        return caller

    async def close(self) -> None:
        if self._keys:
            await self._keys.close()


def authorize(caller: Caller, path_parameters: Mapping[str, object]) -> None:
    """Allow only the caller's own paths; raise NotTheCaller for those of other users."""
    if path_parameters.get("user_id", caller.user_id) != caller.user_id:
        raise NotTheCaller


def create_authenticator(
    settings: Settings, write_profile: Callable[[Claims], Awaitable[None]] | None
) -> Authenticator:
    """Return the authenticator for the login service or the shared secret that the settings name."""
    keys = None
    if settings.auth_jwks_url:
        # The HTTP client takes 3 to 6 MB and 50 ms of start-up, and a shared secret needs none.
        from impl.identity.key_source import HttpKeySource

        keys = KeySet(HttpKeySource(settings.auth_jwks_url))
    return Authenticator(create_verifier(settings, keys), write_profile, keys=keys)
