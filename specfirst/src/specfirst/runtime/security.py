"""Authentication: the contract's security requirements, evaluated before the rest of the request.

A list of requirements is an OR, the schemes of one requirement are an AND, and an empty requirement allows
anonymous callers (OpenAPI 3.1, section 4.8.30). Evaluation fails closed: an invalid credential is rejected
even where anonymous callers are allowed.

The credential of each scheme is a text:

    http bearer, oauth2, openIdConnect   the token
    http of any other scheme             the rest of Authorization, such as the Base64 text of Basic
    apiKey                               the value of the header, query parameter or cookie
    mutualTLS                            the client's certificate, in PEM
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import unquote_plus

from specfirst.contract.document import Document, DocumentError, Operation
from specfirst.runtime.asgi import Scope
from specfirst.runtime.errors import APIError, Forbidden, Unauthenticated
from specfirst.runtime.parameters import cookies

CallerT = TypeVar("CallerT")

_BEARER = "Bearer"


@dataclass(frozen=True, slots=True)
class Granted(Generic[CallerT]):
    """A caller, and the scopes of the credential, which the engine compares with the required ones."""

    caller: CallerT
    scopes: frozenset[str]


Authenticate = Callable[[str, tuple[str, ...]], Awaitable[CallerT | Granted[CallerT]]]
"""Verifies a credential of one scheme, with the required scopes.

Raises Unauthenticated if it is invalid. It returns either `Granted`, and the engine requires the scopes, or
the caller alone, and then it has required the scopes itself: it raises Forbidden if one is missing.
"""

Certificate = Callable[[Scope], str | None]
"""Returns the client's certificate of a request, in PEM, or None if the client has sent none."""


