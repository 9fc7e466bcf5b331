"""Signs valid and invalid tokens, independently of the code that verifies them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SECRET = "kM9fQ2vX7pLr4TzB8nWc3YdH6sJg5EaU"
ISSUER = "https://auth.example.com"
AUDIENCE = "https://tasks.example.com"

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

MAKE: dict[str, Callable[[], PrivateKey]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}
# The keys by the name that `kid` contains.
KEYS: dict[str, PrivateKey] = {algorithm: make() for algorithm, make in MAKE.items()}


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def segment(data: object) -> str:
    """Encode bytes as they are, and everything else as JSON."""
    return base64url(data if isinstance(data, bytes) else json.dumps(data).encode())


def number(value: int, size: int | None = None) -> str:
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def jwk(private: Any, **members: object) -> dict[str, Any]:
    """Return the public key as a JWK (RFC 7517, RFC 8037) with these members; None removes a member."""
    public = private.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        key = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    elif isinstance(public, ec.EllipticCurvePublicKey):
        size = (public.curve.key_size + 7) // 8
        curve = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}.get(
            public.curve.name, public.curve.name
        )
        point = public.public_numbers()
        key = {"kty": "EC", "crv": curve, "x": number(point.x, size), "y": number(point.y, size)}
    else:
        curve = "Ed448" if isinstance(public, ed448.Ed448PublicKey) else "Ed25519"
        key = {"kty": "OKP", "crv": curve, "x": base64url(public.public_bytes_raw())}
    return {name: value for name, value in (key | members).items() if value is not None}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


# The key set as better-auth 1.7 publishes it.
PUBLISHED = [jwk(private, alg=algorithm, kid=algorithm) for algorithm, private in KEYS.items()]


def signature(private: PrivateKey, signed: bytes, digest: hashes.HashAlgorithm | None = None) -> bytes:
    """Sign with the algorithm of this key (RFC 7518, sections 3.3 and 3.4; RFC 8037, section 3.1)."""
    digest = digest or hashes.SHA256()
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(signed, padding.PKCS1v15(), digest)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(private.sign(signed, ec.ECDSA(digest)))
        size = (private.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return private.sign(signed)


def sign_with(private: PrivateKey, header: object, payload: object) -> str:
    """Return a token with a valid signature and any header and payload."""
    signed = f"{segment(header)}.{segment(payload)}"
    return f"{signed}.{base64url(signature(private, signed.encode()))}"


def sign_hmac(header: object, payload: object, key: bytes = SECRET.encode(), digest: str = "sha256") -> str:
    signed = f"{segment(header)}.{segment(payload)}"
    return f"{signed}.{base64url(hmac.new(key, signed.encode(), getattr(hashlib, digest)).digest())}"


def claims(**changes: object) -> dict[str, object]:
    """Return valid claims with `changes`; None removes a claim.

    The claims are valid for an hour, because pytest makes parametrized tokens at collection, long before use.
    """
    now = int(time.time())
    good: dict[str, object] = {"sub": "ada", "iat": now, "exp": now + 3600}
    return {name: value for name, value in (good | changes).items() if value is not None}


def addressed(**changes: object) -> dict[str, object]:
    """Return valid claims of a token from ISSUER for AUDIENCE."""
    return claims(**({"iss": ISSUER, "aud": AUDIENCE} | changes))
