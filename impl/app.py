"""Where everything is wired: settings, database, authentication, the contract and its implementation."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from generated.application import OPENAPI_JSON, OPENAPI_YAML, SERVERS, build_router, contract
from impl.auth import (
    Authenticator,
    Caller,
    Claims,
    EitherVerifier,
    KeySetVerifier,
    SharedSecretVerifier,
    Verifier,
    authorize,
)
from impl.categories import Categories
from impl.database import Database
from impl.health import Health
from impl.keys import KeySet
from impl.limits import RateLimit
from impl.logs import access_log
from impl.metrics import Metrics
from impl.replica import ReplicatedDatabase
from impl.settings import Settings, SettingsError, load_settings
from impl.tables import REVISION
from impl.tasks import Tasks
from impl.tokens import mint_token
from impl.users import Users
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
    that nobody wrote.
    """
    settings = settings or load_settings()
    secret = settings.better_auth_secret.get_secret_value() if settings.better_auth_secret else None
    # A mock of everything needs no implementation, and so no database.
    mocked = settings.mock == "all"
    if not (settings.database_url or mocked) or not (secret or settings.auth_jwks_url):
        raise SettingsError(
            "DATABASE_URL is required here, and BETTER_AUTH_URL or BETTER_AUTH_SECRET; "
            "scripts/serve provides both"
        )
    database = None
    if settings.database_url and not mocked:
        database = _database(settings, settings.database_url.get_secret_value())
    keys = _keys(settings.auth_jwks_url) if settings.auth_jwks_url else None
    users = Users(database) if database else None
    authenticator = Authenticator(_verifier(settings, keys), users.write_profile if users else _forget)
    document = contract()
    info = document.content["info"]

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
    state: dict[str, Any] = {}
    if database and users:
        health = Health(
            database,
            name=info["title"],
            version=info["version"],
            docs="/docs" if settings.docs else "/openapi.json",
            revision=REVISION,
        )
        state[STOPPING] = health.stop
        router = build_router(
            engine,
            health=health,
            users=users,
            tasks=Tasks(database),
            categories=Categories(database),
        )
    else:
        nothing: Any = None
        router = build_router(engine, health=nothing, users=nothing, tasks=nothing, categories=nothing)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        # What is there now stays: the collector need not look through it again and again. Requests leave it
        # nothing to do, and those of one moment make more objects than the 700 after which it would look:
        # a twentieth of the time of reading one task.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000)
        counting = asyncio.create_task(metrics.run()) if metrics else None
        yield state
        if counting:
            counting.cancel()
            await asyncio.wait([counting])
        if database:
            await database.close()
        if keys:
            await keys.close()

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
    if metrics:
        app.envelope.observers.append(metrics)
    if settings.access_log:
        app.envelope.observers.append(access_log(as_json=production))
    # What a mock answers is nothing that the service was seen to do.
    if settings.observations and not settings.mock:
        app.envelope.observers.append(Recorder(settings.observations, document))
    developer = settings.development_user
    app.router.routes.extend(
        documentation_routes(
            title=info["title"],
            openapi_json=OPENAPI_JSON,
            openapi_yaml=OPENAPI_YAML,
            servers=SERVERS,
            pages=settings.docs,
            authorization=(lambda: mint_token(secret, developer, timedelta(hours=12)))
            if secret and developer
            else None,
        )
    )
    if settings.environment == "development" and settings.docs:
        app.add_middleware(BrowsersToDocs)
    app.add_middleware(
        CORS,
        allow_origins=list({settings.frontend_url, LOCAL_FRONTEND}),
        allow_credentials=True,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type", "X-Request-ID", *_request_headers(document)]
        + (["Prefer"] if settings.mock else []),
        # Two are no operation's own: Allow comes with 405, and X-Request-ID with every answer.
        expose_headers=["Allow", "X-Request-ID", *_response_headers(document)]
        + ([MARK] if settings.mock else []),
    )
    return app


def _database(settings: Settings, url: str) -> Database:
    pool_size, sharded = settings.database_pool_size, settings.database_sharded
    if settings.database_read_url is None:
        return Database(url, pool_size=pool_size, sharded=sharded)
    read_url = settings.database_read_url.get_secret_value()
    return ReplicatedDatabase(url, read_url, pool_size=pool_size, sharded=sharded)


def _keys(url: str) -> KeySet:
    # Its HTTP client takes 3 to 6 MB and 50 ms of start, which nobody need pay for a shared secret.
    from impl.key_source import HttpKeySource

    return KeySet(HttpKeySource(url))


def _request_headers(document: Document) -> list[str]:
    return sorted({p.name for o in document.operations for p in o.located("header")})


def _response_headers(document: Document) -> list[str]:
    responses = (r for o in document.operations for r in o.responses.values())
    return sorted({header.name for response in responses for header in response.headers})


async def _forget(claims: Claims) -> None:
    """Where there is no database, nobody's profile is kept."""


def _telemetry(settings: Settings) -> TelemetryConfig:
    """FastAPI's own traces, exported as the OTEL_ variables of the environment say.

    Its metrics and logs would repeat ours, and its spans within a request are of what is not done here.
    """
    on = settings.traces
    return {"tracing": on, "auto_configure": on, "metrics": False, "logs": False, "operation_spans": False}


def _verifier(settings: Settings, keys: KeySet | None) -> Verifier:
    """Verify the tokens of the key set, or those of the shared secret, or both where both are set."""
    issuer, audience, secret = settings.auth_issuer, settings.auth_audience, settings.better_auth_secret
    verifiers: list[Verifier] = []
    if secret:
        verifiers.append(SharedSecretVerifier(secret.get_secret_value(), issuer=issuer, audience=audience))
    if keys:
        # The settings have seen to it.
        assert issuer is not None
        assert audience is not None
        verifiers.append(KeySetVerifier(keys, issuer=issuer, audience=audience))
    return EitherVerifier(*verifiers) if len(verifiers) == 2 else verifiers[0]
