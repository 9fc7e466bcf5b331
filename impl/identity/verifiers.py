"""Verifiers of tokens: with a secret shared with Better Auth, or with its public keys."""

from __future__ import annotations

from typing import Protocol

from jose import jwk, jws
from jose.exceptions import JOSEError
from jwt import PyJWS, PyJWTError

from impl.identity.key_set import ALGORITHMS, KeySet
from impl.identity.tokens import BadToken, Claims, check_addressee, read_claims, read_header, read_object
from impl.settings import Settings


class Verifier(Protocol):
    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token; raise Unauthenticated for every invalid one.

        Raises LoginServiceUnavailable if the token cannot be verified now.
        """
        ...


class SharedSecretVerifier:
    """HS256 with a secret shared with Better Auth.

    python-jose only checks the signature. Its own claim checks accept `exp: "4102444800"`, `exp: true` and no
    `exp` at all, and fail with an OverflowError on `exp: 1e999`.
    """

    def __init__(self, secret: str, *, issuer: str | None = None, audience: str | None = None) -> None:
        # A key object, because python-jose would parse a string that happens to be JSON as a key set.
        self._key = jwk.construct(secret, "HS256")
        # Only the two parties know the secret, so a token may omit issuer and audience. If they are present,
        # they must be correct.
        self._told = {"iss": issuer, "aud": audience}
        self._issuer, self._audience = issuer, audience

    async def verify(self, token: str) -> Claims:
        if read_header(token)["alg"] != "HS256":
            raise BadToken("its algorithm is not HS256")
        try:
            payload = read_object(jws.verify(token, self._key, ["HS256"]))
        except (JOSEError, RecursionError):
            # python-jose parses the header again and accepts invalid ones.
            raise BadToken("its signature was not made with BETTER_AUTH_SECRET") from None
        check_addressee(self._told | payload, self._issuer, self._audience)
        return read_claims(payload)


class KeySetVerifier:
    """EdDSA, ES256 and RS256 with the key that the token names, each key with its one algorithm.

    PyJWT only checks the signature (python-jose does not support EdDSA). Issuer and audience are required,
    since the login service signs other tokens with the same keys, such as its session cookie.
    """

    def __init__(self, keys: KeySet, *, issuer: str, audience: str) -> None:
        self._keys, self._issuer, self._audience = keys, issuer, audience
        # It supports no algorithm with a shared secret, so a public key can never be used as one (RFC 8725,
        # section 2.1; CVE-2026-85394).
        self._jws = PyJWS(algorithms=list(ALGORITHMS.values()))

    async def verify(self, token: str) -> Claims:
        header = read_header(token)
        # Reject tokens that cannot be valid before fetching keys.
        if header["alg"] not in self._jws.get_algorithms() or not header.get("kid"):
            raise BadToken("it does not name a key and one of EdDSA, ES256 and RS256")
        key = await self._keys.find(header["kid"])
        if key is None:
            raise BadToken("its key is not in the key set")
        try:
            # PyJWT also rejects a token whose algorithm is not the key's.
            payload = read_object(self._jws.decode(token, key.key, [key.algorithm]))
        except PyJWTError:
            raise BadToken("its signature was not made with the key that it names") from None
        check_addressee(payload, self._issuer, self._audience)
        return read_claims(payload)


class EitherVerifier:
    """A shared secret for HS256, and a key set for all other algorithms."""

    def __init__(self, shared_secret: Verifier, key_set: Verifier) -> None:
        self._shared_secret, self._key_set = shared_secret, key_set

    async def verify(self, token: str) -> Claims:
        shared = read_header(token)["alg"] == "HS256"
        return await (self._shared_secret if shared else self._key_set).verify(token)


def create_verifier(settings: Settings, keys: KeySet | None) -> Verifier:
    """Verify the tokens of the key set, or those of the shared secret, or both with AUTH_HS256."""
    issuer, audience, secret = settings.auth_issuer, settings.auth_audience, settings.shared_secret
    verifiers: list[Verifier] = []
    if secret:
        ours = settings.shared_secret_audience
        verifiers.append(SharedSecretVerifier(secret.get_secret_value(), issuer=issuer, audience=ours))
    if keys:
        # The settings require both with a key set.
        assert issuer is not None
        assert audience is not None
        verifiers.append(KeySetVerifier(keys, issuer=issuer, audience=audience))
    return EitherVerifier(*verifiers) if len(verifiers) == 2 else verifiers[0]
