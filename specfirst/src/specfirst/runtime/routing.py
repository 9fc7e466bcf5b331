"""The request lifecycle in the engine: match, authenticate, decode, validate, call, respond.

The generated routers are ordinary FastAPI routers whose routes are `OperationRoute`s. FastAPI sees
parameters, models and security, and describes them in `app.openapi()`. At run time, the route follows the
contract directly, without FastAPI's dependency resolution for each request.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote, unquote

from fastapi.routing import APIRoute, APIRouter
from pydantic import TypeAdapter
from starlette import routing
from typing_extensions import TypeAliasType

from specfirst.contract.document import Document, Operation
from specfirst.problems import counted
from specfirst.runtime import bodies
from specfirst.runtime.asgi import HTTPResponse, Receive, Scope, Send, root_of, send_response, send_stream
from specfirst.runtime.compression import COMPRESS_FROM, forbids_transforming, negotiate
from specfirst.runtime.error_formats import ErrorBody, NamedErrorBody, declares_code, error_format
from specfirst.runtime.errors import (
    APIError,
    InternalError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    NotImplementedYet,
    TooManyRequests,
    Unauthenticated,
)
from specfirst.runtime.implementations import (
    REMEDY,
    Binding,
    UnimplementedOperations,
    unimplemented,
)
from specfirst.runtime.mock import Mock
from specfirst.runtime.negotiation import negotiated
from specfirst.runtime.observation import TRACED, name_span, supplied_headers
from specfirst.runtime.parameters import Parameters
from specfirst.runtime.responses import (
    ContractViolation,
    Responder,
    ResponseValidation,
    error_response,
)
from specfirst.runtime.security import (
    Authenticate,
    CallerT,
    Certificate,
    Security,
    tls_certificate,
)
from specfirst.runtime.validation import Schemas
from specfirst.runtime.values import Values
from specfirst.serving.startup import StartupError

log = logging.getLogger("specfirst")

Authorize = Callable[[CallerT, Mapping[str, Any]], Awaitable[None] | None]
"""Checks from the path parameters whether the caller may use the resource; raises Forbidden if not.

It may be a coroutine function.
"""

Limit = Callable[[Scope, CallerT | None], Awaitable[None] | None]
"""Raises TooManyRequests if this caller, or an anonymous client (None) at this address, exceeds the limit.

