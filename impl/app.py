"""Where everything is wired: settings, database, authentication, the contract and its implementation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from generated.application import OPENAPI_JSON, OPENAPI_YAML, build_router, contract
from impl import migrations
from impl.auth import Authenticator, Caller, SharedSecretVerifier, authorize
from impl.categories import Categories
from impl.database import Database
from impl.health import Health
from impl.settings import Settings, SettingsError, load_settings
from impl.tasks import Tasks
from impl.tokens import mint_token
from impl.users import Users
from specfirst.application import ContractAPI
from specfirst.documentation import documentation_routes
from specfirst.routing import Engine, Observer

LOCAL_FRONTEND = "http://localhost:3000"


def create_app(settings: Settings | None = None, *, observe: Observer | None = None) -> ContractAPI:
    """Build the application; nothing is connected before it starts.

    `observe` is told the status of every answer of the contract's operations. Raises SettingsError for
    settings that it cannot serve with, and UnimplementedOperations for operations that nobody wrote.
    """
    settings = settings or load_settings()
    if settings.database_url is None or settings.better_auth_secret is None:
        raise SettingsError(
            "DATABASE_URL and BETTER_AUTH_SECRET are required here; scripts/serve provides both"
        )
    secret = settings.better_auth_secret.get_secret_value()
    database = Database(settings.database_url.get_secret_value(), pool_size=settings.database_pool_size)
    users = Users(database)
    authenticator = Authenticator(SharedSecretVerifier(secret), users.write_profile)
    document = contract()
    info = document.content["info"]

    engine: Engine[Caller] = Engine(
        document,
        authenticate={"bearerAuth": authenticator.authenticate},
        authorize=authorize,
        validate_responses=settings.validate_responses,
        allow_unimplemented=settings.allow_unimplemented,
        observe=observe,
    )
    router = build_router(
        engine,
        health=Health(database, name=info["title"], version=info["version"], revision=migrations.head()),
        users=users,
        tasks=Tasks(database),
        categories=Categories(database),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await database.connect()
        yield
        await database.close()

    app = ContractAPI(engine, router, lifespan=lifespan)
    developer = settings.development_user
    app.router.routes.extend(
        documentation_routes(
            title=info["title"],
            openapi_json=OPENAPI_JSON,
            openapi_yaml=OPENAPI_YAML,
            authorization=(lambda: mint_token(secret, developer, timedelta(hours=12))) if developer else None,
        )
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list({settings.frontend_url, LOCAL_FRONTEND}),
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Allow", "Location", "Retry-After", "WWW-Authenticate"],
    )
    return app
