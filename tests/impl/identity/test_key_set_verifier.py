"""Tokens of a login service with a key set, in each algorithm that Better Auth supports."""

from __future__ import annotations

from contextlib import suppress

import pytest
from bad_tokens import ALGORITHMS, KEY_SET, NOW, header, public_forms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signing import (
    AUDIENCE,
    ISSUER,
    KEYS,
    PUBLISHED,
    SECRET,
    addressed,
    base64url,
    claims,
    key_set,
    segment,
    sign_hmac,
    sign_with,
    signature,
)
from specfirst.runtime.errors import Unauthenticated

from impl.identity.caller import Authenticator, Caller
from impl.identity.key_set import KeySet
from impl.identity.tokens import LEEWAY_SECONDS, Claims
from impl.identity.verifiers import EitherVerifier, KeySetVerifier, SharedSecretVerifier


class Published:
    """A login service that responds at once."""

    def __init__(self) -> None:
        self.fetches = 0

    async def fetch(self) -> bytes:
        self.fetches += 1
        return key_set(*PUBLISHED)

    async def close(self) -> None:
        pass


@pytest.fixture
def service() -> Published:
    return Published()


@pytest.fixture
def seen() -> list[Claims]:
    return []


@pytest.fixture(params=["key set", "either"])
def authenticator(request: pytest.FixtureRequest, service: Published, seen: list[Claims]) -> Authenticator:
    """An authenticator with a key set, and one with a key set and a shared secret."""

    async def write(token_claims: Claims) -> None:
        seen.append(token_claims)

    verifier = KeySetVerifier(KeySet(service), issuer=ISSUER, audience=AUDIENCE)
    if request.param == "key set":
        return Authenticator(verifier, write)
    shared = SharedSecretVerifier(SECRET, issuer=ISSUER, audience=AUDIENCE)
    return Authenticator(EitherVerifier(shared, verifier), write)


async def rejection(authenticator: Authenticator, token: str) -> Unauthenticated | None:
    try:
        await authenticator.authenticate(token)
    except Unauthenticated as api_error:
        return api_error
    return None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_invalid_token_gets_the_same_error(
    authenticator: Authenticator, seen: list[Claims], algorithm: str
) -> None:
    for case, token in KEY_SET.items():
        if case.startswith(f"{algorithm}: "):
            api_error = await rejection(authenticator, token())
            assert api_error, case
            assert (api_error.status, api_error.detail) == (401, "Not authenticated"), case
            assert api_error.headers == {"WWW-Authenticate": "Bearer"}, case
            assert api_error.__cause__ is None, case
            assert api_error.__suppress_context__ or api_error.__context__ is None, case
            assert seen == [], case


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"iat": None},
        {"nbf": NOW + LEEWAY_SECONDS - 1},
        {"exp": NOW + 3600.5},
        {"aud": [AUDIENCE]},
        {"aud": ["https://elsewhere.example", 1, AUDIENCE]},
        {"sub": "0b8fd3a8-5a1c-4b6e-9f1e-0d5a6a3b2c1d"},
    ],
)
async def test_a_valid_token_identifies_the_caller(
    authenticator: Authenticator, algorithm: str, changes: dict[str, object]
) -> None:
    token_claims = addressed(**changes)
    token = sign_with(KEYS[algorithm], header(algorithm), token_claims)
    assert await authenticator.authenticate(token) == Caller(str(token_claims["sub"]))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_other_header_parameters_are_ignored(authenticator: Authenticator, algorithm: str) -> None:
    token = sign_with(KEYS[algorithm], header(algorithm, typ="JWT", cty="x", x5t="y"), addressed())
    assert await authenticator.authenticate(token) == Caller("ada")


async def test_the_user_claim_of_better_auth_is_read(
    authenticator: Authenticator, seen: list[Claims]
) -> None:
    user = {
        "id": "ada",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "emailVerified": True,
        "image": None,
        "createdAt": "2026-01-05T08:00:00.000Z",
        "updatedAt": "2026-01-05T08:00:00.000Z",
    }
    await authenticator.authenticate(sign_with(KEYS["EdDSA"], header("EdDSA"), addressed() | user))
    (token_claims,) = seen
    assert (token_claims.email, token_claims.name, token_claims.email_verified, token_claims.image) == (
        "ada@example.com",
        "Ada Lovelace",
        True,
        None,
    )


async def test_malformed_tokens_cause_no_fetch(authenticator: Authenticator, service: Published) -> None:
    for case in ("alg 'none'", "kid absent", "jku", "crit", "JWE", "1 MB of header", "header not JSON"):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(KEY_SET[f"EdDSA: {case}"]())
    assert service.fetches == 0


