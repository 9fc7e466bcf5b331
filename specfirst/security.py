"""Who is calling: the contract's security requirements, evaluated before anything else of a request is read.

A list of requirements is an OR, the schemes of one requirement are an AND, and an empty requirement
admits anonymous callers (OpenAPI 3.1, section 4.8.30). It fails closed: a credential that is presented
but not valid is refused even where anonymous callers are welcome.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from specfirst.asgi import Scope
from specfirst.document import Document, DocumentError, Operation
from specfirst.errors import Forbidden, Refusal, Unauthenticated
from specfirst.parameters import cookies

CallerT = TypeVar("CallerT")

_BEARER = "Bearer"

Authenticate = Callable[[str, tuple[str, ...]], Awaitable[CallerT]]
"""Verifies one credential of one scheme, with the scopes that are needed.

Raises Unauthenticated if it is not valid and Forbidden if it lacks a scope.
"""


@dataclass(frozen=True, slots=True)
class _Scheme(Generic[CallerT]):
    """A scheme of a requirement: how to take its credential out of a request, and how to verify it."""

    extract: Callable[[Scope], str | None]
    scopes: tuple[str, ...]
    verify: Authenticate[CallerT]
    challenge: str

    async def verified(self, credential: str | None) -> CallerT:
        """Give the caller; an error says what is wrong, as RFC 6750, section 3, asks for."""
        try:
            if not credential:
                raise Unauthenticated(reason="it is empty, not ASCII, or given more than once")
            return await self.verify(credential, self.scopes)
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
    """Evaluates the requirements of one operation; `public` says that there are none."""

    def __init__(
        self, document: Document, operation: Operation, schemes: Mapping[str, Authenticate[CallerT]]
    ) -> None:
        self.public = not operation.security
        self._anonymous = any(not requirement for requirement in operation.security)
        self._alternatives = [
            [
                _Scheme(
                    _extractor(document, operation, name),
                    scopes,
                    schemes[name],
                    _challenge(document.security_schemes[name]),
                )
                for name, scopes in requirement.items()
            ]
            for requirement in operation.security
            if requirement
        ]
        # The challenge names the first scheme that HTTP can negotiate (RFC 9110, section 11.6.1).
        names = [name for requirement in operation.security for name in requirement]
        self._challenge = next((_challenge(document.security_schemes[name]) for name in names), "")

    async def authenticate(self, scope: Scope) -> CallerT | None:
        """Give the caller, or None for an anonymous one that the contract admits."""
        refusal: Refusal | None = None
        presented = False
        for schemes in self._alternatives:
            credentials = [scheme.extract(scope) for scheme in schemes]
            if None in credentials:
                presented = presented or credentials.count(None) < len(credentials)
                continue
            presented = True
            try:
                # Where several schemes are required together, the first one says who is calling.
                callers = [
                    await scheme.verified(credential)
                    for credential, scheme in zip(credentials, schemes, strict=True)
                ]
                return callers[0]
            except (Unauthenticated, Forbidden) as error:
                # Another alternative may ask for other scopes, or for another scheme.
                refusal = refusal or error
        if self._anonymous and not presented:
            return None
        raise refusal or Unauthenticated(challenge=self._challenge)


def _extractor(document: Document, operation: Operation, name: str) -> Callable[[Scope], str | None]:
    """Make the function that takes a scheme's credential out of a request; None means it is not there."""
    scheme: Mapping[str, Any] = document.security_schemes[name]
    kind, place = scheme["type"], scheme.get("in")
    if kind == "http" and scheme["scheme"].lower() in ("bearer", "basic"):
        return _authorization(scheme["scheme"].lower().encode())
    if kind in ("oauth2", "openIdConnect"):
        return _authorization(b"bearer")
    if kind == "apiKey" and place == "header":
        header = scheme["name"].lower().encode()
        return lambda scope: _single([value for field, value in scope["headers"] if field == header])
    if kind == "apiKey" and place == "cookie":
        cookie = scheme["name"]
        return lambda scope: _single([text.encode() for text in cookies(scope["headers"]).get(cookie, [])])
    raise DocumentError(
        f"the security scheme {name} is of a kind that the engine does not evaluate",
        operation.pointer,
        remedy="use http bearer or basic, apiKey in header or cookie, oauth2 or openIdConnect",
    )


def _authorization(wanted: bytes) -> Callable[[Scope], str | None]:
    def extract(scope: Scope) -> str | None:
        values = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(values) == 1:
            scheme, _, credential = values[0].partition(b" ")
            # Any number of spaces may separate the two (RFC 9110, section 11.4).
            return _single([credential.lstrip(b" ")]) if scheme.lower() == wanted else None
        return _single(values)

    return extract


def _single(values: list[bytes]) -> str | None:
    """The one credential, None where there is none, and "" where there are several or it is not ASCII.

    Of two credentials nobody can say which counts; "" is presented and never valid.
    """
    if not values:
        return None
    return values[0].decode("ascii") if len(values) == 1 and values[0].isascii() else ""


def _challenge(scheme: Mapping[str, Any]) -> str:
    if scheme["type"] == "apiKey":
        return "ApiKey"
    return "Basic" if scheme.get("scheme", "").lower() == "basic" else _BEARER
