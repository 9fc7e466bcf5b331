"""The web application of the contract: what is the same whether resources or examples answer."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from specfirst.contract.document import Document
from specfirst.runtime.application import CORS, ContractAPI
from specfirst.runtime.documentation import BrowsersToDocs, documentation_routes
from specfirst.runtime.mock import MARK
from specfirst.runtime.routing import Engine

from generated.application import OPENAPI_JSON, OPENAPI_YAML, SERVERS, build_router, contract
from impl.identity.caller import Authenticator, Caller, authorize, create_authenticator
from impl.identity.tokens import mint_token
from impl.ops.logs import access_log
from impl.ops.rate_limit import RateLimit
from impl.settings import Settings, SettingsError, load_settings

log = logging.getLogger("impl.web")

LOCAL_FRONTEND = "http://localhost:3000"
# Development servers of front ends choose their ports: 3000, 5173 (Vite), and the next one if it is taken.
LOCAL_ORIGINS = r"https?://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?"

SKELETON = "scripts/generate --skeleton"
"""The command that writes missing methods."""

UNIMPLEMENTED = (
    f"{SKELETON} writes the methods that are missing. To serve the other operations meanwhile: "
    "scripts/serve --allow-unimplemented (answers 501) or --mock=unimplemented (answers with examples)"
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]


def create_mock(settings: Settings | None = None) -> ContractAPI:
    """Build an application that answers every operation with the contract's examples.

    It needs the generated package, and neither a database nor the modules that implement operations. Requests
    are authenticated and validated as in the service.
    """
    settings = settings or load_settings()
    check_keys(settings)
    authenticator = create_authenticator(settings, None)
    engine = create_engine(settings, authenticator)
    missing: dict[str, Any] = {}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        warn(settings)
        yield {}
        await authenticator.close()

    return create_web_app(settings, engine, build_router(engine, **missing), lifespan)


def create_engine(settings: Settings, authenticator: Authenticator) -> Engine[Caller]:
    return Engine(
        contract(),
        authenticate={"bearerAuth": authenticator.authenticate},
        authorize=authorize,
        limit=RateLimit(per_user=settings.rate_limit_per_user, per_address=settings.rate_limit_per_address),
        validate_responses=settings.validate_responses,
        allow_unimplemented=settings.allow_unimplemented,
        mock=settings.mock is not None,
        unimplemented_remedy=UNIMPLEMENTED,
    )


def create_web_app(
    settings: Settings, engine: Engine[Caller], router: APIRouter, lifespan: Lifespan
) -> ContractAPI:
    production = settings.environment == "production"
    app = ContractAPI(
        engine,
        router,
        lifespan=lifespan,
        strict_transport=production,
        trusted_proxies=settings.forwarded_allow_ips,
        root_path=settings.root_path,
        telemetry=_telemetry(settings),
    )
    if settings.access_log:
        app.observation.observers.append(access_log(as_json=production))
    _add_documentation(app, engine.document, settings)
    _add_cors(app, engine.document, settings)
    # No request waits for its validators, and the garbage collector need not look through them.
    engine.prepare()
    return app


def check_keys(settings: Settings) -> None:
    if not (settings.better_auth_secret or settings.auth_jwks_url):
        raise SettingsError(
            "BETTER_AUTH_URL or BETTER_AUTH_SECRET is required here; scripts/serve provides a secret"
        )


def warn(settings: Settings) -> None:
    if settings.warning:
        log.warning("%s", settings.warning)


def _telemetry(settings: Settings) -> TelemetryConfig:
    """FastAPI's own traces, exported as the OTEL_ variables of the environment say.

    FastAPI's metrics and logs would repeat ours, and its spans within a request describe steps that this
    service does not use.
    """
    on = settings.traces
    return {"tracing": on, "auto_configure": on, "metrics": False, "logs": False, "operation_spans": False}


def _add_documentation(app: ContractAPI, document: Document, settings: Settings) -> None:
    secret, developer = settings.shared_secret, settings.development_user
    token = None
    if secret and developer:
        token = partial(mint_token, secret.get_secret_value(), developer, timedelta(hours=12))
    app.router.routes.extend(
        documentation_routes(
            title=document.content["info"]["title"],
            openapi_json=OPENAPI_JSON,
            openapi_yaml=OPENAPI_YAML,
            servers=SERVERS,
            pages=settings.docs,
            client=partial(_client, document) if settings.docs else None,
            authorization=token,
        )
    )
    if settings.environment == "development" and settings.docs:
        app.add_middleware(BrowsersToDocs)


def _client(document: Document) -> bytes:
    """Return the npm package of the TypeScript client, as `scripts/client --pack` makes it."""
    # Production does not need it.
    from specfirst.client.package import package, tarball

    return tarball(package(document, name="@tasks-api/client", prefix="Task"))


def _add_cors(app: ContractAPI, document: Document, settings: Settings) -> None:
    requested = {parameter.name for o in document.operations for parameter in o.located("header")}
    responses = (response for o in document.operations for response in o.responses.values())
    exposed = {header.name for response in responses for header in response.headers}
    mocked = settings.mock is not None
    development = settings.environment == "development"
    app.add_middleware(
        CORS,
        allow_origins=sorted({settings.frontend_url, LOCAL_FRONTEND}),
        allow_origin_regex=LOCAL_ORIGINS if development else None,
        remedy="set FRONTEND_URL to the origin of the front end",
        allow_credentials=True,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "X-Request-ID", *sorted(requested)]
        + (["Prefer"] if mocked else []),
        # No operation declares these two: Allow comes with 405, and X-Request-ID with every response.
        expose_headers=["Allow", "X-Request-ID", *sorted(exposed)] + ([MARK] if mocked else []),
    )
