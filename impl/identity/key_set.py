"""The public keys of an authentication server: its JSON Web Key Set (RFC 7517).

The keys are fetched when a token first needs them, and then cached. A request waits for the network only if
its token names an unknown key.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from impl.errors import LoginServiceUnavailable

log = logging.getLogger("impl.identity.key_set")

# Keys older than this are fetched again in the background, so that withdrawn keys expire.
FRESH_SECONDS = 300.0
# Cached keys are used for at most this long during an outage of the authentication server.
STALE_SECONDS = 86_400.0
# No fetch is tried for this long after one that failed, ...
RETRY_SECONDS = 5.0
# ... or after one that did not find its key. Anybody can make up a key id.
COOL_DOWN_SECONDS = 30.0

# The only algorithm of each key type that Better Auth makes. A key with another `alg` is ignored, and no key
# type leads to an algorithm with a shared secret.
ALGORITHMS = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("RSA", None): "RS256"}
_MEMBERS = {"OKP": ("x",), "EC": ("x", "y"), "RSA": ("n", "e")}

# Shorter RSA keys can be broken (NIST SP 800-131A); longer ones are slow to verify.
_RSA_BITS = range(2048, 8193)

_BASE64URL = re.compile("[A-Za-z0-9_-]+")


class KeySetError(Exception):
    """The response is not a usable key set. The message is our own text, because it is logged."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key and the only algorithm that it may be used with."""

    algorithm: str
    key: Any


class KeySource(Protocol):
    async def fetch(self) -> bytes:
        """Fetch the key set as bytes; raise KeySetError or OSError."""
        ...

    async def close(self) -> None: ...


class KeySet:
    """The current keys by `kid`; `clock` returns monotonic seconds."""

    def __init__(
        self,
        source: KeySource,
        *,
        clock: Callable[[], float] = time.monotonic,
        fresh: float = FRESH_SECONDS,
        stale: float = STALE_SECONDS,
        retry: float = RETRY_SECONDS,
        cool_down: float = COOL_DOWN_SECONDS,
    ) -> None:
        self._source, self._clock = source, clock
        self._fresh, self._stale, self._retry, self._cool_down = fresh, stale, retry, cool_down
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched_at = self._paused_until = float("-inf")
        self._failing = False
        self._fetch: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> PublicKey | None:
        """Return the key with this id, or None; raise LoginServiceUnavailable if a fetch fails."""
        key = self._known(kid)
        if key is not None and self._age() > self._fresh:
            # This request has its key; later requests use the new ones.
            self._fetching()
        # The fetch in progress may have started before this key was made, so there can be a second fetch.
        while key is None and (fetch := self._fetching(kid)):
            # Shielded: if this request is cancelled, other requests still wait for the fetch.
            await asyncio.shield(fetch)
            key = self._known(kid)
        if key is None and self._failing:
            raise LoginServiceUnavailable(retry_after=self._retry)
        return key

    async def close(self) -> None:
        if self._fetch is not None:
            self._fetch.cancel()
            await asyncio.wait([self._fetch])
        await self._source.close()

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _known(self, kid: str) -> PublicKey | None:
        return self._keys.get(kid) if self._age() <= self._stale else None

    def _fetching(self, wanted: str | None = None) -> asyncio.Task[None] | None:
        """Return the fetch in progress, or start one; return None soon after an unsuccessful one."""
        if self._fetch is None or self._fetch.done():
            if self._clock() < self._paused_until:
                return None
            self._fetch = asyncio.create_task(self._fetch_for(wanted))
        return self._fetch

    async def _fetch_for(self, wanted: str | None) -> None:
        try:
            self._keys = read_key_set(await self._source.fetch())
        except (KeySetError, OSError) as error:
            # Our own errors have a safe message; of other errors only the class name is logged.
            reason = error if isinstance(error, KeySetError) else type(error).__name__
            log.warning("The login service's keys could not be fetched: %s", reason)
            self._failing = True
            self._paused_until = self._clock() + self._retry
        else:
            self._failing = False
            self._fetched_at = self._clock()
            if wanted is not None and wanted not in self._keys:
                self._paused_until = self._clock() + self._cool_down


def read_key_set(data: bytes) -> dict[str, PublicKey]:
    """Return the keys that can be used, by `kid`; raise KeySetError if there are none.

    Other keys are ignored, as RFC 7517, section 5, requires.
    """
    try:
        content = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise KeySetError("the response is not JSON") from None
    members = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(members, list):
        raise KeySetError("the response is not a key set")
    keys: dict[str, PublicKey] = {}
    for member in members:
        key = _read_key(member) if isinstance(member, dict) else None
        # Of two keys with the same id, the first counts.
        if key is not None and isinstance(kid := member.get("kid"), str) and kid:
            keys.setdefault(kid, key)
    if not keys:
        raise KeySetError(f"none of its {len(members)} keys is an Ed25519, P-256 or RSA key with a `kid`")
    return keys


def _read_key(member: Mapping[str, Any]) -> PublicKey | None:
    """Return a key (RFC 7517, section 4), or None if it is not a signature key for a supported algorithm."""
    kty, crv = member.get("kty"), member.get("crv")
    if not isinstance(kty, str) or not isinstance(crv, str | None):
        return None
    # RSA keys have no curve.
    algorithm = ALGORITHMS.get((kty, None if kty == "RSA" else crv))
    operations = member.get("key_ops", ["verify"])
    if (
        algorithm is None
        or member.get("alg", algorithm) != algorithm
        or member.get("use", "sig") != "sig"
        or not isinstance(operations, list)
        or "verify" not in operations
        # A published private key is compromised.
        or "d" in member
    ):
        return None
    numbers = {name: member.get(name) for name in _MEMBERS[kty]}
    if not all(isinstance(number, str) and _BASE64URL.fullmatch(number) for number in numbers.values()):
        return None
    try:
        key = jwt.PyJWK({"kty": kty, "crv": crv, **numbers}, algorithm).key
    except (jwt.PyJWTError, ValueError):
        # The length is wrong, or the point is not on the curve.
        return None
    if algorithm == "RS256" and key.key_size not in _RSA_BITS:
        return None
    return PublicKey(algorithm, key)
