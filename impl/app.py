"""Puts the rooms together: settings, database, identity, the contract and the resources that implement it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig

from generated.application import OPENAPI_JSON, OPENAPI_YAML, SERVERS, build_router, contract
from impl.identity.caller import Authenticator, Caller, authorize, create_authenticator
from impl.identity.tokens import mint_token
from impl.ops.garbage_collection import exclude_startup_objects
from impl.ops.logs import access_log
from impl.ops.metrics import Metrics
from impl.ops.rate_limit import RateLimit
from impl.postgres.database import Database
from impl.postgres.replica import create_database
from impl.resources.categories import Categories
from impl.resources.health import Health
from impl.resources.tasks import Tasks
from impl.resources.users import Users
from impl.settings import Settings, SettingsError, load_settings
from impl.store.profiles import Profiles
from impl.tables import REVISION
from specfirst.application import CORS, ContractAPI
from specfirst.asgi import STOPPING
from specfirst.coverage import Recorder
from specfirst.document import Document
from specfirst.documentation import BrowsersToDocs, documentation_routes
from specfirst.mock import MARK
from specfirst.routing import Engine

LOCAL_FRONTEND = "http://localhost:3000"


def create_app(settings: Settings | None = None) -> ContractAPI:
    """Build the application; nothing is connected before it starts.

    Raises SettingsError for settings that it cannot serve with, and UnimplementedOperations for operations
    that have no implementation.
    """
    settings = settings or load_settings()
    _check(settings)
    document = contract()
    # A mock of all operations needs no implementation, and so no database.
    database = create_database(settings) if settings.mock != "all" else None
    authenticator = create_authenticator(settings, Profiles(database).write if database else None)
    engine: Engine[Caller] = Engine(
        document,
        authenticate={"bearerAuth": authenticator.authenticate},
        authorize=authorize,
        limit=RateLimit(per_user=settings.rate_limit_per_user, per_address=settings.rate_limit_per_address),
        validate_responses=settings.validate_responses,
        allow_unimplemented=settings.allow_unimplemented,
        mock=settings.mock is not None,
    )

    def gauges() -> Mapping[str, float]:
        usage = database.usage if database else {}
        return {"http_server_active_requests": app.envelope.in_flight, **usage}

    metrics = Metrics(settings.metrics_folder, gauges) if settings.metrics_folder else None
    router, state = _resources(engine, document, settings, database)
    production = settings.environment == "production"
    app = ContractAPI(
        engine,
        router,
        lifespan=_lifespan(state, database, authenticator, metrics),
        strict_transport=production,
        trusted_proxies=settings.forwarded_allow_ips,
        root_path=settings.root_path,
        telemetry=_telemetry(settings),
    )
    if metrics:
        app.envelope.observers.append(metrics)
    if settings.access_log:
        app.envelope.observers.append(access_log(as_json=production))
    # Mock responses do not count towards contract coverage.
    if settings.observations and not settings.mock:
        app.envelope.observers.append(Recorder(settings.observations, document))
    _add_documentation(app, document, settings)
    _add_cors(app, document, settings)
    return app


def _check(settings: Settings) -> None:
    has_keys = settings.better_auth_secret or settings.auth_jwks_url
    if not (settings.database_url or settings.mock == "all") or not has_keys:
        raise SettingsError(
            "DATABASE_URL is required here, and BETTER_AUTH_URL or BETTER_AUTH_SECRET; "
            "scripts/serve provides both"
        )


def _resources(
    engine: Engine[Caller], document: Document, settings: Settings, database: Database | None
) -> tuple[APIRouter, Mapping[str, Any]]:
    """The operations of the contract, and the state that the engine keeps for the server."""
    if database is None:
        nothing: Any = None
        return build_router(engine, health=nothing, users=nothing, tasks=nothing, categories=nothing), {}
    info = document.content["info"]
    health = Health(
        database,
        name=info["title"],
        version=info["version"],
        docs="/docs" if settings.docs else "/openapi.json",
        revision=REVISION,
    )
    router = build_router(
        engine,
        health=health,
        users=Users(database),
        tasks=Tasks(database),
        categories=Categories(database),
    )
    return router, {STOPPING: health.stop}


def _lifespan(
    state: Mapping[str, Any], database: Database | None, authenticator: Authenticator, metrics: Metrics | None
) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        exclude_startup_objects()
        counting = asyncio.create_task(metrics.run()) if metrics else None
        yield state
        if counting:
            counting.cancel()
            await asyncio.wait([counting])
        if database:
            await database.close()
        await authenticator.close()

    return lifespan


def _telemetry(settings: Settings) -> TelemetryConfig:
    """FastAPI's own traces, exported as the OTEL_ variables of the environment say.

    FastAPI's metrics and logs would repeat ours, and its spans within a request describe steps that this
    service does not use.
    """
    on = settings.traces
    return {"tracing": on, "auto_configure": on, "metrics": False, "logs": False, "operation_spans": False}


def _add_documentation(app: ContractAPI, document: Document, settings: Settings) -> None:
    secret, developer = settings.better_auth_secret, settings.development_user
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
            authorization=token,
        )
    )
    if settings.environment == "development" and settings.docs:
        app.add_middleware(BrowsersToDocs)


def _add_cors(app: ContractAPI, document: Document, settings: Settings) -> None:
    requested = {parameter.name for o in document.operations for parameter in o.located("header")}
    responses = (response for o in document.operations for response in o.responses.values())
    exposed = {header.name for response in responses for header in response.headers}
    mocked = settings.mock is not None
    app.add_middleware(
        CORS,
        allow_origins=list({settings.frontend_url, LOCAL_FRONTEND}),
        allow_credentials=True,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "X-Request-ID", *sorted(requested)]
        + (["Prefer"] if mocked else []),
        # No operation declares these two: Allow comes with 405, and X-Request-ID with every response.
        expose_headers=["Allow", "X-Request-ID", *sorted(exposed)] + ([MARK] if mocked else []),
    )
