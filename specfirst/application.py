"""The FastAPI application that serves a contract."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request

from specfirst.asgi import ASGIApp, Receive, Scope, Send, send_answer
from specfirst.errors import MethodNotAllowed
from specfirst.routing import Engine, dispatch, not_found


class ContractAPI(FastAPI):
    """A FastAPI application whose contract's paths are answered by the engine, in front of FastAPI's stack.

    Everything else that is added to it, such as the documentation, takes FastAPI's usual way; middleware
    surrounds both. `/openapi.json` is not FastAPI's reconstruction: the contract itself is served, by
    `specfirst.documentation`.
    """

    def __init__(self, engine: Engine[Any], router: APIRouter, **options: Any) -> None:
        info = engine.document.content["info"]
        super().__init__(
            title=info["title"],
            version=info["version"],
            openapi_url=None,
            redirect_slashes=False,
            **options,
        )
        self.engine = engine
        self.include_router(router)
        self.add_exception_handler(HTTPException, _unmatched)

    def build_middleware_stack(self) -> ASGIApp:
        surrounding, self.user_middleware = self.user_middleware, []
        try:
            app: ASGIApp = _Front(self.engine, super().build_middleware_stack())
        finally:
            self.user_middleware = surrounding
        for middleware, args, options in reversed(surrounding):
            app = middleware(app, *args, **options)
        return app


class _Front:
    """Answers the contract's paths, and passes everything else on."""

    def __init__(self, engine: Engine[Any], behind: ASGIApp) -> None:
        self._engine, self._behind = engine, behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not await dispatch(self._engine, scope, receive, send):
            await self._behind(scope, receive, send)


async def _unmatched(request: Request, error: Exception) -> ASGIApp:
    """Render FastAPI's own refusals, 404 and 405 of what is not in the contract, in the contract's shape."""
    engine: Engine[Any] = request.app.engine
    assert isinstance(error, HTTPException)
    allow = (error.headers or {}).get("Allow", "")
    answer = engine.refuse(MethodNotAllowed(allow.split(", "))) if error.status_code == 405 else not_found(engine)

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        await send_answer(answer, scope, send)

    return respond
