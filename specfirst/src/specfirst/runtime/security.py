"""Authentication: the contract's security requirements, evaluated before the rest of the request.

A list of requirements is an OR, the schemes of one requirement are an AND, and an empty requirement allows
anonymous callers (OpenAPI 3.1, section 4.8.30). Evaluation fails closed: an invalid credential is rejected
even where anonymous callers are allowed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from specfirst.contract.document import Document, DocumentError, Operation
from specfirst.runtime.asgi import Scope
from specfirst.runtime.errors import APIError, Forbidden, Unauthenticated
from specfirst.runtime.parameters import cookies

CallerT = TypeVar("CallerT")

_BEARER = "Bearer"

Authenticate = Callable[[str, tuple[str, ...]], Awaitable[CallerT]]
"""Verifies a credential of one scheme, with the required scopes.

Raises Unauthenticated if it is invalid and Forbidden if it lacks a scope.
"""


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
    """Evaluates the requirements of one operation; `public` means that it has none."""

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
        # The challenge is of the first scheme with an HTTP challenge (RFC 9110, section 11.6.1).
        names = [name for requirement in operation.security for name in requirement]
        self._challenge = next((_challenge(document.security_schemes[name]) for name in names), "")

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


def _extractor(document: Document, operation: Operation, name: str) -> Callable[[Scope], str | None]:
    """Return the function that extracts a scheme's credential from a request; None if there is none."""
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
        f"the security scheme {name} is of a type that the engine does not support",
        operation.pointer,
        remedy="use http bearer or basic, apiKey in header or cookie, oauth2 or openIdConnect",
    )


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
    if scheme["type"] == "apiKey":
        return "ApiKey"
    return "Basic" if scheme.get("scheme", "").lower() == "basic" else _BEARER