Called where the contract declares 429: for authenticated callers, and otherwise for addresses. It may be a
coroutine function.
"""


class Engine(Generic[CallerT]):
    """The parts that the routes of one application share: contract, authentication, error format.

    `authenticate` has a function for each security scheme of the contract. With `validate_responses`, a
    response that violates the contract becomes a 500, with the reason in the log. Operations without an
    implementation return 501 with `allow_unimplemented`, and with `mock` the contract's example or a value of
    the schema, which depends on `mock_seed`; `unimplemented_remedy` says how such an operation gets written.

    Policies: `error_body` is the format of error responses, and `validation_status` the status of validation
    errors (by default 422, or 400 where the operation declares only that). Undeclared query parameters are
    validation errors if `unknown_query` is "refuse". `client_certificate` finds the certificate of
    `mutualTLS`.

    Raises StartupError if `authenticate` lacks a scheme that an operation requires.
    """

    def __init__(
        self,
        document: Document,
        *,
        authenticate: Mapping[str, Authenticate[CallerT]],
        authorize: Authorize[CallerT],
        limit: Limit[CallerT] | None = None,
        validate_responses: bool = False,
        allow_unimplemented: bool = False,
        mock: bool = False,
        mock_seed: int = 0,
        unimplemented_remedy: str = REMEDY,
        error_body: ErrorBody | NamedErrorBody = "detail",
        validation_status: Literal[400, 422] | None = None,
        unknown_query: Literal["refuse", "ignore"] = "refuse",
        client_certificate: Certificate = tls_certificate,
    ) -> None:
        self.document = document
        self.schemas = Schemas(document)
        self.authenticate, self.authorize, self.limit = authenticate, authorize, limit
        self.validation = ResponseValidation(document, self.schemas) if validate_responses else None
        self.allow_unimplemented, self.mock = allow_unimplemented, mock
        self.values = Values(document, partial(self.schemas.validator, direction="response"), mock_seed)
        self._unimplemented_remedy = unimplemented_remedy
        self.errors = error_format(error_body, validation_status)
        self.ignores_unknown_query = unknown_query == "ignore"
        self.client_certificate = client_certificate
        # Errors outside of operations, such as 404 and 405, have the same format as those of the operations.
        errors = [r for o in document.operations for r in o.declared.values() if r.status >= 400]
        json_errors = [m for r in errors for m in r.content if m.codec == "json"]
        self.error_media_type = json_errors[0].name if json_errors else self.errors.media_type
        self._coded = bool(json_errors) and declares_code(document, json_errors[0])
        self.body_limit: int = document.content.get("x-max-body-bytes", bodies.DEFAULT_LIMIT)
        self.operations = {operation.operation_id: operation for operation in document.operations}
        self.paths: PathTree[OperationHandler] = PathTree()
        self.handlers: list[OperationHandler] = []
        # Match the longer server path first, as concrete segments take precedence over parameters.
        bases = (base.split("/")[1:] for base in document.base_paths)
        self.base_segments = sorted(bases, key=len, reverse=True)
        # Where operations have servers of their own, `paths` has whole paths, with those of the servers.
        self.whole_paths = any(operation.base_paths for operation in document.operations)
        self.compresses = not forbids_transforming(supplied_headers(document).get(b"cache-control", b""))
        self.unimplemented: frozenset[str] = frozenset()
        self.mocks: Mapping[str, Mock] = {}
        schemes = {name for o in document.operations for requirement in o.security for name in requirement}
        # Security names the place of one that is not declared.
        schemes &= document.security_schemes.keys()
        if missing := sorted(schemes - authenticate.keys()):
            raise StartupError(
                f"no function authenticates the contract's security scheme {', '.join(missing)}; add it to "
                "`authenticate` of the Engine"
            )

    def bind(self, *bindings: Binding) -> None:
        """Check that implementations have every operation of their Protocols, with its parameters.

        Raises UnimplementedOperations with the full list. With `allow_unimplemented` or `mock`, methods may
        be missing, which the log lists, but not have other parameters.
        """
        gaps = [gap for binding in bindings for gap in unimplemented(self.document, binding)]
        if not (self.mock or self.allow_unimplemented):
            if gaps:
                raise UnimplementedOperations(gaps, self._unimplemented_remedy)
            return
        if wrong := [gap for gap in gaps if gap.is_written]:
            raise UnimplementedOperations(wrong)
        operations = [gap.operation for gap in gaps]
        names = [operation.operation_id for operation in operations]
        # With no implementation at all, all of this is wanted.
        if names and any(implementation is not None for _, implementation in bindings):
            log.warning(
                "Not implemented, so %s: %s: %s",
                "the mock answers" if self.mock else "the response is 501",
                counted(len(names), "operation"),
                ", ".join(names),
            )
        if self.mock:
            self.mocks = {o.operation_id: Mock(self.document, o, self.values) for o in operations}
        else:
            self.unimplemented = frozenset(names)

    def serve_mocks(self) -> None:
        """Serve every operation as a mock, without a generated package."""

        async def never(**values: Any) -> None:
            raise AssertionError("a mock calls no implementation")

        operations = self.operations.values()
        self.mocks = {o.operation_id: Mock(self.document, o, self.values) for o in operations}
        for operation in operations:
            OperationHandler(self, operation, never)

    def router(self, tag: str) -> APIRouter:
        """Create an ordinary FastAPI router whose routes use this engine."""
        engine = self

        class Route(OperationRoute):
            def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
                super().__init__(engine, path, endpoint, **options)

        return APIRouter(tags=[tag], route_class=Route, redirect_slashes=False)

    def join(self, *routers: APIRouter) -> APIRouter:
        """Join the routers of all tags. FastAPI describes their routes below the path of the first server."""
        joined = APIRouter()
        for router in routers:
            joined.routes.extend(router.routes)
        return joined

    def prepare(self) -> None:
        """Make all validators and models now, so that no request waits for them."""
        for handler in self.handlers:
            if not handler.prepared:
                handler.prepare()

    def error_response(self, api_error: APIError) -> HTTPResponse:
        """Return an error response outside of the contract's operations."""
        return error_response(api_error, self.errors, self.error_media_type, coded=self._coded)


