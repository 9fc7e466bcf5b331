"""The application: connects the generated routes with the implementation in impl/."""

from __future__ import annotations

import os

from specfirst.runtime.application import ContractAPI
from specfirst.runtime.documentation import BrowsersToDocs, documentation_routes
from specfirst.runtime.routing import Engine

from authentication import AUTHENTICATE, Caller, authorize
from generated.application import OPENAPI_JSON, OPENAPI_YAML, SERVERS, build_router, contract
from impl.archive import Archive
from impl.measurements import Measurements
from impl.stations import Stations

DEVELOPMENT = os.environ.get("ENVIRONMENT", "development") == "development"


def create_app() -> ContractAPI:
    """Build the application.

    In development, the mock answers for the methods that are not written yet, and each response is validated
    with the contract. Elsewhere, a missing method raises UnimplementedOperations, which lists all of them.
    """
    engine = Engine[Caller](
        contract(),
        authenticate=AUTHENTICATE,
        authorize=authorize,
        validate_responses=DEVELOPMENT,
        mock=DEVELOPMENT,
        error_body="problem+json",
    )
    archive = Archive()
    # mypy reports here what a class lacks; `specfirst generate --skeleton` writes it.
    router = build_router(
        engine,
        stations=Stations(archive),
        measurements=Measurements(archive),
    )
    app = ContractAPI(engine, router)
    app.router.routes.extend(
        documentation_routes(
            title=app.title,
            openapi_json=OPENAPI_JSON,
            openapi_yaml=OPENAPI_YAML,
            servers=SERVERS,
            pages=DEVELOPMENT,
        )
    )
    if DEVELOPMENT:
        # The root shows the documentation to browsers.
        app.add_middleware(BrowsersToDocs)
    return app
