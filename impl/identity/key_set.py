"""The public keys that an authentication server signs with: its JSON Web Key Set (RFC 7517).

They are fetched when a token first needs them and kept from then on. Nothing here waits for the network
unless a token names a key that is not known.
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

# Keys older than this are fetched anew in the background, so that one that was withdrawn stops counting.
FRESH_SECONDS = 300.0
# Keys serve through an outage of the authentication server for this long and no longer.
STALE_SECONDS = 86_400.0
# How long no fetch is tried after one that failed, ...
RETRY_SECONDS = 5.0
# ... and after one that did not find the key that it was for. Anybody can make up the name of a key.
COOL_DOWN_SECONDS = 30.0

# The one algorithm of each kind of key that Better Auth makes. A key with another `alg` is of no use, and no
# kind of key leads to an algorithm with a shared secret.
ALGORITHMS = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("RSA", None): "RS256"}
_MEMBERS = {"OKP": ("x",), "EC": ("x", "y"), "RSA": ("n", "e")}

# Below this RSA can be broken (NIST SP 800-131A), above it verifying is slow.
_RSA_BITS = range(2048, 8193)

_BASE64URL = re.compile("[A-Za-z0-9_-]+")


class KeySetError(Exception):
    """Why an answer is no key set, in our own words: they are logged."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key and the only algorithm that it may be used with."""

    algorithm: str
    key: Any


class KeySource(Protocol):
    async def fetch(self) -> bytes:
        """The key set as the server sends it; raises KeySetError and OSError."""
        ...

    async def close(self) -> None: ...


class KeySet:
    """The keys by their `kid`, kept current; `clock` tells the seconds since some moment."""

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
        """The key of this name, or None; raises LoginServiceUnavailable if it cannot be said which."""
        key = self._known(kid)
        if key is not None and self._age() > self._fresh:
            # This request has its key; a later one will have the new ones.
            self._fetching()
        # A fetch that was under way may have been asked before this key was made, so there can be a second.
        while key is None and (fetch := self._fetching(kid)):
            # Shielded, since others wait for it when this request is given up.
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
        """The fetch that is under way, else a new one, else None after one that was in vain."""
        if self._fetch is None or self._fetch.done():
            if self._clock() < self._paused_until:
                return None
            self._fetch = asyncio.create_task(self._fetch_for(wanted))
        return self._fetch

    async def _fetch_for(self, wanted: str | None) -> None:
        try:
            self._keys = read_key_set(await self._source.fetch())
        except (KeySetError, OSError) as error:
            # Our own errors say what they mean; of others the name says enough.
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
    """The keys of a key set that we can use, by their `kid`; raises KeySetError if there are none.

    Other keys are passed over, as RFC 7517, section 5, asks for.
    """
    try:
        content = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise KeySetError("the answer is not JSON") from None
    members = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(members, list):
        raise KeySetError("the answer is not a key set")
    keys: dict[str, PublicKey] = {}
    for member in members:
        key = _read_key(member) if isinstance(member, dict) else None
        # Of two keys with one name the first counts, whatever the second is.
        if key is not None and isinstance(kid := member.get("kid"), str) and kid:
            keys.setdefault(kid, key)
    if not keys:
        raise KeySetError(f"none of its {len(members)} keys is an Ed25519, P-256 or RSA key with a `kid`")
    return keys


def _read_key(member: Mapping[str, Any]) -> PublicKey | None:
    """A key (RFC 7517, section 4), or None if it is not one for verifying signatures in our algorithms."""
    kty, crv = member.get("kty"), member.get("crv")
    if not isinstance(kty, str) or not isinstance(crv, str | None):
        return None
    # The form of RSA's keys knows no curve.
    algorithm = ALGORITHMS.get((kty, None if kty == "RSA" else crv))
    operations = member.get("key_ops", ["verify"])
    if (
        algorithm is None
        or member.get("alg", algorithm) != algorithm
        or member.get("use", "sig") != "sig"
        or not isinstance(operations, list)
        or "verify" not in operations
        # A private key that is published is no secret of anybody.
        or "d" in member
    ):
        return None
    numbers = {name: member.get(name) for name in _MEMBERS[kty]}
    if not all(isinstance(number, str) and _BASE64URL.fullmatch(number) for number in numbers.values()):
        return None
    try:
        key = jwt.PyJWK({"kty": kty, "crv": crv, **numbers}, algorithm).key
    except (jwt.PyJWTError, ValueError):
        # The wrong length, or not a point of the curve.
        return None
    if algorithm == "RS256" and key.key_size not in _RSA_BITS:
        return None
    return PublicKey(algorithm, key)