def only_the_engine() -> None:
    """Stands for an argument that FastAPI cannot describe; the engine alone reads it."""


class OperationHandler:
    """Executes the requests of one operation; `call` gets the typed values by name.

    Validators and models are made at the first request, so that a service of many operations starts quickly.
    `Engine.prepare` makes them at once.
    """

    def __init__(
        self, engine: Engine[Any], operation: Operation, call: Callable[..., Awaitable[Any]]
    ) -> None:
        self.engine, self.operation, self._call = engine, operation, call
        self._security = Security(engine.document, operation, engine.authenticate, engine.client_certificate)
        self._limit = engine.limit if operation.response(TooManyRequests.status) else None
        schemas = engine.schemas if engine.validation else None
        self._responder = Responder(engine.document, operation, engine.errors, engine.error_response, schemas)
        self._conditional = operation.conditional
        self._mock = engine.mocks.get(operation.operation_id)
        contents = [r.content for r in operation.results if len(r.content) > 1]
        self._accepts = list(dict.fromkeys(m.essence for content in contents for m in content))
        body = self.operation.body
        self._uploads = body is not None and any(m.codec == "multipart" for m in body.content)
        self.prepared = False
        bases = (*engine.document.base_paths, *operation.base_paths) if engine.whole_paths else ("",)
        for base in dict.fromkeys(bases):
            engine.paths.add(base + operation.path, operation.method.upper(), self)
        engine.handlers.append(self)

    def hints(self) -> Mapping[str, Any]:
        """Return the types of the arguments of `call`; an argument without a type is JSON."""
        return {}

    def prepare(self) -> None:
        """Make the validators and models of the operation."""
        engine, operation, hints = self.engine, self.operation, self.hints()
        self._parameters = Parameters(
            engine.document,
            operation,
            engine.schemas,
            {
                p.identifier: convert
                for p in operation.parameters
                if (convert := _conversion(hints.get(p.identifier, Any)))
            },
            ignore_unknown=engine.ignores_unknown_query,
        )
        self._body = None
        if operation.body:
            first = operation.body.content[0]
            plain = first.schema is not None and all(
                m.codec == "json" and m.schema == first.schema for m in operation.body.content
            )
            hint = _without_markers(hints.get("body", Any))
            headers = {p.name.lower() for p in operation.parameters if p.location == "header"}
            partial = "content-range" in headers
            self._body = (
                bodies.JSONBody(operation.body, engine.schemas, hint, partial=partial)
                if plain
                else bodies.Body(engine.document, operation.body, engine.schemas, hint, partial=partial)
            )
        self.prepared = True

    async def respond(self, scope: Scope, receive: Receive, send: Send, segments: Sequence[str]) -> None:
        """Respond to a request with these path parameter values."""
        if not self.prepared:
            self.prepare()
        scope["route"] = self
        if TRACED in scope:
            name_span(self.operation)
        try:
            response = self._checked(await self._execute(scope, receive, segments))
        except bodies.ClientDisconnected:
            return
        except Exception as error:
            self._log(error, scope)
            response = self._responder.error_response(InternalError())
        if scope.get("root_path"):
            response = _below(root_of(scope), response)
        if len(response.body) >= COMPRESS_FROM and self.engine.compresses:
            response = await negotiate(response, scope["headers"])
        if response.stream is None:
            await send_response(response, scope, send)
            return
        try:
            await send_stream(response, scope, receive, send)
        except Exception as error:
            # The status has been sent, so the connection is all that can still tell.
            self._log(error, scope)
            raise

    async def _execute(self, scope: Scope, receive: Receive, segments: Sequence[str]) -> HTTPResponse:
        try:
            result = await self._result(scope, receive, segments)
            response = self._mock.response(scope["headers"]) if self._mock else self._responder.result(result)
            return self._responder.conditional(response, scope["headers"]) if self._conditional else response
        except NotImplementedYet as api_error:
            # 501 is the only status that no contract declares: it requires `allow_unimplemented`.
            return self.engine.error_response(api_error)
        except APIError as api_error:
            response = self._responder.error_response(api_error)
            return self._mock.fitting(response) if self._mock else response
        finally:
            if self._uploads:
                await bodies.close_files(scope)

    async def _result(self, scope: Scope, receive: Receive, segments: Sequence[str]) -> Any:
        values: dict[str, Any] = {}
        caller = None
        if not self._security.public:
            try:
                caller = values["caller"] = scope["user"] = await self._security.authenticate(scope)
            except Unauthenticated as api_error:
                if api_error.reason:
                    request_id = {"request_id": scope.get("request_id")}
                    name = self.operation.operation_id
                    log.info("%s rejected a credential: %s", name, api_error.reason, extra=request_id)
                if self._limit and (pending := self._limit(scope, None)) is not None:
                    await pending
                raise
        if self._limit and (pending := self._limit(scope, caller)) is not None:
            await pending
        if found := self._parameters.path(segments, values):
            raise Invalid(found)
        # Anonymous callers need no authorization: the contract allows everyone.
        if caller is not None and (pending := self.engine.authorize(caller, values)) is not None:
            await pending
        if self.operation.operation_id in self.engine.unimplemented:
            raise NotImplementedYet(self.operation.operation_id)
        body = await self._body.read(scope, receive, self.engine.body_limit) if self._body else None
        found = self._parameters.rest(scope["query_string"], scope["headers"], values)
        if self._body:
            values["body"] = self._body.typed(body, found)
        if found:
            raise Invalid(found)
        if self._accepts:
            values["accept"] = negotiated(self._accepts, scope["headers"])
        return None if self._mock else await self._call(**values)

    def _checked(self, response: HTTPResponse) -> HTTPResponse:
        if self.engine.validation is None or response.status == NotImplementedYet.status:
            return response
        if problems := self.engine.validation.problems(self.operation, response):
            raise ContractViolation("; ".join(problems))
        return response

    def _log(self, error: Exception, scope: Scope) -> None:
        """Log the location of an error without its text: a driver's messages contain SQL and values.

        A contract violation has our own text, with the reason and without values.
        """
        reason = f": {error}" if isinstance(error, ContractViolation) else ""
        frames = traceback.extract_tb(error.__traceback__)[-4:]
        where = " < ".join(f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in reversed(frames))
        log.error(
            "%s failed with %s%s, in %s",
            self.operation.operation_id,
            type(error).__name__,
            reason,
            where,
            extra={"request_id": scope.get("request_id")},
        )