def tls_certificate(scope: Scope) -> str | None:
    """Return the certificate that the server has verified (the ASGI extension `tls`)."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or [None]
    first: str | None = chain[0]
    return first


def forwarded_certificate(header: str = "Client-Cert") -> Certificate:
    """Return the function that reads the certificate from a header of a proxy that ends TLS (RFC 9440).

    The proxy must remove the header from requests of clients: anybody who reaches the server directly can
    send any certificate.
    """
    wanted = header.lower().encode()

    def certificate(scope: Scope) -> str | None:
        values = [value for name, value in scope["headers"] if name == wanted]
        if not values:
            return None
        try:
            # A byte sequence of structured fields (RFC 8941, section 3.3.5).
            if len(values) > 1 or values[0][:1] != b":" or values[0][-1:] != b":":
                return ""
            data = base64.b64decode(values[0][1:-1], validate=True)
        except binascii.Error:
            return ""
        text = base64.b64encode(data).decode()
        lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n" if data else ""

    return certificate


@dataclass(frozen=True, slots=True)
class _Scheme(Generic[CallerT]):
    """A scheme of a requirement: how to extract its credential from a request, and how to verify it."""

    extract: Callable[[Scope], str | None]
    scopes: tuple[str, ...]
    verify: Authenticate[CallerT]
    challenge: str

    async def verified(self, credential: str | None) -> CallerT:
        """Return the caller; errors follow RFC 6750, section 3."""
        try:
            if not credential:
                raise Unauthenticated(reason="it is empty, not ASCII, or given more than once")
            caller = await self.verify(credential, self.scopes)
            if isinstance(caller, Granted):
                if not caller.scopes.issuperset(self.scopes):
                    raise Forbidden("The credential does not have the required scope")
                return caller.caller
            return caller
        except Unauthenticated as error:
            if error.challenge is None:
                error.headers = {"WWW-Authenticate": self._failed("invalid_token")}
            raise
        except Forbidden as error:
            if self.scopes and self.challenge == _BEARER and not error.headers:
                scope = f'{self._failed("insufficient_scope")}, scope="{" ".join(self.scopes)}"'
                error.headers = {"WWW-Authenticate": scope}
            raise

    def _failed(self, code: str) -> str:
        return f'{self.challenge} error="{code}"' if self.challenge == _BEARER else self.challenge


class Security(Generic[CallerT]):
    """Evaluates the requirements of one operation; `public` means that it has none."""

    def __init__(
        self,
        document: Document,
        operation: Operation,
        schemes: Mapping[str, Authenticate[CallerT]],
        certificate: Certificate = tls_certificate,
    ) -> None:
        self.public = not operation.security
        self._anonymous = any(not requirement for requirement in operation.security)
        self._alternatives = [
            [
                _Scheme(
                    _extractor(_declared(document, operation, name), certificate),
                    scopes,
                    schemes[name],
                    _challenge(_declared(document, operation, name)),
                )
                for name, scopes in requirement.items()
            ]
            for requirement in operation.security
            if requirement
        ]
        # The challenge is of the first scheme with an HTTP challenge (RFC 9110, section 11.6.1).
        names = [name for requirement in operation.security for name in requirement]
        self._challenge = next((_challenge(_declared(document, operation, name)) for name in names), "")

    async def authenticate(self, scope: Scope) -> CallerT | None:
        """Return the caller, or None for an anonymous one that the contract allows."""
        api_error: APIError | None = None
        presented = False
        for schemes in self._alternatives:
            credentials = [scheme.extract(scope) for scheme in schemes]
            if None in credentials:
                presented = presented or credentials.count(None) < len(credentials)
                continue
            presented = True
            try:
                # If several schemes are required together, the first one identifies the caller.
                callers = [
                    await scheme.verified(credential)
                    for credential, scheme in zip(credentials, schemes, strict=True)
                ]
                return callers[0]
            except (Unauthenticated, Forbidden) as error:
                # Another alternative may require other scopes, or another scheme.
                api_error = api_error or error
        if self._anonymous and not presented:
            return None
        raise api_error or Unauthenticated(challenge=self._challenge)


def any_credential(scheme: Mapping[str, Any]) -> Authenticate[str]:
    """Return a function that accepts every credential of the right form, with all scopes."""
    basic = str(scheme.get("scheme", "")).lower() == "basic"
    # A bearer token has the syntax b64token (RFC 6750, section 2.1).
    bearer = _challenge(scheme) == _BEARER
    form = re.compile(r"[A-Za-z0-9._~+/-]+=*" if bearer else r"[^\x00-\x1f\x7f]+")

    async def authenticate(credential: str, scopes: tuple[str, ...]) -> str:
        if scheme.get("type") == "mutualTLS":
            return "mock"
        if basic:
            try:
                well_formed = b":" in base64.b64decode(credential, validate=True)
            except (binascii.Error, ValueError):
                well_formed = False
        else:
            well_formed = form.fullmatch(credential) is not None
        if not well_formed:
            raise Unauthenticated(reason="it does not have the form that the scheme requires")
        return "mock"

    return authenticate


def _declared(document: Document, operation: Operation, name: str) -> Mapping[str, Any]:
    """Return the security scheme with this name. Raises DocumentError if there is none."""
    if name not in document.security_schemes:
        raise DocumentError(
            f"the security scheme {name!r} is not declared",
            (*operation.pointer, "security"),
            remedy="declare it in components/securitySchemes",
        )
    declared: Mapping[str, Any] = document.security_schemes[name]
    return declared


def _extractor(scheme: Mapping[str, Any], certificate: Certificate) -> Callable[[Scope], str | None]:
    """Return the function that extracts a scheme's credential from a request; None if there is none."""
    match scheme["type"], scheme.get("in"):
        case "http", _:
            return _authorization(scheme["scheme"].lower().encode())
        case (("oauth2" | "openIdConnect"), _):
            return _authorization(b"bearer")
        case "mutualTLS", _:
            return certificate
        case "apiKey", "header":
            header = scheme["name"].lower().encode()
            return lambda scope: _single([value for field, value in scope["headers"] if field == header])
        case "apiKey", "query":
            name = scheme["name"]
            return lambda scope: _single(_query_values(scope["query_string"], name))
        case _:
            cookie = scheme["name"]
            return lambda scope: _single(
                [text.encode() for text in cookies(scope["headers"]).get(cookie, [])]
            )


def _query_values(query: bytes, name: str) -> list[bytes]:
    pairs = (pair.partition("=") for pair in query.decode("utf-8", "surrogateescape").split("&"))
    return [
        unquote_plus(value, errors="surrogateescape").encode("utf-8", "surrogateescape")
        for key, _, value in pairs
        if unquote_plus(key, errors="surrogateescape") == name
    ]


def _authorization(wanted: bytes) -> Callable[[Scope], str | None]:
    def extract(scope: Scope) -> str | None:
        values = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(values) == 1:
            scheme, _, credential = values[0].partition(b" ")
            # Any number of spaces may separate scheme and token (RFC 9110, section 11.4).
            return _single([credential.lstrip(b" ")]) if scheme.lower() == wanted else None
        return _single(values)

    return extract


def _single(values: list[bytes]) -> str | None:
    """Return the only credential, None if there is none, and "" if there are several or it is not ASCII.

    Several credentials are ambiguous; "" counts as present and is never valid.
    """
    if not values:
        return None
    return values[0].decode("ascii") if len(values) == 1 and values[0].isascii() else ""


def _challenge(scheme: Mapping[str, Any]) -> str:
    """Return the challenge of a scheme. Those that HTTP does not know have names of our own."""
    if scheme["type"] == "http":
        # The names of HTTP's schemes are written with a capital, though they are case-insensitive.
        name = str(scheme.get("scheme", ""))
        return name.capitalize() if name.islower() else name
    return {"apiKey": "ApiKey", "mutualTLS": "Mutual"}.get(scheme["type"], _BEARER)
