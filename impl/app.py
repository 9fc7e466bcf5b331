"""Puts the rooms together: settings, database, identity, the contract and the resources that implement it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from specfirst.coverage import Recorder
from specfirst.runtime.application import ContractAPI
from specfirst.runtime.asgi import STOPPING

from generated.application import build_router
from impl.identity.caller import Authenticator, create_authenticator
from impl.ops.metrics import Metrics
from impl.postgres.database import Database
from impl.postgres.replica import create_database
from impl.resources.categories import Categories
from impl.resources.health import Health
from impl.resources.tasks import Tasks
from impl.resources.users import Users
from impl.settings import Settings, SettingsError, load_settings
from impl.store.profiles import Profiles
from impl.tables import REVISION
from impl.web import Lifespan, check_keys, create_engine, create_mock, create_web_app, warn


def create_app(settings: Settings | None = None) -> ContractAPI:
    """Build the application; nothing is connected before it starts.

    Raises SettingsError for settings that it cannot serve with, and UnimplementedOperations for operations
    that have no implementation.
    """
    settings = settings or load_settings()
    if settings.mock == "all":
        return create_mock(settings)
    check_keys(settings)
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL is required here; scripts/serve provides a database")
    database = create_database(settings)
    authenticator = create_authenticator(settings, Profiles(database).write)
    engine = create_engine(settings, authenticator)
    info = engine.document.content["info"]
    health = Health(
        database,
        name=info["title"],
        version=info["version"],
        docs="/docs" if settings.docs else "/openapi.json",
        revision=REVISION,
    )
    # mypy reports here what a class lacks. `scripts/generate --skeleton` writes the missing methods.
    router = build_router(
        engine,
        health=health,
        users=Users(database),
        tasks=Tasks(database),
        categories=Categories(database),
    )

    def gauges() -> Mapping[str, float]:
        return {"http_server_active_requests": app.observation.in_flight, **database.usage}

    metrics = Metrics(settings.metrics_folder, gauges) if settings.metrics_folder else None
    app = create_web_app(
        settings, engine, router, _lifespan(settings, health, database, authenticator, metrics)
    )
    if metrics:
        app.observation.observers.append(metrics)
    # Mock responses do not count towards contract coverage.
    if settings.observations and not settings.mock:
        app.observation.observers.append(Recorder(settings.observations, engine.document))
    return app


def _lifespan(
    settings: Settings,
    health: Health,
    database: Database,
    authenticator: Authenticator,
    metrics: Metrics | None,
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        warn(settings)
        counting = asyncio.create_task(metrics.run()) if metrics else None
        yield {STOPPING: health.stop}
        if counting:
            counting.cancel()
            await asyncio.wait([counting])
        await database.close()
        await authenticator.close()

    return lifespan