class OperationRoute(OperationHandler, APIRoute):
    """The FastAPI route of one operation.

    FastAPI's own state is made when something asks for it: that takes longer than all else at the start.
    """

    def __init__(self, engine: Engine[Any], path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        path = engine.document.base_paths[0] + path
        self._declared = (path, endpoint, options)
        self.path, self.endpoint, self.name = path, endpoint, endpoint.__name__
        OperationHandler.__init__(self, engine, engine.operations[options["operation_id"]], endpoint)

    def __getattr__(self, name: str) -> Any:
        """Make FastAPI's state of the route, which its description of the application reads."""
        if name.startswith("_") or "unique_id" in self.__dict__:
            raise AttributeError(name)
        path, endpoint, options = self._declared
        APIRoute.__init__(self, path, endpoint, **options)
        return getattr(self, name)

    def hints(self) -> Mapping[str, Any]:
        return get_type_hints(self._call, include_extras=True)

    def matches(self, scope: Scope) -> tuple[routing.Match, Scope]:
        """Match as the engine does, for a plain FastAPI application with these routes.

        The first route takes every path of the contract: FastAPI would match the decoded path, where `%2F`
        separates segments, and each of its routes makes its state for that.
        """
        if scope["type"] != "http" or self is not self.engine.handlers[0]:
            return routing.Match.NONE, {}
        found = find(self.engine, raw_segments(scope)) is not None
        return routing.Match.FULL if found else routing.Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not await dispatch(self.engine, scope, receive, send):
            await send_response(self.engine.error_response(NotFound()), scope, send)


def _below(root: str, response: HTTPResponse) -> HTTPResponse:
    """Add the path prefix to Location and Content-Location.

    `//host/path` is another host, and a relative reference needs no prefix.
    """
    headers = [
        (name, root.encode() + value)
        if name in (b"location", b"content-location") and value[:1] == b"/" != value[1:2]
        else (name, value)
        for name, value in response.headers
    ]
    return response._replace(headers=headers)


def _conversion(hint: Any) -> Callable[[Any], Any] | None:
    """Return the function that converts a parameter's JSON value to its Python value, if they differ."""
    return None if _is_json_type(hint) else TypeAdapter(hint).validate_python


def _without_markers(hint: Any) -> Any:
    """Return the type of an argument without what only FastAPI reads, such as `Body()`."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _is_json_type(hint: Any) -> bool:
    if isinstance(hint, TypeAliasType):
        return _is_json_type(hint.__value__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _is_json_type(arguments[0])
    if origin in (Union, UnionType, list):
        return all(_is_json_type(argument) for argument in arguments)
    return origin is Literal or hint in (str, int, float, bool, type(None), Any)


RouteT = TypeVar("RouteT")


class _Node(Generic[RouteT]):
    """A node of the path tree: its children, and the routes that end here."""

    def __init__(self) -> None:
        self.named: dict[str, _Node[RouteT]] = {}
        self.patterns: dict[str, tuple[re.Pattern[str], _Node[RouteT]]] = {}
        """Segments that are parameters and text, such as `{id}.json`; the longest text first."""
        self.parameter: _Node[RouteT] | None = None
        self.routes: dict[str, RouteT] = {}


class PathTree(Generic[RouteT]):
    """Finds the path template of a request's path; concrete segments take precedence over parameters.

    (OpenAPI 3.1, section 4.8.8.2.)
    """

    def __init__(self) -> None:
        self._root: _Node[RouteT] = _Node()

    def add(self, template: str, method: str, route: RouteT) -> None:
        node = self._root
        for segment in template[1:].split("/"):
            if re.fullmatch(r"\{[^{}]*\}", segment):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            elif "{" in segment:
                node = self._pattern(node, unquote(re.sub(r"\{[^{}]*\}", "{}", segment)))
            else:
                # Requests are matched when their segments are decoded.
                node = node.named.setdefault(unquote(segment), _Node())
        node.routes[method] = route

    @staticmethod
    def _pattern(node: _Node[RouteT], segment: str) -> _Node[RouteT]:
        if segment not in node.patterns:
            # Each parameter but the last one ends at the first text that may follow it.
            parts = [re.escape(part) for part in segment.split("{}")]
            regex = re.compile("(.+?)".join(parts[:-1]) + "(.+)" + parts[-1], re.DOTALL)
            node.patterns[segment] = (regex, _Node())
            longest = sorted(node.patterns.items(), key=lambda item: -len(item[0].replace("{}", "")))
            node.patterns = dict(longest)
        return node.patterns[segment][1]

    def match(self, segments: Sequence[str]) -> tuple[Mapping[str, RouteT], list[str]] | None:
        """Return the routes of the path, by method, and the parameter values in order."""
        return _match(self._root, segments, 0, [])


def _match(
    node: _Node[RouteT], segments: Sequence[str], index: int, values: list[str]
) -> tuple[Mapping[str, RouteT], list[str]] | None:
    if index == len(segments):
        return (node.routes, values) if node.routes else None
    segment = segments[index]
    if (named := node.named.get(segment)) and (found := _match(named, segments, index + 1, values)):
        return found
    if node.patterns:
        for pattern, child in node.patterns.values():
            if (matched := pattern.fullmatch(segment)) and (
                found := _match(child, segments, index + 1, [*values, *matched.groups()])
            ):
                return found
    if node.parameter and segment:
        return _match(node.parameter, segments, index + 1, [*values, segment])
    return None


def raw_segments(scope: Scope) -> list[str]:
    """Split the raw path, then decode each segment: `%2F` never separates segments.

    Bytes that are not UTF-8 become lone surrogates, which no parameter accepts. `OPTIONS *` has no segments.
    """
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    if path == "*":
        return []
    root = scope.get("root_path", "")
    if root and f"{path}/".startswith(f"{root}/"):
        path = path[len(root) :]
    segments = path[1:].split("/")
    if "%" in path or not path.isascii():
        return [
            unquote(segment.encode("latin-1").decode("utf-8", "surrogateescape"), errors="surrogateescape")
            for segment in segments
        ]
    return segments


Match = tuple[list[str], Mapping[str, OperationHandler], list[str]]
"""The segments of a server's path, the handlers of the path below it by method, and the parameter values."""


def find(engine: Engine[Any], segments: Sequence[str]) -> Match | None:
    """Find the path template of a path."""
    if engine.whole_paths:
        match = engine.paths.match(segments)
        if match is None:
            return None
        length = next(iter(match[0].values())).operation.path.count("/")
        return [*segments[:-length]], *match
    for base in engine.base_segments:
        if base and segments[: len(base)] != base:
            continue
        if match := engine.paths.match(segments[len(base) :]):
            return base, *match
    return None


async def dispatch(engine: Engine[Any], scope: Scope, receive: Receive, send: Send) -> bool:
    """Handle a request if its path is one of the contract's; return whether it was."""
    segments = raw_segments(scope)
    if not segments and scope["method"] == "OPTIONS":
        # OPTIONS for the server as a whole (RFC 9110, section 9.3.7).
        methods = {operation.method.upper(): None for operation in engine.operations.values()}
        await send_response(_options(allowed_methods(methods)), scope, send)
        return True
    match = find(engine, segments)
    if match is None:
        return False
    base, routes, values = match
    if base:
        # For a mounted application, too, this is part of the path prefix.
        scope["root_path"] = "/".join([scope.get("root_path", "").rstrip("/"), *base])
    method = scope["method"]
    route = routes.get("GET" if method == "HEAD" and "HEAD" not in routes else method)
    if route is not None:
        await route.respond(scope, receive, send, values)
        return True
    allowed = allowed_methods(routes)
    response = _options(allowed) if method == "OPTIONS" else engine.error_response(MethodNotAllowed(allowed))
    await send_response(response, scope, send)
    return True


def _options(allowed: Sequence[str]) -> HTTPResponse:
    return HTTPResponse(204, [(b"allow", ", ".join(allowed).encode())], b"")


def allowed_methods(routes: Mapping[str, Any]) -> list[str]:
    """Return the methods of a path, for `Allow`: GET includes HEAD, and OPTIONS is always allowed."""
    return sorted({*routes, "OPTIONS", *(["HEAD"] if "GET" in routes else [])})
