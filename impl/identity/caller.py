"""Bearer token → Caller.

A token is verified and its user's row written once; then it is remembered until it expires, even if its key
is withdrawn before.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from impl.errors import NotTheCaller
from impl.identity.key_set import KeySet
from impl.identity.tokens import BadToken, Claims
from impl.identity.verifiers import Verifier, create_verifier
from impl.settings import Settings
from specfirst.errors import Forbidden

MAX_TOKEN_BYTES = 8192

# Three segments of base64url, each in its one form: python-jose would skip any other character instead of
# refusing it, and bits behind the last byte, which nothing reads, would make several tokens of one.
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
        """`write_profile` is called with the claims of each token when it is first seen.

        `keys` is the key set to close in the end.
        """
        self._keys = keys
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
        if self._write_profile:
            await self._write_profile(claims)
        if len(self._remembered) >= self._capacity:
            # The oldest goes. If it comes back, it is verified again.
            del self._remembered[next(iter(self._remembered))]
        caller = Caller(claims.user_id)
        self._remembered[token] = (claims.expires_at, caller)
        return caller

    async def close(self) -> None:
        if self._keys:
            await self._keys.close()


def authorize(caller: Caller, path_parameters: Mapping[str, object]) -> None:
    """Nobody may use another user's paths; raises NotTheCaller."""
    if path_parameters.get("user_id", caller.user_id) != caller.user_id:
        raise NotTheCaller


def create_authenticator(
    settings: Settings, write_profile: Callable[[Claims], Awaitable[None]] | None
) -> Authenticator:
    """The authenticator for the login service, or the shared secret, that the settings name."""
    keys = None
    if settings.auth_jwks_url:
        # The HTTP client takes 3 to 6 MB and 50 ms of start-up, and a shared secret needs none.
        from impl.identity.key_source import HttpKeySource

        keys = KeySet(HttpKeySource(settings.auth_jwks_url))
    return Authenticator(create_verifier(settings, keys), write_profile, keys=keys)
