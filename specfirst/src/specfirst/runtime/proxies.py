"""Headers of reverse proxies: the client's address, the scheme, and the path prefix."""

from __future__ import annotations

import re

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from specfirst.runtime.asgi import ASGIApp, Receive, Scope, Send

_LONGEST = 256
_PREFIX = re.compile(r"(?:/(?!\.\.?(?:/|$))[A-Za-z0-9._~!$&'()*+;=:@-]+)+")


class ProxyHeaders(ProxyHeadersMiddleware):
    """uvicorn's middleware, extended by `X-Forwarded-Prefix`.

    Clients send the prefix, and the proxy strips it. A proxy in `trusted_hosts` sends the header; without it,
    `root_path` is the prefix. According to ASGI, the prefix becomes the `root_path` of the scope, and the
    path begins with it again.

    uvicorn must run with `proxy_headers=False`: it would put the client's address in place of the proxy's.
    """

    def __init__(self, app: ASGIApp, trusted_hosts: str, root_path: str = "") -> None:
        super().__init__(app, trusted_hosts)  # type: ignore[arg-type]  # Starlette's types are narrower.
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        direct = scope["type"] == "http" and not self._root_path
        if direct and not [name for name, _ in scope["headers"] if name[:12] == b"x-forwarded-"]:
            await self.app(scope, receive, send)  # type: ignore[arg-type]
            return
        # A server with a root path has already added it to the path.
        if scope["type"] == "http" and not scope.get("root_path") and (prefix := self._prefix(scope)):
            scope["root_path"] = prefix
            scope["path"] = prefix + scope["path"]
            if raw_path := scope.get("raw_path"):
                scope["raw_path"] = prefix.encode() + raw_path
        await super().__call__(scope, receive, send)  # type: ignore[arg-type]

    def _prefix(self, scope: Scope) -> str:
        given = [value for name, value in scope["headers"] if name == b"x-forwarded-prefix"]
        client = scope.get("client")
        if len(given) == 1 and client and client[0] in self.trusted_hosts:
            prefix = path_prefix(given[0].decode("latin-1"))
            if prefix is not None:
                return prefix
        return self._root_path


def path_prefix(text: str) -> str | None:
    """Return a path prefix without its final slash, or None if the text is not a path of plain segments.

    `//host` would be another host, and `..` would leave the prefix.
    """
    prefix = text.strip(" \t").removesuffix("/")
    return prefix if not prefix or (len(prefix) <= _LONGEST and _PREFIX.fullmatch(prefix)) else None
