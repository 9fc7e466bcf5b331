"""Tokens of a login service that publishes its keys, in each algorithm that Better Auth signs with."""

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
    """A login service that answers at once."""

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
    """What holds for a key set alone holds as well when there is a shared secret besides."""

    async def write(told: Claims) -> None:
        seen.append(told)

    verifier = KeySetVerifier(KeySet(service), issuer=ISSUER, audience=AUDIENCE)
    if request.param == "key set":
        return Authenticator(verifier, write)
    shared = SharedSecretVerifier(SECRET, issuer=ISSUER, audience=AUDIENCE)
    return Authenticator(EitherVerifier(shared, verifier), write)


@pytest.mark.parametrize("case", KEY_SET)
async def test_every_bad_token_is_refused_in_the_same_words(
    authenticator: Authenticator, seen: list[Claims], case: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.authenticate(KEY_SET[case]())
    api_error = caught.value
    assert (api_error.status, api_error.detail) == (401, "Not authenticated")
    assert api_error.headers == {"WWW-Authenticate": "Bearer"}
    assert api_error.__cause__ is None
    assert api_error.__suppress_context__ or api_error.__context__ is None
    assert seen == []


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
async def test_a_good_token_tells_who_is_calling(
    authenticator: Authenticator, algorithm: str, changes: dict[str, object]
) -> None:
    told = addressed(**changes)
    token = sign_with(KEYS[algorithm], header(algorithm), told)
    assert await authenticator.authenticate(token) == Caller(str(told["sub"]))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_what_else_a_header_says_changes_nothing(authenticator: Authenticator, algorithm: str) -> None:
    token = sign_with(KEYS[algorithm], header(algorithm, typ="JWT", cty="x", x5t="y"), addressed())
    assert await authenticator.authenticate(token) == Caller("ada")


async def test_the_user_object_that_better_auth_puts_into_a_token_is_read(
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
    (told,) = seen
    assert (told.email, told.name, told.email_verified, told.image) == (
        "ada@example.com",
        "Ada Lovelace",
        True,
        None,
    )


async def test_nothing_is_fetched_for_a_token_that_cannot_be_good(
    authenticator: Authenticator, service: Published
) -> None:
    for case in ("alg 'none'", "kid absent", "jku", "crit", "JWE", "1 MB of header", "header no JSON"):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(KEY_SET[f"EdDSA: {case}"]())
    assert service.fetches == 0


async def test_a_signature_in_another_form_is_refused(authenticator: Authenticator) -> None:
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
async def test_nothing_that_is_signed_raises_anything_else(
    authenticator: Authenticator, head: bytes | str, payload: bytes | str
) -> None:
    raw = [part.encode(errors="replace") if isinstance(part, str) else part for part in (head, payload)]
    with suppress(Unauthenticated):
        await authenticator.authenticate(sign_with(KEYS["EdDSA"], *raw))


async def test_no_depth_of_nesting_raises_anything_else(authenticator: Authenticator) -> None:
    # Libraries parse the header once more, further down the stack: what we can still read, they may not.
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


@pytest.mark.parametrize("told", [claims(), addressed(), addressed(iss=None), addressed(aud=[AUDIENCE, "x"])])
async def test_a_shared_secrets_token_may_leave_out_who_issued_it_and_for_whom(
    service: Published, told: dict[str, object]
) -> None:
    token = sign_hmac({"alg": "HS256"}, told)
    assert (await either(service).verify(token)).user_id == "ada"
    assert service.fetches == 0


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://evil.example"}, {"aud": "x"}, {"aud": []}, {"iss": 1}, {"aud": {}}, {"iss": ""}],
)
async def test_what_a_shared_secrets_token_says_of_them_must_be_right(
    service: Published, changes: dict[str, object]
) -> None:
    with pytest.raises(Unauthenticated):
        await either(service).verify(sign_hmac({"alg": "HS256"}, addressed(**changes)))


async def test_an_explicit_null_is_not_left_out(service: Published) -> None:
    for name in ("iss", "aud"):
        with pytest.raises(Unauthenticated):
            await either(service).verify(sign_hmac({"alg": "HS256"}, addressed() | {name: None}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_public_key_never_becomes_a_secret_even_if_it_is_configured_as_one(
    service: Published, algorithm: str
) -> None:
    """The settings refuse such a secret; a key set's token is not measured by it even if they did not."""
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


async def test_without_a_secret_no_hmac_is_good(service: Published) -> None:
    verifier = KeySetVerifier(KeySet(service), issuer=ISSUER, audience=AUDIENCE)
    for key in (SECRET.encode(), b"", *public_forms("RS256").values()):
        for kid in (None, *ALGORITHMS):
            token = sign_hmac(header("HS256", kid=kid), addressed(), key)
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)


async def test_the_key_sets_verifier_knows_no_algorithm_with_a_shared_secret(service: Published) -> None:
    verifier = KeySetVerifier(KeySet(service), issuer=ISSUER, audience=AUDIENCE)
    assert sorted(verifier._jws.get_algorithms()) == ["ES256", "EdDSA", "RS256"]
    assert sorted(verifier._jws._algorithms) == ["ES256", "EdDSA", "RS256"]