async def test_a_signature_in_another_encoding_is_rejected(authenticator: Authenticator) -> None:
    private = KEYS["ES256"]
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signed = f"{segment(header('ES256'))}.{segment(addressed())}"
    raw = signature(private, signed.encode())
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    longer_hash = signature(private, signed.encode(), hashes.SHA512())
    for wrong in (der, longer_hash, raw[32:] + raw[:32]):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(f"{signed}.{base64url(wrong)}")
    assert await authenticator.authenticate(f"{signed}.{base64url(raw)}") == Caller("ada")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.binary() | st.from_regex(r'\{"alg":"(EdDSA|HS256)","kid":"EdDSA"[^}]*\}', fullmatch=True),
    payload=st.binary() | st.from_regex(r'\{"sub":"a","exp":[^}]*\}'),
)
async def test_no_signed_token_raises_another_error(
    authenticator: Authenticator, head: bytes | str, payload: bytes | str
) -> None:
    raw = [part.encode(errors="replace") if isinstance(part, str) else part for part in (head, payload)]
    with suppress(Unauthenticated):
        await authenticator.authenticate(sign_with(KEYS["EdDSA"], *raw))


async def test_no_nesting_depth_raises_another_error(authenticator: Authenticator) -> None:
    # Libraries parse the header again, deeper in the stack, so they may fail at a depth that we can parse.
    for depth in range(600, 1000):
        more = f'"kid": "EdDSA", "x": {"[" * depth}{"]" * depth}}}'
        for token in (
            sign_with(KEYS["EdDSA"], f'{{"alg": "EdDSA", {more}'.encode(), addressed()),
            sign_hmac(f'{{"alg": "HS256", {more}'.encode(), addressed()),
        ):
            with suppress(Unauthenticated):
                await authenticator.authenticate(token)


# --- A key set and a shared secret at once --------------------------------------------------------------


def either(service: Published, *, secret: str = SECRET) -> EitherVerifier:
    return EitherVerifier(
        SharedSecretVerifier(secret, issuer=ISSUER, audience=AUDIENCE),
        KeySetVerifier(KeySet(service), issuer=ISSUER, audience=AUDIENCE),
    )


@pytest.mark.parametrize(
    "token_claims", [claims(), addressed(), addressed(iss=None), addressed(aud=[AUDIENCE, "x"])]
)
async def test_a_shared_secret_token_may_omit_iss_and_aud(
    service: Published, token_claims: dict[str, object]
) -> None:
    token = sign_hmac({"alg": "HS256"}, token_claims)
    assert (await either(service).verify(token)).user_id == "ada"
    assert service.fetches == 0


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://evil.example"}, {"aud": "x"}, {"aud": []}, {"iss": 1}, {"aud": {}}, {"iss": ""}],
)
async def test_iss_and_aud_of_a_shared_secret_token_must_match(
    service: Published, changes: dict[str, object]
) -> None:
    with pytest.raises(Unauthenticated):
        await either(service).verify(sign_hmac({"alg": "HS256"}, addressed(**changes)))


async def test_iss_and_aud_must_not_be_null(service: Published) -> None:
    for name in ("iss", "aud"):
        with pytest.raises(Unauthenticated):
            await either(service).verify(sign_hmac({"alg": "HS256"}, addressed() | {name: None}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_public_key_is_never_used_as_a_secret(service: Published, algorithm: str) -> None:
    """The settings reject such a secret; the verifier does not use it for tokens of the key set either."""
    pem = public_forms(algorithm)["PEM"].decode()
    der = base64url(public_forms(algorithm)["DER"])
    for secret in (der, der + "="):
        token = sign_hmac(header(algorithm), addressed(), secret.encode())
        with pytest.raises(Unauthenticated):
            await either(service, secret=secret).verify(token)
        good = sign_with(KEYS[algorithm], header(algorithm), addressed())
        assert (await either(service, secret=secret).verify(good)).user_id == "ada"
    with pytest.raises(Exception, match="asymmetric key"):
        either(service, secret=pem)


async def test_without_a_secret_every_hmac_is_rejected(service: Published) -> None:
    verifier = KeySetVerifier(KeySet(service), issuer=ISSUER, audience=AUDIENCE)
    for key in (SECRET.encode(), b"", *public_forms("RS256").values()):
        for kid in (None, *ALGORITHMS):
            token = sign_hmac(header("HS256", kid=kid), addressed(), key)
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)


async def test_the_key_set_verifier_has_no_hmac_algorithm(service: Published) -> None:
    verifier = KeySetVerifier(KeySet(service), issuer=ISSUER, audience=AUDIENCE)
    assert sorted(verifier._jws.get_algorithms()) == ["ES256", "EdDSA", "RS256"]
    assert sorted(verifier._jws._algorithms) == ["ES256", "EdDSA", "RS256"]
