"""CVE-2026-85394: python-jose accepts a public key in DER as the secret of an HMAC.

No configuration lets a public key reach such a check: the settings reject it in every textual form, the only
verifier with HMAC uses only that setting, and the other verifier has no HMAC. test_jwt_attacks.py sends such
tokens to running servers.
"""

from __future__ import annotations

import ast
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signing import AUDIENCE, ISSUER, SECRET, jwk

from impl.identity.key_set import KeySet
from impl.identity.key_source import HttpKeySource
from impl.identity.verifiers import EitherVerifier, KeySetVerifier, SharedSecretVerifier, create_verifier
from impl.settings import Settings, SettingsError, _is_key, load_settings
from tests.api.conftest import ROOT

KEYS: dict[str, Callable[[], Any]] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "RSA of 1024 bits": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505
    "RSA of 2048 bits": lambda: rsa.generate_private_key(65537, 2048),
    "DSA": lambda: dsa.generate_private_key(1024),  # noqa: S505
}
WITHOUT_JWK = ("X25519", "DSA")

# An X.509 public key of the unknown type 1.2.3.4.
UNKNOWN_KIND = bytes.fromhex("302c300506032a0304032300") + bytes(range(34))


@cache
def private_key(kind: str) -> Any:
    return KEYS[kind]()


def certificate(private: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "auth.example.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(private, None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def files(kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield the key in the usual file formats."""
    private = private_key(kind)
    public = private.public_key()
    formats = {"X.509": PublicFormat.SubjectPublicKeyInfo}
    if kind.startswith("RSA"):
        formats["PKCS #1"] = PublicFormat.PKCS1
    for name, file_format in formats.items():
        yield f"{name} in PEM", public.public_bytes(Encoding.PEM, file_format)
        yield f"{name} in DER", public.public_bytes(Encoding.DER, file_format)
    if kind in ("Ed25519", "P-256", "RSA of 2048 bits"):
        yield "OpenSSH", public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        yield "certificate in PEM", certificate(private).public_bytes(Encoding.PEM)
        yield "certificate in DER", certificate(private).public_bytes(Encoding.DER)
    if kind not in WITHOUT_JWK:
        yield "JWK", json.dumps(jwk(private, kid="k")).encode()
        yield "JWK, indented", json.dumps(jwk(private, kid="k"), indent=2).encode()
        yield "key set", json.dumps({"keys": [jwk(private, kid="k")]}).encode()


def texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts that users put into an environment variable for such a file."""
    if data.isascii() and b"\0" not in data:
        text = data.decode()
        yield "unchanged", text
        yield "in quotation marks", f'"{text}"'
        yield "with surrounding white space", f"  {text}\n"
        yield "with CRLF", text.replace("\n", "\r\n")
        yield "with escaped line breaks", text.replace("\n", "\\n")
        yield "without line breaks", text.replace("\n", "")
        yield "with a byte order mark", f"\ufeff{text}"
        if "-----" in text:
            yield "body of the PEM", "".join(text.splitlines()[1:-1])
            yield "body of the PEM, with line breaks", "\n".join(text.splitlines()[1:-1])
    encoded = b64encode(data).decode()
    yield "base64", encoded
    yield "base64 without padding", encoded.rstrip("=")
    yield "base64 in lines", "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
    yield "base64 in base64", b64encode(encoded.encode()).decode()
    yield "base64url", urlsafe_b64encode(data).decode()
    yield "base64url without padding", urlsafe_b64encode(data).decode().rstrip("=")
    yield "hexadecimal", data.hex()
    yield "hexadecimal in upper case", data.hex().upper()
    yield "hexadecimal with colons", data.hex(":")
    yield "hexadecimal with a prefix", f"0x{data.hex()}"


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", KEYS)
def test_a_public_key_is_recognized_in_every_form(kind: str) -> None:
    forms = [(file, form, text) for file, data in files(kind) for form, text in texts(data)]
    assert forms
    assert [(file, form) for file, form, text in forms if not _is_key(text)] == []


@pytest.mark.parametrize("kind", KEYS)
def test_the_settings_reject_a_public_key(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    for _, data in files(kind):
        monkeypatch.setenv("BETTER_AUTH_SECRET", b64encode(data).decode())
        with pytest.raises(SettingsError, match="BETTER_AUTH_SECRET is a key or a certificate"):
            load_settings()


def test_a_public_key_of_an_unknown_type_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETTER_AUTH_SECRET", b64encode(UNKNOWN_KIND).decode())
    with pytest.raises(SettingsError, match="is a key or a certificate"):
        load_settings()


SECRETS = {"BETTER_AUTH_SECRET": SECRET}
KEY_SET = {"AUTH_JWKS_URL": "https://auth.example.com/jwks", "AUTH_ISSUER": ISSUER, "AUTH_AUDIENCE": AUDIENCE}


BOTH = SECRETS | KEY_SET | {"AUTH_HS256": "true"}


@pytest.mark.parametrize("environment", [SECRETS, KEY_SET, BOTH], ids=["secret", "keys", "both"])
async def test_hmac_is_only_verified_with_the_configured_secret(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    keys = KeySet(HttpKeySource(settings.auth_jwks_url)) if settings.auth_jwks_url else None
    verifier: Any = create_verifier(settings, keys)
    parts = (
        [verifier._shared_secret, verifier._key_set] if isinstance(verifier, EitherVerifier) else [verifier]
    )
    for part in parts:
        if isinstance(part, SharedSecretVerifier):
            assert part._key.prepared_key == SECRET.encode()
        else:
            assert isinstance(part, KeySetVerifier)
            assert sorted(part._jws.get_algorithms()) == ["ES256", "EdDSA", "RS256"]
    assert len(parts) == ("BETTER_AUTH_SECRET" in environment) + ("AUTH_JWKS_URL" in environment)
    if keys:
        await keys.close()


def test_only_known_calls_verify_or_sign() -> None:
    """A new call must be added to this list, with the reason why it never gets a public key."""
    calls = set()
    for path in chain((ROOT / "impl").rglob("*.py"), (ROOT / "specfirst").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in (
            ast.walk(ast.parse(text)) if re.search("jwk|jws|jwt|jose|hmac|PyJW|Verifier", text) else ()
        ):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name.rpartition(".")[0] in ("jwk", "jws", "jwt", "jose", "hmac", "self._jws") or name in (
                    *("PyJWS", "PyJWT", "SharedSecretVerifier", "KeySetVerifier"),
                ):
                    calls.add(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    assert calls == {
        # The secret as a key object, and the verification with it.
        "impl/identity/verifiers.py: "
        "SharedSecretVerifier(secret.get_secret_value(), issuer=issuer, audience=ours)",
        "impl/identity/verifiers.py: jwk.construct(secret, 'HS256')",
        "impl/identity/verifiers.py: jws.verify(token, self._key, ['HS256'])",
        # The keys, each with one algorithm, none of which is an HMAC.
        "impl/identity/verifiers.py: KeySetVerifier(keys, issuer=issuer, audience=audience)",
        "impl/identity/verifiers.py: PyJWS(algorithms=list(ALGORITHMS.values()))",
        "impl/identity/verifiers.py: self._jws.decode(token, key.key, [key.algorithm])",
        "impl/identity/verifiers.py: self._jws.get_algorithms()",
        "impl/identity/key_set.py: jwt.PyJWK({'kty': kty, 'crv': crv, **numbers}, algorithm)",
        # The check of the settings before they accept a secret; and the development token.
        "impl/settings.py: jwk.construct(data, 'HS256')",
        "impl/identity/tokens.py: jwt.encode(claims, secret, algorithm='HS256')",
    }
