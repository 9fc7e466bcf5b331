"""Serve the contract and two documentation pages, Swagger UI and ReDoc, without any third-party server.

The contract is sent byte by byte as written. Behind a path prefix, only the paths of its servers change, so
that clients and the pages call the API there. The pages use relative URLs only. Their Content-Security-Policy
makes the browser block every request to another origin.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from hashlib import sha256
from html import escape
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from specfirst.contract.document import Splices
from specfirst.runtime.asgi import CONNECTION_ERROR, ASGIApp, Message, Receive, Scope, Send, root_of
from specfirst.runtime.compression import COMPRESS_FROM, accepts_gzip, gzip
from specfirst.runtime.errors import PreconditionFailed
from specfirst.runtime.etags import conditional_status, conditions
from specfirst.runtime.routing import raw_segments

_FOLDER = Path(__file__).parent / "assets"

# The files that the pages load. assets/README.md lists the third-party ones with their versions.
_ASSETS = {
    "page.css": "text/css",
    "swagger-ui.js": "text/javascript",
    "swagger-ui-dist/favicon-32x32.png": "image/png",
    "swagger-ui-dist/swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-dist/swagger-ui.css": "text/css",
    "redoc/bundles/redoc.standalone.js": "text/javascript",
}

_SWAGGER_UI = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <link rel="icon" href="{assets}/swagger-ui-dist/favicon-32x32.png">
  <link rel="stylesheet" href="{assets}/swagger-ui-dist/swagger-ui.css">
  <link rel="stylesheet" href="{assets}/page.css">
  <script defer src="{assets}/swagger-ui-dist/swagger-ui-bundle.js"></script>
  <script defer src="{assets}/swagger-ui.js"></script>
</head>
<body>
  <div id="swagger-ui" data-contract="openapi.json"{token}></div>
</body>
</html>
"""

# The bundle starts itself on the <redoc> element and takes its options from the attributes.
_REDOC = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <link rel="icon" href="{assets}/swagger-ui-dist/favicon-32x32.png">
  <link rel="stylesheet" href="{assets}/page.css">
  <script type="module" src="{assets}/redoc/bundles/redoc.standalone.js"></script>
</head>
<body>
  <redoc spec-url="openapi.json" disable-telemetry="true"></redoc>
