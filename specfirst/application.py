"""The FastAPI application that serves a contract."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRouter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from specfirst.asgi import REFUSAL, Answer, ASGIApp, Message, Receive, Scope, Send, send_answer
from specfirst.errors import MethodNotAllowed, NotFound, Refusal
from specfirst.observation import Envelope
from specfirst.proxies import ProxyHeaders
from specfirst.routing import Engine, dispatch


class ContractAPI(FastAPI):
    """A FastAPI application whose contract's paths are answered by the engine, in front of FastAPI's stack.

    Everything else that is added to it, such as the documentation, takes FastAPI's usual way; middleware
    surrounds both, and the envelope the middleware. `/openapi.json` is not FastAPI's reconstruction: the
    contract itself is served, by `specfirst.documentation`.
    """

    renders_refusals = True
    """Tells `specfirst.connections` that the application renders the REFUSAL in a scope."""

    def __init__(
        self,
        engine: Engine[Any],
        router: APIRouter,
        *,
        strict_transport: bool = False,
        trusted_proxies: str = "",
        root_path: str = "",
        **options: Any,
    ) -> None:
        """With `strict_transport`, browsers are told to use nothing but HTTPS, if the contract says how.

        `trusted_proxies` may name the client's address, the scheme and the path prefix that they strip (see
        specfirst.proxies); `root_path` is the prefix where they name none.
        """
        info = engine.document.content["info"]
        # FastAPI looks for OpenTelemetry's providers on every request, which takes 4 µs. Whoever sets
        # them up passes `telemetry`.
        options.setdefault("telemetry", {"tracing": False, "metrics": False, "logs": False})
        super().__init__(
            title=info["title"],
            version=info["version"],
            openapi_url=None,
            redirect_slashes=False,
            **options,
        )
        self.engine = engine
        self.envelope = Envelope(engine.document, strict_transport=strict_transport)
        self._proxied = ProxyHeaders(super().__call__, trusted_proxies, root_path)
        self.include_router(router)
        self.add_exception_handler(HTTPException, _unmatched)
        self.add_exception_handler(Refusal, _refused)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._proxied(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        surrounding, self.user_middleware = self.user_middleware, []
        try:
            app: ASGIApp = _Front(self.engine, super().build_middleware_stack())
        finally:
            self.user_middleware = surrounding
        for middleware, args, options in reversed(surrounding):
            app = middleware(app, *args, **options)
        self.envelope.app = app
        return self.envelope


class CORS(CORSMiddleware):
    """Starlette's, which has only `Vary: Origin` to add where a request comes from no page.

    Measured under load: 13 µs less of 83 for such a request.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"origin" for name, _ in scope.get("headers", ())):
            if REFUSAL in scope:
                # What is refused is no preflight, even if it looks like one.
                await self.simple_response(scope, receive, send, Headers(scope=scope))
            else:
                await super().__call__(scope, receive, send)
            return

        def send_varying(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                # A further line where the answer varies by more: they are one list (RFC 9110, section 5.3).
                message["headers"] = [*message.get("headers", ()), (b"vary", b"Origin")]
            return send(message)

        await self.app(scope, receive, send_varying)


class _Front:
    """Answers the contract's paths, and passes everything else on."""

    def __init__(self, engine: Engine[Any], behind: ASGIApp) -> None:
        self._engine, self._behind = engine, behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if REFUSAL in scope:
            # None: the connection has refused the request before this call began.
            if refusal := scope[REFUSAL]:
                await send_answer(self._engine.refuse(refusal), scope, send)
        elif scope["type"] != "http" or not await dispatch(self._engine, scope, receive, send):
            await self._behind(scope, receive, send)


async def _unmatched(request: Request, error: Exception) -> Response:
    """Render FastAPI's own refusals, 404 and 405 of what is not in the contract, in the contract's shape."""
    engine: Engine[Any] = request.app.engine
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = sorted({"OPTIONS", *(error.headers or {}).get("Allow", "").split(", ")})
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(allowed)})
        answer = engine.refuse(MethodNotAllowed(allowed))
    else:
        answer = engine.refuse(NotFound())
    return _response(answer)


async def _refused(request: Request, error: Exception) -> Response:
    """Render what the documentation refuses in the contract's shape."""
    assert isinstance(error, Refusal)
    engine: Engine[Any] = request.app.engine
    return _response(engine.refuse(error))


def _response(answer: Answer) -> Response:
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)