</body>
</html>
"""

_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
)
_SWAGGER_UI_POLICY = _POLICY + "style-src 'self'"
# ReDoc inserts empty <style> elements and fills them through the CSSOM, which no policy restricts. So the
# hash of the empty text is sufficient, while 'unsafe-inline' would allow any style. Its icons are a font in a
# data: URL.
_REDOC_POLICY = (
    _POLICY + "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; font-src data:"
)

# Measured for the larger bundle: 2.3 MB become 0.65 MB in 70 ms, at level 9 in 150 ms, and at level 1 0.8 MB.
_LEVEL = 6

_REVALIDATE = "no-cache"
_NEVER_CHANGES = "public, max-age=31536000, immutable"


def documentation_routes(
    *,
    title: str,
    openapi_json: bytes,
    openapi_yaml: bytes,
    servers: Mapping[str, Splices] | None = None,
    authorization: Callable[[], str] | None = None,
    pages: bool = True,
    client: Callable[[], bytes] | None = None,
    prefix: str = "",
) -> list[Route]:
    """Return the routes of /openapi.json, /openapi.yaml, and with `pages` of /docs, /redoc and their assets.

    With `client`, which returns the tarball of an npm package, /client.tgz is what `npm install` takes. It is
    made when it is first requested.

    All of them are below `prefix`, such as `/internal`.

    `servers` has the positions of server paths in `openapi.json` and `openapi.yaml`. With `authorization`,
    which is for development only, /docs starts with the bearer token that it returns.
    """
    servers = servers or {}
    contract = [
        _contract(
            f"{prefix}/openapi.json", openapi_json, servers.get("openapi.json", ()), "application/json"
        ),
        _contract(
            f"{prefix}/openapi.yaml", openapi_yaml, servers.get("openapi.yaml", ()), "application/yaml"
        ),
    ]
    if client is not None:
        contract.append(_made(f"{prefix}/client.tgz", client, "application/gzip"))
    if not pages:
        return contract
    assets = {name: (_FOLDER / name).read_bytes() for name in _ASSETS}
    # The URLs of the assets contain a digest over all assets, so the content of a URL never changes.
    folder = f"docs/assets/{sha256(b''.join(assets.values())).hexdigest()[:16]}"

    def page(template: str, token: str = "") -> bytes:
        return template.format(title=escape(title), assets=folder, token=token).encode()

    if authorization is None:
        docs = _fixed(f"{prefix}/docs", page(_SWAGGER_UI), "text/html", _REVALIDATE, _SWAGGER_UI_POLICY)
    else:
        docs = _authorized(f"{prefix}/docs", lambda token: page(_SWAGGER_UI, token), authorization)
    return [
        *contract,
        docs,
        _fixed(f"{prefix}/redoc", page(_REDOC), "text/html", _REVALIDATE, _REDOC_POLICY),
        *(
            _fixed(f"{prefix}/{folder}/{name}", body, _ASSETS[name], _NEVER_CHANGES)
            for name, body in assets.items()
        ),
    ]


class BrowsersToDocs:
    """Redirects browsers from `/` to the documentation, `docs`; other clients get the contract's response.

    A browser that opens a page prefers text/html. Other clients ask for JSON, or for any type.
    """

    _PAGE = re.compile(r"\s*text/html\s*(,|$)", re.IGNORECASE)

    def __init__(self, app: ASGIApp, docs: str = "/docs") -> None:
        self._app, self._docs = app, docs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] not in ("GET", "HEAD")
            or raw_segments(scope) != [""]
            or CONNECTION_ERROR in scope
        ):
            await self._app(scope, receive, send)
        elif self._PAGE.match(Headers(scope=scope).get("accept", "")):
            headers = {"vary": "Accept", "cache-control": "no-store"}
            # Without a known path prefix, the URL must be relative to be correct behind a proxy.
            docs = f"{root}{self._docs}" if (root := root_of(scope)) else self._docs.removeprefix("/")
            await RedirectResponse(docs, 303, headers)(scope, receive, send)
        else:

            async def send_varying(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message).add_vary_header("Accept")
                await send(message)

            await self._app(scope, receive, send_varying)


class _Content:
    """Immutable bytes, and their gzip form, which is made when a client first accepts it.

    Each has an entity tag of its own (RFC 9110, section 8.8.3.3).
    """

    def __init__(self, body: bytes, media_type: str) -> None:
        self.varies = len(body) >= COMPRESS_FROM and not media_type.startswith(("image/", "application/gzip"))
        self._digest = sha256(body).hexdigest()
        self._bodies = {"identity": body}

    def etag(self, coding: str) -> str:
        return f'"{self._digest}"' if coding == "identity" else f'"{self._digest}-{coding}"'

    async def body(self, coding: str) -> bytes:
        if coding not in self._bodies:
            self._bodies[coding] = await asyncio.to_thread(gzip, self._bodies["identity"], _LEVEL)
        return self._bodies[coding]


def _contract(path: str, text: bytes, servers: Splices, media_type: str) -> Route:
    """Return the route of a contract whose server URLs get the path prefix of the request."""

    # Only prefixes of trusted proxies get here, but there may be many.
    @lru_cache(maxsize=16)
    def below(root: str) -> _Content:
        parts, position = [], 0
        for start, end, before, after in servers if root else ():
            parts += [text[position:start], f"{before}{root}{after}".encode()]
            position = end
        return _Content(b"".join([*parts, text[position:]]), media_type)

    return _route(path, below, media_type, _headers(_REVALIDATE, None))


def _fixed(path: str, body: bytes, media_type: str, cache_control: str, policy: str | None = None) -> Route:
    """Return a route with the same content behind every path prefix."""
    content = _Content(body, media_type)
    return _route(path, lambda root: content, media_type, _headers(cache_control, policy))


def _made(path: str, make: Callable[[], bytes], media_type: str) -> Route:
    """Return a route with content that is made once, when it is first requested."""
    content = cache(lambda: _Content(make(), media_type))
    return _route(path, lambda root: content(), media_type, _headers(_REVALIDATE, None))


def _route(path: str, below: Callable[[str], _Content], media_type: str, headers: Mapping[str, str]) -> Route:
    """Return a route that responds with the accepted content coding, or with 304 if the client has it.

    Raises PreconditionFailed if If-Match fails.
    """

    async def serve(request: Request) -> Response:
        content = below(root_of(request.scope))
        coding = "gzip" if content.varies and accepts_gzip(request.headers.raw) else "identity"
        etag = content.etag(coding)
        fields = {**headers, "etag": etag} | ({"vary": "Accept-Encoding"} if content.varies else {})
        status = conditional_status(conditions(request.scope["headers"]), etag)
        if status == HTTPStatus.PRECONDITION_FAILED:
            raise PreconditionFailed
        if status == HTTPStatus.NOT_MODIFIED:
            return Response(status_code=status, headers=fields)
        if coding != "identity":
            fields["content-encoding"] = coding
        return Response(await content.body(coding), media_type=media_type, headers=fields)

    return Route(path, serve, methods=["GET"], include_in_schema=False)


def _authorized(path: str, page: Callable[[str], bytes], authorization: Callable[[], str]) -> Route:
    """Return the route of a page with a new token; the response must not be cached."""
    headers = _headers("no-store", _SWAGGER_UI_POLICY)

    async def serve(request: Request) -> Response:
        # The token is for the person who opens the page. A script of another site must not read it, not even
        # where CORS allows reading responses; Sec-Fetch headers distinguish the two.
        opened = request.headers.get("sec-fetch-dest", "document") == "document"
        token = f' data-token="{escape(authorization())}"' if opened else ""
        return Response(page(token), media_type="text/html", headers=headers)

    return Route(path, serve, methods=["GET"], include_in_schema=False)


def _headers(cache_control: str, policy: str | None) -> dict[str, str]:
    headers = {"cache-control": cache_control, "x-content-type-options": "nosniff"}
    if policy is not None:
        headers |= {"content-security-policy": policy, "referrer-policy": "no-referrer"}
    return headers
